//! Where the arbiter is, who asks it, and how each knows the other.

use std::fmt;
use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use mysql_async::{Opts, OptsBuilder, SslOpts};
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::config::{Host, SslMode};
use tokio_rustls::TlsConnector;

use super::{Database, mysql, postgres};
use crate::daemon::arguments::ArbiterArguments;

/// A password or certificate file is never so long.
const FILE_MAX: u64 = 1 << 20;
/// What is said where a password stands on a command line.
const PASSWORD_SHOWN: &str = "a password in --arbiter can be read by everybody on this machine; \
                              give --arbiter-password-file or set LEASEHOLD_ARBITER_PASSWORD";

/// A database, its user and its authority.
pub struct Place {
    shown: String,
    database: Database,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl Place {
    /// From what is said at the start; `password` is the environment's.
    pub fn of(url: &str, arguments: &ArbiterArguments, password: Option<String>) -> Result<Place, String> {
        let password = match &arguments.arbiter_password_file {
            Some(file) => {
                let text = read(file).map_err(|why| format!("cannot read the arbiter's password: {why}"))?;
                let text = String::from_utf8(text)
                    .map_err(|_| format!("{} holds no password: it is not text", file.display()))?;
                Some(text.trim_end_matches(['\r', '\n']).to_owned())
            }
            None => password,
        };
        let scheme = url.split_once("://").map(|(scheme, _)| scheme);
        match scheme {
            Some("postgres" | "postgresql") => in_postgres(url, arguments, password),
            Some("mysql" | "mariadb") => in_mysql(url, arguments, password),
            _ => Err(
                "cannot use --arbiter: expected postgres://USER@HOST/DATABASE or mysql://USER@HOST/DATABASE"
                    .to_owned(),
            ),
        }
    }

    /// The database, not connected yet.
    pub(super) fn open(self) -> Database {
        self.database
    }
}

fn in_postgres(url: &str, arguments: &ArbiterArguments, password: Option<String>) -> Result<Place, String> {
    let mut config: tokio_postgres::Config =
        url.parse().map_err(|error| format!("cannot use --arbiter: {error}"))?;
    if config.get_password().is_some() {
        return Err(PASSWORD_SHOWN.to_owned());
    }
    if let Some(password) = password {
        config.password(password);
    }
    config.application_name("leasehold-server");
    let hosts = config.get_hosts();
    let named = hosts.iter().all(|host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => is_here(name),
    });
    let here = if config.get_hostaddrs().is_empty() {
        named && !hosts.is_empty()
    } else {
        config.get_hostaddrs().iter().all(IpAddr::is_loopback)
    };
    let shown: Vec<String> = hosts
        .iter()
        .map(|host| match host {
            Host::Unix(path) => path.display().to_string(),
            Host::Tcp(name) => name.clone(),
        })
        .collect();
    let shown = format!("postgres://{}/{}", shown.join(","), config.get_dbname().unwrap_or_default());
    let tls = roots(arguments, here, &shown)?.map(|(roots, _)| connector(roots)).transpose()?;
    config.ssl_mode(if tls.is_some() { SslMode::Require } else { SslMode::Disable });
    let database = Database::Postgres(Box::new(postgres::Postgres { config, tls, client: None }));
    Ok(Place { shown, database })
}

fn in_mysql(url: &str, arguments: &ArbiterArguments, password: Option<String>) -> Result<Place, String> {
    let url = url.replacen("mariadb://", "mysql://", 1);
    let options = Opts::from_url(&url).map_err(|error| format!("cannot use --arbiter: {error}"))?;
    if options.pass().is_some_and(|password| !password.is_empty()) {
        return Err(PASSWORD_SHOWN.to_owned());
    }
    let at = match options.socket() {
        Some(socket) => socket.to_owned(),
        None => format!("{}:{}", options.ip_or_hostname(), options.tcp_port()),
    };
    let here = options.socket().is_some() || is_here(options.ip_or_hostname());
    let shown = format!("mysql://{at}/{}", options.db_name().unwrap_or_default());
    let tls = roots(arguments, here, &shown)?.map(|(_, bytes)| {
        SslOpts::default().with_disable_built_in_roots(true).with_root_certs(vec![bytes.into()])
    });
    let options = OptsBuilder::from_opts(options)
        .pass(password)
        .ssl_opts(tls)
        // Nowhere but where it was said.
        .prefer_socket(false)
        .stmt_cache_size(0)
        .init(vec!["SET autocommit = 1"]);
    let options = Opts::from(options);
    Ok(Place { shown, database: Database::Mysql(Box::new(mysql::Mysql { options, connection: None })) })
}

/// Whether a host is certainly this machine itself.
fn is_here(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The authorities of the database's certificate, and their file's content; absent: it is spoken to in plain text.
fn roots(
    arguments: &ArbiterArguments,
    here: bool,
    shown: &str,
) -> Result<Option<(RootCertStore, Vec<u8>)>, String> {
    let Some(file) = &arguments.arbiter_ca else {
        if here || arguments.arbiter_plaintext {
            return Ok(None);
        }
        return Err(format!(
            "the way to the arbiter {shown} leaves this machine, so it needs the authority of its certificate: give \
             --arbiter-ca FILE, or --arbiter-plaintext to go without"
        ));
    };
    let refused = |why: &dyn fmt::Display| format!("cannot use --arbiter-ca {}: {why}", file.display());
    let bytes = read(file).map_err(|why| format!("cannot use --arbiter-ca: {why}"))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&bytes) {
        let certificate = certificate.map_err(|error| refused(&error))?;
        roots.add(certificate).map_err(|error| refused(&error))?;
    }
    if roots.is_empty() {
        return Err(refused(&"it holds no certificate"));
    }
    Ok(Some((roots, bytes)))
}

fn connector(roots: RootCertStore) -> Result<TlsConnector, String> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13])
        .map_err(|error| format!("cannot use --arbiter-ca: {error}"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// A short file.
fn read(file: &Path) -> Result<Vec<u8>, String> {
    let shown = file.display();
    let metadata = fs::metadata(file).map_err(|error| format!("{shown}: {error}"))?;
    if !metadata.is_file() || metadata.len() > FILE_MAX {
        return Err(format!("{shown} is no file, or longer than 1 MiB"));
    }
    fs::read(file).map_err(|error| format!("{shown}: {error}"))
}
