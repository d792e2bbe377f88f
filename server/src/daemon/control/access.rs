//! Who may use the control API: whoever is on this machine, or says the token.
//!
//! A page in a browser on this machine is not "on this machine": it says where it comes from (`Origin`), or asks for a
//! host of its own choosing; both are refused.

use std::fs;
use std::hint::black_box;
use std::path::Path;

use axum::http::header::{AUTHORIZATION, HOST, ORIGIN};
use axum::http::{HeaderMap, StatusCode};

/// Octets a token has at least: what is shorter is guessed.
const TOKEN_MIN: usize = 16;
/// Octets of a token's file.
const TOKEN_FILE_MAX: u64 = 4096;

/// Who may ask.
#[derive(Clone)]
pub enum Access {
    /// Whoever reaches a loopback address.
    Loopback,
    /// Whoever may write to the Unix socket.
    Socket,
    /// Whoever says this.
    Token(Box<[u8]>),
}

impl Access {
    /// The token in a file.
    pub fn token(path: &Path) -> Result<Access, String> {
        let shown = path.display();
        let refused =
            |error| format!("cannot read the token in {shown}: {error}; check --control-token-file");
        let found = fs::metadata(path).map_err(refused)?;
        if !found.is_file() || found.len() > TOKEN_FILE_MAX {
            return Err(format!(
                "cannot read the token in {shown}: it is no file of one line; write one there"
            ));
        }
        let bytes = fs::read(path).map_err(refused)?;
        let token = bytes.trim_ascii();
        if token.len() < TOKEN_MIN || !token.iter().all(u8::is_ascii_graphic) {
            return Err(format!(
                "the token in {shown} is not one word of at least {TOKEN_MIN} printable ASCII characters; \
                 `openssl rand -hex 32` makes one"
            ));
        }
        Ok(Access::Token(token.into()))
    }

    /// For the log.
    pub fn name(&self) -> &'static str {
        match self {
            Access::Loopback => "loopback",
            Access::Socket => "socket",
            Access::Token(_) => "token",
        }
    }

    /// Whether whoever sent these headers may ask; if not, why.
    pub fn check(&self, headers: &HeaderMap) -> Result<(), (StatusCode, &'static str)> {
        match self {
            Access::Socket => Ok(()),
            Access::Loopback if headers.contains_key(ORIGIN) => {
                Err((StatusCode::FORBIDDEN, "a web page may not use the control API"))
            }
            Access::Loopback => {
                let host = headers.get(HOST).and_then(|host| host.to_str().ok());
                let here = host.is_none_or(is_loopback);
                let why =
                    "the control API is for this machine: ask it by a loopback address or as `localhost`";
                here.then_some(()).ok_or((StatusCode::FORBIDDEN, why))
            }
            Access::Token(token) => {
                let said = headers.get(AUTHORIZATION).map(|said| said.as_bytes());
                let said = said.and_then(|said| {
                    let (scheme, word) = said.split_at_checked(7)?;
                    scheme.eq_ignore_ascii_case(b"bearer ").then(|| word.trim_ascii())
                });
                match said {
                    Some(said) if is_same(said, token) => Ok(()),
                    Some(_) => Err((StatusCode::UNAUTHORIZED, "this is not the token of the control API")),
                    None => Err((
                        StatusCode::UNAUTHORIZED,
                        "the control API wants its token: send `Authorization: Bearer TOKEN`",
                    )),
                }
            }
        }
    }
}

/// Whether a Host header names this machine's loopback.
fn is_loopback(host: &str) -> bool {
    if let Ok(address) = host.parse::<std::net::SocketAddr>() {
        return address.ip().is_loopback();
    }
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return address.parse().is_ok_and(|address: std::net::Ipv6Addr| address.is_loopback());
    }
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let literal = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || literal.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Compares in a time that depends on the lengths alone, so that it tells nobody how much of a guess is right.
fn is_same(said: &[u8], token: &[u8]) -> bool {
    let differences = said.iter().zip(token).fold(0, |all, (a, b)| black_box(all | (a ^ b)));
    (black_box(differences) == 0) & (said.len() == token.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(all: &[(axum::http::HeaderName, &str)]) -> HeaderMap {
        all.iter().map(|(name, value)| (name.clone(), value.parse().expect("a header"))).collect()
    }

    #[test]
    fn only_the_whole_token_is_the_token() {
        let access = Access::Token(b"0123456789abcdef".as_slice().into());
        let says = |said: &str| access.check(&headers(&[(AUTHORIZATION, said)])).is_ok();
        assert!(says("Bearer 0123456789abcdef"));
        assert!(says("bearer 0123456789abcdef "));
        for wrong in [
            "",
            "Bearer",
            "Bearer ",
            "Bearer 0123456789abcde",
            "Bearer 0123456789abcdef0",
            "Bearer 1123456789abcdef",
            "Basic 0123456789abcdef",
            "0123456789abcdef",
        ] {
            assert!(!says(wrong), "`{wrong}`");
        }
        assert!(access.check(&HeaderMap::new()).is_err());
    }

    #[test]
    fn a_web_page_is_not_on_this_machine() {
        let asks = |all: &[(axum::http::HeaderName, &str)]| Access::Loopback.check(&headers(all)).is_ok();
        assert!(asks(&[]));
        for host in ["127.0.0.1:8648", "127.0.0.1", "localhost:8648", "LOCALHOST", "[::1]:8648", "[::1]"] {
            assert!(asks(&[(HOST, host)]), "{host}");
        }
        for host in ["evil.example:8648", "10.0.0.1:8648", "localhost.example", ""] {
            assert!(!asks(&[(HOST, host)]), "{host}");
        }
        assert!(!asks(&[(HOST, "127.0.0.1:8648"), (ORIGIN, "http://127.0.0.1:8648")]));
    }
}
