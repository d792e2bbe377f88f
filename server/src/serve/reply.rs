//! Builds OFFER, ACK and NAK (RFC 2131 table 3).
//!
//! Order of options: what the protocol needs, the subnet mask (RFC 2132 section 3.3 wants it before routers), what
//! the client asked for in its order (RFC 2132 section 9.8), what is always sent, and option 82 last. A client that
//! sends no list gets everything that is said.

use std::net::Ipv4Addr;

use leasehold_schemas::artefact::{Layered, Parameters};
use leasehold_schemas::vocab::{OptionCode, Seconds, Space};

use super::datagram::Outgoing;
use super::defaults::DEFAULTS;
use super::destination::{destination, inform_destination};
use super::segment::subnet_selection;
use super::silence::Silence;
use super::situation::{Place, Situation};
use super::sources::{Inner, Owner, Said, Sources};
use super::trace::{Slot, Trace};
use crate::estate::{ClassId, ValuesId};
use crate::leases::{Binding, Durable};
use crate::wire::{CodeSet, Header, MESSAGE_SIZE_MAX, MESSAGE_SIZE_MIN, Message, MessageType, Reply, code};

/// Room that one reply after another is built in.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    /// The classes of the client.
    pub meanings: Vec<(ClassId, ValuesId)>,
    options: Reply,
}

/// Options that belong to the protocol: values of the estate never stand in for them.
const OWN: [u8; 18] = [
    code::PAD,
    code::REQUESTED_ADDRESS,
    code::LEASE_TIME,
    code::OVERLOAD,
    code::MESSAGE_TYPE,
    code::SERVER_IDENTIFIER,
    code::PARAMETER_REQUEST_LIST,
    56,
    code::MESSAGE_SIZE_MAX,
    code::RENEWAL_TIME,
    code::REBINDING_TIME,
    code::CLIENT_IDENTIFIER,
    code::RAPID_COMMIT,
    code::CLIENT_FQDN,
    code::AGENT_INFORMATION,
    code::SUBNET_SELECTION,
    code::SUBNET_MASK,
    code::END,
];

/// Offers `address`, which lies at `place`.
pub fn offer(
    situation: &Situation<'_>,
    address: Ipv4Addr,
    place: Place,
    scratch: &mut Scratch,
    bytes: Vec<u8>,
    trace: &mut impl Trace,
) -> Outgoing {
    let Scratch { meanings, options } = scratch;
    let sources = Sources::gather(situation, place, meanings);
    let lease = lease_time(&sources, &situation.message, trace);
    let body = Body { kind: MessageType::Offer, address, lease: Some(lease), rapid: false };
    build(situation, &sources, body, options, bytes, trace)
}

/// Acknowledges a binding that is on disk. `lease` is the time that was recorded with it: never more is told.
///
/// A client may have lost its place since it asked, by a reload; then nothing is said.
pub fn acknowledge(
    situation: &Situation<'_>,
    binding: &Durable<Binding>,
    lease: Seconds,
    scratch: &mut Scratch,
    bytes: Vec<u8>,
    trace: &mut impl Trace,
) -> Result<Outgoing, Silence> {
    let address = binding.get().address;
    let place = situation.place_of(address).ok_or(Silence::Guarded)?;
    let Scratch { meanings, options } = scratch;
    let sources = Sources::gather(situation, place, meanings);
    let rapid = situation.kind == MessageType::Discover;
    let body = Body { kind: MessageType::Ack, address, lease: Some(lease), rapid };
    Ok(build(situation, &sources, body, options, bytes, trace))
}

/// Answers an INFORM: values, no address, no lease (RFC 2131 section 4.3.5).
pub fn inform(
    situation: &Situation<'_>,
    place: Place,
    scratch: &mut Scratch,
    bytes: Vec<u8>,
    trace: &mut impl Trace,
) -> Outgoing {
    let Scratch { meanings, options } = scratch;
    let sources = Sources::gather(situation, place, meanings);
    let body = Body { kind: MessageType::Ack, address: Ipv4Addr::UNSPECIFIED, lease: None, rapid: false };
    build(situation, &sources, body, options, bytes, trace)
}

/// Says no. A relay must broadcast it, whatever the client asked for (RFC 2131 section 4.3.2).
pub fn nak(situation: &Situation<'_>, scratch: &mut Scratch, mut bytes: Vec<u8>) -> Outgoing {
    let message = &situation.message;
    let options = &mut scratch.options;
    options.clear();
    options.push(code::MESSAGE_TYPE, &[MessageType::Nak.octet()]);
    options.push(code::SERVER_IDENTIFIER, &situation.server_id().octets());
    if let Some(identifier) = message.option(code::CLIENT_IDENTIFIER) {
        options.push(code::CLIENT_IDENTIFIER, identifier);
    }
    if let Some(subnet) = subnet_selection(situation.tables, message, &situation.meta) {
        options.push(code::SUBNET_SELECTION, subnet);
    }
    let mut header = header(message);
    header.ciaddr = Ipv4Addr::UNSPECIFIED;
    if message.giaddr().is_some() {
        header.flags |= 0x8000;
    }
    options.write(&header, message.received_agent(), MESSAGE_SIZE_MIN, &mut bytes);
    let reply_to = situation.of_network(|said| said.reply_to.and_then(|said| said.value));
    let reply_port = situation.of_network(|said| said.reply_port.and_then(|said| said.value));
    let to = destination(
        message,
        &situation.meta,
        MessageType::Nak,
        Ipv4Addr::UNSPECIFIED,
        reply_to.unwrap_or(DEFAULTS.reply_to),
        reply_port.unwrap_or(DEFAULTS.reply_port),
    );
    Outgoing { to, from: situation.meta.local, bytes }
}

/// The lease time: what the client asks for, kept between shortest and longest; else the default.
pub(super) fn lease_time(sources: &Sources<'_>, message: &Message<'_>, trace: &mut impl Trace) -> Seconds {
    let default =
        sources.parameter_or(|said| said.lease_default_secs.as_ref(), "lease.default", DEFAULTS.lease, trace);
    let shortest =
        sources.parameter_or(|said| said.lease_min_secs.as_ref(), "lease.min", default, trace).min(default);
    let longest =
        sources.parameter_or(|said| said.lease_max_secs.as_ref(), "lease.max", default, trace).max(default);
    match message.u32_option(code::LEASE_TIME) {
        Some(asked) => Seconds(asked).clamp(shortest, longest),
        None => default,
    }
}

/// What distinguishes one reply from another.
#[derive(Clone, Copy)]
struct Body {
    kind: MessageType,
    address: Ipv4Addr,
    lease: Option<Seconds>,
    rapid: bool,
}

fn build(
    situation: &Situation<'_>,
    sources: &Sources<'_>,
    body: Body,
    options: &mut Reply,
    mut bytes: Vec<u8>,
    trace: &mut impl Trace,
) -> Outgoing {
    let Body { kind, address, lease, rapid } = body;
    let message = &situation.message;
    options.clear();
    options.push(code::MESSAGE_TYPE, &[kind.octet()]);
    options.push(code::SERVER_IDENTIFIER, &situation.server_id().octets());
    if let Some(lease) = lease {
        times(sources, lease, options, trace);
        let reserved = situation
            .known
            .reservation()
            .filter(|id| situation.tables.registry().get(*id).address == Some(address));
        let owner = reserved.map_or(Owner::Place(sources.prefix()), Owner::Reservation);
        trace.used(Slot::Address, owner, None);
    }
    // Before the values: what finds no room is left out from the end.
    if let Some(identifier) = message.option(code::CLIENT_IDENTIFIER) {
        // RFC 6842 section 3.
        options.push(code::CLIENT_IDENTIFIER, identifier);
    }
    if rapid {
        options.push(code::RAPID_COMMIT, &[]);
    }
    if let Some(subnet) = subnet_selection(situation.tables, message, &situation.meta) {
        // RFC 3011 section 2: the same option comes back to whoever may send it, or the answer is discarded.
        options.push(code::SUBNET_SELECTION, subnet);
    }
    values(situation, sources, options, trace);
    let sname = text(sources.parameter(|said| said.server_hostname.as_ref()), "server-hostname", trace);
    let file = text(sources.parameter(|said| said.boot_file_name.as_ref()), "boot-file-name", trace);
    let none = Ipv4Addr::UNSPECIFIED;
    let siaddr = sources.parameter_or(|said| said.next_server.as_ref(), "next-server", none, trace);
    let ciaddr = if kind == MessageType::Offer { none } else { message.ciaddr() };
    let mut header = Header { ciaddr, yiaddr: address, siaddr, sname, file, ..header(message) };
    let mut agent = message.received_agent();
    if lease.is_none() && !message.ciaddr().is_unspecified() {
        // No relay is on the way of an answer to an INFORM, to take out what is meant for it (RFC 3046 section 2.1).
        (header.giaddr, agent) = (none, None);
    }
    options.write(&header, agent, size_max(message), &mut bytes);
    let reply_to = sources.parameter_or(|said| said.reply_to.as_ref(), "reply-to", DEFAULTS.reply_to, trace);
    let reply_port =
        sources.parameter_or(|said| said.reply_port.as_ref(), "reply-port", DEFAULTS.reply_port, trace);
    let to = match lease {
        Some(_) => destination(message, &situation.meta, kind, address, reply_to, reply_port),
        None => inform_destination(message, &situation.meta, reply_to, reply_port),
    };
    Outgoing { to, from: situation.meta.local, bytes }
}

fn header(message: &Message<'_>) -> Header<'static> {
    Header {
        hardware_type: message.hardware_type(),
        hardware_length: u8::try_from(message.chaddr().len()).expect("`hlen` was checked to be at most 16"),
        transaction: message.transaction(),
        flags: message.flags(),
        ciaddr: message.ciaddr(),
        yiaddr: Ipv4Addr::UNSPECIFIED,
        siaddr: Ipv4Addr::UNSPECIFIED,
        giaddr: message.giaddr().unwrap_or(Ipv4Addr::UNSPECIFIED),
        chaddr: message.chaddr_field(),
        sname: b"",
        file: b"",
    }
}

/// Option 57 counts the whole datagram (RFC 2132 section 9.10); 28 octets of it are IP and UDP.
fn size_max(message: &Message<'_>) -> usize {
    let asked = message.u16_option(code::MESSAGE_SIZE_MAX).map_or(0, usize::from);
    asked.saturating_sub(28).clamp(MESSAGE_SIZE_MIN, MESSAGE_SIZE_MAX)
}

fn text<'a>(said: Option<Said<&'a String>>, key: &'static str, trace: &mut impl Trace) -> &'a [u8] {
    said.map_or(b"", |said| {
        trace.used(Slot::Parameter(key), said.owner, Some(said.layer));
        said.value.as_bytes()
    })
}

/// Lease time, T1 and T2. T1 and T2 that do not stand in order below the lease time give way to the defaults
/// (RFC 2131 section 4.4.5); a lease without end has neither.
fn times(sources: &Sources<'_>, lease: Seconds, options: &mut Reply, trace: &mut impl Trace) {
    options.push(code::LEASE_TIME, &lease.0.to_be_bytes());
    if lease == Seconds::INFINITE {
        return;
    }
    let part = |eighths: u64| {
        Seconds(
            u32::try_from(u64::from(lease.0) * eighths / 8)
                .expect("at most the lease time, which is 32 bits"),
        )
    };
    let never = sources.parameter(|said| said.never_send.as_ref());
    let is_sent = |code| !never.is_some_and(|said| said.value.contains(&OptionCode(code)));
    let (renew, rebind) = (part(DEFAULTS.renew_after_eighths), part(DEFAULTS.rebind_after_eighths));
    let t2 = timer(sources, |said| said.rebind_after_secs.as_ref(), "rebind-after", lease, trace);
    let t2 = t2.unwrap_or(rebind);
    let t1 = timer(sources, |said| said.renew_after_secs.as_ref(), "renew-after", t2, trace);
    let is_unsaid = sources.parameter(|said| said.renew_after_secs.as_ref()).is_none();
    let t1 = t1.unwrap_or(if is_unsaid && renew < t2 { renew } else { renew.min(Seconds(t2.0 / 2)) });
    for (code, time) in [(code::RENEWAL_TIME, t1), (code::REBINDING_TIME, t2)] {
        if is_sent(code) {
            options.push(code, &time.0.to_be_bytes());
        }
    }
}

/// What somebody says of T1 or T2, if it ends before `end`.
fn timer<'a>(
    sources: &Sources<'a>,
    read: impl Fn(&'a Parameters) -> Option<&'a Layered<Seconds>>,
    key: &'static str,
    end: Seconds,
    trace: &mut impl Trace,
) -> Option<Seconds> {
    let said = sources.parameter(read).filter(|said| *said.value < end)?;
    trace.used(Slot::Parameter(key), said.owner, Some(said.layer));
    Some(*said.value)
}

/// The estate's values, as the client asked for them.
fn values(situation: &Situation<'_>, sources: &Sources<'_>, options: &mut Reply, trace: &mut impl Trace) {
    let message = &situation.message;
    let never = sources.parameter(|said| said.never_send.as_ref());
    let always = sources.parameter(|said| said.always_send.as_ref());
    let mut done = CodeSet::default();
    OWN.iter().for_each(|code| done.insert(*code));
    if let Some(never) = never {
        never.value.iter().for_each(|code| done.insert(code.0));
    }
    let is_sent = |code| !never.is_some_and(|said| said.value.contains(&OptionCode(code)));
    if is_sent(code::SUBNET_MASK) {
        subnet_mask(sources, options, trace);
    }
    if let Some(asked) = message.option(code::CLIENT_FQDN).filter(|_| is_sent(code::CLIENT_FQDN)) {
        fqdn(asked, options);
    }
    let mut put = |code: u8, options: &mut Reply, trace: &mut _| {
        if !done.contains(code) {
            done.insert(code);
            value(sources, code, options, trace);
        }
    };
    match message.option(code::PARAMETER_REQUEST_LIST) {
        Some(asked) => asked.iter().for_each(|code| put(*code, options, trace)),
        None => {
            let mut said: Vec<u8> = sources.plain_codes().collect();
            said.extend([code::HOST_NAME, code::VENDOR_SPECIFIC]);
            said.sort_unstable();
            said.iter().for_each(|code| put(*code, options, trace));
        }
    }
    if let Some(always) = always {
        always.value.iter().for_each(|code| put(code.0, options, trace));
    }
    // A client that names its vendor's enterprise number wants what that vendor defines (RFC 3925 section 4).
    if message.option(124).is_some() || message.option(code::VENDOR_IDENTIFYING).is_some() {
        put(code::VENDOR_IDENTIFYING, options, trace);
    }
}

fn subnet_mask(sources: &Sources<'_>, options: &mut Reply, trace: &mut impl Trace) {
    let slot = Slot::Option(Space::Dhcp4, code::SUBNET_MASK);
    match sources.option(code::SUBNET_MASK) {
        Some(said) => {
            trace.used(slot, said.owner, Some(said.layer));
            options.push(code::SUBNET_MASK, said.value);
        }
        None => {
            trace.used(slot, Owner::Place(sources.prefix()), None);
            options.push(code::SUBNET_MASK, &sources.prefix().mask().octets());
        }
    }
}

/// One value, if anybody says it.
fn value(sources: &Sources<'_>, code: u8, options: &mut Reply, trace: &mut impl Trace) {
    let slot = Slot::Option(Space::Dhcp4, code);
    let hostname = sources.hostname().filter(|_| code == code::HOST_NAME);
    if let Some(said) = hostname {
        trace.used(slot, said.owner, Some(said.layer));
        return options.push(code, said.value.as_bytes());
    }
    if let Some(said) = sources.option(code) {
        trace.used(slot, said.owner, Some(said.layer));
        return options.push(code, said.value);
    }
    match code {
        code::VENDOR_SPECIFIC if sources.has_encapsulated(|space| space == Space::Vendor43) => {
            let found = sources.encapsulated(|space| space == Space::Vendor43);
            report(&found, trace);
            // Sub-options that were all taken away leave no container behind.
            if !found.is_empty() {
                options.push_with(code, |octets| {
                    found.iter().for_each(|(_, inner, said)| put_inner(*inner, said.value, octets));
                });
            }
        }
        code::VENDOR_IDENTIFYING if sources.has_encapsulated(is_enterprise) => {
            let found = sources.encapsulated(is_enterprise);
            report(&found, trace);
            if !found.is_empty() {
                options.push_with(code, |octets| put_enterprises(&found, octets));
            }
        }
        _ => {}
    }
}

fn is_enterprise(space: Space) -> bool {
    match space {
        Space::Vendor125(_) => true,
        Space::Dhcp4 | Space::Vendor43 => false,
    }
}

fn report(found: &[Inner<'_>], trace: &mut impl Trace) {
    for (space, code, said) in found {
        trace.used(Slot::Option(*space, *code), said.owner, Some(said.layer));
    }
}

/// A sub-option holds 255 octets; what is longer comes in parts (RFC 3396 has no say here, but readers that join
/// parts of options join those of sub-options).
fn put_inner(code: u8, payload: &[u8], octets: &mut Vec<u8>) {
    if payload.is_empty() {
        octets.extend_from_slice(&[code, 0]);
    }
    for part in payload.chunks(255) {
        octets.extend_from_slice(&[code, u8::try_from(part.len()).expect("parts are at most 255 octets")]);
        octets.extend_from_slice(part);
    }
}

/// Enterprise number, length, sub-options (RFC 3925 section 4); as many blocks of one enterprise as its length
/// octet needs.
fn put_enterprises(found: &[Inner<'_>], octets: &mut Vec<u8>) {
    let mut block: Option<(u32, usize)> = None;
    for (space, code, said) in found {
        let Space::Vendor125(enterprise) = *space else { continue };
        let mut inner = Vec::new();
        put_inner(*code, &said.value[..said.value.len().min(253)], &mut inner);
        let fits = block
            .is_some_and(|(open, at)| open == enterprise && usize::from(octets[at]) + inner.len() <= 255);
        if !fits {
            octets.extend_from_slice(&enterprise.to_be_bytes());
            block = Some((enterprise, octets.len()));
            octets.push(0);
        }
        if let Some((_, at)) = block {
            octets[at] += u8::try_from(inner.len()).expect("one sub-option is at most 255 octets here");
            octets.extend_from_slice(&inner);
        }
    }
}

/// This server updates no DNS: S is 0, N is 1, O says that S was overridden, E is the client's; the name comes back
/// (RFC 4702 sections 2.1 and 4).
fn fqdn(asked: &[u8], options: &mut Reply) {
    let Some((flags, rest)) = asked.split_first() else { return };
    let name = rest.get(2..).unwrap_or_default();
    let overridden = if flags & 1 == 1 { 2 } else { 0 };
    options.push_with(code::CLIENT_FQDN, |octets| {
        octets.extend_from_slice(&[(flags & 4) | 8 | overridden, 255, 255]);
        octets.extend_from_slice(name);
    });
}
