//! `aws-das`, as the lines of a file and as messages.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    leakwarden_fuzz::decode("aws-das", bytes, true);
    leakwarden_fuzz::decode("aws-das", bytes, false);
});
