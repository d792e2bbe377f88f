//! What only the servers of a pair are told.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use crate::daemon::peer_link::HostPort;

/// How a server and its partner reach and know each other.
#[derive(Args, Debug)]
#[command(next_help_heading = "Server of a pair")]
pub struct PeerArguments {
    /// Take the partner's connections here; by default at the port of this server's own peer-address.
    #[arg(long, env = "LEASEHOLD_PEER_LISTEN", value_name = "ADDR:PORT", conflicts_with = "standalone")]
    pub peer_listen: Option<SocketAddr>,
    /// Reach the partner here, whatever peer-address the artefact gives it; looked up for every connection.
    #[arg(long, env = "LEASEHOLD_PEER", value_name = "HOST:PORT", conflicts_with = "standalone")]
    pub peer: Option<HostPort>,
    /// The authority of the pair's certificates (PEM). This and the next two are read again whenever they change.
    #[arg(long, env = "LEASEHOLD_PEER_CA", value_name = "FILE", requires_all = ["peer_cert", "peer_key"])]
    pub peer_ca: Option<PathBuf>,
    /// This server's certificate, which carries its --node name (PEM).
    #[arg(long, env = "LEASEHOLD_PEER_CERT", value_name = "FILE", requires_all = ["peer_ca", "peer_key"])]
    pub peer_cert: Option<PathBuf>,
    /// The key of this server's certificate (PEM).
    #[arg(long, env = "LEASEHOLD_PEER_KEY", value_name = "FILE", requires_all = ["peer_ca", "peer_cert"])]
    pub peer_key: Option<PathBuf>,
    /// Speak to the partner in plain text, also over a network: whoever can reach the peer port can then tell this
    /// server to grant or end any lease. Without certificates it is allowed only between two loopback addresses.
    #[arg(long, env = "LEASEHOLD_PEER_PLAINTEXT", conflicts_with = "peer_ca")]
    pub peer_plaintext: bool,
    /// Say at the very first start of both servers, and never again: no server of this pair has granted a lease yet.
    #[arg(long, conflicts_with_all = ["standalone", "restored"])]
    pub new_pair: bool,
    /// Say once after the data directory was restored from a backup: it is not trusted until the partner's records
    /// have come.
    #[arg(long, conflicts_with = "standalone")]
    pub restored: bool,
}

/// Which certificates to make.
#[derive(Args, Debug)]
pub struct Certs {
    /// Where the files go; made if it is not there.
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// The name of a server, as --node and the artefact have it; once for each.
    #[arg(long, value_name = "NAME", required = true, value_delimiter = ',')]
    pub node: Vec<String>,
    /// For how many days the servers' certificates are valid.
    #[arg(long, value_name = "DAYS", default_value_t = 825, value_parser = clap::value_parser!(u16).range(1..=3650))]
    pub days: u16,
    /// Make new certificates by the authority that is in DIR, in place of the old ones.
    #[arg(long)]
    pub renew: bool,
}
