//! A data directory as one run of octets, so that a fuzzer can alter it: names, lengths and content.
//!
//! Every record has a checksum, and a fuzzer that must guess it never gets behind it. So the first octet may say that
//! the checksums are to be mended after the alterations: then it is the records that are altered, and what they say.

use leasehold_server::leases::journal::{Identity, RecoverError, Recovered, Sizes, StoredFile, recover};

use super::Bed;
use crate::simulated_disk::{Dice, SimulatedDisk, Tear};

/// Octets before a file's first record: magic, format, and four more.
const PREFIX: usize = 24;
/// Octets of a record before its body: checksum, length, batch, mark, kind, flags.
const HEAD: usize = 20;
const MARK: [u8; 2] = *b"LH";
const KINDS: [&str; 3] = ["journal", "snapshot", "unfinished"];

/// Reads the directory that the octets describe.
///
/// # Errors
/// As [`recover`].
pub fn recovered(input: &[u8]) -> Result<Recovered, RecoverError> {
    let (mend, input) = input.split_first().map_or((false, input), |(steer, rest)| (steer & 1 == 1, rest));
    let mut files = unpack(input);
    if mend {
        files.iter_mut().for_each(|file| mend_checksums(&mut file.bytes));
    }
    recover(None, &files)
}

/// Each file: kind, number, and length in three octets, then its content.
fn unpack(mut input: &[u8]) -> Vec<StoredFile> {
    let mut files = Vec::new();
    while let Some((&[kind, number, low, middle, high], rest)) = input.split_first_chunk::<5>() {
        let length = u32::from_le_bytes([low, middle, high, 0]) as usize;
        let (bytes, behind) = rest.split_at(rest.len().min(length));
        let name = format!("leases-{number:010}.{}", KINDS[usize::from(kind) % KINDS.len()]);
        files.push(StoredFile { name, bytes: bytes.to_vec() });
        input = behind;
    }
    files
}

/// The octets that [`recovered`] reads as these files.
fn pack(files: &[StoredFile]) -> Vec<u8> {
    let mut packed = vec![1];
    for StoredFile { name, bytes } in files {
        let (number, kind) = name["leases-".len()..].split_once('.').expect("a name of the journal");
        let kind = KINDS.iter().position(|known| *known == kind).expect("a kind of the journal");
        let number: u8 = number.parse().expect("a seed has few files");
        let [low, middle, high, _] = u32::try_from(bytes.len()).expect("a seed is small").to_le_bytes();
        packed.extend_from_slice(&[u8::try_from(kind).expect("there are three"), number, low, middle, high]);
        packed.extend_from_slice(bytes);
    }
    packed
}

/// Gives every record of a file the checksum of what it holds.
fn mend_checksums(bytes: &mut [u8]) {
    let mut at = PREFIX;
    while let Some(head) = bytes.get(at..).and_then(|rest| rest.first_chunk::<HEAD>()) {
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let end = at.saturating_add(HEAD).saturating_add(length);
        if head[16..18] != MARK || end > bytes.len() {
            at += 8;
            continue;
        }
        let checksum = crc32c::crc32c(&bytes[at + 4..end]);
        bytes[at..at + 4].copy_from_slice(&checksum.to_le_bytes());
        at = end.next_multiple_of(8);
    }
}

/// Directories as a node leaves them, by name: with one segment; with several and a snapshot; after a failure of the
/// power; and with a snapshot that was not finished.
pub fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let few = directory(12, None);
    let many = directory(160, None);
    let mut crashed = few.clone();
    let last = crashed.last_mut().expect("there is a segment");
    let cut = last.bytes.iter().rposition(|octet| *octet != 0).expect("there are records");
    last.bytes.truncate(cut - 9);
    let is_unfinished = |files: &Vec<StoredFile>| files.iter().any(|file| file.name.ends_with(".unfinished"));
    let unfinished = (0..).map(|syncs| directory(160, Some(syncs))).find(is_unfinished);
    let unfinished = unfinished.expect("some sync is one of a snapshot");
    [("one-segment", few), ("segments-and-snapshot", many), ("torn", crashed), ("unfinished", unfinished)]
        .map(|(name, files)| (name, pack(&files)))
        .into()
}

/// What lies on disk after so many requests of clients that come, renew, leave and decline, or after so many syncs.
fn directory(requests: usize, fail_sync_in: Option<usize>) -> Vec<StoredFile> {
    let sizes = Sizes {
        segment_bytes: 2048,
        step_bytes: 300,
        batch_bytes: 512,
        compact_bytes: 4096,
        waiting_max: 64,
    };
    let mut disk = SimulatedDisk::default();
    disk.fail_sync_in = fail_sync_in;
    let mut bed = Bed::on(sizes, Some(disk));
    let mut dice = Dice(7);
    for _ in 0..requests {
        let client = u8::try_from(dice.below(11)).expect("few clients");
        let address = [10, 4, 0, 10 + client];
        let mut packet = vec![4, client, 9];
        let server = [54, 4, 10, 0, 0, 5];
        match dice.below(6) {
            // RELEASE: `steer` says that `ciaddr` comes first.
            0 => {
                packet[0] |= 16;
                packet.extend_from_slice(&address);
                packet.extend_from_slice(&[53, 1, 7]);
                packet.extend_from_slice(&server);
            }
            kind => {
                packet.extend_from_slice(&[53, 1, if kind == 1 { 4 } else { 3 }]);
                packet.extend_from_slice(&server);
                packet.extend_from_slice(&[50, 4]);
                packet.extend_from_slice(&address);
                packet.extend_from_slice(&[12, 4, b'p', b'c', b'-', b'a' + client]);
                packet.extend_from_slice(&[82, 8, 1, 6, b'p', b'o', b'r', b't', b'-', b'a' + client]);
            }
        }
        if client % 3 == 0 {
            packet.extend_from_slice(&[61, 3, 1, 2, client]);
        }
        bed.packet(&packet);
        if bed.node().store().failure().is_some() {
            break;
        }
    }
    let mut disk = bed.disk().cloned().expect("the bed was made on one");
    disk.crash(Tear::Prefix(usize::MAX), &mut dice);
    disk.files()
}

/// A node is started on what was read, and its clock goes on: nothing that a directory says may stop it.
pub fn serve(recovered: Recovered) {
    let identity = Identity { estate: "fuzz".to_owned(), node: "single".to_owned() };
    let mut bed = Bed::of(identity, Sizes::default(), recovered, None);
    for client in 0..4 {
        bed.packet(&[4, client, 255, 53, 1, 1]);
        bed.packet(&[4, client, 255, 53, 1, 3, 54, 4, 10, 0, 0, 5, 50, 4, 10, 4, 0, 10 + client]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_directories_with_leases() {
        let mut snapshots = 0;
        for (name, packed) in seeds() {
            let files = unpack(&packed[1..]);
            snapshots += usize::from(files.iter().any(|file| file.name.ends_with(".snapshot")));
            let read = recovered(&packed).unwrap_or_else(|why| panic!("{name}: {why}"));
            assert!(!read.bindings.is_empty(), "{name} holds leases");
            assert_eq!(read.cut.is_some(), name == "torn", "{name}");
            let kind = if name == "unfinished" { ".unfinished" } else { ".journal" };
            assert!(files.iter().any(|file| file.name.ends_with(kind)), "{name} has a {kind}");
            serve(read);
        }
        assert!(snapshots > 0, "one of them has a snapshot");
    }

    /// One octet altered anywhere: without mending, the checksum stops it; with it, records are read that say
    /// something else, or nothing that can be.
    #[test]
    fn alterations_get_behind_the_checksum() {
        let (_, packed) = seeds().swap_remove(0);
        let shown = |input: &[u8]| {
            recovered(input).map(|read| format!("{:?}", read.bindings.iter().collect::<Vec<_>>()))
        };
        let sound = shown(&packed);
        let (mut malformed, mut different, mut behind) = (0, 0, 0);
        for at in 6 + PREFIX..packed.len() {
            let mut altered = packed.clone();
            altered[at] ^= 5;
            match shown(&altered) {
                Err(RecoverError::Malformed { .. }) => malformed += 1,
                Ok(read) if sound.as_ref() != Ok(&read) => different += 1,
                Ok(_) | Err(_) => {}
            }
            altered[0] = 0;
            behind += usize::from(matches!(shown(&altered), Err(RecoverError::Malformed { .. })));
        }
        assert!(malformed > 50 && different > 50, "{malformed} malformed, {different} different");
        assert_eq!(behind, 0, "without mending no alteration gets behind the checksum");
    }
}
