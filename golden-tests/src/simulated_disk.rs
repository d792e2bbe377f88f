//! A disk that keeps only what was synced, and of the rest whatever a seed says.
//!
//! Content: every write since a file's last sync survives a crash or not, sector by sector and in any order, one
//! sector torn at any octet. Names: every creation, renaming and removal since the directory's last sync survives or
//! not. A process that merely dies loses nothing ([`SimulatedDisk::files`] as they are).

use std::collections::BTreeMap;

use leasehold_server::leases::journal::{Completion, DiskAction, DiskError, Operation, StoredFile};

/// Octets that reach a disk together or not at all, but for the one that is torn.
const SECTOR: usize = 64;

/// Numbers that follow from a seed (SplitMix64).
#[derive(Clone, Debug)]
pub struct Dice(pub u64);

impl Dice {
    /// The next number.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is not 0.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).expect("usize fits u64");
        usize::try_from(self.roll() % bound).expect("below a usize")
    }
}

/// A file's content: what is synced, and what was written since.
#[derive(Clone, Debug, Default)]
struct Inode {
    synced: Vec<u8>,
    writes: Vec<(usize, Vec<u8>)>,
}

impl Inode {
    fn now(&self) -> Vec<u8> {
        let mut content = self.synced.clone();
        self.writes.iter().for_each(|(offset, bytes)| lay(&mut content, *offset, bytes));
        content
    }
}

fn lay(content: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    content.resize(content.len().max(offset + bytes.len()), 0);
    content[offset..offset + bytes.len()].copy_from_slice(bytes);
}

#[derive(Clone, Debug)]
enum NameChange {
    Link(String, usize),
    Rename(String, String),
    Unlink(String),
}

type Names = BTreeMap<String, usize>;

fn apply(names: &mut Names, change: &NameChange) {
    match change {
        NameChange::Link(name, inode) => {
            names.insert(name.clone(), *inode);
        }
        NameChange::Rename(from, to) => {
            if let Some(inode) = names.remove(from) {
                names.insert(to.clone(), inode);
            }
        }
        NameChange::Unlink(name) => {
            names.remove(name);
        }
    }
}

/// What a crash leaves of a write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tear {
    /// Sectors survive or not as the dice fall, in any order; one may be torn.
    Dice,
    /// Exactly the first octets of everything unsynced survive, counted over all writes in their order.
    Prefix(usize),
}

/// The disk.
#[derive(Clone, Debug, Default)]
pub struct SimulatedDisk {
    inodes: Vec<Inode>,
    names: Names,
    synced_names: Names,
    name_changes: Vec<NameChange>,
    /// Operations done.
    pub operations: usize,
    /// Octets this disk holds at most, 0: any number. More are refused as a full disk refuses them.
    pub capacity: usize,
    /// Refuse the sync after so many more syncs.
    pub fail_sync_in: Option<usize>,
    /// Says of every sync that it is done, and does none: what a test must be able to see.
    pub lies: bool,
    /// It refused something, and does nothing any more until [`SimulatedDisk::crash`].
    failed: bool,
}

impl SimulatedDisk {
    /// A disk on which these files are, synced.
    pub fn holding(files: Vec<StoredFile>) -> SimulatedDisk {
        let mut disk = SimulatedDisk::default();
        for StoredFile { name, bytes } in files {
            disk.inodes.push(Inode { synced: bytes, writes: Vec::new() });
            disk.names.insert(name, disk.inodes.len() - 1);
        }
        disk.synced_names = disk.names.clone();
        disk
    }

    /// Does what it is told, and says what came of it.
    pub fn execute(&mut self, operation: &Operation) -> Completion {
        self.operations += 1;
        let result = if self.failed { Err("failed before") } else { self.act(&operation.action) };
        self.failed = result.is_err();
        let result = result.map_err(|reason| DiskError {
            file: operation.action.file().to_owned(),
            reason: reason.to_owned(),
        });
        Completion { id: operation.id, result }
    }

    fn act(&mut self, action: &DiskAction) -> Result<(), &'static str> {
        match action {
            DiskAction::Create { file, size } => {
                let size = usize::try_from(*size).expect("a simulated file is small");
                self.has_room(size)?;
                self.inodes.push(Inode { synced: Vec::new(), writes: vec![(0, vec![0; size])] });
                self.change(NameChange::Link(file.clone(), self.inodes.len() - 1));
            }
            DiskAction::Write { file, offset, bytes } => {
                let offset = usize::try_from(*offset).expect("a simulated file is small");
                let inode = *self.names.get(file).ok_or("no such file")?;
                let grown = (offset + bytes.len()).saturating_sub(self.inodes[inode].now().len());
                self.has_room(grown)?;
                self.inodes[inode].writes.push((offset, bytes.clone()));
            }
            DiskAction::Sync { file } => {
                let inode = *self.names.get(file).ok_or("no such file")?;
                if let Some(left) = &mut self.fail_sync_in {
                    *left = left.checked_sub(1).ok_or("input/output error")?;
                }
                if self.lies {
                    return Ok(());
                }
                let inode = &mut self.inodes[inode];
                inode.synced = inode.now();
                inode.writes.clear();
            }
            DiskAction::Rename { from, to } => {
                self.names.get(from).ok_or("no such file")?;
                self.change(NameChange::Rename(from.clone(), to.clone()));
            }
            DiskAction::SyncDir => {
                self.synced_names = self.names.clone();
                self.name_changes.clear();
            }
            DiskAction::Remove { file } => self.change(NameChange::Unlink(file.clone())),
        }
        Ok(())
    }

    fn has_room(&self, more: usize) -> Result<(), &'static str> {
        let full = self.capacity > 0 && self.size() + more > self.capacity;
        if full { Err("no space left on device") } else { Ok(()) }
    }

    fn change(&mut self, change: NameChange) {
        apply(&mut self.names, &change);
        self.name_changes.push(change);
    }

    /// Octets in all files.
    pub fn size(&self) -> usize {
        self.names.values().map(|inode| self.inodes[*inode].now().len()).sum()
    }

    /// Octets written and not synced.
    pub fn unsynced(&self) -> usize {
        self.inodes.iter().flat_map(|inode| &inode.writes).map(|(_, bytes)| bytes.len()).sum()
    }

    /// The power fails: what was not synced survives only as `tear` says.
    pub fn crash(&mut self, tear: Tear, dice: &mut Dice) {
        self.failed = false;
        let mut left = match tear {
            Tear::Dice => 0,
            Tear::Prefix(octets) => octets,
        };
        for inode in &mut self.inodes {
            for (offset, bytes) in std::mem::take(&mut inode.writes) {
                match tear {
                    Tear::Dice => scatter(&mut inode.synced, offset, &bytes, dice),
                    Tear::Prefix(_) => {
                        let kept = left.min(bytes.len());
                        left -= kept;
                        if kept > 0 {
                            lay(&mut inode.synced, offset, &bytes[..kept]);
                        }
                    }
                }
            }
        }
        let mut names = self.synced_names.clone();
        let all = matches!(tear, Tear::Prefix(_));
        for change in self.name_changes.drain(..) {
            if all || dice.roll().is_multiple_of(2) {
                apply(&mut names, &change);
            }
        }
        self.names = names.clone();
        self.synced_names = names;
    }

    /// Every file as a process finds it now.
    pub fn files(&self) -> Vec<StoredFile> {
        let file = |(name, inode): (&String, &usize)| StoredFile {
            name: name.clone(),
            bytes: self.inodes[*inode].now(),
        };
        self.names.iter().map(file).collect()
    }
}

/// Lets the sectors of one write survive as the dice fall: all, none, or each for itself and one torn.
fn scatter(content: &mut Vec<u8>, offset: usize, bytes: &[u8], dice: &mut Dice) {
    let mood = dice.below(4);
    if mood == 0 {
        return;
    }
    for (at, sector) in bytes.chunks(SECTOR).enumerate() {
        let kept = match dice.below(4) {
            _ if mood == 1 => sector.len(),
            0 => 0,
            1 => dice.below(sector.len() + 1),
            _ => sector.len(),
        };
        if kept > 0 {
            lay(content, offset + at * SECTOR, &sector[..kept]);
        }
    }
}
