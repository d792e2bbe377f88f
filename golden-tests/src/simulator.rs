//! Two servers, their disks, their clocks, their network and their clients under one seed.
//!
//! The servers are the production nodes: journal codec, peer codec, state machines and packets are what will serve.
//! Only sockets, disks and clocks are replaced. At every step: an address has one holder as clients see it, nothing
//! acknowledged is missing after a restart, no conflict is counted, and nobody new gets an address about which the
//! servers' artefacts differ. After the faults stop: both are NORMAL, their
//! records are equal, what is over is free, and every client has a lease. Claimed within the model: clients count a
//! lease from sending the REQUEST (RFC 2131 section 4.4.1) or, one of four, from the answer; replies older than 2 s are
//! dropped, clocks' rates differ by at most `rate_error_ppm`, who says that a silent partner is off says the truth, and a
//! restored disk is said to be one.

#![allow(unexpected_cfgs, reason = "the mutants' builds alone set `leasehold_mutants`")]

mod arbiter;
mod artefacts;
mod check;
mod client;
mod fault;
mod network;
mod recorded;
mod script;
mod server;
mod world;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use leasehold_server::failover::mutant::Rule;

pub use arbiter::ArbiterFault;
pub use fault::Fault;
pub use recorded::recorded;
#[cfg(leasehold_mutants)]
pub use recorded::{missed, tried};
pub use script::{Deed, Script};
pub use world::World;

/// What kind of thing went wrong.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Harm {
    /// Two clients held one address.
    TwoHolders,
    /// What was acknowledged was missing after a restart.
    Lost,
    /// A server counted a conflict.
    Conflict,
    /// After the faults, all was not well.
    Unwell,
    /// An address was bound about which the servers' artefacts differ.
    NotFrozen,
    /// With an arbiter, one server went on alone while the other could bind new clients, or both did.
    Unfenced,
    /// Something that must not be at all: an unreadable packet or journal, a loop.
    Broken,
}

impl Harm {
    /// Every kind.
    pub const ALL: [Harm; 7] = [
        Harm::TwoHolders,
        Harm::Lost,
        Harm::Conflict,
        Harm::Unwell,
        Harm::NotFrozen,
        Harm::Unfenced,
        Harm::Broken,
    ];

    /// Its name in scripts.
    pub fn name(self) -> &'static str {
        match self {
            Harm::TwoHolders => "two-holders",
            Harm::Lost => "lost",
            Harm::Conflict => "conflict",
            Harm::Unwell => "unwell",
            Harm::NotFrozen => "not-frozen",
            Harm::Unfenced => "unfenced",
            Harm::Broken => "broken",
        }
    }
}

/// What one run was.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Events, faults and branches of the rules, by name, and how often each came.
    pub counts: BTreeMap<String, u64>,
    /// What went wrong, if anything did.
    pub failure: Option<String>,
    /// What kind of thing that was.
    pub harm: Option<Harm>,
    /// What was done to the servers, and when: of one run, not of several together.
    pub deeds: Vec<(u64, Deed)>,
    /// Thousandths lost, doubled, late.
    pub network: [usize; 3],
    /// The servers went by an arbiter.
    pub arbiter: bool,
}

impl Report {
    /// Adds another run's counts.
    pub fn add(&mut self, other: &Report) {
        for (name, count) in &other.counts {
            *self.counts.entry(name.clone()).or_default() += count;
        }
        if self.failure.is_none() {
            self.failure.clone_from(&other.failure);
            self.harm = other.harm;
        }
    }
}

/// Runs one seed, and tells of faults, states and one address on standard output.
pub fn run_traced(seed: u64, address: Ipv4Addr) -> Report {
    World::new(seed).traced(address).run()
}

/// Runs a named scenario under one seed.
pub fn run_script(seed: u64, script: &Script) -> Report {
    World::scripted(seed, script).run()
}

/// The name of a rule in scripts and file names.
pub fn rule_name(rule: Rule) -> String {
    let mut name = String::new();
    for letter in format!("{rule:?}").chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

/// Runs one seed: ten minutes with faults, five without.
pub fn run(seed: u64) -> Report {
    World::new(seed).run()
}
