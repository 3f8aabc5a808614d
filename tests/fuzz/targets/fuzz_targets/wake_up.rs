//! Wake-ups and names: `fuzzed::wake_up`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    fuzzed::wake_up::check(bytes);
});
