//! Datagrams in batches: where each came from, at which address, on which interface; and answers back.

use std::io::{IoSlice, IoSliceMut};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd};

use leasehold_server::serve::{Destination, Meta, Outgoing};
use nix::errno::Errno;
use nix::libc::{in_addr, in_pktinfo};
use nix::poll::{PollFd, PollFlags, PollTimeout};
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, MultiHeaders, SockaddrIn, recvmmsg, sendmmsg, setsockopt,
    sockopt,
};

use super::arguments::SERVER_PORT;
use super::frame::FrameSocket;

/// Datagrams a system call.
pub const BATCH: usize = 64;
const DATAGRAM_MAX: usize = 2048;
const SOCKET_BUFFER: usize = 4 << 20;
const CLIENT_PORT: u16 = 68;

/// A bound socket with its buffers.
pub struct Listener {
    socket: UdpSocket,
    /// What it is bound to; the port is the real one.
    pub address: SocketAddrV4,
    /// For clients on one interface: how to reach those without an address.
    frames: Option<FrameSocket>,
    headers_in: MultiHeaders<SockaddrIn>,
    headers_out: MultiHeaders<SockaddrIn>,
    buffers: Vec<Vec<u8>>,
}

/// What a socket is for.
pub enum Place<'a> {
    /// Datagrams to this address.
    Address(SocketAddrV4),
    /// Everything on this interface.
    Interface(&'a str),
}

impl Listener {
    /// Opens a socket; `shared` where another of this server's sockets covers the same port.
    pub fn open(place: &Place<'_>, shared: bool) -> Result<Listener, String> {
        let (address, frames) = match place {
            Place::Address(address) => (*address, None),
            Place::Interface(name) => {
                (SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, SERVER_PORT), Some(FrameSocket::open(name)?))
            }
        };
        let socket = match place {
            Place::Address(_) => bound(address, None, shared),
            Place::Interface(name) => bound(address, Some(name), shared),
        };
        let socket: UdpSocket = socket.map_err(|error| refusal(address, &error))?.into();
        setsockopt(&socket, sockopt::Ipv4PacketInfo, &true)
            .map_err(|error| format!("cannot listen on {address}: {error}"))?;
        let address = match socket.local_addr() {
            Ok(SocketAddr::V4(address)) => address,
            Ok(SocketAddr::V6(_)) | Err(_) => address,
        };
        let space = || Some(nix::cmsg_space!(in_pktinfo));
        Ok(Listener {
            socket,
            address,
            frames,
            headers_in: MultiHeaders::preallocate(BATCH, space()),
            headers_out: MultiHeaders::preallocate(BATCH, space()),
            buffers: vec![vec![0; DATAGRAM_MAX]; BATCH],
        })
    }

    /// What to poll.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// What has arrived, at most a batch.
    pub fn receive(&mut self, mut take: impl FnMut(Meta, &[u8])) -> Result<usize, Errno> {
        let mut arrived: [Option<(usize, Meta)>; BATCH] = [None; BATCH];
        let mut count = 0;
        {
            let mut slices: Vec<[IoSliceMut<'_>; 1]> =
                self.buffers.iter_mut().map(|buffer| [IoSliceMut::new(buffer)]).collect();
            let fd = self.socket.as_raw_fd();
            match recvmmsg(fd, &mut self.headers_in, slices.iter_mut(), MsgFlags::MSG_DONTWAIT, None) {
                Ok(messages) => {
                    for message in messages {
                        let info = message
                            .cmsgs()
                            .ok()
                            .and_then(|mut all| all.find_map(|found| packet_info(&found)));
                        let meta = message.address.map(|from| meta(from, info, self.address));
                        arrived[count] = meta.map(|meta| (message.bytes, meta));
                        count += 1;
                    }
                }
                Err(Errno::EAGAIN | Errno::EINTR | Errno::ECONNREFUSED) => return Ok(0),
                Err(error) => return Err(error),
            }
        }
        for (buffer, (length, meta)) in
            self.buffers.iter().zip(&arrived[..count]).filter_map(|(b, a)| Some((b, (*a)?)))
        {
            take(meta, &buffer[..length]);
        }
        Ok(count)
    }

    /// Whether answers that leave from `from`, or on `interface`, go through this socket. Higher fits better.
    fn fit(&self, from: Ipv4Addr, interface: Option<u32>) -> u8 {
        match &self.frames {
            Some(frames) if interface == Some(frames.interface) => 4,
            Some(frames) if interface.is_none() && frames.addresses.contains(&from) => 2,
            Some(_) => 0,
            None if *self.address.ip() == from => 3,
            None if self.address.ip().is_unspecified() => 1,
            None => 0,
        }
    }

    /// Sends datagrams that leave from one address on one interface; gives how many could not be sent.
    fn send(&mut self, mut batch: &[(SocketAddrV4, &[u8])], from: Ipv4Addr, interface: u32) -> usize {
        let info = in_pktinfo {
            ipi_ifindex: i32::try_from(interface).unwrap_or(0),
            ipi_spec_dst: in_addr { s_addr: u32::from_ne_bytes(from.octets()) },
            ipi_addr: in_addr { s_addr: 0 },
        };
        let (mut lost, mut waited) = (0, false);
        while !batch.is_empty() {
            let part = &batch[..batch.len().min(BATCH)];
            let slices: Vec<[IoSlice<'_>; 1]> = part.iter().map(|(_, bytes)| [IoSlice::new(bytes)]).collect();
            let to: Vec<Option<SockaddrIn>> =
                part.iter().map(|(to, _)| Some(SockaddrIn::from(*to))).collect();
            let fd = self.socket.as_raw_fd();
            let control = [ControlMessage::Ipv4PacketInfo(&info)];
            match sendmmsg(fd, &mut self.headers_out, &slices, &to, control, MsgFlags::MSG_DONTWAIT) {
                Ok(sent) => batch = &batch[sent.count()..],
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) if !waited => {
                    // Once a batch, for as long as a client never notices.
                    waited = true;
                    let mut fds = [PollFd::new(self.socket.as_fd(), PollFlags::POLLOUT)];
                    let _ = nix::poll::poll(&mut fds, PollTimeout::from(1_u8));
                }
                Err(_) => {
                    lost += 1;
                    batch = &batch[1..];
                }
            }
        }
        lost
    }
}

/// Sends answers, each from the address at which its question came; gives how many could not be sent.
pub fn send_all(listeners: &mut [Listener], answers: &[Outgoing]) -> usize {
    let mut lost = 0;
    let mut rest = answers;
    while let Some(first) = rest.first() {
        let interface = interface_of(first);
        let best = (0..listeners.len()).max_by_key(|at| listeners[*at].fit(first.from, interface));
        let listener = &mut listeners[best.expect("a server has a socket")];
        if let Destination::Frame { hardware, address, interface: _ } = &first.to {
            let from = (first.from, listener.address.port());
            let sent = listener.frames.as_ref().map(|to| to.send(hardware, from, *address, &first.bytes));
            lost += usize::from(!matches!(sent, Some(Ok(()))));
            rest = &rest[1..];
            continue;
        }
        let alike = rest.iter().take_while(|next| next.from == first.from && interface_of(next) == interface);
        let batch: Vec<(SocketAddrV4, &[u8])> =
            alike.map_while(|next| Some((datagram_address(&next.to)?, next.bytes.as_slice()))).collect();
        lost += listener.send(&batch, first.from, interface.unwrap_or(0));
        rest = &rest[batch.len()..];
    }
    lost
}

fn interface_of(answer: &Outgoing) -> Option<u32> {
    match answer.to {
        Destination::Unicast(_) => None,
        Destination::Broadcast { interface } | Destination::Frame { interface, .. } => Some(interface),
    }
}

fn datagram_address(to: &Destination) -> Option<SocketAddrV4> {
    match to {
        Destination::Unicast(to) => Some(*to),
        Destination::Broadcast { .. } => Some(SocketAddrV4::new(Ipv4Addr::BROADCAST, CLIENT_PORT)),
        Destination::Frame { .. } => None,
    }
}

fn packet_info(message: &ControlMessageOwned) -> Option<in_pktinfo> {
    if let ControlMessageOwned::Ipv4PacketInfo(info) = message { Some(*info) } else { None }
}

fn meta(from: SockaddrIn, info: Option<in_pktinfo>, bound: SocketAddrV4) -> Meta {
    let address = |of: in_addr| Ipv4Addr::from(of.s_addr.to_ne_bytes());
    let from = SocketAddrV4::new(from.ip(), from.port());
    match info {
        // `spec_dst` is this host's address, also where the datagram was broadcast (ip(7)).
        Some(info) => Meta {
            from,
            local: address(info.ipi_spec_dst),
            interface: u32::try_from(info.ipi_ifindex).unwrap_or(0),
            unicast: info.ipi_addr.s_addr == info.ipi_spec_dst.s_addr,
        },
        None => Meta { from, local: *bound.ip(), interface: 0, unicast: !bound.ip().is_unspecified() },
    }
}

fn bound(address: SocketAddrV4, interface: Option<&str>, shared: bool) -> std::io::Result<socket2::Socket> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None)?;
    // A smaller buffer than asked for still serves.
    let _ = socket.set_recv_buffer_size(SOCKET_BUFFER);
    let _ = socket.set_send_buffer_size(SOCKET_BUFFER);
    socket.set_nonblocking(true)?;
    socket.set_broadcast(true)?;
    socket.set_reuse_address(shared)?;
    if let Some(name) = interface {
        socket.bind_device(Some(name.as_bytes()))?;
    }
    socket.bind(&address.into())?;
    Ok(socket)
}

fn refusal(address: SocketAddrV4, error: &std::io::Error) -> String {
    let port = address.port();
    match error.kind() {
        std::io::ErrorKind::AddrInUse => format!(
            "port {port} at {} is in use by another program; stop it (`ss -ulpn 'sport = :{port}'` names it), \
             or give --listen another address or port",
            address.ip()
        ),
        std::io::ErrorKind::PermissionDenied => format!(
            "not permitted to listen on {address}; ports below 1024 need CAP_NET_BIND_SERVICE, \
             or give --listen another port"
        ),
        std::io::ErrorKind::AddrNotAvailable => {
            format!(
                "{} is no address of this machine; give --listen one that `ip address` shows",
                address.ip()
            )
        }
        _ => format!("cannot listen on {address}: {error}"),
    }
}
