//! Leases from a server that runs: its control API gives the table that `leasehold-server leases list` prints.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ureq::http::StatusCode;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Error};

/// How long a server may take to accept a connection.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// How long all of it may take: 500 MiB over a line of 100 Mbit/s.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// Octets of an answer that only says what is wrong.
const REFUSAL_BYTES_MAX: u64 = 64 << 10;

/// Where leases are asked for, and what it takes to be let in.
pub(super) struct LeaseServer<'a> {
    pub(super) url: &'a str,
    pub(super) token_file: Option<&'a Path>,
    pub(super) ca: Option<&'a Path>,
}

/// Why a server gave no leases.
#[derive(Debug)]
pub(crate) enum LeaseServerError {
    /// The file with the token, or what is in it.
    Token { path: PathBuf, why: String },
    /// The file with the CA, or what is in it.
    Ca { path: PathBuf, why: String },
    /// Nobody answers there, or not whole.
    Unreachable { url: String, why: String },
    /// It answers, and not with leases.
    Refused { url: String, code: u16, why: Option<String> },
    /// More than a table of leases has.
    TooLarge { url: String, max: u64 },
}

impl LeaseServer<'_> {
    /// The server's table of leases; at most `max` octets.
    pub(super) fn read(&self, max: u64) -> Result<Vec<u8>, LeaseServerError> {
        let authorization = self.token_file.map(token).transpose()?;
        let roots = self.ca.map(roots).transpose()?.unwrap_or(RootCerts::WebPki);
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_connect(Some(CONNECT_WITHIN))
            .timeout_global(Some(ANSWER_WITHIN))
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .build()
            .new_agent();
        let mut request = agent.get(self.address());
        if let Some(authorization) = authorization {
            request = request.header("Authorization", authorization);
        }
        let mut answer = request.call().map_err(|error| self.unreachable(&error))?;
        let code = answer.status();
        if code != StatusCode::OK {
            let body =
                answer.body_mut().with_config().limit(REFUSAL_BYTES_MAX).read_to_vec().unwrap_or_default();
            let said: Option<serde_json::Value> = serde_json::from_slice(&body).ok();
            let why = said.and_then(|said| Some(said.get("error")?.as_str()?.to_owned()));
            return Err(LeaseServerError::Refused { url: self.url.to_owned(), code: code.as_u16(), why });
        }
        match answer.body_mut().with_config().limit(max).read_to_vec() {
            Ok(bytes) => Ok(bytes),
            Err(Error::BodyExceedsLimit(_)) => {
                Err(LeaseServerError::TooLarge { url: self.url.to_owned(), max })
            }
            Err(error) => Err(self.unreachable(&error)),
        }
    }

    /// An address alone means the control API there; whoever writes a path means that.
    fn address(&self) -> String {
        let behind = self.url.split_once("://").map_or("", |(_, behind)| behind);
        match behind.split_once('/') {
            Some((_, path)) if !path.is_empty() => self.url.to_owned(),
            _ => format!("{}/v1/leases?state=bound", self.url.trim_end_matches('/')),
        }
    }

    fn unreachable(&self, error: &Error) -> LeaseServerError {
        let why = match error {
            Error::Io(error) => error.to_string().to_lowercase(),
            Error::Timeout(_) => format!("no whole answer within {} s", ANSWER_WITHIN.as_secs()),
            other => other.to_string(),
        };
        LeaseServerError::Unreachable { url: self.url.to_owned(), why }
    }
}

fn token(path: &Path) -> Result<String, LeaseServerError> {
    let wrong = |why: String| LeaseServerError::Token { path: path.to_owned(), why };
    let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let token = text.trim();
    let is_word = !token.is_empty() && token.bytes().all(|octet| octet.is_ascii_graphic());
    is_word
        .then(|| format!("Bearer {token}"))
        .ok_or_else(|| wrong("it is not one word in one line".to_owned()))
}

fn roots(path: &Path) -> Result<RootCerts, LeaseServerError> {
    let wrong = |why: String| LeaseServerError::Ca { path: path.to_owned(), why };
    let pem = fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let mut certificates = Vec::new();
    for item in parse_pem(&pem) {
        if let PemItem::Certificate(certificate) = item.map_err(|error| wrong(error.to_string()))? {
            certificates.push(certificate);
        }
    }
    if certificates.is_empty() {
        return Err(wrong("it holds no certificate in PEM".to_owned()));
    }
    Ok(RootCerts::Specific(certificates.into()))
}

impl fmt::Display for LeaseServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LeaseServerError::Token { path, why } => {
                write!(f, "cannot read the token in {}: {why}; check --leases-token-file", path.display())
            }
            LeaseServerError::Ca { path, why } => {
                write!(f, "cannot read the CA in {}: {why}; check --leases-ca", path.display())
            }
            LeaseServerError::Unreachable { url, why } => write!(
                f,
                "cannot read the leases at {url}: {why}; check that leasehold-server runs there with --control"
            ),
            LeaseServerError::Refused { url, code, why: Some(why) } => {
                write!(f, "cannot read the leases at {url}: it answers {code}: {why}")
            }
            LeaseServerError::Refused { url, code, why: None } => write!(
                f,
                "cannot read the leases at {url}: it answers {code}; name the control API of a leasehold-server"
            ),
            LeaseServerError::TooLarge { url, max } => {
                write!(f, "cannot read the leases at {url}: its answer is larger than {} MiB", max >> 20)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_alone_means_its_leases() {
        let address = |url| LeaseServer { url, token_file: None, ca: None }.address();
        assert_eq!(address("http://127.0.0.1:8648"), "http://127.0.0.1:8648/v1/leases?state=bound");
        assert_eq!(address("https://dhcp.example/"), "https://dhcp.example/v1/leases?state=bound");
        assert_eq!(
            address("https://dhcp.example/v1/leases?limit=5"),
            "https://dhcp.example/v1/leases?limit=5"
        );
    }
}
