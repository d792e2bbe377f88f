//! Whose turn a packet is, in a pair; and packets that are the partner's to answer, kept for a moment in case that it
//! falls silent. Bounded; a single server has none of it.

use std::collections::VecDeque;
use std::net::Ipv4Addr;

use leasehold_schemas::artefact::HighAvailabilityMode;

use super::{Actions, Node, Said};
use crate::failover::pair::Pair;
use crate::failover::{Asked, PacketKey, Sign, Turn, bucket, turn};
use crate::leases::{State, Store};
use crate::serve::{Meta, Silence, Situation};
use crate::time::Now;
use crate::wire::{MessageType, code};

/// How long a packet is kept, in milliseconds: a partner falls silent within that time.
const HELD_MS: u64 = 1_000;
/// How many packets are kept; the oldest go first.
pub const HELD_MAX: usize = 4_096;

/// Whether a packet comes for the first time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Copy {
    /// It has just come.
    First,
    /// It was kept.
    Kept,
}

#[derive(Debug)]
struct Kept {
    since_boot_ms: u64,
    key: PacketKey,
    meta: Meta,
    bytes: Vec<u8>,
}

/// Packets that are kept.
#[derive(Debug, Default)]
pub(super) struct Held {
    list: VecDeque<Kept>,
    spare: Vec<Vec<u8>>,
    /// How often turns had changed when the packets were looked through last.
    changes: u64,
}

impl Held {
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    fn keep(&mut self, now: Now, key: PacketKey, meta: Meta, message: &[u8]) {
        while self
            .list
            .front()
            .is_some_and(|kept| self.list.len() >= HELD_MAX || kept.since_boot_ms + HELD_MS <= now.boot_ms)
        {
            let over = self.list.pop_front().expect("it has a front");
            self.spare.push(over.bytes);
        }
        let mut bytes = self.spare.pop().unwrap_or_default();
        bytes.clear();
        bytes.extend_from_slice(message);
        self.list.push_back(Kept { since_boot_ms: now.boot_ms, key, meta, bytes });
    }
}

/// Whether this server is to answer; else why not. A packet that is the partner's is kept, if it comes for the first
/// time and the partner has not taken it up.
pub(super) fn admit(
    pair: &mut Pair,
    held: &mut Held,
    situation: &mut Situation<'_>,
    store: &mut Store,
    now: Now,
    copy: Copy,
) -> Result<(), Silence> {
    let asked = asked(pair, situation, store, now);
    let whose = match turn(pair.manners(now), asked) {
        Turn::Partners if copy == Copy::First => {
            let key = key_of(situation);
            match pair.came(now, key, situation.message.secs()) {
                Sign::Seen => return Err(Silence::PartnersTurn),
                Sign::Unseen => {
                    held.keep(now, key, situation.meta, situation.message.bytes());
                    return Err(Silence::PartnersTurn);
                }
                Sign::InVain if asked == Asked::OtherServer => Turn::InItsPlace,
                Sign::InVain => Turn::Mine,
            }
        }
        whose => whose,
    };
    match whose {
        Turn::Mine => {}
        Turn::InItsPlace => situation.stands_in = true,
        Turn::Partners | Turn::PartnersAlone => return Err(Silence::PartnersTurn),
    }
    Ok(())
}

fn asked(pair: &Pair, situation: &Situation<'_>, store: &mut Store, now: Now) -> Asked {
    let message = &situation.message;
    let own = Some(message.ciaddr()).filter(|own| !own.is_unspecified());
    let names = match situation.kind {
        MessageType::Request | MessageType::Release | MessageType::Decline => {
            message.address_option(code::SERVER_IDENTIFIER)
        }
        MessageType::Discover
        | MessageType::Inform
        | MessageType::Offer
        | MessageType::Ack
        | MessageType::Nak => None,
    };
    if names.is_some() && situation.names_no_server() {
        let address = message.address_option(code::REQUESTED_ADDRESS).or(own);
        let home = address.map(|address| pair.config().ownership.home(address));
        return home.map_or(Asked::ThisServer, Asked::Home);
    }
    if names.is_some() && situation.names_other_server() {
        return Asked::OtherServer;
    }
    let to_us_alone = situation.meta.unicast && message.giaddr().is_none() && own.is_some();
    if names.is_some() || to_us_alone {
        return Asked::ThisServer;
    }
    if let Some(reserved) = unbound_reservation(situation, store) {
        return Asked::Home(pair.config().ownership.home(reserved));
    }
    let hashed = pair.config().mode == HighAvailabilityMode::LoadBalancing;
    let identity = || message.option(code::CLIENT_IDENTIFIER).unwrap_or(message.chaddr());
    Asked::Everybody {
        bucket: if hashed { bucket(identity()) } else { 0 },
        partner_exhausted: situation.kind == MessageType::Discover
            && pair.is_partner_exhausted(now, || network_of(situation))
            && !is_known_here(situation, store),
    }
}

/// The client's reserved address, if nobody has it: its home must begin the binding. If another client's record stands,
/// it is to fall free.
fn unbound_reservation(situation: &Situation<'_>, store: &mut Store) -> Option<Ipv4Addr> {
    let reserved = situation.reservation()?.address?;
    situation.place_of(reserved)?;
    if store.is_frozen(reserved) {
        // For the partner it may be reserved for somebody else, or nobody.
        return None;
    }
    match store.bindings().get(reserved).map(|binding| &binding.state) {
        None | Some(State::Free { .. }) => Some(reserved),
        Some(State::Bound(holder)) if holder.key == situation.client.key => None,
        Some(State::Bound(_) | State::Declined { .. }) => {
            store.want(reserved);
            None
        }
    }
}

/// Whether the client has a binding in this network that either server may extend. One that it has elsewhere, or had, is
/// no help to it here.
fn is_known_here(situation: &Situation<'_>, store: &Store) -> bool {
    store.bindings().of_client(&situation.client.key).any(|binding| {
        binding.is_bound() && !binding.ending && situation.subnet_place(binding.address).is_some()
    })
}

/// What names a network to both servers: the address of its first subnet.
fn network_of(situation: &Situation<'_>) -> Option<Ipv4Addr> {
    let first = situation.tables.segment(situation.segment).subnets.first()?;
    Some(situation.tables.subnet(*first).prefix.network())
}

/// FNV-1a of what names a packet. Whoever makes two of them alike keeps only himself from being heard.
fn key_of(situation: &Situation<'_>) -> PacketKey {
    let message = &situation.message;
    let relay = message.giaddr().unwrap_or(Ipv4Addr::UNSPECIFIED).octets();
    let transaction = message.transaction().to_be_bytes();
    let octets = relay.into_iter().chain(transaction).chain(message.chaddr_field());
    let octets = octets.chain([situation.kind.octet()]);
    octets.fold(0xcbf2_9ce4_8422_2325, |hash, octet| {
        (hash ^ u64::from(octet)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Remembers what the partner is to hear of a packet that was looked at.
pub(super) fn note(pair: &mut Pair, situation: &Situation<'_>, decided: &Result<Said, Silence>, now: Now) {
    let taken_up = match decided {
        Ok(Said::Answered) => true,
        Ok(Said::Later) => false,
        Err(Silence::NoAddress) if situation.kind == MessageType::Discover => {
            if let Some(network) = network_of(situation) {
                pair.exhausted(now, network);
            }
            false
        }
        Err(silence) => silence.is_deliberate(),
    };
    // What came to this server alone the partner did not hear.
    if taken_up && (situation.message.giaddr().is_some() || !situation.meta.unicast) {
        pair.took_up(now, key_of(situation));
    }
}

impl Node {
    /// Looks through the packets that are kept, if whose turn they are has changed.
    pub(super) fn look_through_kept(&mut self, now: Now, out: &mut Actions) {
        let Some(pair) = &self.pair else { return };
        let changes = pair.turn_changes();
        if self.held.changes == changes {
            return;
        }
        self.held.changes = changes;
        for kept in std::mem::take(&mut self.held.list) {
            let pair = self.pair.as_ref().expect("a pair does not end");
            let over = kept.since_boot_ms + HELD_MS <= now.boot_ms;
            if over || pair.was_seen_since(kept.since_boot_ms, kept.key) {
                self.held.spare.push(kept.bytes);
                continue;
            }
            match self.datagram(now, kept.meta, &kept.bytes, Copy::Kept, out) {
                Err(Silence::PartnersTurn) => {
                    self.held.list.push_back(kept);
                    continue;
                }
                Err(silence) => self.counters.silent(silence),
                Ok(()) => self.counters.kept_answered += 1,
            }
            self.held.spare.push(kept.bytes);
        }
    }
}
