//! Octets as a connection of the partner: first words and messages, read or refused by name.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| leasehold_golden_tests::server_fuzz::connection(bytes));
