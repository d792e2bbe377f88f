//! This server's certificate and key, and the authority that both servers' certificates are of. They may be replaced
//! while the server runs: before each handshake the files are read again.
//!
//! Invariant: what was good stays in use until something good takes its place. A name in a certificate is a server's
//! name in the estate, not a host's: so hosts and load balancers may be renamed.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::{NoServerSessionStorage, ParsedCertificate, WebPkiClientVerifier};
use rustls::version::TLS13;
use rustls::{CertificateError, ClientConfig, Error as TlsError, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::security::in_words;
use crate::daemon::log::{Level, Log};

/// What the two servers say they speak (RFC 7301).
const PROTOCOL: &[u8] = b"leasehold-pair";
/// A certificate file is never so long.
const FILE_MAX: u64 = 1 << 20;

/// Where the certificates are.
#[derive(Clone, Debug)]
pub struct Files {
    /// The authority's certificates, one or more.
    pub ca: PathBuf,
    /// This server's certificate, and those between it and the authority.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// What handshakes go by.
pub struct Present {
    /// Goes up with each change.
    pub generation: u64,
    /// For connections this server makes.
    pub connector: TlsConnector,
    /// For connections that are made to it.
    pub acceptor: TlsAcceptor,
}

/// Certificates that follow their files.
pub struct Credentials {
    files: Files,
    me: ServerName<'static>,
    partner: ServerName<'static>,
    kept: Mutex<Kept>,
}

struct Kept {
    present: Arc<Present>,
    /// What was read last, good or bad, so that it is judged once.
    read: Option<Contents>,
}

/// The contents of the three files.
#[derive(PartialEq, Eq)]
struct Contents {
    ca: Vec<u8>,
    certificate: Vec<u8>,
    key: Vec<u8>,
}

/// Why files are of no use.
enum Fault {
    /// Only for now, or not any more: a server may start with it, but does not change to it.
    Time(String),
    /// In any case.
    Other(String),
}

impl Credentials {
    /// Reads the files. A certificate that has expired does not keep a server from starting: it is said, and the
    /// partner will refuse it.
    pub fn open(files: Files, me: &str, partner: &str) -> Result<(Credentials, Option<String>), String> {
        let (me, partner) = (name(me)?, name(partner)?);
        let contents = read(&files)?;
        let (present, warning) = match build(&files, &contents, &me) {
            Ok(present) => (present, None),
            Err((Fault::Time(why), Some(present))) => (present, Some(why)),
            Err((Fault::Time(why) | Fault::Other(why), _)) => return Err(why),
        };
        let kept = Kept { present: Arc::new(present), read: Some(contents) };
        Ok((Credentials { files, me, partner, kept: Mutex::new(kept) }, warning))
    }

    /// The name that the partner's certificate carries.
    pub fn partner(&self) -> &ServerName<'static> {
        &self.partner
    }

    /// What is to be used now: the files' contents if they are good, else what was good before.
    pub fn present(&self, log: &Log) -> Arc<Present> {
        let mut kept = self.kept.lock().expect("nobody panics while holding this");
        let read = read(&self.files);
        let why = match read {
            Ok(contents) if kept.read.as_ref() == Some(&contents) => return Arc::clone(&kept.present),
            Ok(contents) => {
                let built = build(&self.files, &contents, &self.me);
                kept.read = Some(contents);
                match built {
                    Ok(mut present) => {
                        present.generation = kept.present.generation + 1;
                        kept.present = Arc::new(present);
                        let file = self.files.certificate.display();
                        log.say(Level::Info, "peer-certificates-renewed", format_args!("file={file}"));
                        return Arc::clone(&kept.present);
                    }
                    Err((Fault::Time(why) | Fault::Other(why), _)) => why,
                }
            }
            // Said once, until they can be read again.
            Err(_) if kept.read.is_none() => return Arc::clone(&kept.present),
            Err(why) => {
                kept.read = None;
                why
            }
        };
        log.say(
            Level::Error,
            "peer-certificates-bad",
            format_args!("because=\"{why}\" kept=the-old-certificates"),
        );
        Arc::clone(&kept.present)
    }
}

/// A server's name as certificates carry it.
pub fn name(node: &str) -> Result<ServerName<'static>, String> {
    match ServerName::try_from(node.to_owned()) {
        Ok(name @ ServerName::DnsName(_)) => Ok(name),
        Ok(_) | Err(_) => Err(format!(
            "the server name `{node}` cannot stand in a certificate; name the pair's servers as hosts are named"
        )),
    }
}

fn read(files: &Files) -> Result<Contents, String> {
    let Files { ca, certificate, key } = files;
    let read = |path: &PathBuf| {
        let shown = path.display();
        let metadata = fs::metadata(path).map_err(|error| format!("cannot read {shown}: {error}"))?;
        if !metadata.is_file() || metadata.len() > FILE_MAX {
            return Err(format!("{shown} is not a file of certificates or a key"));
        }
        fs::read(path).map_err(|error| format!("cannot read {shown}: {error}"))
    };
    Ok(Contents { ca: read(ca)?, certificate: read(certificate)?, key: read(key)? })
}

fn build(
    files: &Files,
    contents: &Contents,
    me: &ServerName<'_>,
) -> Result<Present, (Fault, Option<Present>)> {
    let bad = |why: String| (Fault::Other(why), None);
    let Contents { ca, certificate, key } = contents;
    let (ca_shown, certificate_shown) = (files.ca.display(), files.certificate.display());
    let provider = Arc::new(ring::default_provider());
    let mut roots = RootCertStore::empty();
    for one in certificates(ca, &ca_shown).map_err(bad)? {
        roots.add(one).map_err(|error| bad(format!("{ca_shown}: {}", in_words(&error))))?;
    }
    let chain = certificates(certificate, &certificate_shown).map_err(bad)?;
    let key = PrivateKeyDer::from_pem_slice(key)
        .map_err(|_| bad(format!("{} holds no private key in PEM", files.key.display())))?;
    let verdict = verify(&chain, &roots, me, &provider);
    let both = format!("{certificate_shown} with {}", files.key.display());
    let present = present(&provider, roots, chain, key).map_err(|error| bad(format!("{both}: {error}")))?;
    let Err(error) = verdict else { return Ok(present) };
    let own = |what: &str| format!("{certificate_shown}: {what}");
    use CertificateError as Bad;
    match &error {
        TlsError::InvalidCertificate(Bad::NotValidForName | Bad::NotValidForNameContext { .. }) => {
            let name = me.to_str();
            Err(bad(own(&format!("it is not for `{name}`; `leasehold-server certs` makes one that is"))))
        }
        TlsError::InvalidCertificate(
            Bad::Expired | Bad::ExpiredContext { .. } | Bad::NotValidYet | Bad::NotValidYetContext { .. },
        ) => Err((Fault::Time(own(&in_words(&error))), Some(present))),
        error => Err(bad(own(&in_words(error)))),
    }
}

fn certificates(pem: &[u8], shown: &dyn std::fmt::Display) -> Result<Vec<CertificateDer<'static>>, String> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match all {
        Ok(all) if !all.is_empty() => Ok(all),
        Ok(_) => Err(format!("{shown} holds no certificate in PEM")),
        Err(error) => Err(format!("{shown} holds no certificate in PEM: {error}")),
    }
}

/// Whether the partner can take this server's own certificate for what it is.
fn verify(
    chain: &[CertificateDer<'_>],
    roots: &RootCertStore,
    me: &ServerName<'_>,
    provider: &CryptoProvider,
) -> Result<(), TlsError> {
    let (own, between) = chain.split_first().ok_or(TlsError::NoCertificatesPresented)?;
    let own = ParsedCertificate::try_from(own)?;
    rustls::client::verify_server_name(&own, me)?;
    let algorithms = provider.signature_verification_algorithms.all;
    rustls::client::verify_server_cert_signed_by_trust_anchor(
        &own,
        roots,
        between,
        UnixTime::now(),
        algorithms,
    )
}

/// TLS 1.3 only, and nothing of one connection is good for another: who was replaced or has expired is met at the next
/// handshake.
fn present(
    provider: &Arc<CryptoProvider>,
    roots: RootCertStore,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Present, String> {
    let roots = Arc::new(roots);
    let shown = |error: TlsError| match error {
        TlsError::InconsistentKeys(_) => "the key is not the certificate's".to_owned(),
        error => error.to_string(),
    };
    let mut client = ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_protocol_versions(&[&TLS13])
        .map_err(shown)?
        .with_root_certificates(Arc::clone(&roots))
        .with_client_auth_cert(chain.clone(), key.clone_key())
        .map_err(shown)?;
    client.resumption = Resumption::disabled();
    client.alpn_protocols = vec![PROTOCOL.to_vec()];
    let verifier = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(provider))
        .build()
        .map_err(|error| error.to_string())?;
    let mut server = ServerConfig::builder_with_provider(Arc::clone(provider))
        .with_protocol_versions(&[&TLS13])
        .map_err(shown)?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .map_err(shown)?;
    server.session_storage = Arc::new(NoServerSessionStorage {});
    server.send_tls13_tickets = 0;
    server.alpn_protocols = vec![PROTOCOL.to_vec()];
    Ok(Present {
        generation: 0,
        connector: TlsConnector::from(Arc::new(client)),
        acceptor: TlsAcceptor::from(Arc::new(server)),
    })
}
