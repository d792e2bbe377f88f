//! What the servers of the simulation serve: one estate, and what a rollout makes of it.

use std::net::Ipv4Addr;
use std::sync::{Arc, OnceLock};

use leasehold_compiler::source::{SourceFile, Sources};
use leasehold_compiler::{Cache, compile};
use leasehold_schemas::artefact::{self, Digest, HighAvailability};
use leasehold_server::estate::Tables;
use leasehold_server::failover::{Ownership, Side};

use super::Harm;
use super::world::World;
use crate::case;

/// What is changed in the estate, text by text. The first two are what seeds begin with.
const CHANGES: [&[(&str, &str)]; 5] = [
    &[],
    LOAD_BALANCING,
    // A pool moves.
    &[("10.1.0.16 - 10.1.0.29", "10.1.0.18 - 10.1.0.31")],
    // Homes move, leases reach less far beyond promises, and a reserved address is for somebody else.
    &[
        ("standby-share: 1/4", "standby-share: 1/3"),
        ("mclt: 30s", "mclt: 20s"),
        ("\"02:00:00:00:00:00\", ip", "\"02:00:00:00:00:04\", ip"),
    ],
    // The mode, and so the homes, and a pool ends elsewhere.
    &[
        LOAD_BALANCING[0],
        LOAD_BALANCING[1],
        LOAD_BALANCING[2],
        ("10.2.0.16 - 10.2.0.27", "10.2.0.16 - 10.2.0.29"),
    ],
];
const LOAD_BALANCING: &[(&str, &str)] = &[
    ("mode: hot-standby", "mode: load-balancing"),
    ("role: standby", "role: secondary"),
    ("  standby-share: 1/4\n", ""),
];
/// How many there are.
pub const ARTEFACTS: usize = CHANGES.len();
/// How long after it was told to a server may go on with what it had begun before.
const BEGUN_MS: u64 = 3_000;

/// One of them, compiled once.
pub fn artefact(number: usize) -> &'static Arc<Tables> {
    static ALL: OnceLock<Vec<Arc<Tables>>> = OnceLock::new();
    let build = || CHANGES.iter().map(|changes| Arc::new(compiled(changes))).collect();
    // In a thread and a pool of its own: a thread that waits for the compiler's threads takes up other work meanwhile,
    // and that might be another run, which waits for this.
    let apart = || {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool of one thread");
        std::thread::scope(|scope| scope.spawn(|| pool.install(build)).join().expect("the compiler ends"))
    };
    &ALL.get_or_init(apart)[number]
}

/// What it says of the pair.
pub fn pair_of(number: usize) -> &'static HighAvailability {
    artefact(number).high_availability().expect("the estate has a pair")
}

fn compiled(changes: &[(&str, &str)]) -> Tables {
    let sources = case::estate(&case::repository().join("golden-tests/cases/failover/estate"));
    let changed = |file: &SourceFile| {
        let mut text = String::from_utf8(file.bytes.clone()).expect("the estate is text");
        for (from, to) in changes {
            text = text.replace(from, to);
        }
        SourceFile { path: file.path.clone(), bytes: text.into_bytes() }
    };
    let sources = Sources::new("", sources.iter().map(|(_, file)| changed(file)).collect());
    let artefact = compile(&sources, &mut Cache::default(), case::today()).artefact;
    let artefact = artefact.expect("the estates of the simulation are sound");
    let (estate, digest) = artefact::decode(&artefact.bytes).expect("what was compiled can be read");
    Tables::build(&estate).expect("what was compiled can be served").with_digest(digest)
}

/// What an artefact says of an address, asked otherwise than servers ask.
fn says(tables: &Tables, address: Ipv4Addr) -> (Option<String>, bool, bool, Side, Vec<String>) {
    let subnet = tables.subnet_of(address).map(|subnet| tables.subnet(subnet).prefix.to_string());
    let pool = tables.pool_of(address).is_some();
    let reserved = tables.is_reserved(address);
    let said = tables.high_availability().expect("the estate has a pair");
    let home = Ownership::of(said).home(address);
    let holders = tables.registry().entries().filter(|entry| entry.address == Some(address));
    (subnet, pool, reserved, home, holders.map(|entry| format!("{:?}", entry.identifier)).collect())
}

impl World {
    /// Remembers when a server went on alone last.
    pub(super) fn note_alone(&mut self) {
        for server in &mut self.servers {
            if server.node.as_ref().and_then(|node| node.pair()).is_some_and(|pair| pair.facts().sole) {
                server.alone_last = self.t;
            }
        }
    }

    /// A server has begun a binding: what it serves and what both confirmed last must say the same of the address,
    /// unless it goes on alone, or did a moment ago: then it may have begun the binding that way.
    pub(super) fn nothing_frozen_is_bound(&mut self, at: usize, address: Ipv4Addr) {
        let server = &self.servers[at];
        let Some(facts) = server.node.as_ref().and_then(|node| node.pair()).map(|pair| pair.facts()) else {
            return;
        };
        if self.t < server.serves_since.max(server.alone_last) + BEGUN_MS {
            return;
        }
        let running = artefact(server.artefact);
        let named = |digest: Digest| (0..ARTEFACTS).map(artefact).find(|tables| tables.digest() == digest);
        let agreed = facts.agreed.and_then(|agreed| named(agreed.digest));
        if agreed.is_none_or(|agreed| says(agreed, address) != says(running, address)) {
            let what = format!("server {at} began a binding of {address}, which is frozen: {facts:?}");
            self.fail(Harm::NotFrozen, &what);
        }
    }

    /// Both have an artefact in common among those the partner may act by, as far as they remember.
    pub(super) fn one_artefact_in_common(&mut self) {
        let mut may_act_by = Vec::new();
        for server in &self.servers {
            let Some(pair) = server.node.as_ref().and_then(|node| node.pair()) else { return };
            let Some(agreed) = pair.facts().agreed else { return };
            may_act_by.push([Some(agreed.digest), pair.facts().prepared.map(|prepared| prepared.digest)]);
        }
        let common = may_act_by[0].iter().flatten().any(|digest| may_act_by[1].contains(&Some(*digest)));
        if !common {
            self.fail(Harm::NotFrozen, &format!("no artefact in common: {may_act_by:?}"));
        }
    }

    /// A server is given an artefact: at once while it runs, else with its next start.
    pub(super) fn serve(&mut self, at: usize, number: usize) {
        self.count("served-another");
        self.servers[at].artefact = number;
        self.servers[at].serves_since = self.t;
        self.reload(at);
    }
}
