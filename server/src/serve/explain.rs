//! One message explained: who its sender is, which classes hold and which guards refuse, what it is answered with an
//! empty lease table, and who says each value of the answer.
//!
//! Invariant: the answer is the running server's. It is decided, granted and built by the functions that serve, on a
//! store that keeps nothing; only its trace is heard. What `leasehold why` prints beside it is gathered here and
//! decides nothing.

use std::cell::RefCell;
use std::net::Ipv4Addr;

use leasehold_schemas::vocab::Space;

use super::datagram::{Config, Meta, Outgoing};
use super::decide::{Decision, Goal, decide};
use super::holds::Holds;
use super::reply::{Scratch, acknowledge, inform, lease_time, nak, offer};
use super::segment::{Selection, select};
use super::silence::Silence;
use super::situation::{Notes, Place, Situation, received};
use super::sources::{Owner, Sayer, Sources};
use super::trace::{Slot, Trace};
use crate::estate::{ClassId, Known, Membership, PoolId, SegmentId, SubnetId, Tables};
use crate::leases::journal::{Completion, Identity, Sizes, recover};
use crate::leases::{Bindings, Outcome, Store, Ticket, Unavailable};
use crate::time::Now;
use crate::wire::{Message, MessageType, OptionIndex, code};

/// What is known of one message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Explanation {
    /// Its type, if it has one.
    pub kind: Option<MessageType>,
    /// What of its addressing names a network.
    pub selection: Selection,
    /// The network.
    pub segment: Option<SegmentId>,
    /// Reservations and device entries that name its sender.
    pub known: Known,
    /// Every class that holds, in the order in which they win.
    pub classes: Vec<ClassId>,
    /// Every guard of the network and what it says; a place without a guard is open to everyone.
    pub guards: Vec<Guard>,
    /// What is answered.
    pub answer: Result<Answer, Silence>,
}

/// One guard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Guard {
    /// What it guards.
    pub at: Guarded,
    /// The first of its classes that the client is in; absent: it refuses the client.
    pub admits: Option<ClassId>,
}

/// A place with a guard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Guarded {
    /// The network.
    Segment(SegmentId),
    /// A subnet.
    Subnet(SubnetId),
    /// A pool.
    Pool(PoolId),
}

/// What is answered, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// The answer.
    pub outgoing: Outgoing,
    /// Where its values come from; absent in a NAK.
    pub place: Option<Place>,
    /// Every value of the estate that was used, in the order of use.
    pub used: Vec<Used>,
    /// Options that the estate sets for this client and the answer does not carry, by space and code.
    pub unsent: Vec<Unsent>,
    /// Why the client may not have the address it asks for, if that is so.
    pub denial: Option<Denial>,
}

/// A value of the answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Used {
    /// Which.
    pub slot: Slot,
    /// Who gives it, or [`Owner::Server`] and [`Owner::Place`] where it follows from the protocol or the place.
    pub owner: Owner,
    /// Everybody who says it, the one whose word holds first.
    pub sayers: Vec<Sayer>,
}

/// An option that is set and not sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unsent {
    /// Which.
    pub slot: Slot,
    /// Why.
    pub reason: UnsentReason,
    /// Everybody who says it, the one whose word holds first.
    pub sayers: Vec<Sayer>,
}

/// Why an option that is set is not sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UnsentReason {
    /// The nearest word is `null`.
    Removed,
    /// `never-send` names it.
    NeverSent,
    /// The client's list does not ask for it, and `always-send` does not name it.
    NotAskedFor,
    /// The message had no room for it.
    NoRoom,
}

/// Why a client may not have an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Denial {
    /// It lies in no subnet of the estate.
    NoSubnet,
    /// It lies in a subnet of another network.
    OtherNetwork(SubnetId),
    /// It lies in no pool, and is not reserved for the client.
    NoPool(SubnetId),
    /// It is reserved for somebody else.
    Reserved(SubnetId),
    /// A guard refuses the client.
    Guarded(Guarded),
    /// The client's reserved address is another, which it could have.
    MustMove(Ipv4Addr),
}

/// The moment of an explanation: nothing in it depends on when it is asked for.
const NOW: Now = Now { boot_ms: 0, wall_ms: 0 };

/// Explains what the sender of `bytes` is told when the lease table is empty.
///
/// # Errors
/// If the bytes are no message at all.
pub fn explain(tables: &Tables, config: &Config, meta: Meta, bytes: &[u8]) -> Result<Explanation, Silence> {
    let mut index = OptionIndex::new();
    let message = Message::read(bytes, &mut index).map_err(Silence::Malformed)?;
    let (selection, segment) = select(tables, &message, &meta);
    let known = segment.map(|segment| tables.known(segment, &message)).unwrap_or_default();
    let buffer = RefCell::default();
    let membership = Membership {
        classes: tables.classes(),
        received: received(config.interface(meta.interface), &message, &meta),
        known: known.is_known(),
        reserved: known.scopes.map(|id| id.map_or(&[][..], |id| &tables.registry().get(id).classes)),
        buffer: &buffer,
    };
    Ok(Explanation {
        kind: message.message_type().ok().flatten(),
        selection,
        segment,
        known,
        classes: tables.classes().ids().filter(|class| membership.is_in(*class)).collect(),
        guards: segment.map(|segment| guards(tables, segment, &membership)).unwrap_or_default(),
        answer: answer(tables, config, message, meta),
    })
}

fn guards(tables: &Tables, segment: SegmentId, membership: &Membership<'_>) -> Vec<Guard> {
    let mut guards = Vec::new();
    let mut ask = |at, only: &[ClassId]| {
        if !only.is_empty() {
            let admits = only.iter().copied().find(|class| membership.is_in(*class));
            guards.push(Guard { at, admits });
        }
    };
    ask(Guarded::Segment(segment), &tables.segment(segment).only);
    for subnet in &tables.segment(segment).subnets {
        ask(Guarded::Subnet(*subnet), &tables.subnet(*subnet).only);
        for pool in &tables.subnet(*subnet).pools {
            ask(Guarded::Pool(*pool), &tables.pool(*pool).only);
        }
    }
    guards
}

fn answer(tables: &Tables, config: &Config, message: Message<'_>, meta: Meta) -> Result<Answer, Silence> {
    let (bindings, mut notes) = (Bindings::default(), Notes::default());
    let situation = Situation::new(tables, config, &bindings, message, meta, &mut notes)?;
    let mut store = empty_store(tables, situation.segment);
    let (mut scratch, mut heard) = (Scratch::default(), Heard::default());
    let mut holds = Holds::default();
    let decision = decide(&situation, &mut store, &mut holds, NOW, &mut scratch.meanings)?;
    let place_of = |address| situation.place_of(address).expect("only places that are open are chosen");
    let (outgoing, place) = match decision {
        Decision::Offer(address) => {
            let place = place_of(address);
            (offer(&situation, address, place, &mut scratch, Vec::new(), &mut heard), Some(place))
        }
        Decision::Nak => (nak(&situation, &mut scratch, Vec::new()), None),
        Decision::Inform(place) => {
            (inform(&situation, place, &mut scratch, Vec::new(), &mut heard), Some(place))
        }
        Decision::Ask { goal, request, lease } => {
            store.request(NOW, Ticket(0), request);
            let binding = match settle(&mut store) {
                Outcome::Done(_) if matches!(goal, Goal::Release | Goal::Decline) => {
                    return Err(Silence::Recorded);
                }
                Outcome::Done(binding) => binding,
                Outcome::Taken(_) => return Err(Silence::CandidatesExhausted),
                Outcome::Unavailable(Unavailable::NotTheHolder) => return Err(Silence::NotTheHolder),
                Outcome::Unavailable(Unavailable::NoRight) => return Err(Silence::NoRight),
                Outcome::Unavailable(Unavailable::Overloaded | Unavailable::Failed) => {
                    return Err(Silence::StoreFailed);
                }
            };
            let place = place_of(binding.get().address);
            // The lease time was granted before; here it is asked for again only to hear who says it.
            let mut meanings = Vec::new();
            let sources = Sources::gather(&situation, place, &mut meanings);
            lease_time(&sources, &situation.message, &mut heard);
            let done = acknowledge(&situation, &binding, lease, &mut scratch, Vec::new(), &mut heard)?;
            (done, Some(place))
        }
    };
    Ok(account(&situation, outgoing, place, &heard))
}

/// A store of which nobody has an address of the network.
fn empty_store(tables: &Tables, segment: SegmentId) -> Store {
    let recovered = recover(None, &[]).expect("no files hold no fault");
    let identity = Identity { estate: tables.name().to_owned(), node: String::new() };
    let mut store = Store::open(identity, Sizes::default(), recovered);
    let subnets = tables.segment(segment).subnets.iter();
    let pools = subnets.flat_map(|subnet| &tables.subnet(*subnet).pools);
    store.set_ranges(pools.flat_map(|pool| tables.pool(*pool).ranges.iter().copied()));
    store
}

/// What the store answers on a disk that does at once what it is told.
fn settle(store: &mut Store) -> Outcome {
    loop {
        if let Some((_, outcome)) = store.next_outcome() {
            return outcome;
        }
        store.flush();
        let operations = store.take_operations();
        assert!(!operations.is_empty(), "a store that owes an outcome waits for its disk");
        for operation in operations {
            store.completed(Completion { id: operation.id, result: Ok(()) });
        }
    }
}

fn account(situation: &Situation<'_>, outgoing: Outgoing, place: Option<Place>, heard: &Heard) -> Answer {
    let denial = asked_address(situation).and_then(|asked| denial(situation, asked));
    let Some(at) = place else {
        return Answer { outgoing, place, used: Vec::new(), unsent: Vec::new(), denial };
    };
    let mut meanings = Vec::new();
    let sources = Sources::gather(situation, at, &mut meanings);
    let used =
        |(slot, owner): &(Slot, Owner)| Used { slot: *slot, owner: *owner, sayers: sources.sayers(*slot) };
    let used = heard.0.iter().map(used).collect();
    let unsent = unsent(situation, &sources, &outgoing.bytes, heard);
    Answer { outgoing, place, used, unsent, denial }
}

fn unsent(situation: &Situation<'_>, sources: &Sources<'_>, reply: &[u8], heard: &Heard) -> Vec<Unsent> {
    let mut index = OptionIndex::new();
    let reply = Message::read(reply, &mut index).expect("replies are messages");
    let mut said: Vec<(Space, u8)> =
        sources.plain_codes().map(|code| (Space::Dhcp4, code)).chain(sources.encapsulated_codes()).collect();
    said.extend(sources.hostname().map(|_| (Space::Dhcp4, code::HOST_NAME)));
    said.sort_unstable();
    said.dedup();
    let container = |space| match space {
        Space::Dhcp4 => None,
        Space::Vendor43 => Some(code::VENDOR_SPECIFIC),
        Space::Vendor125(_) => Some(code::VENDOR_IDENTIFYING),
    };
    let never = sources.parameter(|said| said.never_send.as_ref());
    let is_sent = |(space, code): (Space, u8)| match container(space) {
        None => reply.option(code).is_some(),
        Some(outer) => {
            let used = heard.0.iter().any(|(slot, _)| *slot == Slot::Option(space, code));
            used && reply.option(outer).is_some()
        }
    };
    let list = situation.message.option(code::PARAMETER_REQUEST_LIST);
    let always = sources.parameter(|said| said.always_send.as_ref());
    let unsent = said.into_iter().filter(|option| !is_sent(*option)).map(|(space, code)| {
        let slot = Slot::Option(space, code);
        let sayers = sources.sayers(slot);
        let outer = container(space).unwrap_or(code);
        let named = |list: &[leasehold_schemas::vocab::OptionCode]| list.iter().any(|one| one.0 == outer);
        let asked =
            list.is_none_or(|list| list.contains(&outer)) || always.is_some_and(|said| named(said.value));
        let reason = if sayers.first().is_some_and(|sayer| sayer.removes) {
            UnsentReason::Removed
        } else if never.is_some_and(|said| named(said.value)) {
            UnsentReason::NeverSent
        } else if asked {
            UnsentReason::NoRoom
        } else {
            UnsentReason::NotAskedFor
        };
        Unsent { slot, reason, sayers }
    });
    unsent.collect()
}

/// The address that a REQUEST is about, or that a DISCOVER would like.
fn asked_address(situation: &Situation<'_>) -> Option<Ipv4Addr> {
    let own = Some(situation.message.ciaddr()).filter(|own| !own.is_unspecified());
    match situation.kind {
        MessageType::Discover => situation.message.address_option(code::REQUESTED_ADDRESS),
        MessageType::Request => situation.message.address_option(code::REQUESTED_ADDRESS).or(own),
        MessageType::Inform
        | MessageType::Release
        | MessageType::Decline
        | MessageType::Offer
        | MessageType::Ack
        | MessageType::Nak => None,
    }
}

fn denial(situation: &Situation<'_>, address: Ipv4Addr) -> Option<Denial> {
    let tables = situation.tables;
    let Some(subnet) = tables.subnet_of(address) else { return Some(Denial::NoSubnet) };
    let Some(place) = situation.subnet_place(address) else { return Some(Denial::OtherNetwork(subnet)) };
    if situation.place_of(address).is_some() {
        let reserved = situation.reservation().and_then(|reservation| reservation.address);
        let better = reserved.filter(|reserved| *reserved != address);
        return better.filter(|better| situation.place_of(*better).is_some()).map(Denial::MustMove);
    }
    let membership = situation.membership();
    let refuses = |only: &[ClassId]| !membership.passes_guard(only);
    let segment = situation.segment;
    Some(match place.pool {
        _ if refuses(&tables.segment(segment).only) => Denial::Guarded(Guarded::Segment(segment)),
        _ if refuses(&tables.subnet(subnet).only) => Denial::Guarded(Guarded::Subnet(subnet)),
        _ if tables.is_reserved(address) => Denial::Reserved(subnet),
        Some(pool) if refuses(&tables.pool(pool).only) => Denial::Guarded(Guarded::Pool(pool)),
        Some(_) | None => Denial::NoPool(subnet),
    })
}

#[derive(Default)]
struct Heard(Vec<(Slot, Owner)>);

impl Trace for Heard {
    fn used(&mut self, slot: Slot, owner: Owner, _: Option<leasehold_schemas::vocab::Layer>) {
        self.0.push((slot, owner));
    }
}
