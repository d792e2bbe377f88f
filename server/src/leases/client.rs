//! Who a client is.

use leasehold_schemas::vocab::MacAddr;

/// What two packets must share to come from the same client.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum ClientKey {
    /// Client identifier, option 61 (RFC 2131 section 4.2).
    Identifier(Box<[u8]>),
    /// Hardware type and address, for clients without an identifier and where identity is by MAC only.
    Hardware(u8, MacAddr),
}

/// A client as its packets described it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Client {
    /// What it is known by.
    pub key: ClientKey,
    /// Its client identifier, even where the key is the hardware address.
    pub identifier: Option<Box<[u8]>>,
    /// Hardware type (`htype`, RFC 1700).
    pub hardware_type: u8,
    /// Hardware address (`chaddr`); absent where `hlen` is 0.
    pub hardware: Option<MacAddr>,
}
