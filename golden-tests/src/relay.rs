//! A relay on loopback with one client behind it.
//!
//! Link selection (82.5) names a network of the packet scenarios' estate and the relay port (82.19) the socket, so
//! neither root nor port 67 is needed.
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "talks to real servers")]

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use dhcproto::v4::{DhcpOption, Message, MessageType, OptionCode};
use dhcproto::{Decodable as _, Decoder};

/// Until when something that must happen has happened; only a failure waits so long.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A relay on loopback with one client behind it.
pub struct Relay {
    /// Where answers come to.
    pub socket: UdpSocket,
    hardware: [u8; 6],
}

impl Relay {
    /// A relay whose client's hardware address ends in `client`.
    pub fn new(client: u8) -> Relay {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket on loopback");
        socket.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        Relay { socket, hardware: [2, 0, 0, 0, 7, client] }
    }

    /// A message with `options`, relayed from 10.1.1.0.
    pub fn message(&self, options: &[u8]) -> Vec<u8> {
        let mut message = vec![0; 236];
        message[..4].copy_from_slice(&[1, 1, 6, 1]);
        message[4..8].copy_from_slice(&[7, 7, 7, self.hardware[5]]);
        message[24..28].copy_from_slice(&Ipv4Addr::LOCALHOST.octets());
        message[28..34].copy_from_slice(&self.hardware);
        message.extend_from_slice(&[99, 130, 83, 99]);
        message.extend_from_slice(options);
        message.extend_from_slice(&[82, 12, 1, 2, b'p', b'7', 5, 4, 10, 1, 1, 0, 19, 0, 255]);
        message
    }

    /// Sends a message with `options` once, and waits for the server's answer.
    pub fn ask(&self, server: SocketAddr, options: &[u8]) -> Result<Message, String> {
        self.socket.send_to(&self.message(options), server).map_err(|why| why.to_string())?;
        let (from, message) = self.answer()?;
        if from == server { Ok(message) } else { Err(format!("answered from {from}, not {server}")) }
    }

    fn answer(&self) -> Result<(SocketAddr, Message), String> {
        let mut answer = [0; 1500];
        let (length, from) = self.socket.recv_from(&mut answer).map_err(|why| format!("no answer: {why}"))?;
        let message = Message::decode(&mut Decoder::new(&answer[..length])).map_err(|why| why.to_string())?;
        Ok((from, message))
    }

    /// DISCOVER and REQUEST; the address of the ACK.
    pub fn lease(&self, server: SocketAddr) -> Result<Ipv4Addr, String> {
        let offer = expect(&self.ask(server, &[53, 1, 1])?, MessageType::Offer)?;
        let acknowledged = expect(&self.ask(server, &request(server, offer))?, MessageType::Ack)?;
        if acknowledged == offer { Ok(offer) } else { Err(format!("{offer} offered, {acknowledged} given")) }
    }

    /// REQUEST as after a reboot; the address of the ACK.
    pub fn reboot(&self, server: SocketAddr, address: Ipv4Addr) -> Result<Ipv4Addr, String> {
        expect(&self.ask(server, &rebooting(address))?, MessageType::Ack)
    }

    /// Asks as after a reboot, both servers, as a relay with two helper addresses does, and again every `every` until
    /// one says yes: which it was.
    pub fn reboot_at_any(
        &self,
        servers: &[SocketAddr],
        address: Ipv4Addr,
        every: Duration,
    ) -> Result<SocketAddr, String> {
        self.socket.set_read_timeout(Some(every)).map_err(|why| why.to_string())?;
        let message = self.message(&rebooting(address));
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            for server in servers {
                // A server that was killed refuses it.
                let _ = self.socket.send_to(&message, server);
            }
            let sent = Instant::now();
            while sent.elapsed() < every {
                match self.answer() {
                    Ok((from, message)) if expect(&message, MessageType::Ack) == Ok(address) => {
                        self.socket.set_read_timeout(Some(PATIENCE)).map_err(|why| why.to_string())?;
                        return Ok(from);
                    }
                    Ok(_) | Err(_) => {}
                }
            }
        }
        Err(format!("nobody lets the client go on with {address}"))
    }
}

fn request(server: SocketAddr, address: Ipv4Addr) -> Vec<u8> {
    let SocketAddr::V4(server) = server else { unreachable!("DHCPv4 servers have IPv4 addresses") };
    let mut options = vec![53, 1, 3, 54, 4];
    options.extend_from_slice(&server.ip().octets());
    options.extend_from_slice(&[50, 4]);
    options.extend_from_slice(&address.octets());
    options
}

fn rebooting(address: Ipv4Addr) -> Vec<u8> {
    let mut options = vec![53, 1, 3, 50, 4];
    options.extend_from_slice(&address.octets());
    options
}

fn expect(message: &Message, kind: MessageType) -> Result<Ipv4Addr, String> {
    match message.opts().get(OptionCode::MessageType) {
        Some(DhcpOption::MessageType(found)) if *found == kind => Ok(message.yiaddr()),
        other => Err(format!("expected {kind:?}, got {other:?}")),
    }
}
