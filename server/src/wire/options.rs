//! Where the options of one message stand: filled in one walk, read by code.
//!
//! Invariant: every offset and length lies inside the message or inside the joined octets. An option that comes in
//! several parts is joined in the order options, `file`, `sname` (RFC 3396 section 5), wherever its parts stand.

use super::code;

/// A stretch of a message that carries options.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Area {
    /// First octet.
    start: usize,
    /// Octet after the last.
    end: usize,
}

/// `sname`, octets 44 to 107 (RFC 2131 section 2).
const SNAME: Area = Area { start: 44, end: 108 };
/// `file`, octets 108 to 235.
const FILE: Area = Area { start: 108, end: 236 };
/// Options begin after the magic cookie.
const OPTIONS_START: usize = 240;

/// Where one option's payload stands.
#[derive(Clone, Copy, Default, Debug)]
struct Entry {
    offset: u16,
    len: u16,
}

/// A set of option codes.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct CodeSet([u64; 4]);

impl CodeSet {
    /// Adds a code.
    pub(crate) fn insert(&mut self, code: u8) {
        self.0[usize::from(code >> 6)] |= 1 << (code & 63);
    }

    /// Whether the code is in the set.
    pub(crate) fn contains(&self, code: u8) -> bool {
        self.0[usize::from(code >> 6)] & (1 << (code & 63)) != 0
    }

    /// Whether the set has no code.
    pub(crate) fn is_empty(&self) -> bool {
        self.0 == [0; 4]
    }

    /// The codes, lowest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u8> + '_ {
        (0..=255).filter(|code| self.contains(*code))
    }
}

/// The options of one message by code. Made once and used for message after message.
#[derive(Clone, Debug)]
pub struct OptionIndex {
    entries: Box<[Entry; 256]>,
    present: CodeSet,
    /// Codes whose payload is in `joined`, because it came in several parts.
    parted: CodeSet,
    joined: Vec<u8>,
}

impl Default for OptionIndex {
    fn default() -> OptionIndex {
        OptionIndex::new()
    }
}

impl OptionIndex {
    /// An empty index.
    pub fn new() -> OptionIndex {
        OptionIndex {
            entries: Box::new([Entry::default(); 256]),
            present: CodeSet::default(),
            parted: CodeSet::default(),
            joined: Vec::new(),
        }
    }

    /// Walks the options of `message`, which is at least 240 octets long. A truncated option costs itself and what
    /// follows it in its area.
    pub(super) fn fill(&mut self, message: &[u8]) {
        self.present = CodeSet::default();
        self.parted = CodeSet::default();
        let main = Area { start: OPTIONS_START, end: message.len().min(usize::from(u16::MAX)) };
        for (code, offset, len) in parts(message, main) {
            self.note(code, offset, len);
        }
        let [file, sname] = self.overloaded(message);
        for area in [file, sname].into_iter().flatten() {
            for (code, offset, len) in parts(message, area) {
                self.note(code, offset, len);
            }
        }
        if !self.parted.is_empty() {
            self.join(message, main, file, sname);
        }
    }

    /// The codes of the message that was walked last, each once, as they stand: options, `file`, `sname`.
    pub(super) fn order(&self, message: &[u8]) -> Vec<u8> {
        let main = Area { start: OPTIONS_START, end: message.len().min(usize::from(u16::MAX)) };
        let [file, sname] = self.overloaded(message);
        let (mut seen, mut codes) = (CodeSet::default(), Vec::new());
        for area in [Some(main), file, sname].into_iter().flatten() {
            for (code, _, _) in parts(message, area) {
                if !seen.contains(code) {
                    seen.insert(code);
                    codes.push(code);
                }
            }
        }
        codes
    }

    fn note(&mut self, code: u8, offset: usize, len: usize) {
        let entry = &mut self.entries[usize::from(code)];
        let (offset, len) = (as_u16(offset), as_u16(len));
        if self.present.contains(code) {
            self.parted.insert(code);
            entry.len = entry.len.saturating_add(len);
        } else {
            self.present.insert(code);
            *entry = Entry { offset, len };
        }
    }

    /// The header fields that carry options too (RFC 2132 section 9.3): 1 `file`, 2 `sname`, 3 both.
    fn overloaded(&self, message: &[u8]) -> [Option<Area>; 2] {
        match self.get(message, code::OVERLOAD) {
            Some([1]) => [Some(FILE), None],
            Some([2]) => [None, Some(SNAME)],
            Some([3]) => [Some(FILE), Some(SNAME)],
            _ => [None, None],
        }
    }

    fn join(&mut self, message: &[u8], main: Area, file: Option<Area>, sname: Option<Area>) {
        let mut cursor = [0_usize; 256];
        let mut end = 0;
        for code in self.parted.iter() {
            cursor[usize::from(code)] = end;
            let entry = &mut self.entries[usize::from(code)];
            entry.offset = as_u16(end);
            end += usize::from(entry.len);
        }
        self.joined.clear();
        self.joined.resize(end, 0);
        for area in [Some(main), file, sname].into_iter().flatten() {
            for (code, offset, len) in parts(message, area) {
                if self.parted.contains(code) {
                    let at = cursor[usize::from(code)];
                    self.joined[at..at + len].copy_from_slice(&message[offset..offset + len]);
                    cursor[usize::from(code)] = at + len;
                }
            }
        }
    }

    /// The payload of option `code` in the message that was walked last.
    pub(super) fn get<'a>(&'a self, message: &'a [u8], code: u8) -> Option<&'a [u8]> {
        if !self.present.contains(code) {
            return None;
        }
        let Entry { offset, len } = self.entries[usize::from(code)];
        let (start, end) = (usize::from(offset), usize::from(offset) + usize::from(len));
        let from: &[u8] = if self.parted.contains(code) { &self.joined } else { message };
        from.get(start..end)
    }

    /// The codes of the message that was walked last, lowest first.
    pub(super) fn codes(&self) -> impl Iterator<Item = u8> + '_ {
        self.present.iter()
    }
}

/// A message is at most 65,535 octets: that is the longest datagram.
fn as_u16(count: usize) -> u16 {
    u16::try_from(count).expect("a message is cut at 65,535 octets before its options are walked")
}

/// The options of one area as (code, offset of the payload, length of the payload).
fn parts(message: &[u8], area: Area) -> impl Iterator<Item = (u8, usize, usize)> + '_ {
    let mut at = area.start;
    std::iter::from_fn(move || {
        while at < area.end && message[at] == code::PAD {
            at += 1;
        }
        if at + 1 >= area.end || message[at] == code::END {
            return None;
        }
        let (code, offset, len) = (message[at], at + 2, usize::from(message[at + 1]));
        if offset + len > area.end {
            return None;
        }
        at = offset + len;
        Some((code, offset, len))
    })
}
