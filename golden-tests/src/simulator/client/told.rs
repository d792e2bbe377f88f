//! A client that does what a script says: it asks one server for one address, or gives it back.

use std::net::Ipv4Addr;

use super::{Client, SERVERS, Sent, State};

impl Client {
    /// Asks server `at`, which offered it the address at some time, for it.
    pub fn ask(&mut self, t: u64, address: Ipv4Addr, at: usize, out: &mut Vec<Sent>) {
        let server = SERVERS[at];
        self.state = State::Requesting { server, address };
        self.transaction += 1;
        (self.sent, self.began, self.tries) = (t, t, 1);
        self.say_secs(t);
        let (asked, named) = (address.octets(), server.octets());
        let bytes = self.message(3, Ipv4Addr::UNSPECIFIED, true, &[(50, &asked), (54, &named)]);
        let meta = self.meta(Ipv4Addr::UNSPECIFIED, true, at);
        out.push(Sent { to: Some(at), meta, bytes, hasty: false });
    }

    /// Gives its address back to server `at`; nothing, if it has none.
    pub fn give_back(&mut self, at: usize, out: &mut Vec<Sent>) {
        let Some(lease) = self.lease.take() else { return };
        self.state = State::Init;
        self.transaction += 1;
        let server = SERVERS[at].octets();
        let bytes = self.message(7, lease.address, false, &[(54, &server)]);
        out.push(Sent { to: Some(at), meta: self.meta(lease.address, false, at), bytes, hasty: true });
    }

    /// Says to server `at` that somebody else uses its address; nothing, if it has none.
    pub fn decline(&mut self, at: usize, out: &mut Vec<Sent>) {
        let Some(lease) = self.lease.take() else { return };
        self.state = State::Init;
        self.transaction += 1;
        let (address, server) = (lease.address.octets(), SERVERS[at].octets());
        let bytes = self.message(4, Ipv4Addr::UNSPECIFIED, true, &[(50, &address), (54, &server)]);
        out.push(Sent { to: Some(at), meta: self.meta(Ipv4Addr::UNSPECIFIED, true, at), bytes, hasty: true });
    }
}
