//! What to do about a message: answer, ask the store, say no, or say nothing (RFC 2131 section 4.3).
//!
//! A NAK is said only where the address cannot be right for this client on its network, or where this server's
//! record binds it to somebody else; never for a missing record, and never where the client means another server.

use std::net::Ipv4Addr;

use leasehold_schemas::vocab::Seconds;

use super::choose::choose;
use super::defaults::DEFAULTS;
use super::holds::Holds;
use super::silence::Silence;
use super::situation::{Place, Situation};
use super::sources::Sources;
use super::trace::NoTrace;
use crate::estate::{ClassId, ValuesId};
use crate::leases::{Details, Grant, LeaseRequest, State, Store};
use crate::time::Now;
use crate::wire::{MessageType, code};

/// What an outcome of the store is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Goal {
    /// A REQUEST that names this server.
    Select,
    /// A REQUEST of a client that restarted.
    Reboot,
    /// A REQUEST of a client that uses its address: RENEWING or REBINDING.
    Renew,
    /// A DISCOVER that takes an ACK at once (RFC 4039).
    RapidCommit,
    /// A RELEASE.
    Release,
    /// A DECLINE.
    Decline,
}

/// What is to be done about a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Decision {
    /// Offer the address.
    Offer(Ipv4Addr),
    /// Say no.
    Nak,
    /// Answer an INFORM.
    Inform(Place),
    /// Ask the store, and answer when it has.
    Ask {
        /// What for.
        goal: Goal,
        /// What is asked.
        request: LeaseRequest,
        /// The lease time that may be told if it is done.
        lease: Seconds,
    },
}

/// Decides.
pub fn decide(
    situation: &Situation<'_>,
    store: &mut Store,
    holds: &mut Holds,
    now: Now,
    meanings: &mut Vec<(ClassId, ValuesId)>,
) -> Result<Decision, Silence> {
    match situation.kind {
        MessageType::Discover => discover(situation, store, holds, now, meanings),
        MessageType::Request => request(situation, store, holds, now, meanings),
        MessageType::Release => release(situation),
        MessageType::Decline => decline(situation, now, meanings),
        MessageType::Inform => inform_place(situation).map(Decision::Inform),
        MessageType::Offer | MessageType::Ack | MessageType::Nak => Err(Silence::ServerMessage),
    }
}

fn discover(
    situation: &Situation<'_>,
    store: &mut Store,
    holds: &Holds,
    now: Now,
    meanings: &mut Vec<(ClassId, ValuesId)>,
) -> Result<Decision, Silence> {
    let address = choose(situation, store, holds, now)?;
    if situation.message.option(code::RAPID_COMMIT).is_some() {
        let place = situation.place_of(address).expect("only places that are open are chosen");
        let sources = Sources::gather(situation, place, meanings);
        let read = sources.parameter(|said| said.rapid_commit.as_ref());
        if read.map_or(DEFAULTS.rapid_commit, |said| *said.value) {
            let (grant, lease) = grant_of(situation, store, place, now, meanings);
            let request = LeaseRequest::Take { candidates: vec![address], grant };
            return Ok(Decision::Ask { goal: Goal::RapidCommit, request, lease });
        }
    }
    Ok(Decision::Offer(address))
}

/// The four kinds of REQUEST (RFC 2131 section 4.3.2).
fn request(
    situation: &Situation<'_>,
    store: &mut Store,
    holds: &mut Holds,
    now: Now,
    meanings: &mut Vec<(ClassId, ValuesId)>,
) -> Result<Decision, Silence> {
    let message = &situation.message;
    let (asked, own) = (message.address_option(code::REQUESTED_ADDRESS), message.ciaddr());
    let own = Some(own).filter(|own| !own.is_unspecified());
    if situation.names_other_server() && !situation.stands_in {
        if let Some(address) = holds.end_of_client(&situation.client.key) {
            store.put_back(address);
        }
        return Err(Silence::OtherServer);
    }
    let names_us = message.address_option(code::SERVER_IDENTIFIER).is_some();
    let (goal, address) = match (names_us, asked, own) {
        (true, Some(address), _) | (true, None, Some(address)) => (Goal::Select, address),
        (false, Some(address), None) => (Goal::Reboot, address),
        (false, _, Some(address)) => (Goal::Renew, address),
        (_, None, None) => return Err(Silence::NoRequestedAddress),
    };
    let place = situation.place_of(address).filter(|_| !must_move(situation, store, address, now));
    if store.is_frozen(address) && (place.is_none() || situation.kept != Some(address)) {
        // The partner may know better.
        return Err(Silence::NoRight);
    }
    let Some(place) = place else { return deny(situation, store, goal) };
    match record(situation, store, address, now) {
        Record::Others => deny(situation, store, goal),
        // Some other server may know more (RFC 2131 section 4.3.2).
        Record::None if goal == Goal::Reboot => Err(Silence::UnknownLease),
        Record::None | Record::Own => {
            let (grant, lease) = grant_of(situation, store, place, now, meanings);
            Ok(Decision::Ask {
                goal,
                request: LeaseRequest::Take { candidates: vec![address], grant },
                lease,
            })
        }
    }
}

/// Says no. Where the place is not ours alone, only to a client that means us: it names us, or it renews with us alone.
/// What is broadcast may be another server's to answer.
fn deny(situation: &Situation<'_>, store: &Store, goal: Goal) -> Result<Decision, Silence> {
    if situation.stands_in {
        return Err(Silence::OtherServer);
    }
    if !store.may_deny() {
        return Err(Silence::NoRight);
    }
    let authoritative = situation.of_network(|said| said.authoritative.and_then(|said| said.value));
    let to_us_alone = situation.meta.unicast && situation.message.giaddr().is_none();
    let means_us = goal == Goal::Select || (goal == Goal::Renew && to_us_alone);
    if !means_us && !authoritative.unwrap_or(DEFAULTS.authoritative) {
        return Err(Silence::NotAuthoritative);
    }
    Ok(Decision::Nak)
}

/// Whether the client has a reserved address that it could have, and asks for another.
fn must_move(situation: &Situation<'_>, store: &Store, address: Ipv4Addr, now: Now) -> bool {
    let reserved = situation.reservation().and_then(|reservation| reservation.address);
    reserved.filter(|reserved| *reserved != address).is_some_and(|reserved| {
        situation.place_of(reserved).is_some()
            && match record(situation, store, reserved, now) {
                Record::Own | Record::None => store.may_move_to(now, reserved, &situation.client.key),
                Record::Others => false,
            }
    })
}

/// What this server's record says of an address, from one client's side. A reservation is a record too.
enum Record {
    Own,
    Others,
    None,
}

fn record(situation: &Situation<'_>, store: &Store, address: Ipv4Addr, now: Now) -> Record {
    let reserved = situation.reservation().and_then(|reservation| reservation.address) == Some(address);
    let unbound = if reserved { Record::Own } else { Record::None };
    let Some(binding) = store.bindings().get(address) else { return unbound };
    match &binding.state {
        State::Bound(holder) if holder.key == situation.client.key => Record::Own,
        State::Bound(_) if binding.is_active(now.wall_ms) => Record::Others,
        State::Free { last_client: Some(last) } if last.key == situation.client.key => Record::Own,
        State::Declined { until_wall_ms } if *until_wall_ms > now.wall_ms => Record::Others,
        State::Bound(_) | State::Free { .. } | State::Declined { .. } => unbound,
    }
}

fn release(situation: &Situation<'_>) -> Result<Decision, Silence> {
    let address = situation.message.ciaddr();
    if situation.names_other_server() && !situation.stands_in {
        return Err(Silence::OtherServer);
    }
    if address.is_unspecified() {
        return Err(Silence::NoRequestedAddress);
    }
    let request = LeaseRequest::Release { address, client: situation.client.clone() };
    Ok(Decision::Ask { goal: Goal::Release, request, lease: Seconds(0) })
}

fn decline(
    situation: &Situation<'_>,
    now: Now,
    meanings: &mut Vec<(ClassId, ValuesId)>,
) -> Result<Decision, Silence> {
    if situation.names_other_server() && !situation.stands_in {
        return Err(Silence::OtherServer);
    }
    let asked = situation.message.address_option(code::REQUESTED_ADDRESS);
    let address = asked.ok_or(Silence::NoRequestedAddress)?;
    // What a client found out in another network says nothing of the address's own.
    let place = situation.subnet_place(address).ok_or(Silence::NotTheHolder)?;
    let sources = Sources::gather(situation, place, meanings);
    let probation = sources.parameter(|said| said.decline_probation_secs.as_ref()).map(|said| *said.value);
    let request = LeaseRequest::Decline {
        address,
        client: situation.client.clone(),
        until_wall_ms: after(now, probation.unwrap_or(DEFAULTS.decline_probation)),
    };
    Ok(Decision::Ask { goal: Goal::Decline, request, lease: Seconds(0) })
}

/// Where an INFORM's client is: its own address decides, else the first subnet that is open to it.
fn inform_place(situation: &Situation<'_>) -> Result<Place, Silence> {
    let own = Some(situation.message.ciaddr()).filter(|own| !own.is_unspecified());
    let own = own.unwrap_or(*situation.meta.from.ip());
    if let Some(place) = situation.subnet_place(own) {
        return Ok(place);
    }
    let subnets = &situation.tables.segment(situation.segment).subnets;
    let open = subnets.iter().find(|subnet| situation.may_enter(**subnet));
    open.map(|subnet| Place { subnet: *subnet, pool: None }).ok_or(Silence::Guarded)
}

/// What the client is to be granted at `place`, and the lease time in it.
pub fn grant_of(
    situation: &Situation<'_>,
    store: &Store,
    place: Place,
    now: Now,
    meanings: &mut Vec<(ClassId, ValuesId)>,
) -> (Grant, Seconds) {
    let sources = Sources::gather(situation, place, meanings);
    let lease = super::reply::lease_time(&sources, &situation.message, &mut NoTrace);
    let hostname = sources.hostname().map(|said| said.value.into());
    let grant = Grant {
        client: situation.client.clone(),
        until_wall_ms: after(now, lease),
        details: details(situation, store, hostname, now),
    };
    (grant, lease)
}

fn details(situation: &Situation<'_>, store: &Store, hostname: Option<Box<str>>, now: Now) -> Details {
    let message = &situation.message;
    let said = || {
        let octets = message.option(code::HOST_NAME)?;
        let text = std::str::from_utf8(octets).ok()?.trim_end_matches('\0');
        Some(text.into()).filter(|_| !text.is_empty())
    };
    // A renewal that comes past the relay keeps the giaddr that the binding remembers, beside its option 82.
    let remembered = || {
        let binding = store.bindings().get(message.ciaddr())?;
        let own = binding.client().is_some_and(|client| client.key == situation.client.key);
        binding.details.giaddr.filter(|_| own)
    };
    Details {
        hostname: hostname.or_else(said),
        transaction: message.transaction(),
        transaction_wall_ms: now.wall_ms,
        giaddr: message.giaddr().or_else(remembered),
        agent_options: message.option(code::AGENT_INFORMATION).map(Into::into),
    }
}

/// A time span from now on, on the wall clock; the wire's infinity never ends.
fn after(now: Now, span: Seconds) -> u64 {
    if span == Seconds::INFINITE { u64::MAX } else { now.wall_ms.saturating_add(u64::from(span.0) * 1000) }
}
