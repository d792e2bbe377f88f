//! Places: which network a packet means, which pool an address lies in.

use std::collections::{HashMap, HashSet};
use std::net::Ipv4Addr;
use std::sync::Arc;

use leasehold_schemas::artefact::{self, Digest, HighAvailability, Identity};
use leasehold_schemas::vocab::{AddrRange, Cidr};

use super::classes::{ClassId, Classes, Plan};
use super::error::TableError;
use super::hash::FastHash;
use super::meaning::Meaning;
use super::reservations::{Known, Registry};
use super::values::{Values, ValuesId};
use crate::wire::Message;

/// A network: one layer-2 segment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SegmentId(u32);
/// A subnet; they stand in the order of their prefixes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SubnetId(u32);
/// A pool.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PoolId(u32);
/// What classes mean in a place, by its index in the artefact.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PlanId(u32);

/// One layer-2 segment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Segment {
    /// Code of its site.
    pub site: Box<str>,
    /// Its name in its site.
    pub name: Box<str>,
    /// Guard; empty: everyone.
    pub only: Box<[ClassId]>,
    /// Its subnets in the order of their prefixes.
    pub subnets: Box<[SubnetId]>,
    /// What a client is known by, if it is said: what its first subnet has. Kept here because every packet asks.
    pub identity: Option<Identity>,
    /// Where reservations are looked up: network, site, estate.
    scopes: [u32; 3],
}

/// One subnet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subnet {
    /// Its prefix.
    pub prefix: Cidr,
    /// For metrics.
    pub id: u32,
    /// Its network.
    pub segment: SegmentId,
    /// Guard; empty: everyone.
    pub only: Box<[ClassId]>,
    /// What holds in it.
    pub values: ValuesId,
    /// What classes mean in it.
    pub plan: PlanId,
    /// Its pools in the order of their addresses.
    pub pools: Box<[PoolId]>,
}

/// One pool.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pool {
    /// Its subnet.
    pub subnet: SubnetId,
    /// Its addresses.
    pub ranges: Box<[AddrRange]>,
    /// Guard; empty: everyone.
    pub only: Box<[ClassId]>,
    /// What holds in it, its subnet's included.
    pub values: ValuesId,
    /// What classes mean in it.
    pub plan: PlanId,
}

/// Everything serving asks of an estate.
#[derive(Clone, Debug)]
pub struct Tables {
    name: String,
    digest: Digest,
    meaning: Arc<Meaning>,
    high_availability: Option<HighAvailability>,
    classes: Classes,
    values: Vec<Values>,
    plans: Vec<Plan>,
    registry: Registry,
    segments: Vec<Segment>,
    subnets: Vec<Subnet>,
    /// First address of each subnet: a search goes through these alone, which lie close together in memory.
    firsts: Vec<u32>,
    pools: Vec<Pool>,
    pool_ranges: Vec<(AddrRange, PoolId)>,
    relays: HashMap<u32, SegmentId, FastHash>,
    /// Whose option 118 chooses a network: in order, none touching another.
    selectors: Box<[AddrRange]>,
    reserved: Arc<HashSet<u32, FastHash>>,
    drop: Option<ClassId>,
}

impl Tables {
    /// Builds the tables, or names the first thing that makes the artefact one no compiler wrote.
    pub fn build(estate: &artefact::Estate) -> Result<Tables, TableError> {
        let sets = estate.value_sets.len();
        let mut classes = Classes::build(&estate.classes)?;
        let values = (0..)
            .zip(&estate.value_sets)
            .map(|(at, set)| Values::build(at, set))
            .collect::<Result<Vec<_>, _>>()?;
        let plans = estate.meanings.iter().map(|list| Plan::build(list, sets, &mut classes));
        let plans = plans.collect::<Result<Vec<_>, _>>()?;
        let mut build = Build::new(estate, classes);
        for reservation in &estate.reservations {
            build.registry.add(0, None, reservation, sets, &mut build.classes)?;
        }
        for (at, site) in (1..).zip(&estate.sites) {
            build.site(at, site)?;
        }
        let Build { classes, registry, mut segments, mut subnets, mut pools, relays, reserved, .. } = build;
        // Subnets are numbered in the order of the files; whoever looks one up by address wants prefix order.
        let mut order: Vec<u32> = (0..).take(subnets.len()).collect();
        order.sort_by_key(|at| subnets[*at as usize].prefix);
        let mut place = vec![0; order.len()];
        (0..).zip(&order).for_each(|(to, from)| place[*from as usize] = to);
        let moved = |id: &mut SubnetId| *id = SubnetId(place[id.0 as usize]);
        segments.iter_mut().for_each(|segment| {
            segment.subnets.iter_mut().for_each(moved);
            segment.subnets.sort_unstable();
        });
        pools.iter_mut().for_each(|pool| moved(&mut pool.subnet));
        subnets.sort_by_key(|subnet| subnet.prefix);
        segments.iter_mut().for_each(|segment| {
            let first = segment.subnets.first().map(|first| subnets[first.0 as usize].values);
            let said = first.and_then(|first| values[first.0 as usize].parameters.identity);
            segment.identity = said.and_then(|said| said.value);
        });
        let mut registry = registry;
        registry.move_subnets(moved);
        let pool_ranges = ordered_ranges(&subnets, &pools)?;
        let firsts = subnets.iter().map(|subnet| subnet.prefix.network().to_bits()).collect();
        let drop = classes.find("DROP");
        let name = estate.name.clone();
        let high_availability = estate.high_availability.clone();
        let selectors = joined(&estate.subnet_selection_sources);
        Ok(Tables {
            name,
            digest: Digest([0; 32]),
            meaning: Arc::new(Meaning::of(estate)),
            high_availability,
            classes,
            values,
            plans,
            registry,
            segments,
            subnets,
            firsts,
            pools,
            pool_ranges,
            relays,
            selectors,
            reserved: Arc::new(reserved),
            drop,
        })
    }

    /// The estate's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same, of the artefact with this digest: what a pair knows it by.
    pub fn with_digest(mut self, digest: Digest) -> Tables {
        self.digest = digest;
        self
    }

    /// The artefact's digest; zero where nobody said it.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// What each address means.
    pub fn meaning(&self) -> &Arc<Meaning> {
        &self.meaning
    }

    /// The pair that serves the estate; absent: a single server.
    pub fn high_availability(&self) -> Option<&HighAvailability> {
        self.high_availability.as_ref()
    }

    /// The classes.
    pub fn classes(&self) -> &Classes {
        &self.classes
    }

    /// The class whose members get no answer, if anything names it.
    pub fn drop_class(&self) -> Option<ClassId> {
        self.drop
    }

    /// A set of values.
    pub fn values(&self, id: ValuesId) -> &Values {
        &self.values[id.0 as usize]
    }

    /// What classes mean in a place.
    pub fn plan(&self, id: PlanId) -> &Plan {
        &self.plans[id.0 as usize]
    }

    /// Reservations and device entries.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// A network.
    pub fn segment(&self, id: SegmentId) -> &Segment {
        &self.segments[id.0 as usize]
    }

    /// A subnet.
    pub fn subnet(&self, id: SubnetId) -> &Subnet {
        &self.subnets[id.0 as usize]
    }

    /// A pool.
    pub fn pool(&self, id: PoolId) -> &Pool {
        &self.pools[id.0 as usize]
    }

    /// The subnet an address lies in. Prefixes do not overlap, so the longest is the only one.
    pub fn subnet_of(&self, address: Ipv4Addr) -> Option<SubnetId> {
        let at = self.firsts.partition_point(|first| *first <= address.to_bits()).checked_sub(1)?;
        self.subnets[at].prefix.contains(address).then(|| subnet_id(at))
    }

    /// The pool an address lies in; excluded addresses lie in none.
    pub fn pool_of(&self, address: Ipv4Addr) -> Option<PoolId> {
        let at = self.pool_ranges.partition_point(|(range, _)| range.first() <= address).checked_sub(1)?;
        let (range, pool) = self.pool_ranges[at];
        range.contains(address).then_some(pool)
    }

    /// The network a relay address means: one that names it, else the one whose subnet holds it.
    pub fn segment_of_relay(&self, address: Ipv4Addr) -> Option<SegmentId> {
        self.relays.get(&address.to_bits()).copied().or_else(|| self.segment_of(address))
    }

    /// The network whose subnet holds an address.
    pub fn segment_of(&self, address: Ipv4Addr) -> Option<SegmentId> {
        self.subnet_of(address).map(|subnet| self.subnet(subnet).segment)
    }

    /// Whether a relay, or the sender of what is not relayed, may choose a network by option 118 (RFC 3011).
    pub fn may_select_subnet(&self, address: Ipv4Addr) -> bool {
        let behind = self.selectors.partition_point(|range| range.first() <= address);
        behind.checked_sub(1).is_some_and(|at| self.selectors[at].contains(address))
    }

    /// What is known of the sender of a message on a network.
    pub fn known(&self, segment: SegmentId, message: &Message<'_>) -> Known {
        self.registry.find(self.segment(segment).scopes, message)
    }

    /// Whether some reservation holds the address.
    pub fn is_reserved(&self, address: Ipv4Addr) -> bool {
        self.reserved.contains(&address.to_bits())
    }

    /// Every address that is reserved.
    pub fn reserved(&self) -> &Arc<HashSet<u32, FastHash>> {
        &self.reserved
    }

    /// Every range of every pool, in order: what the free lists are keyed by.
    pub fn pool_ranges(&self) -> impl Iterator<Item = AddrRange> + '_ {
        self.pool_ranges.iter().map(|(range, _)| *range)
    }

    /// Every subnet, in the order of the prefixes.
    pub fn subnets(&self) -> &[Subnet] {
        &self.subnets
    }
}

/// Tables half built; subnets are numbered as they come.
struct Build<'a> {
    estate: &'a artefact::Estate,
    classes: Classes,
    registry: Registry,
    segments: Vec<Segment>,
    subnets: Vec<Subnet>,
    pools: Vec<Pool>,
    relays: HashMap<u32, SegmentId, FastHash>,
    reserved: HashSet<u32, FastHash>,
}

impl<'a> Build<'a> {
    fn new(estate: &'a artefact::Estate, classes: Classes) -> Build<'a> {
        let networks: usize = estate.sites.iter().map(|site| site.networks.len()).sum();
        Build {
            estate,
            classes,
            registry: Registry::new(1 + estate.sites.len() + networks),
            segments: Vec::with_capacity(networks),
            subnets: Vec::new(),
            pools: Vec::new(),
            relays: HashMap::default(),
            reserved: HashSet::default(),
        }
    }

    fn site(&mut self, scope: u32, site: &artefact::Site) -> Result<(), TableError> {
        let sets = self.estate.value_sets.len();
        for reservation in &site.reservations {
            self.registry.add(scope, None, reservation, sets, &mut self.classes)?;
        }
        let sites = number(self.estate.sites.len());
        for network in &site.networks {
            let id = SegmentId(number(self.segments.len()));
            let scopes = [1 + sites + id.0, scope, 0];
            let only = self.guard(&network.only)?;
            for relay in &network.relays {
                if self.relays.insert(relay.to_bits(), id).is_some_and(|other| other != id) {
                    return Err(TableError::AmbiguousRelay(*relay));
                }
            }
            let subnets = network.subnets.iter().map(|subnet| self.subnet(id, scopes[0], subnet));
            let subnets = subnets.collect::<Result<Box<[_]>, _>>()?;
            let (site, name) = (site.code.as_str().into(), network.name.as_str().into());
            self.segments.push(Segment { site, name, only, subnets, identity: None, scopes });
        }
        Ok(())
    }

    fn subnet(
        &mut self,
        segment: SegmentId,
        scope: u32,
        subnet: &artefact::Subnet,
    ) -> Result<SubnetId, TableError> {
        let id = subnet_id(self.subnets.len());
        let prefix = subnet.subnet;
        let only = self.guard(&subnet.only)?;
        let (values, plan) = (self.values(subnet.values)?, self.plan(subnet.meanings)?);
        // The place is taken before the pools are read, so that pools can name their subnet.
        self.subnets.push(Subnet {
            prefix,
            id: subnet.id,
            segment,
            only,
            values,
            plan,
            pools: Box::default(),
        });
        let mut pools = Vec::with_capacity(subnet.pools.len());
        for artefact::Pool { ranges, only, values, meanings } in &subnet.pools {
            if let Some(outside) = ranges.iter().find(|range| !prefix.range().covers(**range)) {
                return Err(TableError::PoolOutside(*outside, prefix));
            }
            pools.push(PoolId(number(self.pools.len())));
            let pool = Pool {
                subnet: id,
                ranges: ranges.as_slice().into(),
                only: self.guard(only)?,
                values: self.values(values.unwrap_or(subnet.values))?,
                plan: self.plan(meanings.unwrap_or(subnet.meanings))?,
            };
            self.pools.push(pool);
        }
        self.subnets[id.0 as usize].pools = pools.into();
        let sets = self.estate.value_sets.len();
        for reservation in &subnet.reservations {
            if let Some(address) = reservation.address {
                if !prefix.contains(address) {
                    return Err(TableError::ReservationOutside(address, prefix));
                }
                self.reserved.insert(address.to_bits());
            }
            self.registry.add(scope, Some(id), reservation, sets, &mut self.classes)?;
        }
        Ok(id)
    }

    fn guard(&mut self, only: &[leasehold_schemas::vocab::ClassName]) -> Result<Box<[ClassId]>, TableError> {
        only.iter().map(|name| self.classes.resolve(name)).collect()
    }

    fn values(&self, at: u32) -> Result<ValuesId, TableError> {
        let there = (at as usize) < self.estate.value_sets.len();
        there.then_some(ValuesId(at)).ok_or(TableError::NoSuchValues(at))
    }

    fn plan(&self, at: u32) -> Result<PlanId, TableError> {
        let there = (at as usize) < self.estate.meanings.len();
        there.then_some(PlanId(at)).ok_or(TableError::NoSuchMeanings(at))
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).expect("an artefact has fewer than 2^32 lines")
}

fn subnet_id(at: usize) -> SubnetId {
    SubnetId(number(at))
}

/// The same addresses as ranges in order, none touching another.
fn joined(ranges: &[AddrRange]) -> Box<[AddrRange]> {
    let mut sorted = ranges.to_vec();
    sorted.sort_unstable();
    sorted.dedup_by(|next, before| {
        let touch = next.first() <= before.last();
        if touch {
            let last = before.last().max(next.last());
            *before = AddrRange::new(before.first(), last).expect("joining only moves the end up");
        }
        touch
    });
    sorted.into()
}

/// Pool ranges in the order of their addresses; neither they nor the subnets may overlap.
fn ordered_ranges(subnets: &[Subnet], pools: &[Pool]) -> Result<Vec<(AddrRange, PoolId)>, TableError> {
    if let Some(two) = subnets.windows(2).find(|two| two[0].prefix.overlaps(two[1].prefix)) {
        return Err(TableError::OverlappingSubnets(two[0].prefix, two[1].prefix));
    }
    let mut ranges: Vec<(AddrRange, PoolId)> = Vec::new();
    for (at, pool) in (0..).zip(pools) {
        ranges.extend(pool.ranges.iter().map(|range| (*range, PoolId(at))));
    }
    ranges.sort_unstable();
    let touching = ranges.windows(2).find(|two| two[0].0.last() >= two[1].0.first());
    match touching {
        Some(two) => Err(TableError::OverlappingPools(two[0].0, two[1].0)),
        None => Ok(ranges),
    }
}
