//! Why a message got no answer. Each reason has a name and is counted.

use crate::wire::Malformed;

/// Why nothing is answered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Silence {
    /// The bytes are no message.
    Malformed(Malformed),
    /// `op` is not 1: a server or relay talks to itself.
    NotARequest,
    /// A message type that does not exist, or option 53 is no single octet.
    UnknownType,
    /// OFFER, ACK or NAK: what only servers say.
    ServerMessage,
    /// BOOTP: no message type.
    Bootp,
    /// Neither client identifier nor hardware address.
    Unidentified,
    /// No network of the estate is meant by link selection, `giaddr`, addresses or interface.
    NoSegment,
    /// The client is in class DROP.
    DropClass,
    /// No subnet or pool of the network is open to the client.
    Guarded,
    /// Every address the client may have is taken.
    NoAddress,
    /// The client chose another server.
    OtherServer,
    /// A REQUEST or DECLINE that names no address.
    NoRequestedAddress,
    /// An INIT-REBOOT with an address of which this server knows nothing (RFC 2131 section 4.3.2).
    UnknownLease,
    /// The address is wrong, but the place is not ours to say so.
    NotAuthoritative,
    /// A RELEASE or DECLINE by somebody who does not hold the address, or a DECLINE from another network.
    NotTheHolder,
    /// The same message is being answered at this moment.
    Duplicate,
    /// This server of a pair has no right to grant the address or to deny it at this moment.
    NoRight,
    /// The partner is to answer.
    PartnersTurn,
    /// Too many exchanges wait for the store.
    ParkingFull,
    /// The store has too many changes waiting.
    StoreOverloaded,
    /// The store failed; nothing is acknowledged any more.
    StoreFailed,
    /// Candidate after candidate was taken by others.
    CandidatesExhausted,
    /// Nothing to answer: a RELEASE or DECLINE was recorded.
    Recorded,
}

impl Silence {
    /// Every reason, in the order of the counters.
    pub const ALL: [Silence; 25] = [
        Silence::Malformed(Malformed::Length),
        Silence::Malformed(Malformed::Cookie),
        Silence::Malformed(Malformed::HardwareLength),
        Silence::NotARequest,
        Silence::UnknownType,
        Silence::ServerMessage,
        Silence::Bootp,
        Silence::Unidentified,
        Silence::NoSegment,
        Silence::DropClass,
        Silence::Guarded,
        Silence::NoAddress,
        Silence::OtherServer,
        Silence::NoRequestedAddress,
        Silence::UnknownLease,
        Silence::NotAuthoritative,
        Silence::NotTheHolder,
        Silence::Duplicate,
        Silence::NoRight,
        Silence::PartnersTurn,
        Silence::ParkingFull,
        Silence::StoreOverloaded,
        Silence::StoreFailed,
        Silence::CandidatesExhausted,
        Silence::Recorded,
    ];

    /// Whether nobody is to answer: the partner, with the same estate and records, would be silent too.
    pub fn is_deliberate(self) -> bool {
        match self {
            Silence::Malformed(_)
            | Silence::NotARequest
            | Silence::UnknownType
            | Silence::ServerMessage
            | Silence::Bootp
            | Silence::Unidentified
            | Silence::NoSegment
            | Silence::DropClass
            | Silence::Guarded
            | Silence::NoRequestedAddress
            | Silence::UnknownLease
            | Silence::NotAuthoritative
            | Silence::NotTheHolder
            | Silence::Recorded => true,
            Silence::NoAddress
            | Silence::OtherServer
            | Silence::Duplicate
            | Silence::NoRight
            | Silence::PartnersTurn
            | Silence::ParkingFull
            | Silence::StoreOverloaded
            | Silence::StoreFailed
            | Silence::CandidatesExhausted => false,
        }
    }

    /// The reason's name in metrics, logs and tests.
    pub fn name(self) -> &'static str {
        match self {
            Silence::Malformed(Malformed::Length) => "malformed-length",
            Silence::Malformed(Malformed::Cookie) => "malformed-cookie",
            Silence::Malformed(Malformed::HardwareLength) => "malformed-hlen",
            Silence::NotARequest => "not-a-request",
            Silence::UnknownType => "unknown-type",
            Silence::ServerMessage => "server-message",
            Silence::Bootp => "bootp",
            Silence::Unidentified => "unidentified",
            Silence::NoSegment => "no-segment",
            Silence::DropClass => "drop-class",
            Silence::Guarded => "guarded",
            Silence::NoAddress => "no-address",
            Silence::OtherServer => "other-server",
            Silence::NoRequestedAddress => "no-requested-address",
            Silence::UnknownLease => "unknown-lease",
            Silence::NotAuthoritative => "not-authoritative",
            Silence::NotTheHolder => "not-the-holder",
            Silence::Duplicate => "duplicate",
            Silence::NoRight => "no-right",
            Silence::PartnersTurn => "partners-turn",
            Silence::ParkingFull => "parking-full",
            Silence::StoreOverloaded => "store-overloaded",
            Silence::StoreFailed => "store-failed",
            Silence::CandidatesExhausted => "candidates-exhausted",
            Silence::Recorded => "recorded",
        }
    }
}
