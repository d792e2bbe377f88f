//! What holds where an estate says nothing. The artefact never carries these.

use leasehold_schemas::artefact::{Identity, ReplyPort, ReplyTo};
use leasehold_schemas::vocab::Seconds;

/// The value of each parameter that nobody said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Defaults {
    /// Lease time; shortest and longest are the lease time itself where they are not said.
    pub lease: Seconds,
    /// T1 as a part of the lease time, in eighths (RFC 2131 section 4.4.5: 0.5).
    pub renew_after_eighths: u64,
    /// T2 as a part of the lease time, in eighths (RFC 2131 section 4.4.5: 0.875).
    pub rebind_after_eighths: u64,
    /// Whether a wrong address in INIT-REBOOT or REBINDING is answered with a NAK.
    pub authoritative: bool,
    /// What a client is known by.
    pub identity: Identity,
    /// Whether option 80 in a DISCOVER is answered with an ACK (RFC 4039).
    pub rapid_commit: bool,
    /// How long a declined address rests.
    pub decline_probation: Seconds,
    /// Where answers to relayed messages go.
    pub reply_to: ReplyTo,
    /// To which port.
    pub reply_port: ReplyPort,
}

/// The one table of defaults.
pub const DEFAULTS: Defaults = Defaults {
    lease: Seconds(8 * 3600),
    renew_after_eighths: 4,
    rebind_after_eighths: 7,
    authoritative: true,
    identity: Identity::ClientId,
    rapid_commit: false,
    decline_probation: Seconds(24 * 3600),
    reply_to: ReplyTo::Giaddr,
    reply_port: ReplyPort::Relay,
};
