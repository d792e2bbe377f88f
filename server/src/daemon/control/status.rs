//! What the control API says of a server. `server/API.md` describes it for people.

use std::collections::BTreeMap;

use leasehold_schemas::vocab::Cidr;
use leasehold_server::leases::RightCounts;
use leasehold_server::node::Counters;
use serde::{Deserialize, Serialize};

use crate::daemon::journal_thread::DiskCounts;

/// A server. Moments are RFC 3339 in UTC.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Status {
    /// The program's version.
    pub version: String,
    /// The estate it serves.
    pub estate: String,
    /// Digest of the artefact it serves.
    pub artefact: String,
    /// Digest of the one it has at hand, to serve next.
    pub staged: Option<String>,
    /// Why it refused the last one it was given; absent: it did not.
    pub artefact_refused: Option<String>,
    /// The name it was given.
    pub node: String,
    /// Its part.
    pub role: String,
    /// Where it takes packets.
    pub listening: Vec<String>,
    /// When it started.
    pub started: String,
    /// What its clock says.
    pub now: String,
    /// For how many seconds it has run.
    pub uptime_secs: u64,
    /// For how many seconds it has served this artefact.
    pub loaded_secs: u64,
    /// Whether it was told to stop and finishes what it began.
    pub stopping: bool,
    /// Its records of addresses.
    pub leases: LeaseCounts,
    /// What waits.
    pub waiting: Waiting,
    /// Its half of the pair; absent: it serves alone.
    pub pair: Option<PairStatus>,
}

/// Records of addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LeaseCounts {
    /// All of them, of addresses that are free again too.
    pub records: u64,
    /// Those in which a client holds the address; an expired one counts until it is freed.
    pub bound: u64,
}

/// What waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Waiting {
    /// Exchanges that wait for the disk.
    pub disk: u64,
    /// Answers that wait for the partner's promise.
    pub partner: u64,
    /// Addresses that are offered and not taken yet.
    pub offered: u64,
}

/// One server's half of a pair.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PairStatus {
    /// Who answers: `hot-standby`, `load-balancing` or `passive-backup`.
    pub mode: String,
    /// Its state.
    pub state: String,
    /// Since when.
    pub since: String,
    /// For how many seconds.
    pub state_secs: u64,
    /// Why, and what ends it.
    pub why: String,
    /// Whether it may answer clients at all.
    pub answers: bool,
    /// Whether it may give addresses to new clients.
    pub binds_new_clients: bool,
    /// Whether it knows that nobody else has taken over.
    pub sovereign: bool,
    /// It leaves, or has left, by an operator's word.
    pub leaving: bool,
    /// Its disk was lost or restored, and the partner's records have not all come.
    pub disk_lost: bool,
    /// The epoch it takes part in.
    pub epoch: u64,
    /// In how many seconds it may use every address; absent: it does not go on alone.
    pub powers_in_secs: Option<u64>,
    /// Records that the partner may not have.
    pub unacked_updates: u64,
    /// Addresses whose end the partner has not agreed to yet.
    pub unacked_ends: u64,
    /// The partner.
    pub partner: PartnerStatus,
    /// The arbiter; absent: it goes by none.
    pub arbiter: Option<ArbiterStatus>,
    /// What the two servers serve.
    pub artefacts: ArtefactStatus,
    /// The clocks differ by more than they may, or did when the partner was heard last.
    pub clocks_differ: bool,
    /// Maximum client lead time, in seconds.
    pub lead_secs: u64,
    /// One address in so many is the standby's.
    pub standby_share: u32,
    /// How often both servers were found to have bound one address to two clients: must stay 0.
    pub conflicts: u64,
    /// How often each thing happened since the start, by name.
    pub events: BTreeMap<String, u64>,
}

/// What the two servers serve, by digests.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ArtefactStatus {
    /// How the two stand to each other: `agreed`, `confirming`, `different` or `unknown`.
    pub accord: String,
    /// The last that both confirmed.
    pub agreed: Option<String>,
    /// What the partner serves, as it said last.
    pub partner_running: Option<String>,
    /// What the partner has at hand.
    pub partner_staged: Option<String>,
    /// Why the partner refused the last one.
    pub partner_refused: Option<String>,
    /// Addresses that are given to nobody new because the servers may differ about them; absent: all of them.
    pub frozen_addresses: Option<u64>,
    /// Addresses whose home moves are given to nobody new either.
    pub homes_move: bool,
}

/// The partner, and what it said of itself last; that is absent where it has not been heard since the start.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PartnerStatus {
    /// Its name.
    pub name: String,
    /// Its part.
    pub role: String,
    /// Whether it was heard lately.
    pub heard: bool,
    /// How long ago, in milliseconds.
    pub heard_ms_ago: Option<u64>,
    /// Its state, where this release knows it.
    pub state: Option<String>,
    /// Its epoch.
    pub epoch: Option<u64>,
    /// By how many milliseconds its clock was ahead of this server's, the way included.
    pub clock_ahead_ms: Option<i64>,
}

/// The arbiter, and what its word and the partner's are worth.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ArbiterStatus {
    /// Whether it has answered lately.
    pub heard: bool,
    /// How long ago, in milliseconds; absent: not since the start.
    pub heard_ms_ago: Option<u64>,
    /// Whether the partner goes by the same row: else it is of no use.
    pub shared: bool,
    /// How long this server's lease there lasts yet, in milliseconds.
    pub lease_ms: u64,
    /// How long the partner's promise not to go on alone lasts yet, in milliseconds.
    pub promise_ms: u64,
    /// The epoch of its row.
    pub epoch: Option<u64>,
    /// Who began that epoch to go on alone and has not come back: `primary` or `standby`.
    pub sole: Option<String>,
}

/// What is counted, beside a status.
#[derive(Debug)]
pub struct Snapshot {
    pub status: Status,
    pub counters: Counters,
    pub rights: RightCounts,
    pub disk: DiskCounts,
    pub unsent: u64,
    pub started_wall_ms: u64,
    /// Since when the pair is in its state, in milliseconds since 1970.
    pub since_wall_ms: u64,
}

/// What an address is, as it is counted.
pub const STATES: [&str; 4] = ["free", "bound", "expired", "declined"];
/// Whose home an address is, as it is counted.
pub const HOMES: [&str; 3] = ["primary", "standby", "single"];

/// Records by state and home.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Census(pub [[u64; STATES.len()]; HOMES.len()]);

impl Census {
    /// Both together.
    pub fn add(&mut self, other: &Census) {
        for (mine, theirs) in self.0.iter_mut().flatten().zip(other.0.iter().flatten()) {
            *mine += theirs;
        }
    }
}

/// How full a subnet is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Usage {
    pub site: Box<str>,
    pub prefix: Cidr,
    /// Addresses of its pools.
    pub size: u64,
    /// Those that nobody has or is offered.
    pub free: u64,
}
