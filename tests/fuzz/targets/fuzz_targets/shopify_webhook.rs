//! Authentic webhooks: `fuzzed::shopify_webhook`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    fuzzed::shopify_webhook::check(bytes);
});
