//! Where the partner is: a name that may lead elsewhere tomorrow, or an address.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use tokio::net::lookup_host;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How long a look-up is waited for; then the addresses it gave last are tried.
const LOOK_UP_MAX: Duration = Duration::from_millis(500);

/// A host, by name or address, and a port.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HostPort {
    host: String,
    port: u16,
}

impl FromStr for HostPort {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<HostPort, Self::Err> {
        const EXPECTED: &str =
            "expected HOST:PORT, such as dhcp-b.example.internal:8647 or [2001:db8::2]:8647";
        let (host, port) = text.rsplit_once(':').ok_or(EXPECTED)?;
        let port = port.parse().ok().filter(|port| *port > 0).ok_or(EXPECTED)?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let is_host = match bare {
            Some(address) => address.parse::<IpAddr>().is_ok_and(|address| address.is_ipv6()),
            None => !host.is_empty() && !host.contains(':'),
        };
        if is_host { Ok(HostPort { host: bare.unwrap_or(host).to_owned(), port }) } else { Err(EXPECTED) }
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let HostPort { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

impl HostPort {
    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address, where it is no name; `localhost` is this machine's.
    pub fn address(&self) -> Option<IpAddr> {
        if self.host == "localhost" {
            return Some(IpAddr::from([127, 0, 0, 1]));
        }
        self.host.parse().ok()
    }

    /// Whether it is certainly this machine itself.
    pub fn is_loopback(&self) -> bool {
        self.address().is_some_and(|address| address.is_loopback())
    }
}

/// Looks a name up again for every connection, and remembers what was found last.
#[derive(Default)]
pub struct Resolver {
    found: Vec<SocketAddr>,
    /// A look-up that takes long is waited for the next time, not begun anew.
    under_way: Option<(HostPort, JoinHandle<io::Result<Vec<SocketAddr>>>)>,
}

impl Resolver {
    /// Every address that the name has now, as far as that can be known soon.
    pub async fn addresses(&mut self, place: &HostPort) -> Result<Vec<SocketAddr>, String> {
        if let Ok(address) = place.host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, place.port)]);
        }
        let look_up = || {
            let place = place.clone();
            tokio::spawn(async move { Ok(lookup_host((place.host, place.port)).await?.collect()) })
        };
        let (asked, mut answer) = self.under_way.take().unwrap_or_else(|| (place.clone(), look_up()));
        if asked != *place {
            self.found.clear();
            answer = look_up();
        }
        let why = match timeout(LOOK_UP_MAX, &mut answer).await {
            Ok(Ok(Ok(found))) => {
                self.found = found;
                "it has no address".to_owned()
            }
            Ok(Ok(Err(error))) => error.to_string(),
            Ok(Err(error)) => error.to_string(),
            Err(_) => {
                self.under_way = Some((place.clone(), answer));
                "its look-up takes long".to_owned()
            }
        };
        if self.found.is_empty() {
            Err(format!("the name cannot be resolved: {why}"))
        } else {
            Ok(self.found.clone())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names_and_addresses() {
        for text in ["dhcp-b.example.internal:8647", "192.0.2.2:1", "[2001:db8::2]:8647", "localhost:65535"] {
            assert_eq!(text.parse::<HostPort>().map(|place| place.to_string()), Ok(text.to_owned()));
        }
        for text in ["dhcp-b", ":8647", "a:b", "a:0", "2001:db8::2:8647", "[dhcp-b]:8647", "a:65536", ""] {
            assert!(text.parse::<HostPort>().is_err(), "{text}");
        }
        let is_loopback = |text: &str| text.parse::<HostPort>().is_ok_and(|place| place.is_loopback());
        assert!(is_loopback("127.0.0.9:1") && is_loopback("[::1]:1") && is_loopback("localhost:1"));
        assert!(!is_loopback("192.0.2.2:1") && !is_loopback("dhcp-b:1"));
    }
}
