//! What can be told to a client or done for it, without who said it.

use std::net::Ipv4Addr;

use leasehold_schemas::artefact::{Identity, Layered, OptionValue, Parameters, ReplyPort, ReplyTo, ValueSet};
use leasehold_schemas::vocab::{OptionCode, Seconds, Space};
use leasehold_server::serve::DEFAULTS;

/// What a value is the value of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Key {
    Option(Space, OptionCode),
    LeaseDefault,
    LeaseMin,
    LeaseMax,
    RenewAfter,
    RebindAfter,
    NextServer,
    ServerHostname,
    BootFileName,
    AlwaysSend,
    NeverSend,
    Authoritative,
    Identity,
    RapidCommit,
    DeclineProbation,
    ReplyTo,
    ReplyPort,
}

/// A value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Value {
    /// An option's octets.
    Octets(Vec<u8>),
    /// A duration.
    Time(Seconds),
    /// An address.
    Address(Ipv4Addr),
    /// A text for a header field.
    Text(String),
    /// Options, in order.
    Codes(Vec<OptionCode>),
    /// Yes or no.
    Flag(bool),
    /// A word of the estate language.
    Word(&'static str),
}

/// What was said together, by key; `None` takes an inherited value away.
pub type Said = Vec<(Key, Option<Value>)>;

/// A set of the artefact, without who said what.
pub fn said(set: &ValueSet) -> Said {
    let ValueSet { options, parameters } = set;
    let mut said: Said = Vec::with_capacity(options.len() + 2);
    for OptionValue { space, code, layer: _, value } in options {
        said.push((Key::Option(*space, *code), value.as_ref().map(|octets| Value::Octets(octets.0.clone()))));
    }
    add_parameters(parameters, &mut said);
    said.sort_by_key(|(key, _)| *key);
    said
}

/// Every parameter that is said; a new one stops the build until it is compared too.
fn add_parameters(parameters: &Parameters, said: &mut Said) {
    let Parameters {
        lease_default_secs,
        lease_min_secs,
        lease_max_secs,
        renew_after_secs,
        rebind_after_secs,
        next_server,
        server_hostname,
        boot_file_name,
        always_send,
        never_send,
        authoritative,
        identity,
        rapid_commit,
        decline_probation_secs,
        reply_to,
        reply_port,
    } = parameters;
    let mut add = |key, value: Option<Option<Value>>| said.extend(value.map(|value| (key, value)));
    add(Key::LeaseDefault, layered(lease_default_secs, |time| Value::Time(*time)));
    add(Key::LeaseMin, layered(lease_min_secs, |time| Value::Time(*time)));
    add(Key::LeaseMax, layered(lease_max_secs, |time| Value::Time(*time)));
    add(Key::RenewAfter, layered(renew_after_secs, |time| Value::Time(*time)));
    add(Key::RebindAfter, layered(rebind_after_secs, |time| Value::Time(*time)));
    add(Key::NextServer, layered(next_server, |address| Value::Address(*address)));
    add(Key::ServerHostname, layered(server_hostname, |text| Value::Text(text.clone())));
    add(Key::BootFileName, layered(boot_file_name, |text| Value::Text(text.clone())));
    add(Key::AlwaysSend, layered(always_send, |list| codes(list)));
    add(Key::NeverSend, layered(never_send, |list| codes(list)));
    add(Key::Authoritative, layered(authoritative, |flag| Value::Flag(*flag)));
    add(Key::Identity, layered(identity, |identity| Value::Word(identity_word(*identity))));
    add(Key::RapidCommit, layered(rapid_commit, |flag| Value::Flag(*flag)));
    add(Key::DeclineProbation, layered(decline_probation_secs, |time| Value::Time(*time)));
    add(Key::ReplyTo, layered(reply_to, |to| Value::Word(reply_to_word(*to))));
    add(Key::ReplyPort, layered(reply_port, |port| Value::Word(reply_port_word(*port))));
}

fn layered<T>(said: &Option<Layered<T>>, value: impl Fn(&T) -> Value) -> Option<Option<Value>> {
    said.as_ref().map(|Layered { layer: _, value: said }| said.as_ref().map(value))
}

/// In which order they are listed makes no difference.
fn codes(codes: &[OptionCode]) -> Value {
    let mut codes = codes.to_vec();
    codes.sort_unstable();
    codes.dedup();
    Value::Codes(codes)
}

fn identity_word(identity: Identity) -> &'static str {
    match identity {
        Identity::ClientId => "client-id",
        Identity::Mac => "mac",
    }
}

fn reply_to_word(to: ReplyTo) -> &'static str {
    match to {
        ReplyTo::Giaddr => "giaddr",
        ReplyTo::Source => "source",
    }
}

fn reply_port_word(port: ReplyPort) -> &'static str {
    match port {
        ReplyPort::Relay => "relay",
        ReplyPort::Source => "source",
    }
}

/// What holds where nobody says a key, by the server's table of defaults. `None`: nothing is sent, or it follows from
/// another key.
pub fn default_of(key: Key) -> Option<Value> {
    match key {
        Key::LeaseDefault => Some(Value::Time(DEFAULTS.lease)),
        Key::NextServer => Some(Value::Address(Ipv4Addr::UNSPECIFIED)),
        Key::AlwaysSend | Key::NeverSend => Some(Value::Codes(Vec::new())),
        Key::Authoritative => Some(Value::Flag(DEFAULTS.authoritative)),
        Key::Identity => Some(Value::Word(identity_word(DEFAULTS.identity))),
        Key::RapidCommit => Some(Value::Flag(DEFAULTS.rapid_commit)),
        Key::DeclineProbation => Some(Value::Time(DEFAULTS.decline_probation)),
        Key::ReplyTo => Some(Value::Word(reply_to_word(DEFAULTS.reply_to))),
        Key::ReplyPort => Some(Value::Word(reply_port_word(DEFAULTS.reply_port))),
        Key::Option(..)
        | Key::LeaseMin
        | Key::LeaseMax
        | Key::RenewAfter
        | Key::RebindAfter
        | Key::ServerHostname
        | Key::BootFileName => None,
    }
}

/// T1 and T2 where nobody says them, as parts of the lease time.
pub fn default_timers(lease_secs: u64) -> [u64; 2] {
    [DEFAULTS.renew_after_eighths, DEFAULTS.rebind_after_eighths].map(|eighths| lease_secs * eighths / 8)
}
