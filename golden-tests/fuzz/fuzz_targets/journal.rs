//! Octets as the files of a data directory: recovered or refused by name.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| leasehold_golden_tests::server_fuzz::journal(bytes));
