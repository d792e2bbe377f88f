//! Artefacts beside the one that is served, as far as a pair must know of them, and clients that the gap between two
//! must not hurt.

use std::net::Ipv4Addr;
use std::sync::Arc;

use leasehold_schemas::artefact::Digest;

use super::Node;
use crate::estate::Tables;
use crate::failover::pair::Config;
use crate::failover::{Errand, Ownership, Terms};
use crate::leases::{Binding, Store};
use crate::serve::Situation;
use crate::wire::code;

impl Node {
    /// Learns what another artefact says, in case that the partner may act by it.
    pub fn know(&mut self, tables: &Tables) {
        if let Some(pair) = &mut self.pair {
            let terms = terms(tables, pair.config());
            pair.know_terms(terms, &mut self.store);
        }
    }

    /// Asks or tells the partner something about an artefact.
    pub fn errand(&mut self, errand: Errand) {
        if let Some(pair) = &mut self.pair {
            pair.errand(errand);
        }
    }

    /// Says which artefact this server has at hand, to serve next.
    pub fn stage(&mut self, staged: Option<Digest>) {
        if let Some(pair) = &mut self.pair {
            pair.stage(staged);
        }
    }
}

/// What of an estate both servers must hold alike. One that says nothing of a pair changes none of its numbers.
pub(super) fn terms(tables: &Tables, config: &Config) -> Terms {
    let said = tables.high_availability();
    Terms {
        digest: tables.digest(),
        meaning: Arc::clone(tables.meaning()),
        ownership: said.map_or(config.ownership, Ownership::of),
        lead_ms: said.map_or(config.lead_ms, |said| u64::from(said.mclt_secs.0) * 1_000),
        mode: said.map_or(config.mode, |said| said.mode),
    }
}

/// While the servers' artefacts differ about an address, who has it goes on with it, whatever this server's says.
pub(super) fn keep_frozen(situation: &mut Situation<'_>, store: &Store) {
    if !store.freezes() {
        return;
    }
    let message = &situation.message;
    let own = Some(message.ciaddr()).filter(|own| !own.is_unspecified());
    let asked = own.or_else(|| message.address_option(code::REQUESTED_ADDRESS));
    let has = |binding: &&Binding| binding.is_bound() && store.is_frozen(binding.address);
    let mut held = store.bindings().of_client(&situation.client.key).filter(has);
    let here = |address: &Ipv4Addr| situation.subnet_place(*address).is_some();
    situation.kept = match asked {
        Some(asked) => held.map(|binding| binding.address).find(|address| *address == asked),
        None => held.find_map(|binding| Some(binding.address).filter(here)),
    };
}
