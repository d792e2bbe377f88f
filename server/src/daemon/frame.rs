//! Ethernet frames to clients that have no address yet and so cannot answer ARP (RFC 2131 section 4.1).

use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd as _, OwnedFd};

use leasehold_schemas::vocab::MacAddr;
use nix::errno::Errno;
use nix::ifaddrs::getifaddrs;
use nix::net::if_::if_nametoindex;
use nix::sys::socket::{AddressFamily, LinkAddr, MsgFlags, SockFlag, SockType, bind, send, socket};

const CLIENT_PORT: u16 = 68;
const ETHERTYPE_IPV4: [u8; 2] = [0x08, 0x00];
const UDP: u8 = 17;
const IPV4_HEADER: usize = 20;
const UDP_HEADER: usize = 8;

/// A raw socket on one interface, for sending only.
#[derive(Debug)]
pub struct FrameSocket {
    fd: OwnedFd,
    source: [u8; 6],
    /// The interface's index.
    pub interface: u32,
    /// The interface's IPv4 addresses.
    pub addresses: Vec<Ipv4Addr>,
}

impl FrameSocket {
    /// Opens it; the error says what to do.
    pub fn open(name: &str) -> Result<FrameSocket, String> {
        let interface = if_nametoindex(name).map_err(|_| {
            format!("there is no network interface `{name}`; `ip link` lists those there are")
        })?;
        let (link, addresses) = addresses_of(name)?;
        let failed = |error: Errno| match error {
            Errno::EPERM | Errno::EACCES => format!(
                "cannot open interface `{name}`: not permitted; run with CAP_NET_RAW and CAP_NET_BIND_SERVICE, \
                 or use --listen for relayed packets only"
            ),
            error => format!("cannot open interface `{name}`: {error}"),
        };
        // Protocol 0: nothing is received here, only sent.
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let fd = socket(AddressFamily::Packet, SockType::Raw, flags, None).map_err(failed)?;
        bind(fd.as_raw_fd(), &link).map_err(failed)?;
        Ok(FrameSocket { fd, source: link.addr().unwrap_or_default(), interface, addresses })
    }

    /// Sends `payload` to a client's hardware address.
    pub fn send(
        &self,
        to: &MacAddr,
        from: (Ipv4Addr, u16),
        address: Ipv4Addr,
        payload: &[u8],
    ) -> Result<(), Errno> {
        let frame = frame(self.source, to, from, address, payload);
        send(self.fd.as_raw_fd(), &frame, MsgFlags::empty()).map(|_| ())
    }
}

fn addresses_of(name: &str) -> Result<(LinkAddr, Vec<Ipv4Addr>), String> {
    let all = getifaddrs().map_err(|error| format!("cannot list network interfaces: {error}"))?;
    let (mut link, mut addresses) = (None, Vec::new());
    for entry in all.filter(|entry| entry.interface_name == name) {
        let Some(address) = entry.address else { continue };
        if let Some(found) = address.as_link_addr() {
            link = Some(*found);
        } else if let Some(found) = address.as_sockaddr_in() {
            addresses.push(found.ip());
        }
    }
    let link = link.ok_or_else(|| format!("interface `{name}` has no link address; it cannot carry DHCP"))?;
    if addresses.is_empty() {
        return Err(format!("interface `{name}` has no IPv4 address; give it one before the server starts"));
    }
    Ok((link, addresses))
}

/// Ethernet, IPv4 and UDP headers around `payload`, checksums included.
fn frame(
    source: [u8; 6],
    to: &MacAddr,
    (from, from_port): (Ipv4Addr, u16),
    address: Ipv4Addr,
    payload: &[u8],
) -> Vec<u8> {
    let length =
        |headers: usize| u16::try_from(headers + payload.len()).expect("a DHCP message fits a datagram");
    let udp_length = length(UDP_HEADER);
    let mut udp = Vec::with_capacity(UDP_HEADER + payload.len());
    udp.extend_from_slice(&from_port.to_be_bytes());
    udp.extend_from_slice(&CLIENT_PORT.to_be_bytes());
    udp.extend_from_slice(&udp_length.to_be_bytes());
    udp.extend_from_slice(&[0, 0]);
    udp.extend_from_slice(payload);
    let mut pseudo = Vec::with_capacity(12);
    pseudo.extend_from_slice(&from.octets());
    pseudo.extend_from_slice(&address.octets());
    pseudo.extend_from_slice(&[0, UDP]);
    pseudo.extend_from_slice(&udp_length.to_be_bytes());
    let checksum = match checksum(&[&pseudo, &udp]) {
        // A sum of zero is sent as all ones: zero says that there is none (RFC 768).
        0 => 0xffff,
        sum => sum,
    };
    udp[6..8].copy_from_slice(&checksum.to_be_bytes());

    let mut ip = Vec::with_capacity(IPV4_HEADER);
    ip.extend_from_slice(&[0x45, 0x10]);
    ip.extend_from_slice(&length(IPV4_HEADER + UDP_HEADER).to_be_bytes());
    ip.extend_from_slice(&[0, 0, 0, 0, 64, UDP, 0, 0]);
    ip.extend_from_slice(&from.octets());
    ip.extend_from_slice(&address.octets());
    let header_checksum = self::checksum(&[&ip]);
    ip[10..12].copy_from_slice(&header_checksum.to_be_bytes());

    let mut frame = Vec::with_capacity(14 + ip.len() + udp.len());
    frame.extend_from_slice(to.octets());
    frame.extend_from_slice(&source);
    frame.extend_from_slice(&ETHERTYPE_IPV4);
    frame.extend_from_slice(&ip);
    frame.extend_from_slice(&udp);
    frame
}

/// The internet checksum (RFC 1071) of parts that follow each other; all but the last have an even length.
fn checksum(parts: &[&[u8]]) -> u16 {
    let mut sum = 0_u32;
    for pair in parts.iter().flat_map(|part| part.chunks(2)) {
        sum += u32::from(u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]));
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).expect("the carries are folded in")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_carries_right_checksums_and_lengths() {
        let to = MacAddr::new(&[2, 0, 0, 0, 0, 7]).expect("six octets");
        let (from, address) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 7));
        let frame = frame([2, 0, 0, 0, 0, 1], &to, (from, 67), address, &[1, 2, 3]);
        assert_eq!(frame.len(), 14 + 20 + 8 + 3);
        assert_eq!(frame[..14], [2, 0, 0, 0, 0, 7, 2, 0, 0, 0, 0, 1, 8, 0]);
        assert_eq!(checksum(&[&frame[14..34]]), 0, "a header with its checksum sums to zero");
        assert_eq!(frame[16..18], [0, 31]);
        let pseudo = [10, 0, 0, 1, 10, 0, 0, 7, 0, 17, 0, 11];
        assert_eq!(checksum(&[&pseudo, &frame[34..]]), 0);
        assert_eq!(frame[34..40], [0, 67, 0, 68, 0, 11]);
    }
}
