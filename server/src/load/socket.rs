//! Datagrams in batches.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::os::fd::{AsFd, AsRawFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout};
use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrIn, recvmmsg, sendmmsg};

/// Datagrams a system call.
pub const BATCH: usize = 64;
const DATAGRAM_MAX: usize = 1500;
const SOCKET_BUFFER: usize = 8 << 20;

/// A bound socket with its buffers.
pub struct Socket {
    inner: UdpSocket,
    headers_in: MultiHeaders<SockaddrIn>,
    headers_out: MultiHeaders<SockaddrIn>,
    buffers: Vec<Vec<u8>>,
}

impl Socket {
    /// Binds; the error names the address.
    pub fn bind(address: SocketAddrV4) -> Result<Socket, String> {
        let failed = |error: io::Error| format!("cannot listen on {address}: {error}");
        let socket =
            socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None).map_err(failed)?;
        socket.set_recv_buffer_size(SOCKET_BUFFER).map_err(failed)?;
        socket.set_send_buffer_size(SOCKET_BUFFER).map_err(failed)?;
        socket.set_nonblocking(true).map_err(failed)?;
        socket.bind(&address.into()).map_err(failed)?;
        Ok(Socket {
            inner: socket.into(),
            headers_in: MultiHeaders::preallocate(BATCH, None),
            headers_out: MultiHeaders::preallocate(BATCH, None),
            buffers: vec![vec![0; DATAGRAM_MAX]; BATCH],
        })
    }

    /// The port it has.
    pub fn address(&self) -> Ipv4Addr {
        match self.inner.local_addr() {
            Ok(std::net::SocketAddr::V4(address)) => *address.ip(),
            Ok(std::net::SocketAddr::V6(_)) | Err(_) => Ipv4Addr::UNSPECIFIED,
        }
    }

    /// What has arrived, at most a batch: each datagram with its sender.
    pub fn receive(&mut self, mut take: impl FnMut(&[u8], SocketAddrV4)) -> Result<usize, String> {
        let mut lengths = [(0, SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0)); BATCH];
        let mut count = 0;
        {
            let mut slices: Vec<[IoSliceMut<'_>; 1]> =
                self.buffers.iter_mut().map(|buffer| [IoSliceMut::new(buffer)]).collect();
            let fd = self.inner.as_raw_fd();
            match recvmmsg(fd, &mut self.headers_in, slices.iter_mut(), MsgFlags::MSG_DONTWAIT, None) {
                Ok(messages) => {
                    for message in messages {
                        let from = message
                            .address
                            .map_or(lengths[count].1, |from| SocketAddrV4::new(from.ip(), from.port()));
                        lengths[count] = (message.bytes, from);
                        count += 1;
                    }
                }
                Err(Errno::EAGAIN | Errno::EINTR | Errno::ECONNREFUSED) => return Ok(0),
                Err(error) => return Err(format!("cannot receive on {}: {error}", self.address())),
            }
        }
        for (buffer, (length, from)) in self.buffers.iter().zip(&lengths[..count]) {
            take(&buffer[..*length], *from);
        }
        Ok(count)
    }

    /// Sends all; datagrams the kernel has no room for wait for it.
    pub fn send(&mut self, mut datagrams: &[(Vec<u8>, SocketAddrV4)]) -> Result<(), String> {
        while !datagrams.is_empty() {
            let batch = &datagrams[..datagrams.len().min(BATCH)];
            let slices: Vec<[IoSlice<'_>; 1]> =
                batch.iter().map(|(bytes, _)| [IoSlice::new(bytes)]).collect();
            let addresses: Vec<Option<SockaddrIn>> =
                batch.iter().map(|(_, to)| Some(SockaddrIn::from(*to))).collect();
            let fd = self.inner.as_raw_fd();
            match sendmmsg(fd, &mut self.headers_out, &slices, &addresses, [], MsgFlags::empty()) {
                Ok(sent) => datagrams = &datagrams[sent.count()..],
                Err(Errno::EAGAIN) => self.wait(PollFlags::POLLOUT, 10),
                Err(Errno::EINTR | Errno::ECONNREFUSED) => {}
                Err(error) => return Err(format!("cannot send from {}: {error}", self.address())),
            }
        }
        Ok(())
    }

    fn wait(&self, for_what: PollFlags, timeout_ms: u16) {
        let mut fds = [PollFd::new(self.inner.as_fd(), for_what)];
        // A time-out or a signal only means that the caller tries again.
        let _ = nix::poll::poll(&mut fds, PollTimeout::from(timeout_ms));
    }

    /// Waits until something arrives on one of the sockets, at most this long.
    pub fn wait_for_any(sockets: &[Socket], timeout_ms: u16) {
        let mut fds: Vec<PollFd<'_>> =
            sockets.iter().map(|socket| PollFd::new(socket.inner.as_fd(), PollFlags::POLLIN)).collect();
        // A time-out or a signal only means that the caller looks again.
        let _ = nix::poll::poll(&mut fds, PollTimeout::from(timeout_ms));
    }
}
