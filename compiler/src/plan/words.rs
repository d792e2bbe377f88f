//! Keys, values, guards and clients in words that a network engineer uses.

use std::collections::{BTreeMap, BTreeSet};

use leasehold_schemas::artefact::{Identifier, Reservation};
use leasehold_schemas::vocab::{ClassName, OptionCode, Seconds, Space};

use super::effective::Effective;
use super::option_text::option_text;
use super::statement::Client;
use super::value::{Key, Value};
use crate::model::Definition;
use crate::resolve::definitions::standard;

/// Names of options, of both sides.
#[derive(Debug)]
pub struct Words {
    definitions: BTreeMap<(Space, OptionCode), Definition>,
}

/// A guard: one class of each set must have the client. Nothing: everybody.
pub type Guard = BTreeSet<BTreeSet<ClassName>>;

impl Words {
    /// The standard names, those of the two sides over them, the new side's first.
    pub fn new(before: &Effective, after: &Effective) -> Words {
        let mut definitions: BTreeMap<(Space, OptionCode), Definition> = BTreeMap::new();
        for definition in standard() {
            definitions.insert((definition.space, definition.code), definition);
        }
        for side in [before, after] {
            definitions.extend(side.definitions.iter().map(|(at, definition)| (*at, definition.clone())));
        }
        Words { definitions }
    }

    /// What a key is called.
    pub fn key(&self, key: Key) -> String {
        let name = match key {
            Key::Option(Space::Dhcp4, OptionCode(3)) => "router",
            Key::Option(space, code) => return self.option(space, code),
            Key::LeaseDefault => "lease",
            Key::LeaseMin => "shortest lease",
            Key::LeaseMax => "longest lease",
            Key::RenewAfter => "renewal time (T1)",
            Key::RebindAfter => "rebinding time (T2)",
            Key::NextServer => "next server",
            Key::ServerHostname => "server host name",
            Key::BootFileName => "boot file name",
            Key::AlwaysSend => "options always sent",
            Key::NeverSend => "options never sent",
            Key::Authoritative => "authoritative",
            Key::Identity => "identity",
            Key::RapidCommit => "rapid commit",
            Key::DeclineProbation => "rest of a declined address",
            Key::ReplyTo => "reply to",
            Key::ReplyPort => "reply port",
        };
        name.to_owned()
    }

    fn option(&self, space: Space, code: OptionCode) -> String {
        match (self.definitions.get(&(space, code)), space) {
            (Some(definition), _) => format!("option {}", definition.name),
            (None, Space::Dhcp4) => format!("option {code}"),
            (None, Space::Vendor43 | Space::Vendor125(_)) => format!("option {space}.{code}"),
        }
    }

    /// What a value is; `None` where there is none.
    pub fn value(&self, key: Key, value: &Option<Value>) -> Option<String> {
        let Some(value) = value else {
            let follows = match key {
                Key::LeaseMin | Key::LeaseMax => "the lease time",
                Key::RenewAfter => "half the lease time",
                Key::RebindAfter => "seven eighths of the lease time",
                _ => return None,
            };
            return Some(follows.to_owned());
        };
        let shown = match value {
            Value::Octets(octets) => match key {
                Key::Option(space, code) => option_text(self.definitions.get(&(space, code)), octets),
                _ => option_text(None, octets),
            },
            Value::Time(Seconds::INFINITE) => "no end".to_owned(),
            Value::Time(seconds) => seconds.to_string(),
            Value::Address(address) if address.is_unspecified() => return None,
            Value::Address(address) => address.to_string(),
            Value::Text(text) => text.clone(),
            Value::Codes(codes) if codes.is_empty() => return None,
            Value::Codes(codes) => {
                let name = |code: &OptionCode| {
                    self.definitions
                        .get(&(Space::Dhcp4, *code))
                        .map_or_else(|| code.to_string(), |definition| definition.name.clone())
                };
                codes.iter().map(name).collect::<Vec<String>>().join(", ")
            }
            Value::Flag(true) => "yes".to_owned(),
            Value::Flag(false) => "no".to_owned(),
            Value::Word(word) => (*word).to_owned(),
        };
        Some(shown)
    }
}

/// The guards of several levels as one. A class that everybody is in guards nothing, and a set that holds another
/// asks for no more than that one does.
pub fn guard(levels: &[&[ClassName]]) -> Guard {
    let levels = levels.iter().filter(|level| !level.is_empty());
    let sets: Guard = levels.map(|level| level.iter().cloned().collect()).collect();
    let everybody = |set: &BTreeSet<ClassName>| set.iter().any(|class| class.as_str() == "ALL");
    let implied = |set: &BTreeSet<ClassName>| sets.iter().any(|other| other != set && other.is_subset(set));
    sets.iter().filter(|set| !everybody(set) && !implied(set)).cloned().collect()
}

/// Whether somebody whom the first guard lets in may be kept out by the second.
pub fn is_narrower(before: &Guard, after: &Guard) -> bool {
    after.iter().any(|wanted| !before.iter().any(|had| had.is_subset(wanted)))
}

/// Who may use a place: `clients in win10 or pxe`; `None`: everybody.
pub fn guard_text(guard: &Guard) -> Option<String> {
    let one =
        |set: &BTreeSet<ClassName>| set.iter().map(ClassName::as_str).collect::<Vec<&str>>().join(" or ");
    let sets: Vec<String> = guard.iter().map(one).collect();
    (!sets.is_empty()).then(|| format!("clients in {}", sets.join(", and in ")))
}

/// `prn-1 (52:54:00:12:34:56)`, or what it is known by alone.
pub fn client(reservation: &Reservation) -> Client {
    let known_by = identifier_text(&reservation.identifier);
    let shown = match &reservation.hostname {
        Some(name) => format!("{name} ({known_by})"),
        None => known_by,
    };
    Client { identifier: reservation.identifier.clone(), shown }
}

/// `52:54:00:12:34:56`, `circuit-id 0x00010203`
pub fn identifier_text(identifier: &Identifier) -> String {
    match identifier {
        Identifier::Mac(mac) => mac.to_string(),
        Identifier::ClientId(octets) => format!("client-id 0x{octets}"),
        Identifier::CircuitId(octets) => format!("circuit-id 0x{octets}"),
        Identifier::RemoteId(octets) => format!("remote-id 0x{octets}"),
        Identifier::Duid(octets) => format!("duid 0x{octets}"),
    }
}

/// `1 subnet`, `14,404 reservations`
pub fn count(count: u64, noun: &str) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    let ending = match (count, noun) {
        (1, _) => "",
        (_, "address") => "es",
        _ => "s",
    };
    format!("{text} {noun}{ending}")
}
