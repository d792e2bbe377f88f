//! Octets as a message of the partner: read or refused by name.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| leasehold_golden_tests::server_fuzz::partner(bytes));
