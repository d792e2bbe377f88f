//! Option codes that the server itself reads or writes, by their names in the IANA registry.

/// Subnet mask (RFC 2132 section 3.3).
pub const SUBNET_MASK: u8 = 1;
/// Routers (RFC 2132 section 3.5).
pub const ROUTERS: u8 = 3;
/// Host name (RFC 2132 section 3.14).
pub const HOST_NAME: u8 = 12;
/// Vendor-specific information (RFC 2132 section 8.4).
pub const VENDOR_SPECIFIC: u8 = 43;
/// Requested address (RFC 2132 section 9.1).
pub const REQUESTED_ADDRESS: u8 = 50;
/// Lease time (RFC 2132 section 9.2).
pub const LEASE_TIME: u8 = 51;
/// Option overload (RFC 2132 section 9.3).
pub const OVERLOAD: u8 = 52;
/// Message type (RFC 2132 section 9.6).
pub const MESSAGE_TYPE: u8 = 53;
/// Server identifier (RFC 2132 section 9.7).
pub const SERVER_IDENTIFIER: u8 = 54;
/// Parameter request list (RFC 2132 section 9.8).
pub const PARAMETER_REQUEST_LIST: u8 = 55;
/// Maximum message size (RFC 2132 section 9.10).
pub const MESSAGE_SIZE_MAX: u8 = 57;
/// T1 (RFC 2132 section 9.11).
pub const RENEWAL_TIME: u8 = 58;
/// T2 (RFC 2132 section 9.12).
pub const REBINDING_TIME: u8 = 59;
/// Vendor class identifier (RFC 2132 section 9.13).
pub const VENDOR_CLASS: u8 = 60;
/// Client identifier (RFC 2132 section 9.14).
pub const CLIENT_IDENTIFIER: u8 = 61;
/// Rapid commit (RFC 4039).
pub const RAPID_COMMIT: u8 = 80;
/// Client FQDN (RFC 4702).
pub const CLIENT_FQDN: u8 = 81;
/// Relay agent information (RFC 3046).
pub const AGENT_INFORMATION: u8 = 82;
/// Subnet selection (RFC 3011).
pub const SUBNET_SELECTION: u8 = 118;
/// Vendor-identifying vendor class (RFC 3925 section 3).
pub const VENDOR_IDENTIFYING_CLASS: u8 = 124;
/// Vendor-identifying vendor-specific information (RFC 3925).
pub const VENDOR_IDENTIFYING: u8 = 125;
/// End of options (RFC 2132 section 3.2).
pub const END: u8 = 255;
/// Padding (RFC 2132 section 3.1).
pub const PAD: u8 = 0;

/// Agent circuit ID, inside option 82 (RFC 3046).
pub const AGENT_CIRCUIT_ID: u8 = 1;
/// Agent remote ID, inside option 82 (RFC 3046).
pub const AGENT_REMOTE_ID: u8 = 2;
/// Link selection, inside option 82 (RFC 3527).
pub const AGENT_LINK_SELECTION: u8 = 5;
/// Server identifier override, inside option 82 (RFC 5107).
pub const AGENT_SERVER_OVERRIDE: u8 = 11;
/// Relay source port, inside option 82 (RFC 8357).
pub const AGENT_SOURCE_PORT: u8 = 19;
