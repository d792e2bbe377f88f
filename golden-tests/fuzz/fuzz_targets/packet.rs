//! A conversation between any clients and a node: every exchange ends, whatever is sent can be read.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| leasehold_golden_tests::server_fuzz::conversation(bytes));
