//! Many packets to one server, and its answers.
//!
//! No answer is an answer too: behind every batch one client renews its lease, and since both servers answer in the
//! order in which they are asked, whoever is not answered when that client is will not be.
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "talks to servers")]

use std::collections::BTreeMap;
use std::io::IoSlice;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{ControlMessage, MsgFlags, SockaddrIn, sendmsg};

use super::client::{Ask, Client, Manner};
use super::reply::Reply;

/// How long the last client's answer is waited for; only a failure waits so long.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long answers may come after it.
const GRACE: Duration = Duration::from_millis(4);

/// The relays and clients: everything that hears answers.
pub struct Ears {
    relay: UdpSocket,
    client: UdpSocket,
}

/// One server, and the client that says when all others were answered.
pub struct Peer {
    /// As reports name it.
    pub name: &'static str,
    /// Where it takes packets.
    pub address: SocketAddrV4,
    sentinel: Client,
    lease: Ipv4Addr,
}

/// A packet, and whence it is sent if not by a relay.
pub struct Packet {
    /// Which answer is its.
    pub transaction: u32,
    /// It.
    pub octets: Vec<u8>,
    /// The address of a client that speaks for itself.
    pub from: Option<Ipv4Addr>,
}

impl Ears {
    /// Opens both ports for all addresses.
    ///
    /// # Errors
    /// They are not free.
    pub fn open() -> Result<Ears, String> {
        let open = |port: u16| {
            UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port)).map_err(|why| format!("port {port}: {why}"))
        };
        Ok(Ears { relay: open(67)?, client: open(68)? })
    }

    fn send(&self, packet: &Packet, to: SocketAddrV4) -> Result<(), String> {
        match packet.from {
            None => self.relay.send_to(&packet.octets, to).map(|_| ()).map_err(|why| why.to_string()),
            Some(from) => {
                let info = libc_pktinfo(from);
                let control = [ControlMessage::Ipv4PacketInfo(&info)];
                let octets = [IoSlice::new(&packet.octets)];
                let to = SockaddrIn::from(to);
                sendmsg(self.client.as_raw_fd(), &octets, &control, MsgFlags::empty(), Some(&to))
                    .map(|_| ())
                    .map_err(|why| format!("from {from}: {why}"))
            }
        }
    }

    /// Waits for something to hear until then; every answer that is there, with who gave it.
    fn hear(&self, wait: Duration, heard: &mut Vec<(SocketAddr, Reply)>) -> Result<(), String> {
        let mut ready = [
            PollFd::new(self.relay.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.client.as_fd(), PollFlags::POLLIN),
        ];
        let wait = u16::try_from(wait.as_millis()).unwrap_or(u16::MAX);
        poll(&mut ready, PollTimeout::from(wait)).map_err(|why| why.to_string())?;
        let mut octets = [0; 4096];
        for (socket, ready) in [&self.relay, &self.client].into_iter().zip(ready) {
            if ready.any() != Some(true) {
                continue;
            }
            let (length, from) = socket.recv_from(&mut octets).map_err(|why| why.to_string())?;
            let reply =
                Reply::read(&octets[..length]).ok_or_else(|| format!("{from} sent no DHCP message"))?;
            heard.push((from, reply));
        }
        Ok(())
    }

    /// Sends packets to a server and gathers its answers.
    ///
    /// # Errors
    /// The server does not answer any more.
    pub fn ask(&self, peer: &Peer, packets: &[Packet], last: u32) -> Result<BTreeMap<u32, Reply>, String> {
        for packet in packets {
            self.send(packet, peer.address)?;
        }
        let octets = peer.sentinel.octets(Ask::Rebind(peer.lease), &Manner::default(), last);
        self.send(&Packet { transaction: last, octets, from: None }, peer.address)?;
        let (mut heard, mut answers) = (Vec::new(), BTreeMap::new());
        let begin = Instant::now();
        let mut end = begin + PATIENCE;
        loop {
            let now = Instant::now();
            if now >= end {
                break;
            }
            self.hear(end - now, &mut heard)?;
            for (from, reply) in heard.drain(..) {
                if from.port() == peer.address.port() {
                    if reply.transaction == last {
                        end = Instant::now() + GRACE;
                    }
                    answers.insert(reply.transaction, reply);
                }
            }
        }
        answers.remove(&last).ok_or_else(|| format!("{} answers no more", peer.name))?;
        Ok(answers)
    }
}

/// Where a datagram is to come from.
fn libc_pktinfo(from: Ipv4Addr) -> nix::libc::in_pktinfo {
    nix::libc::in_pktinfo {
        ipi_ifindex: 0,
        ipi_spec_dst: nix::libc::in_addr { s_addr: u32::from_ne_bytes(from.octets()) },
        ipi_addr: nix::libc::in_addr { s_addr: 0 },
    }
}

impl Peer {
    /// A server that answers: the client that speaks last gets its lease.
    ///
    /// # Errors
    /// It does not answer.
    pub fn new(ears: &Ears, name: &'static str, address: SocketAddrV4) -> Result<Peer, String> {
        let sentinel = Client {
            giaddr: Ipv4Addr::new(10, 255, 255, 1),
            link: None,
            hardware: [2, 0xee, 0, 0, 0, 1],
            identifier: None,
            circuit: None,
            user_class: None,
            vendor_class: None,
            architecture: None,
            wish: None,
            reserved: false,
        };
        let mut peer = Peer { name, address, sentinel, lease: Ipv4Addr::UNSPECIFIED };
        let once = |peer: &Peer, ask: Ask, transaction: u32| -> Result<Reply, String> {
            let octets = peer.sentinel.octets(ask, &Manner::default(), transaction);
            ears.send(&Packet { transaction, octets, from: None }, address)?;
            let mut heard = Vec::new();
            let begin = Instant::now();
            while begin.elapsed() < PATIENCE {
                ears.hear(PATIENCE, &mut heard)?;
                let found = heard
                    .drain(..)
                    .find(|(from, reply)| from.port() == address.port() && reply.transaction == transaction);
                if let Some((_, reply)) = found {
                    return Ok(reply);
                }
            }
            Err(format!("{name} does not answer the sentinel's {ask:?}"))
        };
        let offered = once(&peer, Ask::Discover, 1)?.yiaddr;
        peer.lease = once(&peer, Ask::Select(offered), 2)?.yiaddr;
        if peer.lease != offered {
            return Err(format!("{name} offers the sentinel {offered} and gives it {}", peer.lease));
        }
        Ok(peer)
    }
}
