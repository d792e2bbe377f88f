//! One server: a node while it runs, its disk always, and its clocks.

use std::collections::{BTreeMap, VecDeque};
use std::net::Ipv4Addr;
use std::sync::Arc;

use leasehold_server::failover::pair::{Config, Pair, Start};
use leasehold_server::failover::{Padding, Standing};
use leasehold_server::leases::journal::{Identity, Operation, Sizes, StoredFile, recover};
use leasehold_server::leases::{Binding, ClientKey, Store, Version};
use leasehold_server::node::Node;
use leasehold_server::serve;
use leasehold_server::time::Now;

use super::artefacts::{ARTEFACTS, artefact, pair_of};
use super::client::SERVERS;
use crate::simulated_disk::SimulatedDisk;

/// 2026-11-22 00:00 UTC in milliseconds.
const BEGIN_WALL_MS: u64 = 1_795_305_600_000;
/// The greatest difference of two clocks' rates, in parts per million: each is off by at most half of it.
pub const RATE_ERROR_PPM: u64 = 20_000;
const RATE_ERROR: Padding = Padding { rate_error_ppm: RATE_ERROR_PPM };

/// One server.
#[derive(Debug)]
pub struct Server {
    pub number: usize,
    pub node: Option<Node>,
    pub disk: SimulatedDisk,
    pub operations: VecDeque<Operation>,
    /// Counts its lives: what belongs to an earlier one is dropped.
    pub life: u64,
    /// Millionths by which its clocks run.
    pub rate: u64,
    /// What it serves, or will with its next start, and since when.
    pub artefact: usize,
    pub serves_since: u64,
    /// When it went on alone last.
    pub alone_last: u64,
    /// It goes by an arbiter.
    pub arbiter: bool,
    pub wall_step_ms: i64,
    pub paused_until: u64,
    /// What came while it was paused.
    pub missed: Vec<super::world::Happening>,
    /// Crashes after so many more outputs.
    pub crash_in: Option<u64>,
    pub slow_until: u64,
    pub off_since: u64,
    pub backup: Option<Vec<StoredFile>>,
    /// How its next life begins.
    pub start: Start,
    /// Its disk was whole when it was last seen.
    pub whole: bool,
    /// The latest expiry it acknowledged, by address and client, on its own wall clock.
    pub acknowledged: BTreeMap<Ipv4Addr, (ClientKey, u64, Version)>,
    /// What its records were when it died.
    pub last_records: BTreeMap<Ipv4Addr, Binding>,
}

impl Server {
    pub fn new(number: usize, rate: u64, artefact: usize) -> Server {
        Server {
            number,
            node: None,
            disk: SimulatedDisk::default(),
            operations: VecDeque::new(),
            life: 0,
            rate,
            artefact,
            serves_since: 0,
            alone_last: 0,
            arbiter: false,
            wall_step_ms: 0,
            paused_until: 0,
            missed: Vec::new(),
            crash_in: None,
            slow_until: 0,
            off_since: 0,
            backup: None,
            start: Start::NewPair,
            whole: true,
            acknowledged: BTreeMap::new(),
            last_records: BTreeMap::new(),
        }
    }

    pub fn now(&self, t: u64) -> Now {
        let passed = t * self.rate / 1_000_000;
        let wall = BEGIN_WALL_MS + passed;
        Now { boot_ms: 1_000_000 + passed, wall_ms: wall.saturating_add_signed(self.wall_step_ms) }
    }

    /// By how much it judges later what is over: a clock that was set before or in this life leaves it unsure for all of
    /// it, and what it tells its partner and hears from it lasts that much longer.
    pub fn unsure_ms(&self, t: u64) -> u64 {
        let Some(node) = &self.node else { return 0 };
        match node.store().standing() {
            Standing::Paired(paired) => {
                let moment = paired.moment(self.now(t));
                RATE_ERROR.pad(moment.late_wall_ms - moment.early_wall_ms)
            }
            Standing::Alone => 0,
        }
    }

    /// The true time at which its boot clock shows `boot_ms`.
    pub fn true_time(&self, boot_ms: u64) -> u64 {
        (boot_ms.saturating_sub(1_000_000) * 1_000_000).div_ceil(self.rate)
    }

    pub fn config(&self) -> Config {
        let said = pair_of(self.artefact);
        let node = &said.servers[self.number].name;
        let config = Config::of("pair", said, node, self.start).expect("the estate names both servers");
        Config {
            padding: RATE_ERROR,
            // The rates alone make it 18 s in the end.
            skew_alarm_ms: 25_000,
            // So that a sync is of several.
            sync_window: 6,
            arbiter: self.arbiter,
            ..config
        }
    }

    fn identity(&self) -> Identity {
        Identity { estate: "pair".to_owned(), node: format!("server-{}", self.number) }
    }

    /// Begins a life on what the disk holds.
    pub fn start(&mut self, t: u64) -> Result<(), String> {
        // A machine that starts asks what time it is; one whose clock is slow may not hear.
        self.wall_step_ms = self.wall_step_ms.min(0);
        let sizes = Sizes {
            segment_bytes: 8_192,
            step_bytes: 1_024,
            batch_bytes: 2_048,
            compact_bytes: 24_576,
            waiting_max: 256,
        };
        let identity = self.identity();
        let recovered = recover(Some(&identity), &self.disk.files())
            .map_err(|why| format!("server {}: nothing was damaged, yet: {why}", self.number))?;
        let store = Store::open(identity, sizes, recovered);
        let config = serve::Config { server_id: Some(SERVERS[self.number]), ..serve::Config::default() };
        let (pair, now) = (self.config(), self.now(t));
        self.life += 1;
        self.operations.clear();
        self.missed.clear();
        self.crash_in = None;
        self.paused_until = 0;
        let node = Node::new(Arc::clone(artefact(self.artefact)), config, store);
        let mut node = node.with_partner(|store| Pair::open(pair, now, store));
        (0..ARTEFACTS).filter(|other| *other != self.artefact).for_each(|other| node.know(artefact(other)));
        self.node = Some(node);
        self.start = Start::Continue;
        Ok(())
    }

    /// Ends a life; what it knew is kept for the checks.
    pub fn end(&mut self, t: u64) {
        if let Some(node) = self.node.take() {
            self.whole = node.pair().is_some_and(|pair| !pair.facts().amnesic);
            self.last_records =
                node.store().bindings().iter().map(|record| (record.address, record.clone())).collect();
        }
        self.operations.clear();
        self.missed.clear();
        self.off_since = t;
        self.life += 1;
    }

    /// Nothing that it said before counts any more: its disk is another.
    pub fn forget(&mut self) {
        self.acknowledged.clear();
        self.last_records.clear();
        self.whole = false;
    }
}
