//! What providers answer during an attempt: `fuzzed::provider_answers`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    fuzzed::provider_answers::check(bytes);
});
