//! Writes one reply into a caller's buffer.
//!
//! Invariant: what is written is never longer than the size asked for (at least 548 octets, the DHCP part of the
//! 576-octet datagram that every client takes, RFC 2131 section 2), never shorter than 300 (BOOTP's length, which
//! some relays insist on, RFC 1542 section 2.1), and option 82 is the last option, byte for byte as it came.

use std::net::Ipv4Addr;

use super::code;
use super::message::COOKIE;

/// Octets of a DHCP message in the smallest datagram that every client takes: 576 less 28 for IP and UDP.
pub const MESSAGE_SIZE_MIN: usize = 548;
/// Octets of a DHCP message in an Ethernet frame that is not fragmented: 1500 less 28.
pub const MESSAGE_SIZE_MAX: usize = 1472;
/// RFC 1542 section 2.1.
const LENGTH_MIN: usize = 300;
const SNAME_LEN: usize = 64;
const FILE_LEN: usize = 128;
const OPTIONS_START: usize = 240;

/// The fixed fields of a reply; `op` is always 2.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header<'a> {
    /// `htype`.
    pub hardware_type: u8,
    /// `hlen`.
    pub hardware_length: u8,
    /// `xid`.
    pub transaction: u32,
    /// `flags`.
    pub flags: u16,
    /// `ciaddr`.
    pub ciaddr: Ipv4Addr,
    /// `yiaddr`.
    pub yiaddr: Ipv4Addr,
    /// `siaddr`.
    pub siaddr: Ipv4Addr,
    /// `giaddr`.
    pub giaddr: Ipv4Addr,
    /// `chaddr`.
    pub chaddr: [u8; 16],
    /// `sname`; cut after 63 octets.
    pub sname: &'a [u8],
    /// `file`; cut after 127 octets.
    pub file: &'a [u8],
}

/// What became of a reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Written {
    /// Options that found no room.
    pub dropped: usize,
}

/// The options of a reply in the order of their importance, gathered before it is written. Made once, used again.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    octets: Vec<u8>,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    code: u8,
    start: usize,
    end: usize,
}

impl Entry {
    /// Octets on the wire: two more for each part of at most 255 (RFC 3396 section 4).
    fn wire_len(self) -> usize {
        let len = self.end - self.start;
        len + 2 * len.div_ceil(255).max(1)
    }
}

impl Reply {
    /// No options.
    pub fn new() -> Reply {
        Reply::default()
    }

    /// Forgets all options.
    pub fn clear(&mut self) {
        self.octets.clear();
        self.entries.clear();
    }

    /// Adds an option. Codes 0, 52 and 255 are the writer's own and are left out.
    pub fn push(&mut self, code: u8, payload: &[u8]) {
        self.push_with(code, |octets| octets.extend_from_slice(payload));
    }

    /// Adds an option whose payload `fill` appends to the octets it is given.
    pub fn push_with(&mut self, code: u8, fill: impl FnOnce(&mut Vec<u8>)) {
        if matches!(code, code::PAD | code::OVERLOAD | code::END) {
            return;
        }
        let start = self.octets.len();
        fill(&mut self.octets);
        self.entries.push(Entry { code, start, end: self.octets.len() });
    }

    /// Writes header and options over `out`. `agent` is option 82 to be echoed; `size_max` the longest message in
    /// octets, raised to [`MESSAGE_SIZE_MIN`]. Options beyond what options area, `file` and `sname` hold are
    /// dropped, the last first.
    pub fn write(
        &self,
        header: &Header<'_>,
        agent: Option<&[u8]>,
        size_max: usize,
        out: &mut Vec<u8>,
    ) -> Written {
        out.clear();
        write_header(header, out);
        let agent_len = agent.map_or(0, |octets| octets.len() + 2 * octets.len().div_ceil(255).max(1));
        let size_max = size_max.max(MESSAGE_SIZE_MIN).max(OPTIONS_START + agent_len + 1);
        let room = size_max - OPTIONS_START - agent_len - 1;
        let total: usize = self.entries.iter().map(|entry| entry.wire_len()).sum();
        let written = if total <= room {
            self.entries.iter().for_each(|entry| self.put(*entry, out));
            Written { dropped: 0 }
        } else {
            self.overload(header, room.saturating_sub(3), out)
        };
        if let Some(octets) = agent {
            put_option(code::AGENT_INFORMATION, octets, out);
        }
        out.push(code::END);
        if out.len() < LENGTH_MIN {
            out.resize(LENGTH_MIN, code::PAD);
        }
        written
    }

    /// Fills the options area first, then `file`, then `sname`, each if the header leaves it empty (RFC 2131
    /// section 4.1), and says so in option 52.
    fn overload(&self, header: &Header<'_>, room: usize, out: &mut Vec<u8>) -> Written {
        let mut file =
            Field { room: if header.file.is_empty() { FILE_LEN - 1 } else { 0 }, octets: Vec::new() };
        let mut sname =
            Field { room: if header.sname.is_empty() { SNAME_LEN - 1 } else { 0 }, octets: Vec::new() };
        let (mut left, mut dropped) = (room, 0);
        for entry in &self.entries {
            let len = entry.wire_len();
            if len <= left {
                left -= len;
                self.put(*entry, out);
            } else if len <= file.room {
                file.room -= len;
                self.put(*entry, &mut file.octets);
            } else if len <= sname.room {
                sname.room -= len;
                self.put(*entry, &mut sname.octets);
            } else {
                dropped += 1;
            }
        }
        let used = u8::from(!file.octets.is_empty()) | (u8::from(!sname.octets.is_empty()) << 1);
        file.copy_to(&mut out[108..108 + FILE_LEN]);
        sname.copy_to(&mut out[44..44 + SNAME_LEN]);
        if used != 0 {
            put_option(code::OVERLOAD, &[used], out);
        }
        Written { dropped }
    }

    fn put(&self, entry: Entry, out: &mut Vec<u8>) {
        put_option(entry.code, &self.octets[entry.start..entry.end], out);
    }
}

/// `file` or `sname` while options are put into it.
struct Field {
    room: usize,
    octets: Vec<u8>,
}

impl Field {
    fn copy_to(&self, field: &mut [u8]) {
        if !self.octets.is_empty() {
            field[..self.octets.len()].copy_from_slice(&self.octets);
            field[self.octets.len()] = code::END;
        }
    }
}

/// Writes one option, in parts of at most 255 octets (RFC 3396 section 4).
fn put_option(code: u8, payload: &[u8], out: &mut Vec<u8>) {
    if payload.is_empty() {
        out.extend_from_slice(&[code, 0]);
    }
    for part in payload.chunks(255) {
        out.push(code);
        out.push(u8::try_from(part.len()).expect("parts are at most 255 octets"));
        out.extend_from_slice(part);
    }
}

fn write_header(header: &Header<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(&[2, header.hardware_type, header.hardware_length, 0]);
    out.extend_from_slice(&header.transaction.to_be_bytes());
    out.extend_from_slice(&[0, 0]);
    out.extend_from_slice(&header.flags.to_be_bytes());
    for address in [header.ciaddr, header.yiaddr, header.siaddr, header.giaddr] {
        out.extend_from_slice(&address.octets());
    }
    out.extend_from_slice(&header.chaddr);
    out.resize(OPTIONS_START, 0);
    let sname = &header.sname[..header.sname.len().min(SNAME_LEN - 1)];
    let file = &header.file[..header.file.len().min(FILE_LEN - 1)];
    out[44..44 + sname.len()].copy_from_slice(sname);
    out[108..108 + file.len()].copy_from_slice(file);
    out[236..240].copy_from_slice(&COOKIE);
}
