//! What of a change could hurt: the rules of family L9.
//!
//! Leases are the truth where they are given. Without them a pool that shrinks may be shrinking over leases, and a
//! reserved address is held by whoever it was reserved for.

use std::collections::{BTreeMap, HashMap};
use std::net::Ipv4Addr;
use std::sync::OnceLock;

use leasehold_schemas::artefact::Reservation;
use leasehold_schemas::plan::BlockedReservation;
use leasehold_schemas::source::{ChangeLimits, Percent};
use leasehold_schemas::vocab::{AddrRange, ClassName, Seconds, SiteCode};

use super::addresses;
use super::clients::Placed;
use super::compare::{Comparison, Line, Located};
use super::leases::{LeaseTable, rfc3339};
use super::statement::{Danger, Found, Ground, Subject};
use super::words::{client, count};
use crate::check::rules::change::{
    artefact_format_raised, guard_narrowed, high_availability_changed, lease_cut, many_reservations_removed,
    pool_shrunk, reservation_on_held_address, subnet_id_changed, subnet_removed,
};
use crate::model;

/// The share of a site's reservations that may go at once where nobody says it.
const RESERVATIONS_REMOVED_PERCENT: u8 = 20;
/// Fewer reservations than this are never too many.
const RESERVATIONS_REMOVED_MIN: u64 = 3;
/// The share of itself by which a lease may be cut where nobody says it.
const LEASE_CUT_PERCENT: u8 = 50;

/// What decides whether a change is dangerous.
#[derive(Debug)]
pub struct Risks<'a> {
    leases: Option<&'a LeaseTable>,
    limits: BTreeMap<SiteCode, Limits>,
    everywhere: Limits,
    holders: OnceLock<HashMap<Ipv4Addr, &'a Reservation>>,
}

#[derive(Clone, Copy, Debug)]
struct Limits {
    reservations_removed: u8,
    lease_cut: u8,
}

impl Limits {
    fn nearer(self, said: Option<&ChangeLimits>) -> Limits {
        let Some(ChangeLimits { reservations_removed, lease_cut, span: _ }) = said else { return self };
        let percent = |said: &Option<leasehold_schemas::source::Spanned<Percent>>, inherited| {
            said.as_ref().map_or(inherited, |percent| percent.value.0)
        };
        Limits {
            reservations_removed: percent(reservations_removed, self.reservations_removed),
            lease_cut: percent(lease_cut, self.lease_cut),
        }
    }
}

impl<'a> Risks<'a> {
    /// By the limits of the new estate.
    pub fn new(estate: &model::Estate, leases: Option<&'a LeaseTable>) -> Risks<'a> {
        let default =
            Limits { reservations_removed: RESERVATIONS_REMOVED_PERCENT, lease_cut: LEASE_CUT_PERCENT };
        let everywhere = default.nearer(estate.change_limits.as_ref());
        let sites = estate.sites.values().filter(|site| site.change_limits.is_some());
        let limits =
            sites.map(|site| (site.code.value.clone(), everywhere.nearer(site.change_limits.as_ref())));
        Risks { leases, limits: limits.collect(), everywhere, holders: OnceLock::new() }
    }

    fn limits(&self, site: Option<&SiteCode>) -> Limits {
        site.and_then(|code| self.limits.get(code)).copied().unwrap_or(self.everywhere)
    }

    /// L901.
    pub fn subnet_removed(&self, gone: &Located<'_>, with_site: bool) -> Danger {
        let (prefix, site) = (gone.subnet.subnet, &gone.site.code);
        let text = if with_site {
            format!("site {site} is removed with its subnets")
        } else {
            format!("subnet {prefix} is removed")
        };
        Danger {
            rule: &subnet_removed::RULE,
            text,
            subject: gone.subject(),
            grounds: vec![
                Ground::Network(site.clone(), gone.network.name.clone()),
                Ground::Site(site.clone()),
                Ground::Estate,
            ],
            leases: self.leases_in(&[prefix.range()]).unwrap_or_default(),
        }
    }

    /// L902.
    pub fn pool_shrunk(&self, place: &Located<'_>, ranges: &[AddrRange], subject: Subject) -> Option<Danger> {
        let shown = addresses::shown(ranges);
        let leases = self.leases_in(ranges);
        let text = match &leases {
            Some(leases) if leases.is_empty() => return None,
            Some(leases) => format!(
                "{shown} no longer given out, with {} on them",
                count(leases.len() as u64, "active lease")
            ),
            None => format!("{shown} no longer given out, and whether they are leased is not known"),
        };
        let leases = leases.unwrap_or_default();
        Some(Danger { rule: &pool_shrunk::RULE, text, subject, grounds: place.grounds(), leases })
    }

    /// L903: the subnet has another number.
    pub fn id_changed(&self, place: &Located<'_>, before: u32) -> Danger {
        let (prefix, after) = (place.subnet.subnet, place.subnet.id);
        Danger {
            rule: &subnet_id_changed::RULE,
            text: format!("the id of subnet {prefix} changes from {before} to {after}"),
            subject: place.subject(),
            grounds: place.grounds(),
            leases: Vec::new(),
        }
    }

    /// L903: a new subnet has the number of one that is gone, or that has another number now.
    pub fn ids_reused(&self, comparison: &Comparison<'_>, added: &[Located<'_>], dangers: &mut Vec<Danger>) {
        if added.is_empty() {
            return;
        }
        let was: BTreeMap<u32, &Located<'_>> =
            comparison.before.subnets.values().map(|was| (was.subnet.id, was)).collect();
        for place in added {
            let Some(owner) = was.get(&place.subnet.id) else { continue };
            let (prefix, former) = (place.subnet.subnet, owner.subnet.subnet);
            dangers.push(Danger {
                rule: &subnet_id_changed::RULE,
                text: format!("new subnet {prefix} has id {}, which was that of {former}", place.subnet.id),
                subject: place.subject(),
                grounds: place.grounds(),
                leases: Vec::new(),
            });
        }
    }

    /// L904.
    pub fn lease_cut(
        &self,
        class: Option<&str>,
        (before, after): (Seconds, Seconds),
        subject: Subject,
        grounds: Vec<Ground>,
    ) -> Option<Danger> {
        let allowed = u64::from(self.limits(subject.site.as_ref()).lease_cut);
        let cut = u64::from(before.0).checked_sub(u64::from(after.0))?;
        if cut * 100 <= u64::from(before.0) * allowed {
            return None;
        }
        let whose = class.map(|class| format!(" of class {class}")).unwrap_or_default();
        let shown =
            |time: Seconds| if time == Seconds::INFINITE { "no end".to_owned() } else { time.to_string() };
        let text = format!("the lease{whose} is cut from {} to {}", shown(before), shown(after));
        Some(Danger { rule: &lease_cut::RULE, text, subject, grounds, leases: Vec::new() })
    }

    /// L905.
    pub fn guard_narrowed(
        &self,
        subject: Subject,
        grounds: Vec<Ground>,
        before: &Option<String>,
        after: &Option<String>,
    ) -> Danger {
        let shown = |guard: &Option<String>| guard.clone().unwrap_or_else(|| "everybody".to_owned());
        let text = format!("open only to {}, no longer to {}", shown(after), shown(before));
        Danger { rule: &guard_narrowed::RULE, text, subject, grounds, leases: Vec::new() }
    }

    /// L905, where a class that guards a place takes in fewer packets.
    pub fn class_narrowed(&self, class: &ClassName, subject: Subject) -> Danger {
        let text = format!("open to clients in {class}, whose test some of them do not pass any more");
        let grounds = vec![Ground::Class(class.clone()), Ground::Estate];
        Danger { rule: &guard_narrowed::RULE, text, subject, grounds, leases: Vec::new() }
    }

    /// L906, and the reservations that wait for somebody's lease.
    pub fn takes_address(&self, comparison: &Comparison<'a>, new: Placed<'_>, found: &mut Found) {
        let Some(address) = new.reservation.address else { return };
        let shown = client(new.reservation).shown;
        let (holder, leases) = match self.leases {
            Some(table) => {
                let held = table.at(address).filter(|lease| !lease.is_of(&new.reservation.identifier));
                let Some(lease) = held else { return };
                found.blocked.push(BlockedReservation {
                    address: address.to_string(),
                    client: shown.clone(),
                    holder: lease.client(),
                    until: rfc3339(lease.expires_secs),
                    subnet: new.place.subnet.subnet,
                });
                (lease.client(), vec![lease.shown()])
            }
            None => {
                let holders = self.holders.get_or_init(|| reserved_addresses(comparison));
                let other = holders.get(&address);
                let Some(other) = other.filter(|other| other.identifier != new.reservation.identifier) else {
                    return;
                };
                (client(other).shown, Vec::new())
            }
        };
        let (prefix, identifier) = (new.place.subnet.subnet, new.reservation.identifier.clone());
        found.dangers.push(Danger {
            rule: &reservation_on_held_address::RULE,
            text: format!("{address} is now reserved for {shown}, but {holder} holds it"),
            subject: Subject { client: Some(client(new.reservation)), ..new.place.subject() },
            grounds: vec![Ground::Reservation(prefix, identifier), Ground::Subnet(prefix)],
            leases,
        });
    }

    /// L907: one risk for everything that differs of the pair, which changes as one.
    pub fn high_availability(&self, lines: &[Line]) -> Option<Danger> {
        let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
        let text = match lines {
            [] => return None,
            [(what, was, is)] => format!("{what} changes from {} to {}", shown(was), shown(is)),
            lines => {
                let line = |(what, was, is): &Line| format!("{what} from {} to {}", shown(was), shown(is));
                let all: Vec<String> = lines.iter().map(line).collect();
                format!("the pair of servers changes: {}", all.join(", "))
            }
        };
        Some(Danger {
            rule: &high_availability_changed::RULE,
            text,
            subject: Subject::default(),
            grounds: vec![Ground::HighAvailability, Ground::Estate],
            leases: Vec::new(),
        })
    }

    /// L908.
    pub fn many_removed(
        &self,
        comparison: &Comparison<'_>,
        removed: &[Placed<'_>],
        dangers: &mut Vec<Danger>,
    ) {
        let mut gone: BTreeMap<&SiteCode, u64> = BTreeMap::new();
        for one in removed {
            *gone.entry(&one.place.site.code).or_default() += 1;
        }
        gone.retain(|_, count| *count >= RESERVATIONS_REMOVED_MIN);
        if gone.is_empty() {
            return;
        }
        let mut had: BTreeMap<&SiteCode, u64> = BTreeMap::new();
        for place in comparison.before.subnets.values().filter(|place| gone.contains_key(&place.site.code)) {
            *had.entry(&place.site.code).or_default() += place.subnet.reservations.len() as u64;
        }
        for (code, count) in gone {
            let (of, allowed) = (had[code], u64::from(self.limits(Some(code)).reservations_removed));
            if count * 100 <= of * allowed {
                continue;
            }
            dangers.push(Danger {
                rule: &many_reservations_removed::RULE,
                text: format!(
                    "{count} of {of} reservations of site {code} are removed, {} %; the limit is {allowed} %",
                    count * 100 / of
                ),
                subject: Subject { site: Some(code.clone()), ..Subject::default() },
                grounds: vec![Ground::Site(code.clone()), Ground::Estate],
                leases: Vec::new(),
            });
        }
    }

    /// L909.
    pub fn format_raised(&self, before: u32, after: u32) -> Danger {
        Danger {
            rule: &artefact_format_raised::RULE,
            text: format!("the artefact's format rises from {before} to {after}"),
            subject: Subject::default(),
            grounds: vec![Ground::Estate],
            leases: Vec::new(),
        }
    }

    /// Active leases of the ranges; `None` where leases are not known.
    fn leases_in(&self, ranges: &[AddrRange]) -> Option<Vec<String>> {
        let table = self.leases?;
        let leases = ranges.iter().flat_map(|range| table.within(*range));
        Some(leases.map(super::leases::Lease::shown).collect())
    }
}

fn reserved_addresses<'a>(comparison: &Comparison<'a>) -> HashMap<Ipv4Addr, &'a Reservation> {
    let places = comparison.before.subnets.values();
    let reservations = places.flat_map(|place| &place.subnet.reservations);
    reservations.filter_map(|reservation| Some((reservation.address?, reservation))).collect()
}
