//! Signatures, right and wrong: `fuzzed::signature`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    fuzzed::signature::check(bytes);
});
