//! A client as RFC 2131 says: it asks, renews, rebinds, restarts, releases, declines, moves and goes off. In a script
//! with still clients it does only what it is told.

mod told;

use std::net::{Ipv4Addr, SocketAddrV4};

use leasehold_server::serve::Meta;
use leasehold_server::wire::{Message, MessageType, code};

use crate::simulated_disk::Dice;

/// Relays of the two networks.
pub const RELAYS: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 1, 0, 1), Ipv4Addr::new(10, 2, 0, 1)];
/// The two servers.
pub const SERVERS: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 0, 0, 5), Ipv4Addr::new(10, 0, 0, 6)];

/// What a client believes it holds. Times are true milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lease {
    pub address: Ipv4Addr,
    pub server: Ipv4Addr,
    pub begin: u64,
    pub renew: u64,
    pub rebind: u64,
    pub end: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Off,
    Init,
    Selecting,
    Requesting { server: Ipv4Addr, address: Ipv4Addr },
    Rebooting { address: Ipv4Addr },
    Bound,
    Renewing,
    Rebinding,
}

/// One client.
#[derive(Clone, Debug)]
pub struct Client {
    pub number: u8,
    /// Which of the two networks it is on.
    pub place: usize,
    state: State,
    transaction: u32,
    /// When the first copy of the REQUEST under way was sent.
    sent: u64,
    tries: u8,
    /// When it began to ask, and what it says of it: some write seconds in the order of their own octets.
    began: u64,
    secs: u16,
    pub lease: Option<Lease>,
    /// When it does something next.
    pub next: u64,
    /// Parts per million by which its clock is fast, and 1,000,000.
    rate: u64,
    /// It goes off, moves, releases and declines.
    pub lively: bool,
    /// It does nothing by itself.
    pub still: bool,
    /// Since when something it asked has no answer.
    pub asked: Option<u64>,
}

/// A packet, and to whom: one server, or all that the relay knows.
#[derive(Clone, Debug)]
pub struct Sent {
    pub to: Option<usize>,
    pub meta: Meta,
    pub bytes: Vec<u8>,
    /// A RELEASE or DECLINE: the network neither delays nor repeats it, because nothing in it says when it was said.
    pub hasty: bool,
}

/// What came of a reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Heard {
    Nothing,
    Bound(Lease),
    Refused,
}

impl Client {
    pub fn new(number: u8, rate: u64, next: u64) -> Client {
        Client {
            number,
            place: usize::from(number % 2),
            state: State::Init,
            transaction: u32::from(number) << 24,
            sent: 0,
            tries: 0,
            began: 0,
            secs: 0,
            lease: None,
            next,
            rate,
            lively: true,
            still: false,
            asked: None,
        }
    }

    pub fn holds(&self, t: u64) -> Option<Ipv4Addr> {
        self.lease.filter(|lease| lease.end > t).map(|lease| lease.address)
    }

    pub fn is_settled(&self) -> bool {
        matches!(self.state, State::Bound | State::Renewing)
    }

    /// True time that passes while its own clock counts `ms`.
    fn true_ms(&self, ms: u64) -> u64 {
        ms * 1_000_000 / self.rate
    }

    pub fn wake(&mut self, t: u64, dice: &mut Dice, out: &mut Vec<Sent>) -> Option<&'static str> {
        if self.still {
            self.next = u64::MAX;
            return None;
        }
        if self.lease.is_some_and(|lease| lease.end <= t) {
            self.lease = None;
            if matches!(self.state, State::Bound | State::Renewing | State::Rebinding) {
                self.state = State::Init;
            }
        }
        match self.state {
            State::Off => {
                if !self.lively && dice.below(2) == 0 {
                    self.lease = None;
                }
                self.begin(t, dice, out)
            }
            State::Init => self.begin(t, dice, out),
            State::Selecting => self.discover(t, out),
            State::Requesting { server, address } if self.tries < 2 => self.select(t, server, address, out),
            State::Requesting { .. } => self.begin(t, dice, out),
            State::Rebooting { address } if self.tries < 2 => self.reboot(t, address, out),
            State::Rebooting { .. } => match self.lease {
                // Nobody answers, and the lease runs (RFC 2131 section 3.2).
                Some(lease) => {
                    self.state = State::Bound;
                    self.next = lease.renew.max(t + 1);
                    None
                }
                None => self.discover(t, out),
            },
            State::Bound | State::Renewing | State::Rebinding => self.live(t, dice, out),
        }
    }

    fn begin(&mut self, t: u64, dice: &mut Dice, out: &mut Vec<Sent>) -> Option<&'static str> {
        self.tries = 0;
        self.transaction += 1;
        match self.lease {
            Some(lease) if dice.below(4) > 0 => {
                self.reboot(t, lease.address, out);
                Some("client-reboots")
            }
            Some(_) | None => {
                self.lease = None;
                self.discover(t, out)
            }
        }
    }

    fn live(&mut self, t: u64, dice: &mut Dice, out: &mut Vec<Sent>) -> Option<&'static str> {
        let Some(lease) = self.lease else {
            self.state = State::Init;
            self.next = t + 1;
            return None;
        };
        if self.lively && self.state == State::Bound {
            let at = SERVERS.iter().position(|server| *server == lease.server).expect("one of the two");
            match dice.below(24) {
                0 | 1 => {
                    self.state = State::Off;
                    self.next = t + 1_000 + dice.roll() % 90_000;
                    return Some("client-off");
                }
                2 => {
                    self.place = 1 - self.place;
                    self.begin(t, dice, out);
                    return Some("client-moves");
                }
                3 | 4 => {
                    let server = lease.server.octets();
                    let bytes = self.message(7, lease.address, false, &[(54, &server)]);
                    out.push(Sent {
                        to: Some(at),
                        meta: self.meta(lease.address, false, at),
                        bytes,
                        hasty: true,
                    });
                    // Some ask for the same address again at once, elsewhere perhaps.
                    self.state = if dice.below(2) == 0 {
                        State::Rebooting { address: lease.address }
                    } else {
                        State::Init
                    };
                    self.lease = None;
                    self.tries = 0;
                    self.transaction += 1;
                    self.sent = t + 1_000;
                    self.next = t + 1_000;
                    return Some("client-releases");
                }
                _ => {}
            }
        }
        self.transaction += 1;
        self.sent = t;
        let at = SERVERS.iter().position(|server| *server == lease.server).expect("one of the two");
        if t >= lease.rebind {
            self.state = State::Rebinding;
            let bytes = self.message(3, lease.address, true, &[]);
            self.broadcast(&bytes, out);
            self.next = (t + 4_000).min(lease.end + 1);
            Some("client-rebinds")
        } else if t >= lease.renew {
            self.state = State::Renewing;
            let bytes = self.message(3, lease.address, false, &[]);
            out.push(Sent { to: Some(at), meta: self.meta(lease.address, false, at), bytes, hasty: false });
            self.next = (t + 6_000).min(lease.rebind.max(t + 1));
            Some("client-renews")
        } else {
            self.next = (t + 5_000).min(lease.renew);
            None
        }
    }

    fn discover(&mut self, t: u64, out: &mut Vec<Sent>) -> Option<&'static str> {
        if self.state == State::Selecting {
            self.tries += 1;
        } else {
            self.state = State::Selecting;
            self.tries = 0;
            self.began = t;
        }
        // Most ask again with the same transaction.
        if self.tries.is_multiple_of(3) {
            self.transaction += 1;
        }
        self.say_secs(t);
        self.next = t + 4_000;
        let bytes = self.message(1, Ipv4Addr::UNSPECIFIED, true, &[]);
        self.broadcast(&bytes, out);
        Some("client-discovers")
    }

    fn select(
        &mut self,
        t: u64,
        server: Ipv4Addr,
        address: Ipv4Addr,
        out: &mut Vec<Sent>,
    ) -> Option<&'static str> {
        if self.tries == 0 {
            self.sent = t;
        }
        self.say_secs(t);
        self.tries += 1;
        self.next = t + 4_000;
        let (asked, named) = (address.octets(), server.octets());
        let bytes = self.message(3, Ipv4Addr::UNSPECIFIED, true, &[(50, &asked), (54, &named)]);
        self.broadcast(&bytes, out);
        Some("client-selects")
    }

    fn reboot(&mut self, t: u64, address: Ipv4Addr, out: &mut Vec<Sent>) -> Option<&'static str> {
        if self.tries == 0 {
            self.sent = t;
            self.began = t;
        }
        self.say_secs(t);
        self.state = State::Rebooting { address };
        self.tries += 1;
        self.next = t + 4_000;
        let bytes = self.message(3, Ipv4Addr::UNSPECIFIED, true, &[(50, &address.octets())]);
        self.broadcast(&bytes, out);
        None
    }

    /// Takes a reply that came at `t`.
    pub fn hear(&mut self, t: u64, message: &Message<'_>, dice: &mut Dice, out: &mut Vec<Sent>) -> Heard {
        if message.transaction() != self.transaction {
            return Heard::Nothing;
        }
        self.asked = None;
        let server = message.address_option(code::SERVER_IDENTIFIER).unwrap_or(Ipv4Addr::UNSPECIFIED);
        match (message.message_type().ok().flatten(), self.state) {
            (Some(MessageType::Offer), State::Selecting) => {
                self.tries = 0;
                self.state = State::Requesting { server, address: message.yiaddr() };
                self.select(t, server, message.yiaddr(), out);
                Heard::Nothing
            }
            (
                Some(MessageType::Ack),
                State::Requesting { .. } | State::Rebooting { .. } | State::Renewing | State::Rebinding,
            ) => self.bind(t, server, message, dice, out),
            (
                Some(MessageType::Nak),
                State::Requesting { .. } | State::Rebooting { .. } | State::Renewing | State::Rebinding,
            ) => {
                self.lease = None;
                self.state = State::Init;
                self.next = t + 10;
                Heard::Refused
            }
            _ => Heard::Nothing,
        }
    }

    fn bind(
        &mut self,
        t: u64,
        server: Ipv4Addr,
        message: &Message<'_>,
        dice: &mut Dice,
        out: &mut Vec<Sent>,
    ) -> Heard {
        let seconds = u64::from(message.u32_option(code::LEASE_TIME).unwrap_or(0));
        let span = self.true_ms(seconds * 1_000);
        // One of four counts from the answer, against RFC 2131 section 4.4.1; the padding has room for it.
        let begin = if self.number % 4 == 3 { t } else { self.sent };
        let address = message.yiaddr();
        let lease = Lease {
            address,
            server,
            begin,
            renew: begin + span / 2,
            rebind: begin + span * 7 / 8,
            end: begin + span,
        };
        if lease.end <= t {
            self.state = State::Init;
            self.next = t + 10;
            return Heard::Nothing;
        }
        self.state = State::Bound;
        self.transaction += 1;
        if self.lively && dice.below(40) == 0 {
            let at = SERVERS.iter().position(|known| *known == server).expect("one of the two");
            let bytes = self.message(
                4,
                Ipv4Addr::UNSPECIFIED,
                true,
                &[(50, &address.octets()), (54, &server.octets())],
            );
            out.push(Sent {
                to: Some(at),
                meta: self.meta(Ipv4Addr::UNSPECIFIED, true, at),
                bytes,
                hasty: true,
            });
            self.lease = None;
            self.state = State::Init;
            self.next = t + 10_000;
            return Heard::Refused;
        }
        self.lease = Some(lease);
        self.next = (t + 5_000).min(lease.renew).max(t + 1);
        Heard::Bound(lease)
    }

    fn say_secs(&mut self, t: u64) {
        let secs = u16::try_from((t - self.began) / 1_000).unwrap_or(u16::MAX);
        self.secs = if self.number.is_multiple_of(2) { secs } else { secs.swap_bytes() };
    }

    fn broadcast(&self, bytes: &[u8], out: &mut Vec<Sent>) {
        for at in 0..2 {
            let meta = self.meta(Ipv4Addr::UNSPECIFIED, true, at);
            out.push(Sent { to: Some(at), meta, bytes: bytes.to_vec(), hasty: false });
        }
    }

    fn meta(&self, own: Ipv4Addr, relayed: bool, server: usize) -> Meta {
        let from =
            if relayed { SocketAddrV4::new(RELAYS[self.place], 67) } else { SocketAddrV4::new(own, 68) };
        Meta { from, local: SERVERS[server], interface: 1, unicast: true }
    }

    fn message(&self, kind: u8, ciaddr: Ipv4Addr, relayed: bool, options: &[(u8, &[u8])]) -> Vec<u8> {
        let mut bytes = vec![0; 240];
        bytes[..3].copy_from_slice(&[1, 1, 6]);
        bytes[4..8].copy_from_slice(&self.transaction.to_be_bytes());
        bytes[8..10].copy_from_slice(&self.secs.to_be_bytes());
        bytes[12..16].copy_from_slice(&ciaddr.octets());
        if relayed {
            bytes[24..28].copy_from_slice(&RELAYS[self.place].octets());
        }
        bytes[28..34].copy_from_slice(&[2, 0, 0, 0, 0, self.number]);
        bytes[236..240].copy_from_slice(&[99, 130, 83, 99]);
        bytes.extend_from_slice(&[53, 1, kind]);
        for (option, value) in options {
            bytes.extend_from_slice(&[*option, u8::try_from(value.len()).expect("short")]);
            bytes.extend_from_slice(value);
        }
        bytes.push(255);
        bytes
    }
}
