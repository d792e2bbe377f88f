//! The journal over a disk that loses, tears and reorders what was not synced: nothing acknowledged is missing,
//! nothing released comes back, and what is damaged is refused.
//!
//! `LEASEHOLD_SEED=N cargo test -p leasehold-golden-tests --test journal` replays one seed.
#![expect(clippy::disallowed_methods, reason = "a replayed seed comes from the environment")]

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use leasehold_golden_tests::server_fuzz;
use leasehold_golden_tests::simulated_disk::{Dice, SimulatedDisk, Tear};
use leasehold_server::leases::journal::{Identity, RecoverError, Sizes, StoredFile, recover};
use leasehold_server::leases::{
    Binding, Client, ClientKey, Details, Grant, LeaseRequest, Outcome, Store, Ticket, Unavailable,
};
use leasehold_server::time::Now;

const NOW: Now = Now { boot_ms: 0, wall_ms: 1_000_000 };
const ADDRESSES: usize = 12;

fn identity() -> Identity {
    Identity { estate: "example".to_owned(), node: "primary".to_owned() }
}

/// Small enough that segments change and snapshots happen within a few requests.
fn sizes() -> Sizes {
    Sizes { segment_bytes: 2048, step_bytes: 300, batch_bytes: 512, compact_bytes: 4096, waiting_max: 64 }
}

/// What each address may be: every state it was asked into, and the last of them that was acknowledged.
#[derive(Clone, Default)]
struct Truth {
    states: BTreeMap<Ipv4Addr, Vec<Binding>>,
    acknowledged: BTreeMap<Ipv4Addr, usize>,
    asked: BTreeMap<Ticket, (Ipv4Addr, usize)>,
}

impl Truth {
    fn asked(&mut self, ticket: Ticket, binding: &Binding) {
        let states = self.states.entry(binding.address).or_default();
        states.push(binding.clone());
        self.asked.insert(ticket, (binding.address, states.len() - 1));
    }

    fn answered(&mut self, ticket: Ticket, outcome: &Outcome) {
        if let Outcome::Done(durable) = outcome {
            let (address, at) = self.asked[&ticket];
            assert_eq!(durable.get(), &self.states[&address][at], "the answer is what was asked for");
            self.acknowledged.insert(address, at);
        }
    }

    /// What was recovered is the last acknowledged state, or one that was asked for after it.
    fn check(&self, store: &Store, seed: u64) {
        if let Some(wrong) = self.wrong(store) {
            panic!("seed {seed}: {wrong}");
        }
    }

    fn wrong(&self, store: &Store) -> Option<String> {
        for (address, states) in &self.states {
            let found = store.bindings().get(*address);
            let from = self.acknowledged.get(address);
            let right = match (found, from) {
                (None, None) => true,
                (None, Some(_)) => false,
                (Some(found), from) => states[from.copied().unwrap_or(0)..].contains(found),
            };
            let last = from.map(|at| &states[*at]);
            if !right {
                return Some(format!("{address} was acknowledged as {last:?}, recovered as {found:?}"));
            }
        }
        let known = |binding: &Binding| self.states.contains_key(&binding.address);
        store
            .bindings()
            .iter()
            .find(|binding| !known(binding))
            .map(|found| format!("nobody asked for {found:?}"))
    }

    /// What was recovered is what there is; what was asked for after it is gone for good. What was acknowledged
    /// stays so: what was recovered may still be lost until it is synced again.
    fn restart(&mut self, store: &Store) {
        self.asked.clear();
        for (address, states) in &mut self.states {
            let found = store.bindings().get(*address);
            states.truncate(
                found.and_then(|found| states.iter().position(|state| state == found)).map_or(0, |at| at + 1),
            );
        }
    }
}

fn client(number: usize) -> Client {
    let number = u8::try_from(number).expect("few clients");
    let identifier: Box<[u8]> = [1, 2, number].into();
    Client {
        key: ClientKey::Identifier(identifier.clone()),
        identifier: Some(identifier),
        hardware_type: 1,
        hardware: None,
    }
}

fn request(dice: &mut Dice, round: u64) -> (Ipv4Addr, LeaseRequest) {
    let number = dice.below(ADDRESSES);
    let address = Ipv4Addr::new(10, 0, 0, u8::try_from(number).expect("few addresses"));
    let client = client(number % 8);
    let agent_options = vec![7; dice.below(90)].into();
    let details =
        Details { transaction_wall_ms: round, agent_options: Some(agent_options), ..Details::default() };
    let grant = Grant { client: client.clone(), until_wall_ms: 2_000_000 + round, details };
    let request = match dice.below(8) {
        0 => LeaseRequest::Release { address, client },
        1 => LeaseRequest::Decline { address, client, until_wall_ms: 1 + round },
        2 => LeaseRequest::Extend { address, grant },
        _ => LeaseRequest::Take { candidates: vec![address], grant },
    };
    (address, request)
}

fn open(disk: &SimulatedDisk, seed: u64) -> Store {
    match recover(Some(&identity()), &disk.files()) {
        Ok(recovered) => Store::open(identity(), sizes(), recovered),
        Err(why) => panic!("seed {seed}: nothing was damaged, yet: {why}"),
    }
}

/// Runs requests until the disk has done `operations` more, or all `requests` are answered. Requests come in bursts
/// while operations are half done.
fn run(
    store: &mut Store,
    disk: &mut SimulatedDisk,
    truth: &mut Truth,
    dice: &mut Dice,
    requests: u64,
    operations: usize,
) {
    let stop = disk.operations.saturating_add(operations);
    let mut round = 0;
    let mut queue = std::collections::VecDeque::new();
    while round < requests || !queue.is_empty() {
        for _ in 0..dice.below(4).min(usize::try_from(requests - round).expect("few")) {
            round += 1;
            let ticket = Ticket(round);
            let (address, wanted) = request(dice, round);
            let before = store.bindings().get(address).cloned();
            store.request(NOW, ticket, wanted);
            if let Some(after) = store.bindings().get(address).filter(|after| before.as_ref() != Some(after))
            {
                truth.asked(ticket, after);
            }
        }
        store.flush();
        queue.extend(store.take_operations());
        for _ in 0..=dice.below(4) {
            let Some(operation) = queue.pop_front() else { break };
            if disk.operations == stop {
                return;
            }
            store.completed(disk.execute(&operation));
            queue.extend(store.take_operations());
        }
        while let Some((ticket, outcome)) = store.next_outcome() {
            truth.answered(ticket, &outcome);
        }
    }
}

fn seeds(count: u64) -> std::ops::Range<u64> {
    match std::env::var("LEASEHOLD_SEED").ok().and_then(|seed| seed.parse().ok()) {
        Some(seed) => seed..seed + 1,
        None => 0..count,
    }
}

/// Several lives of one directory, each ended by a power failure at some operation or by the death of the process.
#[test]
fn nothing_acknowledged_is_lost_and_nothing_released_comes_back() {
    for seed in seeds(800) {
        let mut dice = Dice(seed);
        let mut disk = SimulatedDisk::default();
        let mut truth = Truth::default();
        for _life in 0..5 {
            let mut store = open(&disk, seed);
            truth.check(&store, seed);
            truth.restart(&store);
            let operations = dice.below(220);
            run(&mut store, &mut disk, &mut truth, &mut dice, 120, operations);
            if dice.below(4) > 0 {
                disk.crash(Tear::Dice, &mut dice);
            }
        }
        truth.check(&open(&disk, seed), seed);
    }
}

/// One life, ended at each of its operations: segment changes, snapshots, renamings and removals included.
#[test]
fn a_crash_at_every_operation() {
    let mut whole = SimulatedDisk::default();
    run(&mut open(&whole, 0), &mut whole, &mut Truth::default(), &mut Dice(0), 150, usize::MAX);
    let names: Vec<String> = whole.files().into_iter().map(|file| file.name).collect();
    assert!(names.iter().any(|name| name.ends_with(".snapshot")), "{names:?} shows a snapshot");
    for operations in 0..whole.operations {
        for seed in 0..4 {
            let mut disk = SimulatedDisk::default();
            let mut truth = Truth::default();
            run(&mut open(&disk, 0), &mut disk, &mut truth, &mut Dice(0), 150, operations);
            disk.crash(Tear::Dice, &mut Dice(seed));
            truth.check(&open(&disk, seed), seed);
        }
    }
}

/// The unsynced write of a life, cut at each of its octets.
#[test]
fn a_tear_at_every_octet() {
    let mut cuts = 0;
    for operations in 10..60 {
        let mut disk = SimulatedDisk::default();
        let mut truth = Truth::default();
        run(&mut open(&disk, 0), &mut disk, &mut truth, &mut Dice(1), 150, operations);
        for octets in 0..disk.unsynced() {
            let mut torn = disk.clone();
            torn.crash(Tear::Prefix(octets), &mut Dice(0));
            truth.check(&open(&torn, 1), 1);
            cuts += 1;
        }
    }
    assert!(cuts > 5_000, "{cuts} cuts are too few to mean anything");
}

/// A life with everything synced: its files, and what they say.
fn sound_files() -> (Vec<StoredFile>, Vec<Binding>) {
    let mut disk = SimulatedDisk::default();
    let mut store = open(&disk, 0);
    run(&mut store, &mut disk, &mut Truth::default(), &mut Dice(5), 60, usize::MAX);
    let files = disk.files();
    let bindings = sorted(&files).expect("nothing is damaged");
    (files, bindings)
}

fn sorted(files: &[StoredFile]) -> Result<Vec<Binding>, RecoverError> {
    let recovered = recover(Some(&identity()), files)?;
    let mut bindings: Vec<Binding> = recovered.bindings.iter().cloned().collect();
    bindings.sort_by_key(|binding| binding.address);
    Ok(bindings)
}

/// Each octet of what once was synced, changed: either nothing is lost, or the file is refused and named. Only the
/// last batch cannot be told from a write that was under way.
#[test]
fn damage_in_the_middle_is_refused() {
    let (files, bindings) = sound_files();
    let mut refused = 0;
    let is_last =
        |file: &StoredFile| file.name.ends_with(".journal") && file.bytes.iter().any(|octet| *octet != 0);
    let last = files.iter().rposition(is_last).expect("a segment");
    for (at, file) in files.iter().enumerate() {
        let used = file.bytes.iter().rposition(|octet| *octet != 0).map_or(0, |end| end + 1);
        // Frames are below 260 octets here and a batch has at most six of them.
        let tail = if at == last { 1_600 } else { 0 };
        for offset in 0..used.saturating_sub(tail) {
            let mut damaged = files.clone();
            damaged[at].bytes[offset] ^= 0x10;
            match sorted(&damaged) {
                Ok(found) => assert_eq!(found, bindings, "{} at {offset}", file.name),
                Err(_) => refused += 1,
            }
        }
    }
    assert!(refused > 1_000, "{refused} refusals are too few to mean anything");
}

#[test]
fn a_missing_file_is_refused() {
    let (files, bindings) = sound_files();
    let needed = files.len() - 1;
    for missing in 0..needed {
        let mut left = files.clone();
        left.remove(missing);
        match sorted(&left) {
            Ok(found) => assert_eq!(found, bindings, "{} was not needed", files[missing].name),
            Err(RecoverError::Missing { .. }) => {}
            Err(why) => panic!("without {}: {why}", files[missing].name),
        }
    }
}

#[test]
fn mutated_files_never_make_recovery_panic() {
    let (files, _) = sound_files();
    for seed in seeds(4_000) {
        let mut dice = Dice(seed);
        let mut mutated = files.clone();
        for _ in 0..=dice.below(6) {
            let file = dice.below(mutated.len());
            let bytes = &mut mutated[file].bytes;
            let at = dice.below(bytes.len() + 1);
            match dice.below(4) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, u8::try_from(dice.below(256)).expect("an octet")),
                _ => {
                    if let Some(octet) = bytes.get_mut(at) {
                        *octet = u8::try_from(dice.below(256)).expect("an octet");
                    }
                }
            }
        }
        let _ = recover(None, &mutated);
        server_fuzz::journal(&mutated[dice.below(mutated.len())].bytes);
    }
}

/// After a failed sync or on a full disk nothing is acknowledged, and what was acknowledged before is there.
#[test]
fn a_failing_disk_ends_acknowledgement() {
    for seed in seeds(300) {
        let mut dice = Dice(seed);
        let mut disk = SimulatedDisk::default();
        let mut truth = Truth::default();
        if dice.below(2) == 0 {
            disk.fail_sync_in = Some(dice.below(40));
        } else {
            disk.capacity = 2_300 + dice.below(6_000);
        }
        let mut store = open(&disk, seed);
        run(&mut store, &mut disk, &mut truth, &mut dice, 120, usize::MAX);
        if store.failure().is_some() {
            store.request(NOW, Ticket(9_999), request(&mut dice, 1).1);
            store.flush();
            assert!(store.take_operations().is_empty(), "seed {seed}: a failed disk is left alone");
            let answer = store.next_outcome();
            let failed = Outcome::Unavailable(Unavailable::Failed);
            assert_eq!(answer, Some((Ticket(9_999), failed)), "seed {seed}");
        }
        disk.fail_sync_in = None;
        disk.capacity = 0;
        disk.crash(Tear::Dice, &mut dice);
        truth.check(&open(&disk, seed), seed);
    }
}

/// The checks above can fail: a disk that syncs nothing loses what was acknowledged, and that is seen.
#[test]
fn a_lying_disk_is_seen() {
    let mut seen = 0;
    for seed in 0..40 {
        let mut dice = Dice(seed);
        let mut disk = SimulatedDisk::default();
        disk.lies = true;
        let mut truth = Truth::default();
        run(&mut open(&disk, seed), &mut disk, &mut truth, &mut dice, 120, 60);
        disk.crash(Tear::Dice, &mut dice);
        seen += usize::from(match recover(Some(&identity()), &disk.files()) {
            Ok(recovered) => truth.wrong(&Store::open(identity(), sizes(), recovered)).is_some(),
            Err(_) => true,
        });
    }
    assert!(seen > 30, "{seen} of 40 losses were seen");
}
