//! Leases as a file gives them: the CSV that `leasehold-server leases list` prints, or Kea's memfile.
//!
//! Invariant: of several lines for one address the last counts (Kea appends), and what cannot be read for certain is
//! refused: a plan over half a file would promise what it does not know.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use leasehold_schemas::artefact::Identifier;
use leasehold_schemas::vocab::{AddrRange, Date, HexBytes, MacAddr};
use leasehold_server::leases::listing::{Listed, Listing, Row};

pub use leasehold_server::leases::listing::Fault as LeaseTableError;

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

impl LeaseTable {
    /// The leases that are active at a moment, in seconds since 1970.
    ///
    /// # Errors
    /// What is wrong with the text, and in which line.
    pub fn parse(bytes: &[u8], at_secs: u64) -> Result<LeaseTable, LeaseTableError> {
        let mut leases = BTreeMap::new();
        for row in Listing::open(bytes)? {
            let row = row?;
            leases.insert(row.address, Lease::of(&row)?);
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
    /// The lease of a row, if it says one.
    fn of(row: &Row) -> Result<Option<Lease>, LeaseTableError> {
        let is_lease = match row.state {
            Listed::Bound => true,
            Listed::Free | Listed::Expired | Listed::Declined | Listed::Reclaimed | Listed::Released => false,
        };
        if !is_lease || row.is_removal() {
            return Ok(None);
        }
        Ok(Some(Lease {
            address: row.address,
            expires_secs: row.expires_secs()?,
            hardware: row.hardware()?,
            client_id: row.client_id()?,
            hostname: row.hostname(),
            granted_secs: row.granted_secs,
        }))
    }

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
        refused(&format!("{HEAD}{}\n", ",".repeat(65_537)), long);
        assert_eq!(LeaseTable::parse(b"\xff\n", 0), Err(LeaseTableError::NotText));
    }
}
