//! A pool from which the standby could serve nobody new.

use std::net::Ipv4Addr;

use leasehold_schemas::artefact::HighAvailabilityMode;
use leasehold_schemas::vocab::AddrRange;

use super::exhausted_pool::for_each_pool;
use super::placement::Placement;
use crate::check::rules::availability::share_leaves_nothing;
use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::Estate;

/// L325.
pub static RULE: Rule = Rule {
    code: "L325",
    slug: "no-standby-share",
    severity: Severity::Warning,
    allowable: true,
    page: include_str!("no_standby_share.md"),
};

/// `k` where the estate names none.
const SHARE_DEFAULT: u32 = 8;

/// So many pools that lack the share, if they are so large a part of all, show that it is the share that is too small.
const LACKING_MANY: usize = 8;
/// One pool in so many.
const LACKING_PART: usize = 8;

/// Looks at every pool that has addresses to give. Of every `k` addresses the last is the standby's home: those
/// whose number leaves `k - 1` when divided by `k`. Where no pool or few have one, the share is to blame, and that is
/// one finding of its own; where a part of the estate cannot be read, it may be there.
pub fn check(estate: &Estate, sink: &mut Sink) {
    let Some(pair) = &estate.high_availability else { return };
    let k = match pair.mode.value {
        HighAvailabilityMode::HotStandby => {
            pair.standby_share.as_ref().map_or(SHARE_DEFAULT, |share| share.value.k)
        }
        HighAvailabilityMode::LoadBalancing => 2,
        HighAvailabilityMode::PassiveBackup => return,
    };
    let who = match pair.mode.value {
        HighAvailabilityMode::HotStandby => "standby",
        HighAvailabilityMode::LoadBalancing | HighAvailabilityMode::PassiveBackup => "secondary",
    };
    let mut lacking = Vec::new();
    let mut pools = 0;
    let mut any_has = estate.incomplete || !estate.poisoned.is_empty();
    for_each_pool(estate, &Placement::of(estate), |subnet, pool, taken| {
        let mut gaps = taken.gaps(pool.range.value).peekable();
        if gaps.peek().is_none() {
            return;
        }
        pools += 1;
        if gaps.any(|gap| home_in(gap, k).is_some()) {
            any_has = true;
            return;
        }
        let message = format!("the {who} could give no new client an address of pool `{}`", pool.range.value);
        let label = format!("none of its free addresses is the {who}'s");
        let note = homes(pool.range.value, who, k);
        let finding = Diagnostic::new(&RULE, pool.range.span, message, label).with_note(note);
        let hosts = match subnet.prefix.value {
            prefix if prefix.reserves_ends() => {
                AddrRange::new(next(prefix.network(), 1), next(prefix.last(), -1)).ok()
            }
            prefix => Some(prefix.range()),
        };
        let near = hosts.and_then(|hosts| nearest_home(hosts, pool.range.value, k));
        lacking.push(match near.filter(|&near| taken.find(near).is_none()) {
            Some(near) => {
                let range = pool.range.value;
                let reaching = AddrRange::new(range.first().min(near), range.last().max(near));
                match reaching {
                    Ok(range) => finding.with_help(format!("make the pool `{range}`")),
                    Err(_) => finding,
                }
            }
            None => finding,
        });
    });
    if !any_has && !lacking.is_empty() {
        lacking = vec![share_leaves_nothing::finding(pair, k, who)];
    } else if lacking.len() >= LACKING_MANY && lacking.len() * LACKING_PART >= pools {
        lacking =
            vec![share_leaves_nothing::many(&RULE, pair, (k, who), (lacking.len(), pools), &lacking[0])];
    }
    lacking.into_iter().for_each(|finding| sink.push(finding));
}

/// Which addresses around a pool are the second server's.
fn homes(pool: AddrRange, who: &str, k: u32) -> String {
    let first = pool.first().to_bits();
    let below = first.checked_sub(first % k + 1).map(Ipv4Addr::from_bits);
    let above = home_in(AddrRange::new(pool.first(), Ipv4Addr::BROADCAST).unwrap_or(pool), k);
    match (below, above) {
        (Some(below), Some(above)) => {
            format!(
                "every {} address is the {who}'s for new clients: here `{below}`, then `{above}`",
                ordinal(k)
            )
        }
        (None, _) | (_, None) => format!("every {} address is the {who}'s for new clients", ordinal(k)),
    }
}

/// `2nd`, `8th`
fn ordinal(k: u32) -> String {
    let suffix = match (k % 10, k % 100) {
        (1, tens) if tens != 11 => "st",
        (2, tens) if tens != 12 => "nd",
        (3, tens) if tens != 13 => "rd",
        _ => "th",
    };
    format!("{k}{suffix}")
}

/// The first address of the range that is the second server's home.
fn home_in(range: AddrRange, k: u32) -> Option<Ipv4Addr> {
    let first = range.first().to_bits();
    let home = first.checked_add(k - 1 - first % k).map(Ipv4Addr::from_bits)?;
    range.contains(home).then_some(home)
}

fn nearest_home(hosts: AddrRange, pool: AddrRange, k: u32) -> Option<Ipv4Addr> {
    let above = pool.last().to_bits().checked_add(1).map(Ipv4Addr::from_bits);
    let above =
        above.and_then(|from| AddrRange::new(from, hosts.last()).ok()).and_then(|range| home_in(range, k));
    let first = pool.first().to_bits();
    let below =
        first.checked_sub(first % k + 1).map(Ipv4Addr::from_bits).filter(|&addr| hosts.contains(addr));
    above.or(below)
}

fn next(addr: Ipv4Addr, by: i32) -> Ipv4Addr {
    Ipv4Addr::from_bits(addr.to_bits().wrapping_add_signed(by))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_every_k_addresses_is_home() {
        let home = |range: &str, k| home_in(range.parse().unwrap(), k).map(|home| home.to_string());
        assert_eq!(home("10.0.0.0 - 10.0.0.7", 8).as_deref(), Some("10.0.0.7"));
        assert_eq!(home("10.0.0.8 - 10.0.0.14", 8), None);
        assert_eq!(
            home("10.0.0.9 - 10.0.0.10", 3).as_deref(),
            Some("10.0.0.10"),
            "167772170 leaves 2 modulo 3"
        );
        assert_eq!(home("255.255.255.255", 8).as_deref(), Some("255.255.255.255"));
    }
}
