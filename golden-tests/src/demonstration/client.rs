//! A relayed client on loopback.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the demonstration talks to a real server"
)]

use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::time::{Duration, Instant};

use super::packet::{Ask, Reply, Wish};

/// Tries of one packet, each this long.
const TRIES: u32 = 5;
const PATIENCE: Duration = Duration::from_millis(400);

/// A relay's socket, and its helper addresses.
pub struct Client {
    socket: UdpSocket,
    servers: Vec<SocketAddrV4>,
}

/// One packet and its answer.
pub struct Exchange {
    /// What was sent.
    pub sent: Vec<u8>,
    /// What came back.
    pub reply: Reply,
    /// How long that took.
    pub took: Duration,
}

impl Client {
    /// A socket on loopback, at a port of its own.
    pub fn open(servers: &[SocketAddrV4]) -> Result<Client, String> {
        let failed = |error: std::io::Error| format!("cannot open a socket on 127.0.0.1: {error}");
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
        socket.set_read_timeout(Some(PATIENCE / 8)).map_err(failed)?;
        Ok(Client { socket, servers: servers.to_vec() })
    }

    /// Sends a packet to every server, again if nothing comes, and waits for the first answer.
    pub fn exchange(&self, ask: &Ask, wish: Wish) -> Result<Exchange, String> {
        let sent = ask.packet(wish);
        let begin = Instant::now();
        let mut buffer = [0; 1500];
        for _ in 0..TRIES {
            for server in &self.servers {
                // One of them may be off: that is what the other is for.
                let _ = self.socket.send_to(&sent, server);
            }
            let patience = Instant::now() + PATIENCE;
            while Instant::now() < patience {
                let Ok(length) = self.socket.recv(&mut buffer) else { continue };
                let wanted =
                    Reply::read(&buffer[..length], ask.xid).filter(|reply| wish.is_answered_by(reply));
                if let Some(reply) = wanted {
                    return Ok(Exchange { sent, reply, took: begin.elapsed() });
                }
            }
        }
        Err(format!("{wish:?} was not answered by any of {:?}", self.servers))
    }
}
