//! The store over a disk that does at once what it is told, or not until the test says so.

use std::collections::BTreeMap;

use leasehold_schemas::vocab::MacAddr;

use super::*;
use crate::leases::journal::{DiskAction, RecoverError, StoredFile, recover};
use crate::leases::record::Details;

const NOW: Now = Now { boot_ms: 1_000, wall_ms: 1_000_000 };

#[derive(Default)]
struct Disk {
    files: BTreeMap<String, Vec<u8>>,
    syncs: usize,
}

impl Disk {
    fn execute(&mut self, store: &mut Store) {
        loop {
            store.flush();
            let operations = store.take_operations();
            if operations.is_empty() {
                return;
            }
            for operation in operations {
                self.perform(operation.action);
                store.completed(Completion { id: operation.id, result: Ok(()) });
            }
        }
    }

    fn perform(&mut self, action: DiskAction) {
        match action {
            DiskAction::Create { file, size } => {
                self.files.insert(file, vec![0; usize::try_from(size).expect("small")]);
            }
            DiskAction::Write { file, offset, bytes } => {
                let content = self.files.get_mut(&file).expect("written files exist");
                let at = usize::try_from(offset).expect("small");
                content.resize(content.len().max(at + bytes.len()), 0);
                content[at..at + bytes.len()].copy_from_slice(&bytes);
            }
            DiskAction::Sync { .. } => self.syncs += 1,
            DiskAction::SyncDir => {}
            DiskAction::Rename { from, to } => {
                let content = self.files.remove(&from).expect("renamed files exist");
                self.files.insert(to, content);
            }
            DiskAction::Remove { file } => {
                self.files.remove(&file);
            }
        }
    }

    fn stored(&self) -> Vec<StoredFile> {
        let file =
            |(name, bytes): (&String, &Vec<u8>)| StoredFile { name: name.clone(), bytes: bytes.clone() };
        self.files.iter().map(file).collect()
    }

    fn bytes(&self) -> usize {
        self.files.values().map(Vec::len).sum()
    }
}

fn identity() -> Identity {
    Identity { estate: "example".to_owned(), node: "primary".to_owned() }
}

fn sizes() -> Sizes {
    Sizes { segment_bytes: 4096, step_bytes: 512, batch_bytes: 1024, compact_bytes: 8192, waiting_max: 64 }
}

fn open(disk: &Disk) -> Store {
    let recovered = recover(Some(&identity()), &disk.stored()).expect("what was written can be read");
    Store::open(identity(), sizes(), recovered)
}

fn client(number: u8) -> Client {
    let hardware = MacAddr::new(&[2, 0, 0, 0, 0, number]).expect("six octets");
    Client {
        key: ClientKey::Identifier([1, number].into()),
        identifier: Some([1, number].into()),
        hardware_type: 1,
        hardware: Some(hardware),
    }
}

fn grant(number: u8, until_wall_ms: u64) -> Grant {
    let details = Details {
        hostname: Some("bed-7".into()),
        transaction: 7,
        transaction_wall_ms: NOW.wall_ms,
        giaddr: Some(Ipv4Addr::new(10, 0, 0, 1)),
        agent_options: Some([1, 2, 3].into()),
    };
    Grant { client: client(number), until_wall_ms, details }
}

fn address(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, last)
}

fn take(number: u8, last: u8, until_wall_ms: u64) -> LeaseRequest {
    LeaseRequest::Take { candidates: vec![address(last)], grant: grant(number, until_wall_ms) }
}

fn outcome(store: &mut Store, disk: &mut Disk, request: LeaseRequest) -> Outcome {
    store.request(NOW, Ticket(1), request);
    disk.execute(store);
    store.next_outcome().expect("the disk has done everything").1
}

#[test]
fn done_only_after_the_sync_and_one_sync_for_all_that_wait() {
    let mut disk = Disk::default();
    let mut store = open(&disk);
    disk.execute(&mut store);
    let before = disk.syncs;
    for number in 1..=5 {
        store.request(NOW, Ticket(u64::from(number)), take(number, number, 2_000_000));
    }
    store.request(NOW, Ticket(6), take(6, 1, 2_000_000));
    store.flush();
    let operations = store.take_operations();
    assert_eq!(operations.len(), 2, "one write and one sync");
    for operation in operations {
        assert_eq!(store.next_outcome(), None);
        disk.perform(operation.action);
        store.completed(Completion { id: operation.id, result: Ok(()) });
    }
    assert_eq!(disk.syncs, before + 1);
    for number in 1..=5 {
        let (ticket, outcome) = store.next_outcome().expect("five answers");
        assert_eq!(ticket, Ticket(number));
        assert!(matches!(outcome, Outcome::Done(_)));
    }
    let (_, refused) = store.next_outcome().expect("a sixth answer");
    assert!(matches!(refused, Outcome::Taken(binding) if binding.client() == Some(&client(1))));
}

#[test]
fn everything_of_a_binding_survives_a_restart() {
    let mut disk = Disk::default();
    let mut store = open(&disk);
    outcome(&mut store, &mut disk, take(1, 1, 2_000_000));
    outcome(&mut store, &mut disk, take(2, 2, 2_000_000));
    outcome(&mut store, &mut disk, take(3, 3, 2_000_000));
    let released = LeaseRequest::Release { address: address(2), client: client(2) };
    outcome(&mut store, &mut disk, released);
    let declined = LeaseRequest::Decline { address: address(3), client: client(3), until_wall_ms: 3_000_000 };
    outcome(&mut store, &mut disk, declined);
    let before: Vec<Binding> = store.bindings().iter().cloned().collect();
    let again = open(&disk);
    assert_eq!(again.bindings().iter().cloned().collect::<Vec<_>>(), before);
    assert_eq!(again.bindings().of_client(&client(2).key).count(), 1, "the former client is still known");
    assert_eq!(again.bindings().bound(), 1);
}

#[test]
fn only_the_holder_extends_releases_and_declines() {
    let mut disk = Disk::default();
    let mut store = open(&disk);
    outcome(&mut store, &mut disk, take(1, 1, 2_000_000));
    let not_the_holder = Outcome::Unavailable(Unavailable::NotTheHolder);
    let extend = LeaseRequest::Extend { address: address(1), grant: grant(2, 9_000_000) };
    assert_eq!(outcome(&mut store, &mut disk, extend), not_the_holder);
    let release = LeaseRequest::Release { address: address(1), client: client(2) };
    assert_eq!(outcome(&mut store, &mut disk, release), not_the_holder);
    let decline = LeaseRequest::Decline { address: address(1), client: client(2), until_wall_ms: 1 };
    assert_eq!(outcome(&mut store, &mut disk, decline), not_the_holder);
}

#[test]
fn an_expired_address_is_free_and_its_client_remembered() {
    let range: AddrRange = "10.0.0.1 - 10.0.0.2".parse().expect("a range");
    let mut disk = Disk::default();
    let mut store = open(&disk);
    store.set_ranges([range]);
    outcome(&mut store, &mut disk, take(1, 1, 1_500_000));
    outcome(&mut store, &mut disk, take(2, 2, 2_500_000));
    assert_eq!(store.pick(range, |_| true), None);
    assert_eq!(store.deadline_wall_ms(), Some(1_500_000));
    store.tick(Now { boot_ms: 0, wall_ms: 1_500_000 });
    let free = store.bindings().get(address(1)).expect("a record stays");
    assert_eq!(free.state, State::Free { last_client: Some(client(1)) });
    assert_eq!(store.pick(range, |_| true), Some(address(1)));
    assert_eq!(store.pick(range, |_| true), None);
}

#[test]
fn a_disk_error_ends_all_acknowledgement() {
    let mut disk = Disk::default();
    let mut store = open(&disk);
    disk.execute(&mut store);
    store.request(NOW, Ticket(1), take(1, 1, 2_000_000));
    store.flush();
    let first = store.take_operations().remove(0);
    let error =
        DiskError { file: first.action.file().to_owned(), reason: "no space left on device".to_owned() };
    store.completed(Completion { id: first.id, result: Err(error.clone()) });
    let failed = Outcome::Unavailable(Unavailable::Failed);
    assert_eq!(store.next_outcome(), Some((Ticket(1), failed.clone())));
    store.request(NOW, Ticket(2), take(2, 2, 2_000_000));
    store.flush();
    assert!(store.take_operations().is_empty());
    assert_eq!(store.next_outcome(), Some((Ticket(2), failed)));
    assert_eq!(store.failure(), Some(&error));
}

#[test]
fn the_files_stay_proportional_to_the_bindings() {
    let mut disk = Disk::default();
    let mut store = open(&disk);
    for round in 0..2_000_u64 {
        let number = u8::try_from(round % 8).expect("below 8");
        outcome(&mut store, &mut disk, take(number, number, 2_000_000 + round));
        assert!(disk.bytes() <= 32_768, "{} octets in round {round}", disk.bytes());
    }
    let again = open(&disk);
    assert!(again.bindings().iter().all(|binding| binding.told_wall_ms >= 2_001_992));
    assert_eq!(again.bindings().len(), 8);
}

#[test]
fn another_estates_directory_is_refused() {
    let mut disk = Disk::default();
    let mut store = open(&disk);
    disk.execute(&mut store);
    let other = Identity { estate: "other".to_owned(), node: "primary".to_owned() };
    let refused = recover(Some(&other), &disk.stored()).map(|_| ());
    assert_eq!(refused, Err(RecoverError::Foreign { found: identity() }));
}

#[test]
fn starting_again_and_again_leaves_no_heap_of_files() {
    let mut disk = Disk::default();
    for _ in 0..20 {
        let mut store = open(&disk);
        outcome(&mut store, &mut disk, take(1, 1, 2_000_000));
        assert!(disk.bytes() <= 32_768, "{} octets in {:?}", disk.bytes(), disk.files.keys());
    }
}
