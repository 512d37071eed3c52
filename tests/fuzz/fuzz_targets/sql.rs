//! Statements in every dialect.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| leakwarden_fuzz::statement(bytes));
