//! Two servers at one address.

use std::net::Ipv6Addr;

use super::{is_copied, servers};
use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::Estate;

/// L703.
pub static RULE: Rule = Rule {
    code: "L703",
    slug: "duplicate-peer-address",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("duplicate_peer_address.md"),
};

/// Compares the two addresses. Two servers of one host with ports of their own are no fault.
pub fn check(estate: &Estate, sink: &mut Sink) {
    let Some((_, first, second)) = servers(estate) else { return };
    if !same(&first.peer_address.value, &second.peer_address.value) || is_copied(first, second) {
        return;
    }
    let message = format!("both servers have the peer address `{}`", second.peer_address.value);
    let label = format!("the address of `{}`, too", first.name.value);
    sink.push(
        Diagnostic::new(&RULE, second.peer_address.span, message, label)
            .with_secondary(first.peer_address.span, "already a server's address here")
            .with_help(format!("write the host and port at which `{}` is reached", second.name.value)),
    );
}

/// Whether two addresses are one: host names do not tell capitals apart and may end in a dot (RFC 1035 section 2.3.3),
/// and one IPv6 address has many spellings.
pub(super) fn same(one: &str, other: &str) -> bool {
    let split = |text: &str| -> Option<(String, String)> {
        let (host, port) = text.rsplit_once(':')?;
        let literal = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host = match literal.and_then(|host| host.parse::<Ipv6Addr>().ok()) {
            Some(addr) => addr.to_string(),
            None => host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase(),
        };
        Some((host, port.to_owned()))
    };
    split(one) == split(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_in_two_spellings_is_one() {
        assert!(same("dhcp-a.example:8647", "DHCP-A.example:8647"));
        assert!(same("[2001:db8::1]:8647", "[2001:DB8:0::1]:8647"));
        assert!(!same("127.0.0.1:8647", "127.0.0.1:8648"));
        assert!(!same("dhcp-a.example:8647", "dhcp-b.example:8647"));
    }
}
