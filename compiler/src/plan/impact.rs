//! What a change means for the leases there are: who is reached, by when, and who falls outside.

use std::collections::{BTreeMap, HashMap};
use std::net::Ipv4Addr;

use leasehold_schemas::artefact::Identifier;
use leasehold_schemas::plan::{
    AffectedClient, BlockedReservation, ChangeKind, LeaseImpact, ReachedLeases, StrandedLease,
};
use leasehold_schemas::vocab::{Cidr, Seconds};
use leasehold_server::serve::DEFAULTS;

use super::compare::{Comparison, Located, Side};
use super::leases::{Lease, LeaseTable, rfc3339};
use super::statement::{Statement, Subject};
use super::value::{Key, Value, default_timers};

/// When a client hears of a change.
#[derive(Clone, Copy, Debug)]
struct Hears {
    by_renewal_secs: u64,
    by_expiry_secs: u64,
}

impl Hears {
    /// The same for a client whose address somebody else has until then.
    fn not_before(self, until: Option<&u64>) -> Hears {
        let until = until.copied().unwrap_or(0);
        Hears {
            by_renewal_secs: self.by_renewal_secs.max(until),
            by_expiry_secs: self.by_expiry_secs.max(until),
        }
    }
}

/// Until when clients wait for their reserved addresses, by what they are called and the subnet.
fn waits<'b>(table: &LeaseTable, blocked: &'b [BlockedReservation]) -> BTreeMap<(&'b str, Cidr), u64> {
    let wait = |blocked: &'b BlockedReservation| {
        let address: Ipv4Addr = blocked.address.parse().ok()?;
        Some(((blocked.client.as_str(), blocked.subnet), table.at(address)?.expires_secs))
    };
    blocked.iter().filter_map(wait).collect()
}

/// What the change means for leases, and for each statement the leases it reaches.
pub fn impact(
    comparison: &Comparison<'_>,
    table: &LeaseTable,
    changes: &[(&Statement, &[Subject])],
    mut blocked: Vec<BlockedReservation>,
) -> (LeaseImpact, Vec<Option<ReachedLeases>>) {
    let mut clock = Clock { comparison, at_secs: table.at_secs, known: HashMap::new() };
    let waits = waits(table, &blocked);
    let mut waiting: BTreeMap<Ipv4Addr, u64> = BTreeMap::new();
    let mut affected: BTreeMap<Ipv4Addr, (&Lease, Vec<u32>)> = BTreeMap::new();
    let mut reached = Vec::with_capacity(changes.len());
    for (at, (statement, subjects)) in (0..).zip(changes) {
        let (mut leases, mut held): (Vec<&Lease>, BTreeMap<Ipv4Addr, u64>) = Default::default();
        for subject in subjects.iter() {
            let reached = leases_of(table, comparison, statement.kind, subject);
            let client = subject.client.as_ref().map(|client| client.shown.as_str());
            if let Some(until) = client.zip(subject.subnet).and_then(|of| waits.get(&of)) {
                held.extend(reached.iter().map(|lease| (lease.address, *until)));
            }
            leases.extend(reached);
        }
        leases.sort_unstable_by_key(|lease| lease.address);
        leases.dedup_by_key(|lease| lease.address);
        let hears: Vec<Hears> =
            leases.iter().map(|lease| clock.hears(lease).not_before(held.get(&lease.address))).collect();
        let latest = |of: fn(&Hears) -> u64| rfc3339(hears.iter().map(of).max().unwrap_or(table.at_secs));
        reached.push((!leases.is_empty()).then(|| ReachedLeases {
            count: u32::try_from(leases.len()).unwrap_or(u32::MAX),
            by_renewal: latest(|hears| hears.by_renewal_secs),
            by_expiry: latest(|hears| hears.by_expiry_secs),
        }));
        waiting.extend(held);
        for lease in leases {
            affected.entry(lease.address).or_insert((lease, Vec::new())).1.push(at);
        }
    }
    let affected = affected.into_values().map(|(lease, changes)| {
        let hears = clock.hears(lease).not_before(waiting.get(&lease.address));
        AffectedClient {
            address: lease.address.to_string(),
            client: lease.client(),
            by_renewal: rfc3339(hears.by_renewal_secs),
            by_expiry: rfc3339(hears.by_expiry_secs),
            changes,
        }
    });
    let affected = affected.collect();
    let (outside, outside_before) = outside(comparison, table);
    drop(waits);
    blocked.sort_by(|a, b| (&a.address, &a.client).cmp(&(&b.address, &b.client)));
    let active = u32::try_from(table.iter().len()).unwrap_or(u32::MAX);
    let at = rfc3339(table.at_secs);
    (LeaseImpact { at, active, outside, outside_before, blocked, affected }, reached)
}

/// The leases whose clients notice.
fn leases_of<'t>(
    table: &'t LeaseTable,
    comparison: &Comparison<'_>,
    kind: ChangeKind,
    subject: &Subject,
) -> Vec<&'t Lease> {
    let in_place = || -> Vec<&Lease> {
        let Some(prefix) = subject.subnet else { return Vec::new() };
        if subject.ranges.is_empty() {
            return table.within(prefix.range()).iter().collect();
        }
        subject.ranges.iter().flat_map(|range| table.within(*range)).collect()
    };
    let of_client = || -> Vec<&Lease> {
        let Some(client) = &subject.client else { return Vec::new() };
        let Some(prefix) = subject.subnet else {
            return table.iter().filter(|lease| lease.is_of(&client.identifier)).collect();
        };
        let places = [&comparison.before, &comparison.after];
        let network = places.into_iter().find_map(|side| side.subnets.get(&prefix));
        let subnets: Vec<Cidr> = network.map_or_else(
            || vec![prefix],
            |located| located.network.subnets.iter().map(|subnet| subnet.subnet).collect(),
        );
        let leases = subnets.iter().flat_map(|prefix| table.within(prefix.range()));
        leases.filter(|lease| lease.is_of(&client.identifier)).collect()
    };
    match kind {
        ChangeKind::SiteRemoved
        | ChangeKind::NetworkRemoved
        | ChangeKind::SubnetRemoved
        | ChangeKind::SubnetResized
        | ChangeKind::SubnetMoved
        | ChangeKind::SubnetGuard
        | ChangeKind::PoolAddressesRemoved
        | ChangeKind::PoolGuard
        | ChangeKind::Value
        | ChangeKind::ClassValue => in_place(),
        ChangeKind::ReservationRemoved
        | ChangeKind::ReservationAdded
        | ChangeKind::ReservationMoved
        | ChangeKind::ReservationReplaced
        | ChangeKind::ReservationHostname
        | ChangeKind::ReservationClasses
        | ChangeKind::ReservationValue
        | ChangeKind::DeviceRemoved
        | ChangeKind::DeviceAdded
        | ChangeKind::DeviceHostname
        | ChangeKind::DeviceClasses
        | ChangeKind::DeviceValue => of_client(),
        // Nobody who has a lease notices, or it depends on what each client sends.
        ChangeKind::EstateRenamed
        | ChangeKind::ArtefactFormat
        | ChangeKind::HighAvailability
        | ChangeKind::SubnetSelectionSources
        | ChangeKind::ClassRemoved
        | ChangeKind::ClassAdded
        | ChangeKind::ClassTest
        | ChangeKind::ClassRenamed
        | ChangeKind::SiteAdded
        | ChangeKind::SiteCode
        | ChangeKind::SiteName
        | ChangeKind::NetworkAdded
        | ChangeKind::NetworkRenamed
        | ChangeKind::Relays
        | ChangeKind::SubnetAdded
        | ChangeKind::SubnetId
        | ChangeKind::PoolAddressesAdded => Vec::new(),
    }
}

/// Tells when clients renew, by what the estate gave them when they got their leases.
struct Clock<'c, 'a> {
    comparison: &'c Comparison<'a>,
    at_secs: u64,
    /// Lease time, T1 and T2 of subnets asked for.
    known: HashMap<Cidr, [u64; 3]>,
}

impl Clock<'_, '_> {
    /// When a client hears: at T1, or at T2 where T1 is over without a renewal, at the latest when its lease ends.
    fn hears(&mut self, lease: &Lease) -> Hears {
        let place = locate(&self.comparison.before, lease.address);
        let place = place.or_else(|| locate(&self.comparison.after, lease.address));
        let [told, renew, rebind] = match place {
            Some(place) => {
                let side = &self.comparison.before;
                let prefix = place.subnet.subnet;
                *self.known.entry(prefix).or_insert_with(|| {
                    side.subnets.get(&prefix).map_or(times_of(None, None, None), |here| times(side, here))
                })
            }
            None => times_of(None, None, None),
        };
        let left = lease.expires_secs - self.at_secs;
        // A lease that a client asked to be longer has longer timers, in the same proportion.
        let given = lease.granted_secs.unwrap_or(told).max(left);
        let begun = lease.expires_secs - given.min(lease.expires_secs);
        let scaled = |timer: u64| if given == told { timer } else { share(timer, given, told) };
        let next = [begun + scaled(renew), begun + scaled(rebind), lease.expires_secs];
        let by_renewal_secs =
            next.into_iter().find(|moment| *moment > self.at_secs).unwrap_or(lease.expires_secs);
        Hears { by_renewal_secs: by_renewal_secs.min(lease.expires_secs), by_expiry_secs: lease.expires_secs }
    }
}

fn share(timer: u64, given: u64, told: u64) -> u64 {
    u64::try_from(u128::from(timer) * u128::from(given) / u128::from(told.max(1))).unwrap_or(u64::MAX)
}

fn times(side: &Side<'_>, place: &Located<'_>) -> [u64; 3] {
    let values = side.values(place.subnet, None);
    let time = |key| match values.told(key).rest {
        Some(Value::Time(Seconds(secs))) => Some(u64::from(secs)),
        _ => None,
    };
    times_of(time(Key::LeaseDefault), time(Key::RenewAfter), time(Key::RebindAfter))
}

/// Lease time, T1 and T2.
fn times_of(lease: Option<u64>, renew: Option<u64>, rebind: Option<u64>) -> [u64; 3] {
    let lease = lease.unwrap_or(u64::from(DEFAULTS.lease.0));
    let [t1, t2] = default_timers(lease);
    [lease, renew.unwrap_or(t1), rebind.unwrap_or(t2)]
}

/// The subnet that an address is in.
fn locate<'s, 'a>(side: &'s Side<'a>, address: Ipv4Addr) -> Option<&'s Located<'a>> {
    let longest = Cidr::containing(address, 32)?;
    let mut wider = side.subnets.range(..=longest).rev().map(|(_, located)| located);
    // Subnets share no address, so that the nearest below is the one; a broken estate may have others before it.
    wider.by_ref().take(4).find(|located| located.subnet.subnet.contains(address))
}

/// Active leases that only this change takes out of every pool and reservation, and how many were out before.
fn outside(comparison: &Comparison<'_>, table: &LeaseTable) -> (Vec<StrandedLease>, u32) {
    let (before, after) = (Homes::new(&comparison.before), Homes::new(&comparison.after));
    let (mut stranded, mut already) = (Vec::new(), 0);
    for lease in table.iter().filter(|lease| !after.has(lease)) {
        if !before.has(lease) {
            already += 1;
            continue;
        }
        stranded.push(StrandedLease {
            address: lease.address.to_string(),
            client: lease.client(),
            until: rfc3339(lease.expires_secs),
            subnet: locate(&comparison.before, lease.address).map(|located| located.subnet.subnet),
        });
    }
    (stranded, already)
}

/// Who may have which address.
struct Homes<'s, 'a> {
    side: &'s Side<'a>,
    reserved: HashMap<Ipv4Addr, &'a Identifier>,
}

impl<'s, 'a> Homes<'s, 'a> {
    fn new(side: &'s Side<'a>) -> Homes<'s, 'a> {
        let reservations = side.subnets.values().flat_map(|located| &located.subnet.reservations);
        let reserved =
            reservations.filter_map(|reservation| Some((reservation.address?, &reservation.identifier)));
        Homes { side, reserved: reserved.collect() }
    }

    fn has(&self, lease: &Lease) -> bool {
        let Some(located) = locate(self.side, lease.address) else { return false };
        match self.reserved.get(&lease.address) {
            // What a relay says of a client is in no file of leases: it is taken to be the one.
            Some(Identifier::CircuitId(_) | Identifier::RemoteId(_)) => true,
            Some(identifier) => lease.is_of(identifier),
            None => {
                let mut ranges = located.subnet.pools.iter().flat_map(|pool| &pool.ranges);
                ranges.any(|range| range.contains(lease.address))
            }
        }
    }
}
