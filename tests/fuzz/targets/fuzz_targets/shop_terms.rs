//! A shop's terms in TOML: `fuzzed::shop_terms`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    fuzzed::shop_terms::check(bytes);
});
