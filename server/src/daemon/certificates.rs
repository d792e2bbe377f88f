//! `leasehold-server certs`: an authority for one pair, and a certificate and key for each of its servers.
//!
//! Invariant: no key leaves its directory, none is readable for others, and no file is written over unless its renewal
//! was asked for.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType, date_time_ymd,
};
use rustls::RootCertStore;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::ParsedCertificate;

use super::arguments::Certs;
use super::clock;
use super::peer_link::name_in_certificate;

const CA_CERTIFICATE: &str = "ca.pem";
const CA_KEY: &str = "ca.key";
/// For how many days an authority is valid: ten years.
const CA_DAYS: u16 = 3653;

/// Makes them, and says what goes where.
pub fn make(certs: &Certs) -> Result<(), String> {
    let Certs { directory, node: nodes, days, renew } = certs;
    for node in nodes {
        name_in_certificate(node)?;
        if node.contains(['/', '\\']) || node == "ca" {
            return Err(format!("`{node}` cannot be the name of a file beside the authority's"));
        }
    }
    fs::create_dir_all(directory)
        .map_err(|error| format!("cannot make directory {}: {error}", directory.display()))?;
    let authority = if *renew { read_authority(directory)? } else { make_authority(directory, nodes)? };
    for node in nodes {
        let key = KeyPair::generate().map_err(|error| cannot("make a key", &error))?;
        let made = server_parameters(node, *days)?.signed_by(&key, &authority);
        let made = made.map_err(|error| cannot("make a certificate", &error))?;
        check(directory, &made)?;
        put(directory, &format!("{node}.key"), &key.serialize_pem(), 0o600)?;
        put(directory, &format!("{node}.pem"), &made.pem(), 0o644)?;
    }
    say(directory, nodes, *renew);
    Ok(())
}

fn cannot(what: &str, error: &dyn std::fmt::Display) -> String {
    format!("cannot {what}: {error}")
}

fn authority_parameters() -> CertificateParams {
    let mut parameters = CertificateParams::default();
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, "Leasehold pair authority");
    parameters.distinguished_name = name;
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    valid_for(&mut parameters, CA_DAYS);
    parameters
}

fn server_parameters(node: &str, days: u16) -> Result<CertificateParams, String> {
    let mut parameters = CertificateParams::default();
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, node);
    parameters.distinguished_name = name;
    let alternative = node.to_owned().try_into().map_err(|error| cannot("name a server", &error))?;
    parameters.subject_alt_names = vec![SanType::DnsName(alternative)];
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    // Each server dials and is dialled.
    parameters.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    parameters.use_authority_key_identifier_extension = true;
    valid_for(&mut parameters, days);
    Ok(parameters)
}

/// From yesterday on: a clock that is a little slow is no reason to refuse a new certificate.
fn valid_for(parameters: &mut CertificateParams, days: u16) {
    let day = Duration::from_secs(86_400);
    let now = date_time_ymd(1970, 1, 1) + Duration::from_millis(clock::wall_ms());
    parameters.not_before = now - day;
    parameters.not_after = now + day * u32::from(days);
}

fn make_authority(directory: &Path, nodes: &[String]) -> Result<Issuer<'static, KeyPair>, String> {
    let servers = nodes.iter().flat_map(|node| [format!("{node}.pem"), format!("{node}.key")]);
    for file in [CA_CERTIFICATE.to_owned(), CA_KEY.to_owned()].into_iter().chain(servers) {
        if directory.join(&file).exists() {
            return Err(format!(
                "{} is there already; give --renew to make new certificates by the authority that is there, \
                 or another directory",
                directory.join(&file).display()
            ));
        }
    }
    let key = KeyPair::generate().map_err(|error| cannot("make a key", &error))?;
    let parameters = authority_parameters();
    let made = parameters.self_signed(&key).map_err(|error| cannot("make a certificate", &error))?;
    put(directory, CA_KEY, &key.serialize_pem(), 0o600)?;
    put(directory, CA_CERTIFICATE, &made.pem(), 0o644)?;
    Ok(Issuer::new(parameters, key))
}

fn read_authority(directory: &Path) -> Result<Issuer<'static, KeyPair>, String> {
    let path = directory.join(CA_KEY);
    let shown = path.display();
    let key = fs::read_to_string(&path)
        .map_err(|error| format!("cannot read the authority's key {shown}: {error}; --renew needs it"))?;
    let key = KeyPair::from_pem(&key).map_err(|error| format!("{shown} holds no private key: {error}"))?;
    Ok(Issuer::new(authority_parameters(), key))
}

/// Whether who knows the authority's certificate in the directory takes the new one for what it is: another authority
/// than this command's may lie there.
fn check(directory: &Path, made: &Certificate) -> Result<(), String> {
    let path = directory.join(CA_CERTIFICATE);
    let shown = path.display();
    let mut roots = RootCertStore::empty();
    let pem = fs::read(&path).map_err(|error| format!("cannot read the authority {shown}: {error}"))?;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| format!("{shown} holds no certificate: {error}"))?;
        roots.add(certificate).map_err(|error| format!("{shown} holds no certificate: {error}"))?;
    }
    let algorithms = ring::default_provider().signature_verification_algorithms.all;
    let verify = || {
        let parsed = ParsedCertificate::try_from(made.der())?;
        rustls::client::verify_server_cert_signed_by_trust_anchor(
            &parsed,
            &roots,
            &[],
            UnixTime::now(),
            algorithms,
        )
    };
    verify().map_err(|error| {
        format!(
            "{shown} and {CA_KEY} beside it are no authority of this command's: {error}; nothing was changed"
        )
    })
}

/// Writes beside the old file and puts it in its place: a server that reads it meets the one or the other, whole.
fn put(directory: &Path, name: &str, text: &str, mode: u32) -> Result<(), String> {
    let (path, unfinished) = (directory.join(name), directory.join(format!("{name}.unfinished")));
    let put = || {
        // What a killed command left may have been made with another mode.
        match fs::remove_file(&unfinished) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&unfinished)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&unfinished, &path)
    };
    put().map_err(|error| format!("cannot write {}: {error}", path.display()))
}

fn say(directory: &Path, nodes: &[String], renewed: bool) {
    let shown = directory.display();
    let mut lines = Vec::new();
    for node in nodes {
        let also = if renewed { "" } else { ", ca.pem" };
        lines.push(format!("to server `{node}`: {node}.pem, {node}.key{also}"));
        if !renewed {
            lines.push(format!(
                "  leasehold-server run --node {node} --peer-ca ca.pem --peer-cert {node}.pem --peer-key {node}.key …"
            ));
        }
    }
    lines.push(format!("keep {shown}/{CA_KEY} off both servers: who has it can pass for either"));
    if renewed {
        lines
            .push("a server that runs takes the new files by itself, at once when told by SIGHUP".to_owned());
    }
    let mut stdout = std::io::stdout().lock();
    // Whoever asked for the files need not read this.
    let _ = writeln!(stdout, "in {shown}:\n{}", lines.join("\n"));
}
