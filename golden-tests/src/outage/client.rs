//! One client as RFC 2131 says: total functions of its state, the time and what it hears. It knows no socket.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use dhcproto::v4::MessageType;

use super::packet::{Answer, Ask};

/// A lease as the client believes it, counted from the sending of the first REQUEST (RFC 2131 section 4.4.5).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lease {
    pub address: Ipv4Addr,
    pub server: Ipv4Addr,
    pub renew: Instant,
    pub rebind: Instant,
    pub end: Instant,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// Waits for offers.
    Selecting,
    Requesting {
        address: Ipv4Addr,
        server: Ipv4Addr,
    },
    Rebooting {
        address: Ipv4Addr,
    },
    Bound,
    Renewing,
    Rebinding,
    /// It is off for good.
    Gone,
}

/// One client.
#[derive(Clone, Debug)]
pub struct Client {
    pub number: u32,
    state: State,
    xid: u32,
    /// When the exchange under way began, and its last REQUEST was first sent.
    pub begun: Instant,
    sent: Instant,
    tries: u32,
    /// It held an OFFER that nobody answered for, and began anew.
    pub began_anew: bool,
    pub lease: Option<Lease>,
    /// When it does something next.
    pub next: Instant,
    /// When it goes.
    leaves: Instant,
}

/// What came of an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Came {
    /// Nothing that was waited for.
    Nothing,
    /// It asks on.
    Ask(Ask),
    /// It has a lease, for so long after it began to ask.
    Leased(Lease),
    /// It was told No; the lease that it had still ran.
    Denied { lost: bool },
}

/// What a client does when its time has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Does {
    Ask(Ask),
    /// Nothing but wait.
    Wait,
    /// It gives an exchange up: nobody answered.
    GivesUp(Option<Ask>),
    /// It goes; it may give its address back.
    Goes(Option<Ask>),
}

impl Client {
    pub fn new(number: u32, now: Instant, stays: Duration) -> Client {
        Client {
            number,
            state: State::Selecting,
            xid: number << 8,
            begun: now,
            sent: now,
            tries: 0,
            began_anew: false,
            lease: None,
            next: now,
            leaves: now + stays,
        }
    }

    pub fn xid(&self) -> u32 {
        self.xid
    }

    pub fn is_gone(&self) -> bool {
        self.state == State::Gone
    }

    pub fn is_bound(&self) -> bool {
        self.state == State::Bound
    }

    /// Seconds since it began, for the header.
    pub fn waited(&self, now: Instant) -> u16 {
        u16::try_from(now.saturating_duration_since(self.begun).as_secs()).unwrap_or(u16::MAX)
    }

    /// Begins an exchange.
    fn begin(&mut self, now: Instant, state: State) {
        // The number stays in the upper bits: by it an answer finds its client.
        self.xid = (self.number << 8) | (self.xid.wrapping_add(1) & 0xff);
        (self.state, self.tries, self.begun, self.sent) = (state, 0, now, now);
        self.began_anew = false;
    }

    /// Restarts: a client that has a lease asks whether it is still right.
    pub fn restart(&mut self, now: Instant) -> Option<Ask> {
        let lease = self.lease.filter(|lease| self.state == State::Bound && lease.end > now)?;
        self.begin(now, State::Rebooting { address: lease.address });
        self.again(now);
        Some(Ask::Reboot { address: lease.address })
    }

    /// 4 s, 8 s, 16 s (RFC 2131 section 4.1); a second sooner or later by its number.
    fn again(&mut self, now: Instant) {
        let off = u64::from(self.number.wrapping_mul(2_654_435_761) >> 22) * 2_000 / 1_024;
        let wait = (4_000 << self.tries.min(4)) - 1_000 + off;
        self.tries += 1;
        self.next = now + Duration::from_millis(wait);
    }

    /// What it does now that its time has come.
    pub fn wake(&mut self, now: Instant, gives_back: bool) -> Does {
        if self.lease.is_some_and(|lease| lease.end <= now) {
            self.lease = None;
            if matches!(self.state, State::Bound | State::Renewing | State::Rebinding) {
                self.begin(now, State::Selecting);
                self.again(now);
                return Does::GivesUp(Some(Ask::Discover));
            }
        }
        match self.state {
            State::Gone => Does::Wait,
            State::Bound if now >= self.leaves => {
                self.state = State::Gone;
                let lease = self.lease.take().filter(|_| gives_back);
                Does::Goes(lease.map(|lease| Ask::Release { address: lease.address, server: lease.server }))
            }
            State::Selecting => {
                self.again(now);
                Does::Ask(Ask::Discover)
            }
            State::Requesting { address, server } if self.tries < 3 => {
                self.again(now);
                Does::Ask(Ask::Select { address, server })
            }
            State::Requesting { .. } => {
                // Its offer has come to nothing: it begins anew, and the wait counts from its first packet.
                let begun = self.begun;
                self.begin(now, State::Selecting);
                (self.begun, self.began_anew) = (begun, true);
                self.again(now);
                Does::Ask(Ask::Discover)
            }
            State::Rebooting { address } if self.tries < 3 => {
                self.again(now);
                Does::Ask(Ask::Reboot { address })
            }
            State::Rebooting { .. } => {
                // Nobody answers, and the lease runs (RFC 2131 section 3.2).
                self.rest(now);
                Does::GivesUp(None)
            }
            State::Bound | State::Renewing | State::Rebinding => self.extend(now),
        }
    }

    fn extend(&mut self, now: Instant) -> Does {
        let Some(lease) = self.lease else {
            self.begin(now, State::Selecting);
            self.again(now);
            return Does::Ask(Ask::Discover);
        };
        if now < lease.renew {
            self.rest(now);
            return Does::Wait;
        }
        if self.state == State::Bound {
            self.begin(now, State::Renewing);
        }
        let half = |until: Instant| (until.saturating_duration_since(now) / 2).max(Duration::from_secs(4));
        if now < lease.rebind {
            self.next = (now + half(lease.rebind)).min(lease.rebind.max(now));
            return Does::Ask(Ask::Renew { address: lease.address });
        }
        self.state = State::Rebinding;
        self.next = (now + half(lease.end)).min(lease.end);
        Does::Ask(Ask::Rebind { address: lease.address })
    }

    /// Waits for what comes first: the time to renew, or to go.
    fn rest(&mut self, now: Instant) {
        self.state = State::Bound;
        let renew = self.lease.map_or(now, |lease| lease.renew);
        self.next = renew.min(self.leaves).max(now);
    }

    /// Takes an answer to the exchange under way.
    pub fn hear(&mut self, now: Instant, answer: &Answer) -> Came {
        if answer.xid != self.xid {
            return Came::Nothing;
        }
        let asks = !matches!(self.state, State::Selecting | State::Bound | State::Gone);
        match (answer.kind, self.state) {
            (MessageType::Offer, State::Selecting) => {
                let (address, server) = (answer.address, answer.server);
                (self.state, self.tries, self.sent) = (State::Requesting { address, server }, 0, now);
                self.again(now);
                Came::Ask(Ask::Select { address, server })
            }
            (MessageType::Ack, _) if asks => {
                let after = |seconds: u32| self.sent + Duration::from_secs(u64::from(seconds));
                let lease = Lease {
                    address: answer.address,
                    server: answer.server,
                    renew: after(answer.renew),
                    rebind: after(answer.rebind),
                    end: after(answer.lease),
                };
                self.lease = Some(lease);
                self.rest(now);
                Came::Leased(lease)
            }
            (MessageType::Nak, _) if asks => {
                let lost = self.lease.take().is_some_and(|lease| lease.end > now);
                self.begin(now, State::Selecting);
                self.next = now + Duration::from_millis(10);
                Came::Denied { lost }
            }
            _ => Came::Nothing,
        }
    }
}
