//! `azure-mysql`, as the lines of a file and as messages.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    leakwarden_fuzz::decode("azure-mysql", bytes, true);
    leakwarden_fuzz::decode("azure-mysql", bytes, false);
});
