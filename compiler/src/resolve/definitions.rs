//! The options that standards define, under the names that Kea gives them, and which of them belong to the
//! protocol.
//!
//! Invariant: names and codes are unique, and the list is in the order of codes. Sub-options have no standard
//! definitions here: what lives in options 43 and 125 is a vendor's, so an estate defines it.

use std::ops::RangeInclusive;

use leasehold_schemas::source::OptionType;
use leasehold_schemas::vocab::{OptionCode, Space};

use crate::model::Definition;

use OptionType::{
    Binary, Boolean, ClasslessRoute, Fqdn, Int32, Ipv4Address, Record, String as Text, Tuple, Uint8, Uint16,
    Uint32,
};

/// A row of the table: code, name, type of one value, whether a list, types of a record's fields.
type Row = (u8, &'static str, OptionType, bool, &'static [OptionType]);

const fn one(code: u8, name: &'static str, kind: OptionType) -> Row {
    (code, name, kind, false, &[])
}

const fn list(code: u8, name: &'static str, kind: OptionType) -> Row {
    (code, name, kind, true, &[])
}

const fn record(code: u8, name: &'static str, fields: &'static [OptionType]) -> Row {
    (code, name, Record, false, fields)
}

/// RFC 2132 unless a comment says otherwise. What no type can say whole (sub-option containers, IPv6 addresses,
/// port sets) is octets.
static STANDARD: &[Row] = &[
    one(1, "subnet-mask", Ipv4Address),
    one(2, "time-offset", Int32),
    list(3, "routers", Ipv4Address),
    list(4, "time-servers", Ipv4Address),
    list(5, "name-servers", Ipv4Address),
    list(6, "domain-name-servers", Ipv4Address),
    list(7, "log-servers", Ipv4Address),
    list(8, "cookie-servers", Ipv4Address),
    list(9, "lpr-servers", Ipv4Address),
    list(10, "impress-servers", Ipv4Address),
    list(11, "resource-location-servers", Ipv4Address),
    one(12, "host-name", Text),
    one(13, "boot-size", Uint16),
    one(14, "merit-dump", Text),
    one(15, "domain-name", Text),
    one(16, "swap-server", Ipv4Address),
    one(17, "root-path", Text),
    one(18, "extensions-path", Text),
    one(19, "ip-forwarding", Boolean),
    one(20, "non-local-source-routing", Boolean),
    list(21, "policy-filter", Ipv4Address),
    one(22, "max-dgram-reassembly", Uint16),
    one(23, "default-ip-ttl", Uint8),
    one(24, "path-mtu-aging-timeout", Uint32),
    list(25, "path-mtu-plateau-table", Uint16),
    one(26, "interface-mtu", Uint16),
    one(27, "all-subnets-local", Boolean),
    one(28, "broadcast-address", Ipv4Address),
    one(29, "perform-mask-discovery", Boolean),
    one(30, "mask-supplier", Boolean),
    one(31, "router-discovery", Boolean),
    one(32, "router-solicitation-address", Ipv4Address),
    list(33, "static-routes", Ipv4Address),
    one(34, "trailer-encapsulation", Boolean),
    one(35, "arp-cache-timeout", Uint32),
    one(36, "ieee802-3-encapsulation", Boolean),
    one(37, "default-tcp-ttl", Uint8),
    one(38, "tcp-keepalive-interval", Uint32),
    one(39, "tcp-keepalive-garbage", Boolean),
    one(40, "nis-domain", Text),
    list(41, "nis-servers", Ipv4Address),
    list(42, "ntp-servers", Ipv4Address),
    one(43, "vendor-encapsulated-options", Binary),
    list(44, "netbios-name-servers", Ipv4Address),
    list(45, "netbios-dd-server", Ipv4Address),
    one(46, "netbios-node-type", Uint8),
    one(47, "netbios-scope", Text),
    list(48, "font-servers", Ipv4Address),
    list(49, "x-display-manager", Ipv4Address),
    one(50, "dhcp-requested-address", Ipv4Address),
    one(51, "dhcp-lease-time", Uint32),
    one(52, "dhcp-option-overload", Uint8),
    one(53, "dhcp-message-type", Uint8),
    one(54, "dhcp-server-identifier", Ipv4Address),
    list(55, "dhcp-parameter-request-list", Uint8),
    one(56, "dhcp-message", Text),
    one(57, "dhcp-max-message-size", Uint16),
    one(58, "dhcp-renewal-time", Uint32),
    one(59, "dhcp-rebinding-time", Uint32),
    one(60, "vendor-class-identifier", Text),
    one(61, "dhcp-client-identifier", Binary),
    one(62, "nwip-domain-name", Text),  // RFC 2242
    one(63, "nwip-suboptions", Binary), // RFC 2242
    one(64, "nisplus-domain-name", Text),
    list(65, "nisplus-servers", Ipv4Address),
    one(66, "tftp-server-name", Text),
    one(67, "boot-file-name", Text),
    list(68, "mobile-ip-home-agent", Ipv4Address),
    list(69, "smtp-server", Ipv4Address),
    list(70, "pop-server", Ipv4Address),
    list(71, "nntp-server", Ipv4Address),
    list(72, "www-server", Ipv4Address),
    list(73, "finger-server", Ipv4Address),
    list(74, "irc-server", Ipv4Address),
    list(75, "streettalk-server", Ipv4Address),
    list(76, "streettalk-directory-assistance-server", Ipv4Address),
    one(77, "user-class", Binary), // RFC 3004
    (78, "slp-directory-agent", Record, true, &[Boolean, Ipv4Address]), // RFC 2610
    record(79, "slp-service-scope", &[Boolean, Text]), // RFC 2610
    one(80, "rapid-commit", OptionType::Empty), // RFC 4039
    record(81, "fqdn", &[Uint8, Uint8, Uint8, Fqdn]), // RFC 4702
    one(82, "dhcp-agent-options", Binary), // RFC 3046
    list(85, "nds-servers", Ipv4Address), // RFC 2241
    one(86, "nds-tree-name", Text), // RFC 2241
    one(87, "nds-context", Text),  // RFC 2241
    list(88, "bcms-controller-names", Fqdn), // RFC 4280
    list(89, "bcms-controller-address", Ipv4Address), // RFC 4280
    one(90, "authentication", Binary), // RFC 3118
    one(91, "client-last-transaction-time", Uint32), // RFC 4388
    list(92, "associated-ip", Ipv4Address), // RFC 4388
    list(93, "client-system", Uint16), // RFC 4578
    record(94, "client-ndi", &[Uint8, Uint8, Uint8]), // RFC 4578
    record(97, "uuid-guid", &[Uint8, Binary]), // RFC 4578
    one(98, "uap-servers", Text),  // RFC 2485
    one(99, "geoconf-civic", Binary), // RFC 4776
    one(100, "pcode", Text),       // RFC 4833
    one(101, "tcode", Text),       // RFC 4833
    one(108, "v6-only-preferred", Uint32), // RFC 8925
    list(112, "netinfo-server-address", Ipv4Address), // RFC 3679
    one(113, "netinfo-server-tag", Text), // RFC 3679
    one(114, "v4-captive-portal", Text), // RFC 8910
    one(116, "auto-config", Uint8), // RFC 2563
    list(117, "name-service-search", Uint16), // RFC 2937
    one(118, "subnet-selection", Ipv4Address), // RFC 3011
    list(119, "domain-search", Fqdn), // RFC 3397
    one(120, "sip-servers", Binary), // RFC 3361
    list(121, "classless-static-route", ClasslessRoute), // RFC 3442
    one(122, "cablelabs-client-configuration", Binary), // RFC 3495
    one(123, "geoconf", Binary),   // RFC 6225
    record(124, "vivco-suboptions", &[Uint32, Binary]), // RFC 3925
    one(125, "vivso-suboptions", Binary), // RFC 3925
    list(136, "pana-agent", Ipv4Address), // RFC 5192
    one(137, "v4-lost", Fqdn),     // RFC 5223
    list(138, "capwap-ac-v4", Ipv4Address), // RFC 5417
    one(139, "ipv4-address-mos", Binary), // RFC 5678
    one(140, "ipv4-fqdn-mos", Binary), // RFC 5678
    list(141, "sip-ua-cs-domains", Fqdn), // RFC 6011
    list(142, "ipv4-address-andsf", Ipv4Address), // RFC 6153
    list(143, "v4-sztp-redirect", Tuple), // RFC 8572
    one(144, "geoloc", Binary),    // RFC 6225
    list(145, "forcerenew-nonce-capable", Uint8), // RFC 6704
    record(146, "rdnss-selection", &[Uint8, Ipv4Address, Ipv4Address, Fqdn]), // RFC 6731
    list(150, "tftp-server-address", Ipv4Address), // RFC 5859
    record(151, "status-code", &[Uint8, Text]), // RFC 6926
    one(152, "base-time", Uint32), // RFC 6926
    one(153, "start-time-of-state", Uint32), // RFC 6926
    one(154, "query-start-time", Uint32), // RFC 6926
    one(155, "query-end-time", Uint32), // RFC 6926
    one(156, "dhcp-state", Uint8), // RFC 6926
    one(157, "data-source", Uint8), // RFC 6926
    one(158, "v4-pcp-server", Binary), // RFC 7291
    one(159, "v4-portparams", Binary), // RFC 7618
    one(161, "mud-url", Text),     // RFC 8520
    one(162, "v4-dnr", Binary),    // RFC 9463
    one(208, "loader-magic", Binary), // RFC 5071
    one(209, "loader-configfile", Text), // RFC 5071
    one(210, "loader-pathprefix", Text), // RFC 5071
    one(211, "loader-reboottime", Uint32), // RFC 5071
    one(212, "option-6rd", Binary), // RFC 5969
    one(213, "v4-access-domain", Fqdn), // RFC 5986
    one(220, "subnet-alloc", Binary), // RFC 6656
    one(221, "dhcp-vss", Binary),  // RFC 6607
];

/// Every standard option, in the order of codes.
pub fn standard() -> Vec<Definition> {
    let definition = |&(code, name, kind, array, fields): &Row| Definition {
        name: name.to_owned(),
        space: Space::Dhcp4,
        code: OptionCode(code),
        kind,
        array,
        fields: fields.to_vec(),
        span: None,
    };
    STANDARD.iter().map(definition).collect()
}

/// The codes that an option can have; 0 is padding and 255 the end (RFC 2132 section 3).
pub const CODES: RangeInclusive<u8> = 1..=254;

/// Options that nobody has defined, by their codes: they are named by them, and have octets for their values.
pub fn nameless() -> Vec<Definition> {
    let definition = |code: u8| Definition {
        name: code.to_string(),
        space: Space::Dhcp4,
        code: OptionCode(code),
        kind: Binary,
        array: false,
        fields: Vec::new(),
        span: None,
    };
    CODES.map(definition).collect()
}

/// Where the option of this code, one of [`CODES`], stands among the nameless ones.
pub fn nameless_at(code: u8) -> usize {
    usize::from(code - CODES.start())
}

/// Whether the protocol itself decides the option's value, so that an estate may not: what makes the exchange
/// (50 to 59, 61, 80, 118), what the client or the relay says and the server echoes or answers (81, 82), and what
/// authentication and leasequery carry (90 to 92, 145, 151 to 157).
pub fn is_protocol_owned(code: OptionCode) -> bool {
    matches!(code.0, 50..=59 | 61 | 80..=82 | 90..=92 | 118 | 145 | 151..=157)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_and_codes_are_unique_and_in_order() {
        assert!(STANDARD.is_sorted_by(|a, b| a.0 < b.0));
        let names: BTreeSet<&str> = STANDARD.iter().map(|row| row.1).collect();
        assert_eq!(names.len(), STANDARD.len());
    }

    #[test]
    fn only_records_have_fields() {
        for definition in standard() {
            assert_eq!(definition.kind == Record, !definition.fields.is_empty(), "{}", definition.name);
            assert!(!definition.fields.contains(&Record), "{}", definition.name);
        }
    }
}
