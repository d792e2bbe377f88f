//! Reservations.

use std::net::Ipv4Addr;

use leasehold_schemas::vocab::{HexBytes, MacAddr};

use super::definitions::Definitions;
use super::keys::Flexible;
use super::scope::{Level, Scope, address};
use crate::import::book::{MapView, View};
use crate::import::listing::Fate;
use crate::import::octets::untyped;
use crate::import::yaml::Yaml;

/// What a client is known by: the key of the estate language, and its value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Identity {
    /// The key.
    pub key: &'static str,
    /// The value as it is written.
    pub value: Yaml,
}

/// A reservation.
#[derive(Clone, Debug)]
pub struct Host<'b> {
    /// What the client is known by.
    pub identity: Identity,
    /// Its address.
    pub address: Option<Ipv4Addr>,
    /// Its host name.
    pub hostname: Option<String>,
    /// What it gets; its `guards` are the classes it is in.
    pub scope: Scope<'b>,
    /// Where it stands.
    pub view: View<'b>,
}

/// The kinds of identifiers, as Kea names them, and ours.
const KINDS: [(&str, &str); 5] = [
    ("hw-address", "mac"),
    ("duid", "duid"),
    ("circuit-id", "circuit-id"),
    ("client-id", "client-id"),
    ("flex-id", ""),
];

/// The kinds by which Kea looks for a reservation, if the configuration lists them.
pub fn identifiers(map: MapView<'_>) -> Option<Vec<String>> {
    let list = map.get("host-reservation-identifiers")?;
    let names: Vec<String> =
        list.list().into_iter().filter_map(|view| view.text().map(str::to_owned)).collect();
    Some(names)
}

impl<'b> Host<'b> {
    /// Reads an entry; nothing if no client can be known by it, and that is told. `flexible`: what
    /// `flex-id` is.
    pub fn read(
        map: MapView<'b>,
        definitions: &mut Definitions,
        flexible: Flexible,
        identifiers: Option<&[String]>,
    ) -> Option<Host<'b>> {
        let view = map.view;
        let found: Vec<(&str, &'static str, View<'b>)> =
            KINDS.iter().filter_map(|(kind, key)| Some((*kind, *key, map.get(kind)?))).collect();
        let [(kind, key, identifier)] = found.as_slice() else {
            let reason =
                format!("a reservation names its client in one way, and this one in {}", found.len());
            view.tell(
                Fate::Lost,
                reason,
                "give it one of `hw-address`, `client-id`, `circuit-id` and `duid`",
            );
            return None;
        };
        let key = match (*kind, flexible) {
            ("flex-id", Flexible::Key(key)) => key,
            ("flex-id", Flexible::Nothing) => {
                view.tell(
                    Fate::Idle,
                    "the library that computes `flex-id` is not loaded, so Kea never finds it",
                    "",
                );
                return None;
            }
            ("flex-id", Flexible::Computed) => {
                let reason = "`flex-id` is computed by an expression, and no identifier here is";
                let advice = "reserve by `circuit-id` or `remote-id`, or write a class whose test is the expression and \
                              name it in the `only` of a pool of one address";
                view.tell(Fate::Lost, reason, advice);
                return None;
            }
            _ => key,
        };
        if identifiers.is_some_and(|listed| !listed.iter().any(|listed| listed == kind)) {
            let reason = format!("Kea does not look for `{kind}`: `host-reservation-identifiers` lacks it");
            view.tell(Fate::Idle, reason, "");
            return None;
        }
        let Some(identity) = identifier.text().and_then(|text| identity(key, text, *identifier)) else {
            // What is wrong with it was told; the rest of the entry goes with it.
            view.done();
            return None;
        };
        super::keys::tell_host(map);
        let address = map.some_text("ip-address").and_then(|(text, view)| address(text, view));
        let hostname = map.some_text("hostname").map(|(name, _)| name.trim().to_owned());
        let scope = Scope::read(map, definitions, Level::Host);
        Some(Host { identity, address, hostname, scope, view })
    }
}

fn identity(key: &'static str, text: &str, view: View<'_>) -> Option<Identity> {
    let wrong = |expected: &str| {
        view.tell(
            Fate::Lost,
            format!("`{}` is not {expected}", text.escape_debug()),
            "correct the identifier",
        );
        None
    };
    if key == "mac" {
        let octets = text.parse::<MacAddr>().ok().or_else(|| MacAddr::new(&untyped(text)?));
        return match octets {
            Some(mac) => Some(Identity { key, value: Yaml::Quoted(mac.to_string()) }),
            None => wrong("a hardware address"),
        };
    }
    match untyped(text) {
        Some(octets) if (1..=255).contains(&octets.len()) => {
            Some(Identity { key, value: spelt(text, octets) })
        }
        _ => wrong("1 to 255 octets in hexadecimal, or text in single quotes"),
    }
}

/// Text stays text where it is read back as that; else octets.
fn spelt(kea: &str, octets: Vec<u8>) -> Yaml {
    let quoted = kea.trim().starts_with('\'');
    let text = String::from_utf8(octets.clone()).ok().filter(|text| {
        quoted
            && !text.contains(':')
            && !text.starts_with("0x")
            && !text.starts_with("0X")
            && !text.chars().any(char::is_control)
            && text.trim() == text
            && text != "null"
            && text != "~"
    });
    text.map_or_else(|| Yaml::Quoted(format!("0x{}", HexBytes(octets))), Yaml::Text)
}
