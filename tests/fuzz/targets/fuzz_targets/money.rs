//! Amounts of money: `fuzzed::money`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    fuzzed::money::check(bytes);
});
