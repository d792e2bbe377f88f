//! Leases as a file gives them: the CSV that `leasehold-server leases list` prints, or Kea's memfile.
//!
//! Invariant: columns are known by their names, of several lines for one address the last counts (Kea appends), and
//! what cannot be read for certain is refused: a plan over half a file would promise what it does not know.

use std::collections::BTreeMap;
use std::fmt;
use std::net::Ipv4Addr;

use leasehold_schemas::artefact::Identifier;
use leasehold_schemas::vocab::{AddrRange, Date, HexBytes, MacAddr};

/// Octets of the longest line: Kea's user context and a client identifier of 255 octets are far below.
const LINE_BYTES_MAX: usize = 64 << 10;

/// An active lease.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lease {
    /// The address.
    pub address: Ipv4Addr,
    /// The client's MAC address.
    pub hardware: Option<MacAddr>,
    /// Its client identifier.
    pub client_id: Vec<u8>,
    /// Its host name.
    pub hostname: String,
    /// When the lease ends, in seconds since 1970.
    pub expires_secs: u64,
    /// For how long it was given, where the file says so.
    pub granted_secs: Option<u64>,
}

/// Active leases in the order of addresses.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LeaseTable {
    /// The moment at which they are active, in seconds since 1970.
    pub at_secs: u64,
    leases: Vec<Lease>,
}

/// Why a text is no table of leases.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LeaseTableError {
    /// Not UTF-8.
    NotText,
    /// The first line names no columns that tell leases.
    WrongColumns {
        /// A column that is missing.
        missing: &'static str,
    },
    /// The file ends within its last line.
    CutShort {
        /// The line, from 1.
        line: usize,
    },
    /// A line is longer than any that tells a lease.
    LongLine {
        /// The line, from 1.
        line: usize,
    },
    /// A line has more or fewer columns than the first.
    WrongCount {
        /// The line, from 1.
        line: usize,
        /// Its columns.
        found: usize,
        /// Those of the first.
        expected: usize,
    },
    /// A value is not what its column takes.
    WrongValue {
        /// The line, from 1.
        line: usize,
        /// The column.
        column: &'static str,
        /// The value.
        value: String,
    },
}

impl fmt::Display for LeaseTableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LeaseTableError::NotText => f.write_str(
                "it is no text; give what `leasehold-server leases list` prints, or Kea's memfile",
            ),
            LeaseTableError::WrongColumns { missing } => write!(
                f,
                "its first line names no column `{missing}`; give what `leasehold-server leases list` prints, or Kea's \
                 memfile"
            ),
            LeaseTableError::CutShort { line } => {
                write!(f, "it is cut short in line {line}; copy it again")
            }
            LeaseTableError::WrongCount { line, found, expected } => {
                write!(f, "line {line} has {found} columns, the first line names {expected}; write it anew")
            }
            LeaseTableError::WrongValue { line, column, value } => {
                write!(f, "line {line}: `{}` is no {column}; write it anew", value.escape_debug())
            }
            LeaseTableError::LongLine { line } => {
                write!(
                    f,
                    "line {line} is longer than any lease's, over {} KiB; give what `leasehold-server leases list` prints, \
                     or Kea's memfile",
                    LINE_BYTES_MAX >> 10
                )
            }
        }
    }
}

impl std::error::Error for LeaseTableError {}

/// Where the columns stand.
struct Columns {
    address: usize,
    state: usize,
    hardware: usize,
    client_id: usize,
    hostname: usize,
    expires: usize,
    lifetime: Option<usize>,
    count: usize,
}

impl LeaseTable {
    /// The leases that are active at a moment, in seconds since 1970.
    ///
    /// # Errors
    /// What is wrong with the text, and in which line.
    pub fn parse(bytes: &[u8], at_secs: u64) -> Result<LeaseTable, LeaseTableError> {
        let text = std::str::from_utf8(bytes).map_err(|_| LeaseTableError::NotText)?;
        let mut lines = (1..).zip(text.split_inclusive('\n'));
        let (_, head) = lines.next().ok_or(LeaseTableError::WrongColumns { missing: "address" })?;
        if head.len() > LINE_BYTES_MAX {
            return Err(LeaseTableError::LongLine { line: 1 });
        }
        let columns = Columns::of(head)?;
        if !head.ends_with('\n') {
            return Err(LeaseTableError::CutShort { line: 1 });
        }
        let mut leases = BTreeMap::new();
        for (line, whole) in lines {
            let Some(row) = whole.strip_suffix('\n') else { return Err(LeaseTableError::CutShort { line }) };
            if row.len() > LINE_BYTES_MAX {
                return Err(LeaseTableError::LongLine { line });
            }
            let row = row.strip_suffix('\r').unwrap_or(row);
            if row.is_empty() {
                continue;
            }
            let fields = fields(row);
            if fields.len() != columns.count {
                let (found, expected) = (fields.len(), columns.count);
                return Err(LeaseTableError::WrongCount { line, found, expected });
            }
            let (address, lease) = columns.lease(&fields, line)?;
            leases.insert(address, lease);
        }
        let active = |lease: &Lease| lease.expires_secs > at_secs;
        let leases = leases.into_values().flatten().filter(active).collect();
        Ok(LeaseTable { at_secs, leases })
    }

    /// Every active lease.
    pub fn iter(&self) -> std::slice::Iter<'_, Lease> {
        self.leases.iter()
    }

    /// The lease of an address.
    pub fn at(&self, address: Ipv4Addr) -> Option<&Lease> {
        self.leases.binary_search_by_key(&address, |lease| lease.address).ok().map(|at| &self.leases[at])
    }

    /// The leases of a range.
    pub fn within(&self, range: AddrRange) -> &[Lease] {
        let first = self.leases.partition_point(|lease| lease.address < range.first());
        let end = self.leases.partition_point(|lease| lease.address <= range.last());
        &self.leases[first..end]
    }
}

impl Lease {
    /// Whether the client is the one that a reservation knows; what a relay says of it is in no file of leases.
    pub fn is_of(&self, identifier: &Identifier) -> bool {
        match identifier {
            Identifier::Mac(mac) => self.hardware == Some(*mac),
            Identifier::ClientId(octets) => self.client_id == octets.0,
            Identifier::CircuitId(_) | Identifier::RemoteId(_) => false,
            // Type 255, four octets of IAID, then the DUID (RFC 4361 section 6.1).
            Identifier::Duid(octets) => match self.client_id.as_slice() {
                [255, _, _, _, _, duid @ ..] => duid == octets.0,
                _ => false,
            },
        }
    }

    /// Who has it: `laptop-7 (52:54:00:12:34:56)`.
    pub fn client(&self) -> String {
        let known_by = match &self.hardware {
            Some(mac) => mac.to_string(),
            None => format!("client-id 0x{}", HexBytes(self.client_id.clone())),
        };
        if self.hostname.is_empty() { known_by } else { format!("{} ({known_by})", self.hostname) }
    }

    /// The lease in words.
    pub fn shown(&self) -> String {
        format!("{} {} until {}", self.address, self.client(), rfc3339(self.expires_secs))
    }
}

impl Columns {
    fn of(head: &str) -> Result<Columns, LeaseTableError> {
        let names = fields(head.trim_end_matches(['\n', '\r']));
        let find = |wanted: &[&'static str]| {
            let at = names.iter().position(|name| wanted.contains(&name.as_str()));
            at.ok_or(LeaseTableError::WrongColumns { missing: wanted[0] })
        };
        Ok(Columns {
            address: find(&["address"])?,
            state: find(&["state"])?,
            hardware: find(&["hardware", "hwaddr"])?,
            client_id: find(&["client_id"])?,
            hostname: find(&["hostname"])?,
            expires: find(&["expires", "expire"])?,
            lifetime: find(&["valid_lifetime"]).ok(),
            count: names.len(),
        })
    }

    /// The address of a line and its lease, if it says one.
    fn lease(&self, fields: &[String], line: usize) -> Result<(Ipv4Addr, Option<Lease>), LeaseTableError> {
        let wrong = |column, value: &str| {
            let value: String = value.chars().take(60).collect();
            LeaseTableError::WrongValue { line, column, value }
        };
        let text = &fields[self.address];
        let address: Ipv4Addr = text.parse().map_err(|_| wrong("address", text))?;
        let state = fields[self.state].as_str();
        let is_lease = match state {
            "bound" | "0" => true,
            "free" | "expired" | "declined" | "released" | "1" | "2" | "3" => false,
            _ => return Err(wrong("state", state)),
        };
        let lifetime = self.lifetime.map(|at| fields[at].as_str());
        let granted = lifetime.map(|text| text.parse::<u64>().map_err(|_| wrong("lifetime", text)));
        let granted_secs = granted.transpose()?;
        // Kea deletes a lease by appending it with a lifetime of nothing.
        if !is_lease || granted_secs == Some(0) {
            return Ok((address, None));
        }
        let text = fields[self.expires].as_str();
        let expires_secs = moment(text).ok_or_else(|| wrong("time", text))?;
        let text = fields[self.hardware].as_str();
        let hardware = match text {
            "" => None,
            text => Some(text.parse::<MacAddr>().map_err(|_| wrong("MAC address", text))?),
        };
        let text = fields[self.client_id].as_str();
        let client_id = text.parse::<HexBytes>().map_err(|_| wrong("client identifier", text))?.0;
        let hostname = fields[self.hostname].replace("&#x2c", ",");
        Ok((address, Some(Lease { address, hardware, client_id, hostname, expires_secs, granted_secs })))
    }
}

/// The fields of a line; quotes keep commas, and two quotes in quotes are one.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                push(&mut fields, '"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            _ => push(&mut fields, c),
        }
    }
    fields
}

fn push(fields: &mut [String], c: char) {
    fields.last_mut().expect("a line has at least one field").push(c);
}

/// Seconds since 1970, of `2026-11-22T02:08:49Z`, `@1795313329` or `1795313329`.
fn moment(text: &str) -> Option<u64> {
    let digits = text.strip_prefix('@').unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        return digits.parse().ok();
    }
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let days = u64::try_from(date.parse::<Date>().ok()?.unix_days()).ok()?;
    let two = |at: usize, below: u64| {
        let digits = time.get(at..at + 2).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
        digits.parse::<u64>().ok().filter(|number| *number < below)
    };
    let plain = time.len() == 8 && time.as_bytes()[2] == b':' && time.as_bytes()[5] == b':';
    let of_day = two(0, 24)? * 3600 + two(3, 60)? * 60 + two(6, 61)?;
    plain.then_some(days * 86_400 + of_day)
}

/// `2026-11-22T02:08:49Z`; what no calendar has is shown in seconds.
pub fn rfc3339(secs: u64) -> String {
    let (days, of_day) = (secs / 86_400, secs % 86_400);
    match i64::try_from(days).ok().and_then(Date::from_unix_days) {
        Some(date) => {
            format!("{date}T{:02}:{:02}:{:02}Z", of_day / 3600, of_day / 60 % 60, of_day % 60)
        }
        None => format!("@{secs}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "address,state,hardware,client_id,hostname,expires,giaddr\n";

    #[track_caller]
    fn refused(text: &str, expected: &str) {
        assert_eq!(LeaseTable::parse(text.as_bytes(), 0).unwrap_err().to_string(), expected);
    }

    #[test]
    fn reads_what_the_server_prints() {
        let text = format!(
            "{HEAD}10.0.0.5,bound,52:54:00:00:00:05,01:52:54,\"a, \"\"b\"\"\",2026-11-22T02:08:49Z,10.0.0.1\n\
             10.0.0.4,free,,,,,\n10.0.0.6,expired,52:54:00:00:00:06,,,2026-11-22T02:08:49Z,\n"
        );
        let table = LeaseTable::parse(text.as_bytes(), 1_000).unwrap();
        let [lease] = table.iter().as_slice() else { panic!("{table:?}") };
        assert_eq!((lease.hostname.as_str(), lease.client_id.as_slice()), ("a, \"b\"", &[1, 0x52, 0x54][..]));
        assert_eq!(rfc3339(lease.expires_secs), "2026-11-22T02:08:49Z");
        assert_eq!(LeaseTable::parse(text.as_bytes(), lease.expires_secs).unwrap().iter().len(), 0);
    }

    #[test]
    fn reads_a_memfile_whose_last_word_counts() {
        let head = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,\
                    user_context,pool_id\n";
        let text = format!(
            "{head}10.0.0.5,52:54:00:00:00:05,,3600,2000,1,0,0,a&#x2cb,0,,0\n\
             10.0.0.6,52:54:00:00:00:06,,3600,2000,1,0,0,,0,,0\n10.0.0.6,52:54:00:00:00:06,,0,2000,1,0,0,,0,,0\n"
        );
        let table = LeaseTable::parse(text.as_bytes(), 1_000).unwrap();
        let [lease] = table.iter().as_slice() else { panic!("{table:?}") };
        assert_eq!((lease.hostname.as_str(), lease.granted_secs), ("a,b", Some(3600)));
    }

    #[test]
    fn refuses_what_it_cannot_read_for_certain() {
        refused(
            "",
            "its first line names no column `address`; give what `leasehold-server leases list` prints, or Kea's memfile",
        );
        refused(
            "address,hwaddr\n",
            "its first line names no column `state`; give what `leasehold-server leases list` prints, or Kea's memfile",
        );
        refused(&format!("{HEAD}10.0.0.5,bou"), "it is cut short in line 2; copy it again");
        refused(
            &format!("{HEAD}10.0.0.5,bound\n"),
            "line 2 has 2 columns, the first line names 7; write it anew",
        );
        refused(&format!("{HEAD}10.0.0.5,odd,,,,,\n"), "line 2: `odd` is no state; write it anew");
        refused(
            &format!("{HEAD}10.0.0.5,bound,,,,2026-11-22,\n"),
            "line 2: `2026-11-22` is no time; write it anew",
        );
        refused(
            &format!("{HEAD}10.0.0.5,\u{1b}[2J,,,,,\n"),
            "line 2: `\\u{1b}[2J` is no state; write it anew",
        );
        let long = "line 2 is longer than any lease's, over 64 KiB; give what `leasehold-server leases list` prints, or \
                    Kea's memfile";
        refused(&format!("{HEAD}{}\n", ",".repeat(LINE_BYTES_MAX + 1)), long);
        assert_eq!(LeaseTable::parse(b"\xff\n", 0), Err(LeaseTableError::NotText));
    }
}
