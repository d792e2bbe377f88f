//! Octets as an artefact, or as the estate inside one: refused by name, or served.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| leasehold_golden_tests::server_fuzz::artefact(bytes));
