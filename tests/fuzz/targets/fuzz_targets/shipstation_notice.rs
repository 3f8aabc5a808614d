//! A warehouse's notices: `fuzzed::shipstation_notice`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    fuzzed::shipstation_notice::check(bytes);
});
