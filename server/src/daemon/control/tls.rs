//! The certificate of the control API. The files are looked at again now and then, so that a renewed certificate needs
//! no restart; a bad one is said in the log, and the former stays.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::daemon::log::{Level, Log};

/// How often the files are looked at, at most.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// A certificate in two files.
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    acceptor: TlsAcceptor,
    /// When the files were changed that were read.
    changed: [Option<SystemTime>; 2],
    looked: Instant,
}

impl Tls {
    /// Reads both files.
    pub fn read(certificate: PathBuf, key: PathBuf) -> Result<Tls, String> {
        let changed = [changed(&certificate), changed(&key)];
        let acceptor = acceptor(&certificate, &key)?;
        Ok(Tls { certificate, key, acceptor, changed, looked: Instant::now() })
    }

    /// What meets the next connection.
    pub fn acceptor(&mut self, log: &Log) -> TlsAcceptor {
        if self.looked.elapsed() >= LOOK_EVERY {
            self.looked = Instant::now();
            let changed = [changed(&self.certificate), changed(&self.key)];
            if changed != self.changed {
                match acceptor(&self.certificate, &self.key) {
                    Ok(acceptor) => {
                        self.acceptor = acceptor;
                        self.changed = changed;
                        log.say(Level::Info, "control-certificate-renewed", "");
                    }
                    // Perhaps only one of the two is written yet: it is tried again.
                    Err(why) => log.say(
                        Level::Warning,
                        "control-certificate-refused",
                        format_args!("because=\"{why}\" kept=the-old-one"),
                    ),
                }
            }
        }
        self.acceptor.clone()
    }
}

fn changed(path: &PathBuf) -> Option<SystemTime> {
    fs::metadata(path).and_then(|found| found.modified()).ok()
}

fn acceptor(certificate: &PathBuf, key: &PathBuf) -> Result<TlsAcceptor, String> {
    let (shown, shown_key) = (certificate.display(), key.display());
    let unreadable = |error| format!("cannot read the certificate in {shown}: {error}; check --control-cert");
    let unreadable_key = |error| format!("cannot read the key in {shown_key}: {error}; check --control-key");
    let chain = CertificateDer::pem_file_iter(certificate).map_err(unreadable)?;
    let chain = chain.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    if chain.is_empty() {
        return Err(format!(
            "there is no certificate in {shown}; give --control-cert a PEM file that has one"
        ));
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(unreadable_key)?;
    let provider = Arc::new(ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has the default versions' suites")
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(|error| {
            format!("cannot use the certificate in {shown} with the key in {shown_key}: {error}; give a pair that fits")
        })?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
