//! Two answers to one question, field by field, and what is known of their differences.
#![expect(clippy::disallowed_methods, reason = "the list of reviewed differences is a file")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::client::{Ask, Client, Manner};
use super::reply::Reply;
use crate::case;

/// What was asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// By whom.
    pub client: &'a Client,
    /// What.
    pub ask: Ask,
    /// How.
    pub manner: &'a Manner,
    /// Whether its address lies in another subnet of its network than its relay's.
    pub other_subnet: bool,
    /// Options that the pool of its address says itself.
    pub of_pool: &'a BTreeSet<u8>,
}

/// One field that differs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// Which.
    pub field: String,
    /// What Kea says.
    pub kea: String,
    /// What Leasehold says.
    pub own: String,
    /// The reviewed entry that it is.
    pub known: Option<&'static str>,
}

/// Names of the differences that this module knows.
pub const KNOWN: [&str; 14] = [
    "hops",
    "basic-unasked",
    "host-name-unasked",
    "host-name-lower-case",
    "timers-rounded",
    "timer-left-out",
    "names-uncompressed",
    RELAY_FORGOTTEN,
    "inform-mask",
    "too-large",
    "inform-subnet",
    "inform-pool",
    "inform-host-name",
    OFFER_NOT_HELD,
];

/// Kea holds no address that it offers.
pub const OFFER_NOT_HELD: &str = "offer-not-held";
/// Kea 2.2 does not know what a relay said before.
pub const RELAY_FORGOTTEN: &str = "relay-forgotten";

/// The reviewed list: names with their reasons.
///
/// # Errors
/// A line that is none, or a name that is not known.
pub fn reviewed() -> Result<BTreeMap<String, String>, String> {
    let path = case::repository().join("golden-tests/cases/export/differences.txt");
    let text = fs::read_to_string(&path).map_err(|why| format!("{}: {why}", path.display()))?;
    let mut found = BTreeMap::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (name, reason) = line.split_once(": ").ok_or_else(|| format!("`{line}` has no reason"))?;
        if !KNOWN.contains(&name) {
            return Err(format!("`{name}` is no difference that is known"));
        }
        found.insert(name.to_owned(), reason.to_owned());
    }
    Ok(found)
}

/// Every field in which the answers differ; addresses are compared by who knows the places.
pub fn differences(question: Question<'_>, kea: &Reply, own: &Reply) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut compare = |field: &str, a: String, b: String, known: Option<&'static str>| {
        if a != b {
            found.push(Difference { field: field.to_owned(), kea: a, own: b, known });
        }
    };
    compare("op, htype, hlen, secs, flags", format!("{:?}", kea.frame), format!("{:?}", own.frame), None);
    compare("hops", kea.hops.to_string(), own.hops.to_string(), (own.hops == 0).then_some("hops"));
    compare("siaddr", kea.siaddr.to_string(), own.siaddr.to_string(), None);
    compare("giaddr", kea.giaddr.to_string(), own.giaddr.to_string(), None);
    compare("chaddr", format!("{:?}", kea.chaddr), format!("{:?}", own.chaddr), None);
    compare("sname", text(&kea.sname), text(&own.sname), None);
    compare("file", text(&kea.file), text(&own.file), None);
    let codes: BTreeSet<u8> = kea.options.keys().chain(own.options.keys()).copied().collect();
    for code in codes {
        let (a, b) = (kea.options.get(&code), own.options.get(&code));
        if a != b {
            let shown = |octets: Option<&Vec<u8>>| octets.map_or("-".to_owned(), |octets| text(octets));
            compare(&format!("option {code}"), shown(a), shown(b), known(question, code, a, b));
        }
    }
    // What finds no room in the size that the client takes is left out.
    let size: usize = kea.options.values().map(|octets| octets.len() + 2).sum::<usize>() + 241;
    let room = question.manner.size.map_or(0, usize::from).saturating_sub(28).max(548);
    if size > room {
        let left_out = found.iter_mut().filter(|difference| difference.own == "-");
        left_out.for_each(|difference| difference.known = Some(difference.known.unwrap_or("too-large")));
    }
    if matches!(question.ask, Ask::Inform(_)) && question.other_subnet {
        found
            .iter_mut()
            .for_each(|difference| difference.known = Some(difference.known.unwrap_or("inform-subnet")));
    }
    // Past the relay only one of them knows what the relay said before.
    if matches!(question.ask, Ask::Renew(_)) && question.client.circuit.is_some() {
        found
            .iter_mut()
            .for_each(|difference| difference.known = Some(difference.known.unwrap_or(RELAY_FORGOTTEN)));
    }
    found
}

fn known(
    question: Question<'_>,
    code: u8,
    kea: Option<&Vec<u8>>,
    own: Option<&Vec<u8>>,
) -> Option<&'static str> {
    let is_asked = question.manner.wishes.as_ref().is_none_or(|wishes| wishes.contains(&code));
    match (code, kea, own) {
        (3 | 6 | 15, Some(_), None) if !is_asked => Some("basic-unasked"),
        (code, _, Some(_)) if matches!(question.ask, Ask::Inform(_)) && question.of_pool.contains(&code) => {
            Some("inform-pool")
        }
        (12, None, Some(_)) if matches!(question.ask, Ask::Inform(_)) => Some("inform-host-name"),
        (1, None, Some(_)) if matches!(question.ask, Ask::Inform(_)) => Some("inform-mask"),
        (12, Some(_), None) if !is_asked || question.manner.hostname.is_some() => Some("host-name-unasked"),
        (12, Some(a), Some(b)) if a.eq_ignore_ascii_case(b) => Some("host-name-lower-case"),
        (58, None, Some(_)) if question.manner.lease.is_some() => Some("timer-left-out"),
        (58 | 59, Some(a), Some(b)) => {
            let number = |octets: &[u8]| octets.iter().fold(0_u64, |sum, octet| sum << 8 | u64::from(*octet));
            (number(a).abs_diff(number(b)) <= 1).then_some("timers-rounded")
        }
        (119, Some(a), Some(b)) => {
            (names(a).is_some() && names(a) == names(b)).then_some("names-uncompressed")
        }
        _ => None,
    }
}

/// The names of option 119, pointers followed.
fn names(octets: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (mut names, mut at) = (Vec::new(), 0);
    while at < octets.len() {
        let (mut name, mut from, mut end) = (Vec::new(), at, None);
        for _ in 0..64 {
            let length = usize::from(*octets.get(from)?);
            if length >= 0xc0 {
                end = end.or(Some(from + 2));
                from = (length & 0x3f) << 8 | usize::from(*octets.get(from + 1)?);
                continue;
            }
            from += 1 + length;
            if length == 0 {
                break;
            }
            name.extend_from_slice(octets.get(from - length..from)?);
            name.push(b'.');
        }
        at = end.unwrap_or(from);
        names.push(name);
    }
    Some(names)
}

/// Octets as people read them.
fn text(octets: &[u8]) -> String {
    let is_text = |octet: &u8| matches!(octet, b' '..=b'~');
    if !octets.is_empty() && octets.iter().all(is_text) {
        return format!("'{}'", String::from_utf8_lossy(octets));
    }
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}
