//! Leases as a file lists them, a row each: the CSV that `leasehold-server leases list` prints, and Kea's memfile.
//!
//! Invariant: columns are known by their names, so files of every release of Kea are read; nothing is guessed: a row that
//! cannot be read for certain is a [`Fault`] that names its line. Which row of an address counts is its reader's business.

use std::fmt;
use std::net::Ipv4Addr;

use leasehold_schemas::vocab::{Date, HexBytes, MacAddr};

/// Octets of the longest line: Kea's user context and a client identifier of 255 octets are far below.
const LINE_BYTES_MAX: usize = 64 << 10;

/// Why a text lists no leases, or a line of it none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault {
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

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::NotText => f.write_str(
                "it is no text; give what `leasehold-server leases list` prints, or Kea's memfile",
            ),
            Fault::WrongColumns { missing } => write!(
                f,
                "its first line names no column `{missing}`; give what `leasehold-server leases list` prints, or Kea's \
                 memfile"
            ),
            Fault::CutShort { line } => write!(f, "it is cut short in line {line}; copy it again"),
            Fault::WrongCount { line, found, expected } => {
                write!(f, "line {line} has {found} columns, the first line names {expected}; write it anew")
            }
            Fault::WrongValue { line, column, value } => {
                write!(f, "line {line}: `{}` is no {column}; write it anew", value.escape_debug())
            }
            Fault::LongLine { line } => write!(
                f,
                "line {line} is longer than any lease's, over {} KiB; give what `leasehold-server leases list` prints, \
                 or Kea's memfile",
                LINE_BYTES_MAX >> 10
            ),
        }
    }
}

impl std::error::Error for Fault {}

/// What a row says of its address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Listed {
    /// A client's, until the lease ends. Kea: state 0.
    Bound,
    /// Nobody's.
    Free,
    /// A client's whose lease has ended.
    Expired,
    /// Declined by a client. Kea: state 1.
    Declined,
    /// Expired and taken back; Kea keeps the client for its return. State 2.
    Reclaimed,
    /// Given back; Kea 3 keeps the client for its return. State 3.
    Released,
}

/// Where the columns stand.
#[derive(Clone, Copy, Debug)]
struct Columns {
    address: usize,
    state: usize,
    hardware: usize,
    client_id: usize,
    hostname: usize,
    expires: usize,
    lifetime: Option<usize>,
    subnet_id: Option<usize>,
    user_context: Option<usize>,
    count: usize,
    /// Kea's own: commas are escaped there, and quotes mean nothing.
    is_keas: bool,
}

/// A file of leases, opened at its first row.
#[derive(Clone, Debug)]
pub struct Listing<'a> {
    columns: Columns,
    rest: std::str::SplitInclusive<'a, char>,
    line: usize,
}

/// One row, of which address and state are read; the rest when it is asked for.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its line in the file, from 1.
    pub line: usize,
    /// The address.
    pub address: Ipv4Addr,
    /// What it says of the address.
    pub state: Listed,
    /// For how long the lease was given, in seconds, where the file says so.
    pub granted_secs: Option<u64>,
    columns: Columns,
    fields: Vec<String>,
}

impl<'a> Listing<'a> {
    /// Reads the first line.
    ///
    /// # Errors
    /// It names no columns that tell leases.
    pub fn open(bytes: &'a [u8]) -> Result<Listing<'a>, Fault> {
        let text = std::str::from_utf8(bytes).map_err(|_| Fault::NotText)?;
        let mut rest = text.split_inclusive('\n');
        let head = rest.next().ok_or(Fault::WrongColumns { missing: "address" })?;
        if head.len() > LINE_BYTES_MAX {
            return Err(Fault::LongLine { line: 1 });
        }
        let columns = Columns::of(head)?;
        if !head.ends_with('\n') {
            return Err(Fault::CutShort { line: 1 });
        }
        Ok(Listing { columns, rest, line: 1 })
    }

    fn row(&self, whole: &str) -> Result<Option<Row>, Fault> {
        let line = self.line;
        let Some(row) = whole.strip_suffix('\n') else { return Err(Fault::CutShort { line }) };
        if row.len() > LINE_BYTES_MAX {
            return Err(Fault::LongLine { line });
        }
        let row = row.strip_suffix('\r').unwrap_or(row);
        if row.is_empty() {
            return Ok(None);
        }
        let fields = fields(row, self.columns.is_keas);
        if fields.len() != self.columns.count {
            let (found, expected) = (fields.len(), self.columns.count);
            return Err(Fault::WrongCount { line, found, expected });
        }
        Row::of(line, self.columns, fields).map(Some)
    }
}

impl Iterator for Listing<'_> {
    type Item = Result<Row, Fault>;

    fn next(&mut self) -> Option<Result<Row, Fault>> {
        loop {
            let whole = self.rest.next()?;
            self.line += 1;
            match self.row(whole) {
                Ok(None) => {}
                Ok(Some(row)) => return Some(Ok(row)),
                Err(fault) => return Some(Err(fault)),
            }
        }
    }
}

impl Columns {
    fn of(head: &str) -> Result<Columns, Fault> {
        let names = fields(head.trim_end_matches(['\n', '\r']), true);
        let find = |wanted: &[&'static str]| {
            let at = names.iter().position(|name| wanted.contains(&name.as_str()));
            at.ok_or(Fault::WrongColumns { missing: wanted[0] })
        };
        Ok(Columns {
            address: find(&["address"])?,
            state: find(&["state"])?,
            hardware: find(&["hardware", "hwaddr"])?,
            client_id: find(&["client_id"])?,
            hostname: find(&["hostname"])?,
            expires: find(&["expires", "expire"])?,
            lifetime: find(&["valid_lifetime"]).ok(),
            subnet_id: find(&["subnet_id"]).ok(),
            user_context: find(&["user_context"]).ok(),
            count: names.len(),
            is_keas: names.iter().any(|name| name == "hwaddr"),
        })
    }
}

impl Row {
    fn of(line: usize, columns: Columns, fields: Vec<String>) -> Result<Row, Fault> {
        let text = &fields[columns.address];
        let address: Ipv4Addr = text.parse().map_err(|_| wrong(line, "address", text))?;
        let text = fields[columns.state].as_str();
        let state = match text {
            "bound" | "0" => Listed::Bound,
            "free" => Listed::Free,
            "expired" => Listed::Expired,
            "declined" | "1" => Listed::Declined,
            "2" => Listed::Reclaimed,
            "released" | "3" => Listed::Released,
            _ => return Err(wrong(line, "state", text)),
        };
        let lifetime = columns.lifetime.map(|at| fields[at].as_str());
        let granted = lifetime.map(|text| text.parse::<u64>().map_err(|_| wrong(line, "lifetime", text)));
        Ok(Row { line, address, state, granted_secs: granted.transpose()?, columns, fields })
    }

    /// Whether it only takes an earlier row back: Kea deletes a lease by adding it with a lifetime of nothing.
    pub fn is_removal(&self) -> bool {
        self.granted_secs == Some(0)
    }

    /// When the lease or the probation ends, in seconds since 1970.
    ///
    /// # Errors
    /// What stands there is no time.
    pub fn expires_secs(&self) -> Result<u64, Fault> {
        let text = self.fields[self.columns.expires].as_str();
        moment(text).ok_or_else(|| wrong(self.line, "time", text))
    }

    /// The client's hardware address.
    ///
    /// # Errors
    /// What stands there is none.
    pub fn hardware(&self) -> Result<Option<MacAddr>, Fault> {
        match self.fields[self.columns.hardware].as_str() {
            "" => Ok(None),
            text => text.parse::<MacAddr>().map(Some).map_err(|_| wrong(self.line, "MAC address", text)),
        }
    }

    /// The client's identifier; empty: it has none.
    ///
    /// # Errors
    /// What stands there is none.
    pub fn client_id(&self) -> Result<Vec<u8>, Fault> {
        let text = self.fields[self.columns.client_id].as_str();
        let octets = text.parse::<HexBytes>().map_err(|_| wrong(self.line, "client identifier", text))?;
        Ok(octets.0)
    }

    /// The client's host name; empty: it has none.
    pub fn hostname(&self) -> String {
        let text = &self.fields[self.columns.hostname];
        if self.columns.is_keas { unescaped(text) } else { text.clone() }
    }

    /// The number that the file gives the subnet.
    ///
    /// # Errors
    /// What stands there is no number.
    pub fn subnet_id(&self) -> Result<Option<u32>, Fault> {
        let text = self.columns.subnet_id.map(|at| self.fields[at].as_str());
        let number = text.map(|text| text.parse::<u32>().map_err(|_| wrong(self.line, "subnet id", text)));
        number.transpose()
    }

    /// What Kea keeps beside a lease, as JSON; empty: nothing.
    pub fn user_context(&self) -> String {
        self.columns.user_context.map(|at| unescaped(&self.fields[at])).unwrap_or_default()
    }
}

fn wrong(line: usize, column: &'static str, value: &str) -> Fault {
    Fault::WrongValue { line, column, value: value.chars().take(60).collect() }
}

/// The fields of a line; quotes keep commas unless the file is Kea's, and two quotes in quotes are one.
fn fields(line: &str, is_keas: bool) -> Vec<String> {
    if is_keas {
        return line.split(',').map(str::to_owned).collect();
    }
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut chars = line.chars().peekable();
    let push = |fields: &mut Vec<String>, c| {
        fields.last_mut().expect("a line has at least one field").push(c);
    };
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

/// Kea writes `&#x2c` for a comma, and `&#x26` for what would look like that.
fn unescaped(text: &str) -> String {
    let mut parts = text.split("&#x");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let octet = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match octet.filter(u8::is_ascii) {
            Some(octet) => {
                plain.push(char::from(octet));
                plain.push_str(&part[2..]);
            }
            None => {
                plain.push_str("&#x");
                plain.push_str(part);
            }
        }
    }
    plain
}

/// Seconds since 1970, of `2026-11-22T02:08:49Z`, `@1795313329` or `1795313329`.
pub fn moment(text: &str) -> Option<u64> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kea_escapes_commas_and_does_not_quote() {
        let text = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context\n\
                    10.0.0.5,52:54:00:00:00:05,01:02,3600,2000,7,0,0,a&#x2cb&#x26#x2c\",0,{ \"a\": 1&#x2c \"b\": 2 }\n";
        let rows: Result<Vec<Row>, Fault> = Listing::open(text.as_bytes()).unwrap().collect();
        let rows = rows.unwrap();
        assert_eq!(rows[0].hostname(), "a,b&#x2c\"");
        assert_eq!(rows[0].user_context(), "{ \"a\": 1, \"b\": 2 }");
        assert_eq!((rows[0].subnet_id(), rows[0].expires_secs(), rows[0].line), (Ok(Some(7)), Ok(2000), 2));
    }

    #[test]
    fn a_row_that_cannot_be_read_does_not_hide_those_behind_it() {
        let text = "address,state,hardware,client_id,hostname,expires,giaddr\n\
                    10.0.0.5,odd,,,,,\n\n10.0.0.6,free,,,,,\n10.0.0.7,free,,,,,";
        let rows: Vec<Result<Row, Fault>> = Listing::open(text.as_bytes()).unwrap().collect();
        assert!(matches!(&rows[0], Err(Fault::WrongValue { line: 2, column: "state", .. })));
        assert_eq!(rows[1].as_ref().unwrap().address, Ipv4Addr::new(10, 0, 0, 6));
        assert_eq!(rows[2].as_ref().unwrap_err(), &Fault::CutShort { line: 5 });
    }
}
