//! The program around the core: one thread that owns all state and polls its sockets, one that writes the journal.
//!
//! Invariant: everything that can refuse to start is tried before the first datagram is taken, and each refusal is
//! one line that says what to do.

pub mod arguments;

mod arbiter;
mod artefact_file;
mod certificates;
mod clock;
mod complaints;
mod control;
mod core;
mod data_directory;
mod frame;
pub mod ha;
mod journal_thread;
mod lease_export;
mod lease_import;
mod lease_list;
mod log;
mod partner;
mod peer_link;
pub mod rollout;
mod shelf;
mod signals;
mod socket;
mod start;

use std::path::Path;

use arguments::{Certs, ExportLeases, ImportLeases, Run};

/// Why the program ends other than as it was told to.
#[derive(Debug)]
pub enum Stop {
    /// It cannot start: what is wrong and what to do. Exit status 2.
    Refused(String),
    /// It served, and cannot go on. Exit status 1.
    Failed(String),
}

impl Stop {
    /// What is wrong, whichever way.
    pub fn text(&self) -> &str {
        match self {
            Stop::Refused(why) | Stop::Failed(why) => why,
        }
    }
}

/// Serves until a signal says stop.
pub fn run(run: &Run) -> Result<(), Stop> {
    let started = start::start(run)?;
    core::serve(started)
}

/// Makes a pair's certificates.
pub fn make_certificates(certs: &Certs) -> Result<(), Stop> {
    certificates::make(certs).map_err(Stop::Refused)
}

/// Fills a data directory with another server's leases.
pub fn import_leases(asked: &ImportLeases) -> Result<(), Stop> {
    lease_import::run(asked).map_err(Stop::Refused)
}

/// Prints the leases of a data directory as Kea's memfile has them, read only.
pub fn export_leases(asked: &ExportLeases) -> Result<(), Stop> {
    lease_export::run(asked).map_err(Stop::Refused)
}

/// Prints the leases of a data directory, read only.
pub fn list_leases(data_dir: &Path) -> Result<(), Stop> {
    lease_list::print(data_dir).map_err(Stop::Refused)
}
