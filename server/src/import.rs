//! Another server's leases become records, so that its clients keep their addresses.
//!
//! Invariant: every row that is read is either a record, or superseded by a later one, or counted or named with the reason
//! why it is none. What a record says is what that server told the client; nobody is told more than that.
//!
//! Of a pair, one server begins with the records as if it had been alone until now, in an epoch of its own ([`facts`]):
//! then the partner, which begins with nothing, is stale whatever it is told at its start, grants nothing, and takes all
//! records over before it does (R10, R11). Records in two directories, or in one whose owner is not known to have been
//! alone, would make two servers that each believe to know everything.

use std::collections::BTreeMap;
use std::fmt;
use std::net::Ipv4Addr;

use leasehold_schemas::artefact::{Identifier, Identity};
use leasehold_schemas::vocab::HexBytes;
use serde_json::Value;

use crate::estate::{Reservation, SegmentId, Tables};
use crate::failover::Agreed;
use crate::leases::listing::{Fault, Listed, Listing, Row};
use crate::leases::{Binding, Client, ClientKey, Details, Facts, State, Version};
use crate::serve::DEFAULTS;

/// The epoch in which the server that begins with the records has been alone.
const EPOCH: u64 = 1;
/// Ethernet (RFC 1700): Kea's files do not say the type.
const ETHERNET: u8 = 1;

/// A file of leases.
#[derive(Clone, Debug)]
pub struct Source {
    /// How it is named.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// What became of the rows.
#[derive(Debug, Default)]
pub struct Import {
    /// The records in the order of addresses.
    pub records: Vec<Binding>,
    /// How many rows were what.
    pub counts: Counts,
    /// What is to be looked at, in the order of files and lines of each kind.
    pub remarks: Vec<Remark>,
}

/// How many rows were what.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// All that could be read.
    pub rows: u64,
    /// Leases that became records, of clients with an identifier.
    pub by_identifier: u64,
    /// The same of clients known by their hardware address alone.
    pub by_hardware: u64,
    /// Declined addresses that became records.
    pub declined: u64,
    /// A later row of the same address counts.
    pub superseded: u64,
    /// Rows that take the one before them back.
    pub removals: u64,
    /// Leases and probations that have ended.
    pub expired: u64,
    /// Taken back by the other server after their end.
    pub reclaimed: u64,
    /// Given back by their clients.
    pub released: u64,
    /// Of nobody.
    pub free: u64,
    /// Records whose row names another number for the subnet than the artefact does.
    pub other_subnet_id: u64,
}

/// What is to be looked at.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Concern {
    /// It cannot be read.
    Unreadable,
    /// No subnet of the artefact holds the address.
    OutsideSubnets,
    /// The artefact reserves the address for somebody else.
    ReservedForAnother,
    /// The address is in no pool, and not reserved.
    InNoPool,
    /// The client has another address in the same network.
    SeveralOfOneClient,
}

impl Concern {
    /// Every concern, in the order in which they are told.
    pub const ALL: [Concern; 5] = [
        Concern::Unreadable,
        Concern::OutsideSubnets,
        Concern::ReservedForAnother,
        Concern::InNoPool,
        Concern::SeveralOfOneClient,
    ];

    /// Whether such a row became a record all the same.
    pub fn is_imported(self) -> bool {
        match self {
            Concern::Unreadable | Concern::OutsideSubnets => false,
            Concern::ReservedForAnother | Concern::InNoPool | Concern::SeveralOfOneClient => true,
        }
    }
}

impl fmt::Display for Concern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Concern::Unreadable => "not imported: cannot be read",
            Concern::OutsideSubnets => "not imported: in no subnet of the artefact",
            Concern::ReservedForAnother => {
                "imported, and reserved for somebody else, who gets it when this lease has ended"
            }
            Concern::InNoPool => {
                "imported, and in no pool nor reserved: nobody else gets it, and its client another one when it renews"
            }
            Concern::SeveralOfOneClient => "imported, and the client has another address in the same network",
        })
    }
}

/// A row that is to be looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Remark {
    /// Why.
    pub concern: Concern,
    /// The file's name.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// Which address of whom, or what is wrong.
    pub text: String,
}

/// A lease as its row gives it.
struct Lease {
    client: Client,
    until_wall_ms: u64,
    details: Details,
}

/// What a pair's server begins with that has these records and whose partner begins with nothing. `agreed` is the artefact
/// by which the leases were read.
pub fn facts(agreed: Agreed, now_wall_ms: u64) -> Facts {
    Facts { epoch: EPOCH, sole: true, clock_wall_ms: now_wall_ms, agreed: Some(agreed), ..Facts::default() }
}

/// Reads files, later ones over earlier ones, as a server finds them that serves the artefact.
///
/// # Errors
/// The file, by its place among `sources`, that lists no leases.
pub fn import(sources: &[Source], tables: &Tables, now_wall_ms: u64) -> Result<Import, (usize, Fault)> {
    let mut found = Import::default();
    let mut latest: BTreeMap<Ipv4Addr, (usize, Row)> = BTreeMap::new();
    for (at, source) in sources.iter().enumerate() {
        for row in Listing::open(&source.bytes).map_err(|fault| (at, fault))? {
            match row {
                Ok(row) => found.counts.take(&mut latest, at, row),
                Err(fault) => found.remarks.push(unreadable(source, &fault)),
            }
        }
    }
    let reserved: BTreeMap<Ipv4Addr, &Reservation> =
        tables.registry().entries().filter_map(|entry| Some((entry.address?, entry))).collect();
    let place = Place { tables, reserved, now_wall_ms, is_pair: tables.high_availability().is_some() };
    let mut held: BTreeMap<(SegmentId, ClientKey), Ipv4Addr> = BTreeMap::new();
    for (at, row) in latest.into_values() {
        place.take(&sources[at], &row, &mut held, &mut found);
    }
    let order = |remark: &Remark| {
        (remark.concern, sources.iter().position(|source| source.name == remark.file), remark.line)
    };
    found.remarks.sort_by_key(order);
    Ok(found)
}

impl Counts {
    fn take(&mut self, latest: &mut BTreeMap<Ipv4Addr, (usize, Row)>, source: usize, row: Row) {
        self.rows += 1;
        let before = if row.is_removal() {
            self.removals += 1;
            latest.remove(&row.address)
        } else {
            latest.insert(row.address, (source, row))
        };
        self.superseded += u64::from(before.is_some());
    }
}

fn unreadable(source: &Source, fault: &Fault) -> Remark {
    let line = match fault {
        Fault::CutShort { line }
        | Fault::LongLine { line }
        | Fault::WrongCount { line, .. }
        | Fault::WrongValue { line, .. } => *line,
        Fault::NotText | Fault::WrongColumns { .. } => 1,
    };
    Remark { concern: Concern::Unreadable, file: source.name.clone(), line, text: fault.to_string() }
}

/// Where rows are to become records.
struct Place<'a> {
    tables: &'a Tables,
    reserved: BTreeMap<Ipv4Addr, &'a Reservation>,
    now_wall_ms: u64,
    is_pair: bool,
}

impl Place<'_> {
    /// Makes a record of the last row of an address, or counts why not.
    fn take(
        &self,
        source: &Source,
        row: &Row,
        held: &mut BTreeMap<(SegmentId, ClientKey), Ipv4Addr>,
        found: &mut Import,
    ) {
        let counts = &mut found.counts;
        match row.state {
            Listed::Bound | Listed::Declined => {}
            Listed::Expired => return counts.expired += 1,
            Listed::Reclaimed => return counts.reclaimed += 1,
            Listed::Released => return counts.released += 1,
            Listed::Free => return counts.free += 1,
        }
        let until = match row.expires_secs() {
            Ok(until_secs) => until_secs.saturating_mul(1000),
            Err(fault) => return found.remarks.push(unreadable(source, &fault)),
        };
        if until <= self.now_wall_ms {
            return counts.expired += 1;
        }
        let Some(subnet) = self.tables.subnet_of(row.address) else {
            return found.remarks.push(remark(Concern::OutsideSubnets, source, row, &whose(row)));
        };
        let subnet = self.tables.subnet(subnet);
        let other_id = row.subnet_id().ok().flatten().is_some_and(|id| id != subnet.id);
        if row.state == Listed::Declined {
            counts.declined += 1;
            counts.other_subnet_id += u64::from(other_id);
            found.records.push(self.record(row.address, State::Declined { until_wall_ms: until }));
            return;
        }
        let lease = match self.lease(row, subnet.segment, until) {
            Ok(lease) => lease,
            Err(fault) => return found.remarks.push(unreadable(source, &fault)),
        };
        match lease.client.key {
            ClientKey::Identifier(_) => counts.by_identifier += 1,
            ClientKey::Hardware(..) => counts.by_hardware += 1,
        }
        counts.other_subnet_id += u64::from(other_id);
        if let Some(concern) = self.concern(row.address, &lease.client) {
            found.remarks.push(remark(concern, source, row, &whose(row)));
        }
        if let Some(other) = held.insert((subnet.segment, lease.client.key.clone()), row.address) {
            let text = format!("{}, also {other}", whose(row));
            found.remarks.push(remark(Concern::SeveralOfOneClient, source, row, &text));
        }
        let mut record = self.record(row.address, State::Bound(lease.client));
        record.told_wall_ms = lease.until_wall_ms;
        record.details = lease.details;
        found.records.push(record);
    }

    /// A record as this server would have written it.
    fn record(&self, address: Ipv4Addr, state: State) -> Binding {
        // One change of its own; the primary's counter stands first, and so does a single server's.
        let version = Version([1, 0]);
        let epoch = if self.is_pair { EPOCH } else { 0 };
        Binding { epoch, version, born: version, state, ..Binding::unused(address) }
    }

    fn lease(&self, row: &Row, segment: SegmentId, until_wall_ms: u64) -> Result<Lease, Fault> {
        let (hardware, identifier) = (row.hardware()?, row.client_id()?);
        let by_hardware = hardware.map(|mac| ClientKey::Hardware(ETHERNET, mac));
        let identifier: Option<Box<[u8]>> = (!identifier.is_empty()).then(|| identifier.into());
        let by_identifier = identifier.clone().map(ClientKey::Identifier);
        let key = match self.tables.segment(segment).identity.unwrap_or(DEFAULTS.identity) {
            Identity::ClientId => by_identifier.or(by_hardware),
            Identity::Mac => by_hardware.or(by_identifier),
        };
        let nobody = || Fault::WrongValue { line: row.line, column: "client", value: String::new() };
        let client = Client { key: key.ok_or_else(nobody)?, identifier, hardware_type: ETHERNET, hardware };
        let hostname = row.hostname();
        let granted_ms = row.granted_secs.unwrap_or(0).saturating_mul(1000);
        let details = Details {
            hostname: (!hostname.is_empty()).then(|| hostname.into()),
            transaction: 0,
            transaction_wall_ms: until_wall_ms.saturating_sub(granted_ms),
            giaddr: None,
            agent_options: agent_options(&row.user_context()),
        };
        Ok(Lease { client, until_wall_ms, details })
    }

    fn concern(&self, address: Ipv4Addr, client: &Client) -> Option<Concern> {
        match self.reserved.get(&address) {
            Some(entry) if is_of(&entry.identifier, client) => None,
            Some(_) => Some(Concern::ReservedForAnother),
            None => self.tables.pool_of(address).is_none().then_some(Concern::InNoPool),
        }
    }
}

fn remark(concern: Concern, source: &Source, row: &Row, text: &str) -> Remark {
    Remark { concern, file: source.name.clone(), line: row.line, text: text.to_owned() }
}

/// `10.42.8.30 of 52:54:00:12:34:56 (laptop-7)`; a name from a client may hold anything.
fn whose(row: &Row) -> String {
    let client = match (row.hardware(), row.client_id()) {
        (Ok(Some(mac)), _) => mac.to_string(),
        (_, Ok(octets)) if !octets.is_empty() => format!("client-id 0x{}", HexBytes(octets)),
        (Ok(None) | Err(_), _) => "nobody who is named".to_owned(),
    };
    let hostname: String = row.hostname().chars().filter(|c| !c.is_control()).take(64).collect();
    let named = if hostname.is_empty() { String::new() } else { format!(" ({hostname})") };
    format!("{} of {client}{named}", row.address)
}

/// Whether a reservation may be this client's. What a relay says of a client is in few files, so a circuit may be anybody's.
fn is_of(identifier: &Identifier, client: &Client) -> bool {
    let octets = client.identifier.as_deref().unwrap_or_default();
    match identifier {
        Identifier::Mac(mac) => client.hardware == Some(*mac),
        Identifier::ClientId(wanted) => octets == wanted.0,
        // Type 255, four octets of IAID, then the DUID (RFC 4361 section 6.1).
        Identifier::Duid(wanted) => matches!(octets, [255, _, _, _, _, duid @ ..] if duid == wanted.0),
        Identifier::CircuitId(_) | Identifier::RemoteId(_) => true,
    }
}

/// Option 82 of the last relayed REQUEST, where Kea kept it (`store-extended-info`): the whole option as hexadecimal up to
/// Kea 2.3, its content under `sub-options` since.
fn agent_options(user_context: &str) -> Option<Box<[u8]>> {
    let context: Value = serde_json::from_str(user_context).ok()?;
    let said = context.get("ISC")?.get("relay-agent-info")?;
    let octets = |text: &Value| text.as_str()?.parse::<HexBytes>().ok().map(|octets| octets.0);
    let content = match said.get("sub-options") {
        Some(content) => octets(content)?,
        None => match octets(said)?.as_slice() {
            [82, length, content @ ..] if usize::from(*length) == content.len() => content.to_vec(),
            content => content.to_vec(),
        },
    };
    (!content.is_empty()).then(|| content.into())
}

#[cfg(test)]
mod tests;
