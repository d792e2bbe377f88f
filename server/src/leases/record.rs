//! The durable record of an address: everything a restart, a partner, a lease query and the classification of a
//! renewal need. One type; the journal writes it with absolute times.

use std::net::Ipv4Addr;

use super::client::Client;

/// One counter a server: the primary's, the standby's. A single server counts as the primary.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Version(pub [u64; 2]);

/// What an address is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum State {
    /// Nobody's; its last client gets it back while nobody else needs it.
    Free {
        /// Who had it last.
        last_client: Option<Client>,
    },
    /// A client's, until `told` and `partner_told` have passed.
    Bound(Client),
    /// Declined by a client (RFC 2131 section 4.3.3): somebody else uses it.
    Declined {
        /// When it may be tried again, in milliseconds since 1970 UTC.
        until_wall_ms: u64,
    },
}

/// What the last transaction said, beside who.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Details {
    /// Host name the client gave or was given.
    pub hostname: Option<Box<str>>,
    /// `xid` of the last acknowledged transaction.
    pub transaction: u32,
    /// When it was acknowledged, in milliseconds since 1970 UTC.
    pub transaction_wall_ms: u64,
    /// `giaddr` of the last relayed REQUEST: unicast renewals carry none.
    pub giaddr: Option<Ipv4Addr>,
    /// Option 82 of the last relayed REQUEST, as it came (RFC 3046).
    pub agent_options: Option<Box<[u8]>>,
}

/// The record of one address. Times are milliseconds since 1970 UTC; 0 is never.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Binding {
    /// The address.
    pub address: Ipv4Addr,
    /// The pair's epoch in which it was written; 0 for a single server.
    pub epoch: u64,
    /// Which changes it includes.
    pub version: Version,
    /// What the address is.
    pub state: State,
    /// The client gave it back before its time.
    pub released: bool,
    /// Its home has begun to free it.
    pub ending: bool,
    /// Longest expiry this server told the client.
    pub told_wall_ms: u64,
    /// Longest expiry the partner told the client.
    pub partner_told_wall_ms: u64,
    /// Expiry the partner provably holds: this server's right.
    pub potential_wall_ms: u64,
    /// Longest the partner may believe this server holds: its obligation.
    pub promised_wall_ms: u64,
    /// Version at which this binding began.
    pub born: Version,
    /// What the last transaction said.
    pub details: Details,
}

impl Binding {
    /// The record of an address nobody had yet.
    pub fn unused(address: Ipv4Addr) -> Binding {
        Binding {
            address,
            epoch: 0,
            version: Version::default(),
            state: State::Free { last_client: None },
            released: false,
            ending: false,
            told_wall_ms: 0,
            partner_told_wall_ms: 0,
            potential_wall_ms: 0,
            promised_wall_ms: 0,
            born: Version::default(),
            details: Details::default(),
        }
    }

    /// Whether the record binds the address to a client, expired or not.
    pub fn is_bound(&self) -> bool {
        matches!(self.state, State::Bound(_))
    }

    /// The longest expiry the client was told by either server, in milliseconds since 1970 UTC.
    pub fn expires_wall_ms(&self) -> u64 {
        self.told_wall_ms.max(self.partner_told_wall_ms)
    }

    /// The client that holds the address or held it last.
    pub fn client(&self) -> Option<&Client> {
        match &self.state {
            State::Free { last_client } => last_client.as_ref(),
            State::Bound(client) => Some(client),
            State::Declined { .. } => None,
        }
    }

    /// Whether a client holds the address at `wall_ms`: bound, not released, not expired.
    pub fn is_active(&self, wall_ms: u64) -> bool {
        self.is_bound() && !self.released && wall_ms < self.expires_wall_ms()
    }
}
