//! Who may be at the other end of a connection: the partner by its certificate, or in plain text whoever this machine
//! lets near its loopback.

use std::io;

use rustls::pki_types::ServerName;
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error as TlsError};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::credentials::Credentials;
use crate::daemon::log::Log;

/// Octets to and from the other end, encrypted or not.
pub trait Octets: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Octets for T {}

/// A connection.
pub type Stream = Box<dyn Octets>;

/// How the other end is known.
pub enum Security {
    /// It is not: plain text.
    Plain {
        /// The operator lets it go over a network; else only both ends on this machine.
        anywhere: bool,
    },
    /// By its certificate, of the pair's own authority and with the partner's name.
    Tls(Box<Credentials>),
}

impl Security {
    /// Whether connections are encrypted.
    pub fn is_encrypted(&self) -> bool {
        matches!(self, Security::Tls(_))
    }

    /// Which certificates are in use, as a number that goes up with each change; reads them again.
    pub fn generation(&self, log: &Log) -> u64 {
        match self {
            Security::Plain { .. } => 0,
            Security::Tls(credentials) => credentials.present(log).generation,
        }
    }

    /// Why one that is not as this server's is not taken.
    pub fn mismatch(&self) -> &'static str {
        match self {
            Security::Plain { .. } => {
                "it speaks TLS, and this server plain text: give both --peer-ca, --peer-cert and --peer-key"
            }
            Security::Tls(_) => {
                "it speaks plain text, and this server TLS: give both --peer-ca, --peer-cert and --peer-key"
            }
        }
    }

    /// A connection that this server made.
    pub async fn dialled(&self, socket: TcpStream, log: &Log) -> Result<Stream, String> {
        match self {
            Security::Plain { anywhere } => plain(socket, *anywhere),
            Security::Tls(credentials) => {
                let present = credentials.present(log);
                let name = credentials.partner().clone();
                let stream = present.connector.connect(name, socket).await;
                Ok(Box::new(stream.map_err(|error| self.explain(&error))?))
            }
        }
    }

    /// A connection that was made to this server.
    pub async fn accepted(&self, socket: TcpStream, log: &Log) -> Result<Stream, String> {
        match self {
            Security::Plain { anywhere } => plain(socket, *anywhere),
            Security::Tls(credentials) => {
                let present = credentials.present(log);
                let accepted = present.acceptor.accept(socket).await;
                let stream = accepted.map_err(|error| self.explain(&error))?;
                let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default();
                is_of(certificates, credentials.partner()).map_err(|error| in_words(&error))?;
                Ok(Box::new(stream))
            }
        }
    }

    /// What went wrong, as a person would say it.
    pub fn explain(&self, error: &io::Error) -> String {
        let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>());
        match tls {
            Some(tls) => in_words(tls),
            None if error.kind() == io::ErrorKind::UnexpectedEof => "the other end closed it".to_owned(),
            None => error.to_string(),
        }
    }
}

fn plain(socket: TcpStream, anywhere: bool) -> Result<Stream, String> {
    let address = socket.peer_addr().map_err(|error| error.to_string())?.ip().to_canonical();
    if anywhere || address.is_loopback() {
        return Ok(Box::new(socket));
    }
    Err("plain text is for both ends on one machine: give --peer-ca, --peer-cert and --peer-key, \
         or --peer-plaintext to let it go over this network"
        .to_owned())
}

/// Whether the first certificate carries the name. Its chain was verified in the handshake.
fn is_of(
    certificates: &[rustls::pki_types::CertificateDer<'_>],
    name: &ServerName<'_>,
) -> Result<(), TlsError> {
    let first = certificates.first().ok_or(TlsError::NoCertificatesPresented)?;
    rustls::client::verify_server_name(&ParsedCertificate::try_from(first)?, name)
}

/// What the library says of a handshake, as a person would.
pub fn in_words(error: &TlsError) -> String {
    match error {
        TlsError::InvalidCertificate(fault) => match fault {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "its certificate has expired: renew it with `leasehold-server certs --renew`".to_owned()
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "its certificate is not valid yet: one of the two clocks is wrong".to_owned()
            }
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                "its certificate is not of this pair's authority (--peer-ca)".to_owned()
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "its certificate is not the partner's: it carries another name".to_owned()
            }
            fault => format!("its certificate is not valid: {fault}"),
        },
        TlsError::NoCertificatesPresented => "it shows no certificate".to_owned(),
        TlsError::AlertReceived(alert) => {
            format!("the other end refuses this server's certificate ({alert:?})")
        }
        TlsError::InvalidMessage(_) => "the other end does not speak TLS".to_owned(),
        error => error.to_string(),
    }
}
