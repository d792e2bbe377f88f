//! What a server answered, field by field.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// An answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// Which packet it answers.
    pub transaction: u32,
    /// Everything before the options that is not named here, as it stands: op, htype, hlen, secs, flags.
    pub frame: [u8; 7],
    /// `hops`.
    pub hops: u8,
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
    /// `sname` up to its first zero; empty if it holds options.
    pub sname: Vec<u8>,
    /// `file` up to its first zero; empty if it holds options.
    pub file: Vec<u8>,
    /// Options by code, their parts joined (RFC 3396).
    pub options: BTreeMap<u8, Vec<u8>>,
}

impl Reply {
    /// Reads one.
    pub fn read(octets: &[u8]) -> Option<Reply> {
        let (head, rest) = octets.split_at_checked(236)?;
        let rest = rest.strip_prefix(&[99, 130, 83, 99])?;
        let address = |at: usize| <[u8; 4]>::try_from(&head[at..at + 4]).ok().map(Ipv4Addr::from);
        let mut options = BTreeMap::new();
        walk(rest, &mut options)?;
        let overload = options.remove(&52).and_then(|octets| octets.first().copied()).unwrap_or(0);
        let until_zero = |field: &[u8]| field.split(|octet| *octet == 0).next().unwrap_or_default().to_vec();
        let (mut sname, mut file) = (until_zero(&head[44..108]), until_zero(&head[108..236]));
        if overload & 1 != 0 {
            walk(&head[108..236], &mut options)?;
            file.clear();
        }
        if overload & 2 != 0 {
            walk(&head[44..108], &mut options)?;
            sname.clear();
        }
        Some(Reply {
            transaction: u32::from_be_bytes(head[4..8].try_into().ok()?),
            frame: [head[0], head[1], head[2], head[8], head[9], head[10], head[11]],
            hops: head[3],
            ciaddr: address(12)?,
            yiaddr: address(16)?,
            siaddr: address(20)?,
            giaddr: address(24)?,
            chaddr: head[28..44].try_into().ok()?,
            sname,
            file,
            options,
        })
    }

    /// Option 53.
    pub fn kind(&self) -> u8 {
        self.options.get(&53).and_then(|octets| octets.first().copied()).unwrap_or(0)
    }
}

fn walk(mut rest: &[u8], options: &mut BTreeMap<u8, Vec<u8>>) -> Option<()> {
    loop {
        match rest {
            [] | [255, ..] => return Some(()),
            [0, after @ ..] => rest = after,
            [code, len, after @ ..] => {
                let (payload, after) = after.split_at_checked(usize::from(*len))?;
                options.entry(*code).or_default().extend_from_slice(payload);
                rest = after;
            }
            [_] => return None,
        }
    }
}
