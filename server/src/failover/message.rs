//! What the two servers say to each other.
//!
//! Invariant: times inside a [`Message`] are durations in milliseconds; they become moments only at [`received`], and
//! moments become durations only at [`sent`], when the message leaves (R12).

use std::net::Ipv4Addr;

use super::clock::{Moment, Padding};
use super::home::Side;
use super::pair::State as PairState;
use super::terms::{Errand, Word};
use super::watch::PacketKey;
use crate::leases::{Binding, State};

/// The name of a sync: the greatest that the asking server has used.
pub type SyncId = u64;

/// Who speaks, in which life, to which life of the partner, and what it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Header {
    /// What names the pair: a message of another pair is dropped.
    pub pair: u64,
    /// Who speaks.
    pub from: Side,
    /// The life of who speaks.
    pub from_boot: u64,
    /// The life of the partner that is meant; 0: not known yet.
    pub to_boot: u64,
    /// Counts up within a life: what is older than something heard says nothing about the present.
    pub sequence: u64,
    /// The epoch of who speaks.
    pub epoch: u64,
    /// It knows of a higher epoch than its own.
    pub stale: bool,
    /// Its disk was lost or restored.
    pub amnesic: bool,
    /// It holds SOLE powers.
    pub sole: bool,
    /// It is sovereign.
    pub sovereign: bool,
    /// It serves everybody.
    pub able: bool,
    /// It has given up its rights, or is about to: the partner is to answer.
    pub leaving: bool,
    /// What it is; absent: a state that this release does not know. To be shown, and nothing else.
    pub state: Option<PairState>,
    /// What its wall clock says, in milliseconds since 1970 UTC: only to be compared. Nothing is counted from it.
    pub clock_wall_ms: u64,
    /// What it serves, and what it has confirmed: said with a Hello and a heartbeat.
    pub word: Option<Word>,
    /// The arbiter's row that the sender goes by; 0: none.
    pub arbiter: u64,
    /// The sequence of the partner's latest heartbeat that the sender has heard: a promise not to go on alone by the
    /// arbiter for a while ([`super::arbiter::PROMISE_MS`]). 0: none.
    pub beat: u64,
}

/// A record that the partner is to keep, and what is asked for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Update {
    /// What the ack names; never used twice in a life.
    pub id: u64,
    /// The record; its times are durations.
    pub record: Binding,
    /// How long from the sending on the sender wishes the partner to believe the binding to last; 0: no wish.
    pub wish_ms: u64,
}

/// The word that an update is on disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ack {
    /// Of which update.
    pub id: u64,
    /// The wish is granted: this server will believe it (R7).
    pub promised: bool,
}

/// What is said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Body {
    /// A life makes itself known; answered by a Hello or a heartbeat.
    Hello {
        /// The highest life of the partner that was heard: one that is not above it has lost its memory.
        partner_boot_seen: u64,
        /// Maximum client lead time, in milliseconds; both must go by the same.
        lead_ms: u64,
        /// `k` of the standby's share; both must go by the same.
        share: u32,
    },
    /// Still there.
    Heartbeat,
    /// Records that changed.
    Updates(Vec<Update>),
    /// Updates that are on disk.
    Acks(Vec<Ack>),
    /// The home asks to free these addresses (R3); the answer is an update with the partner's record.
    Ends(Vec<Binding>),
    /// Records are asked for by who needs all of them.
    SyncRequest {
        /// Of which sync.
        sync: SyncId,
        /// The place of the first among all: what stands before it has come.
        from: u64,
    },
    /// Some of them.
    Snapshot {
        /// Of which sync.
        sync: SyncId,
        /// The place of the first of them among all.
        first: u64,
        /// The records.
        records: Vec<Binding>,
    },
    /// There are no more records than those that were asked for.
    Synced {
        /// Of which sync.
        sync: SyncId,
        /// How many.
        count: u64,
    },
    /// Packets that the sender took up: answered, or left unanswered with reason.
    Seen(Vec<PacketKey>),
    /// Networks, by the address of their first subnet, in which the sender has no address of its own left.
    Exhausted(Vec<Ipv4Addr>),
    /// The sender has given up its rights: the partner may go on alone at once.
    Handover,
    /// An operator of the sender asks the partner to give up its rights, or to take them up again. What is lost of it is
    /// not said again: the operator sees that nothing came of it.
    Maintenance {
        /// Give up the rights; else take them up again.
        leave: bool,
    },
    /// About an artefact.
    Errand(Errand),
}

/// One message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// Who.
    pub header: Header,
    /// What.
    pub body: Body,
}

/// A record with its moments made durations, as it leaves.
pub fn sent(mut record: Binding, moment: Moment) -> Binding {
    convert_times(&mut record, |wall_ms| {
        if wall_ms == u64::MAX { wall_ms } else { wall_ms.saturating_sub(moment.early_wall_ms) }
    });
    let past = record.details.transaction_wall_ms;
    record.details.transaction_wall_ms =
        if past == 0 { 0 } else { moment.late_wall_ms.saturating_sub(past).max(1) };
    record
}

/// A record with its durations made moments, as it arrives. All of them bind, none gives a right, so they are padded;
/// what has passed is forgotten.
pub fn received(mut record: Binding, moment: Moment, padding: Padding) -> Binding {
    let until = |left_ms: u64| {
        if left_ms == 0 { 0 } else { moment.late_wall_ms.saturating_add(padding.pad(left_ms)) }
    };
    convert_times(&mut record, until);
    let age = record.details.transaction_wall_ms;
    record.details.transaction_wall_ms =
        if age == 0 { 0 } else { moment.late_wall_ms.saturating_sub(age).max(1) };
    record
}

fn convert_times(record: &mut Binding, convert: impl Fn(u64) -> u64) {
    record.told_wall_ms = convert(record.told_wall_ms);
    record.partner_told_wall_ms = convert(record.partner_told_wall_ms);
    record.potential_wall_ms = convert(record.potential_wall_ms);
    record.promised_wall_ms = convert(record.promised_wall_ms);
    if let State::Declined { until_wall_ms } = &mut record.state {
        *until_wall_ms = convert(*until_wall_ms);
    }
}
