//! Tests as data: the generator of the example estate, and the harness that finds cases and runs them.
//!
//! A case is a folder below `cases/`: inputs beside expectations. `UPDATE_GOLDEN=1 cargo test` writes what the
//! program says now as the expectation; the difference is reviewed in git. A test that needs a tool, or root,
//! that is not there is reported as ignored, by name; `LEASEHOLD_REQUIRE_ALL=1` makes it fail instead.

pub mod binaries;
pub mod case;
pub mod database;
pub mod demonstration;
pub mod estate_generator;
pub mod expectation;
pub mod exposition;
pub mod finding_list;
pub mod http;
pub mod kea;
pub mod live_kea;
pub mod live_pair;
pub mod loopback;
pub mod namespaces;
pub mod outage;
pub mod packet_script;
pub mod plain_yaml;
pub mod planning;
pub mod relay;
pub mod requirement;
pub mod rule_page;
pub mod server_fuzz;
pub mod simulated_disk;
pub mod simulator;
