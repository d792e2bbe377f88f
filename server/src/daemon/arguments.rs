//! The command line. Each flag is also an environment variable, `LEASEHOLD_` and its name.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

mod arbiter;
mod pair;

pub use arbiter::ArbiterArguments;
pub use pair::{Certs, PeerArguments};

use super::control::arguments::ControlArguments;
use super::ha::HaArguments;
use super::rollout::RolloutArguments;

/// DHCPv4 for an estate compiled by `leasehold`: durable before it acknowledges.
#[derive(Parser, Debug)]
#[command(name = "leasehold-server", version, about, max_term_width = 100)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Serve an artefact.
    Run(Box<Run>),
    /// Make the certificates with which the two servers of a pair know each other.
    Certs(Certs),
    /// Ask a server of a pair, or tell it what to do.
    Ha(HaArguments),
    /// Roll an artefact out to both servers of a pair, and take it back if a server is not well with it.
    Rollout(RolloutArguments),
    /// Look at leases.
    Leases {
        /// What to do with them.
        #[command(subcommand)]
        command: LeasesCommand,
    },
}

/// What to do with leases.
#[derive(Subcommand, Debug)]
pub enum LeasesCommand {
    /// Print every address that has a record, as CSV; only reads, also while a server runs.
    List {
        /// The data directory.
        #[arg(long, env = "LEASEHOLD_DATA_DIR", default_value = "/var/lib/leasehold")]
        data_dir: PathBuf,
    },
    /// Begin with the leases of Kea, which must not run any more: its clients keep their addresses.
    ///
    /// Works on a data directory in which no server runs. Every row that becomes no lease is counted or listed, with its
    /// file and line.
    Import(ImportLeases),
    /// Print the leases as Kea's memfile has them, for the way back; only reads.
    Export(ExportLeases),
}

/// Which leases go to Kea.
#[derive(Args, Debug)]
pub struct ExportLeases {
    /// The artefact that this server serves: it knows the subnets' numbers.
    #[arg(long, env = "LEASEHOLD_CONFIG", value_name = "FILE")]
    pub config: PathBuf,
    /// Which server this is.
    #[arg(long, env = "LEASEHOLD_NODE", value_name = "NAME")]
    pub node: String,
    /// The data directory.
    #[arg(long, env = "LEASEHOLD_DATA_DIR", value_name = "DIR", default_value = "/var/lib/leasehold")]
    pub data_dir: PathBuf,
}

/// Whose leases become this server's.
#[derive(Args, Debug)]
pub struct ImportLeases {
    /// Kea's lease file (`lease-database`, `name`), with what its cleanup left beside it: FILE.completed, or FILE.2 and
    /// FILE.1, are read first, as Kea reads them. Or what `leases list` prints.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The artefact that this server is to serve.
    #[arg(long, env = "LEASEHOLD_CONFIG", value_name = "FILE")]
    pub config: PathBuf,
    /// Which server this is. Of a pair it is the primary: the other one begins with nothing and takes everything over from
    /// it.
    #[arg(long, env = "LEASEHOLD_NODE", value_name = "NAME")]
    pub node: String,
    /// Where leases are kept; made if it is not there.
    #[arg(long, env = "LEASEHOLD_DATA_DIR", value_name = "DIR", default_value = "/var/lib/leasehold")]
    pub data_dir: PathBuf,
    /// Say what would be imported, and write nothing; also while Kea runs.
    #[arg(long)]
    pub dry_run: bool,
    /// Put what is imported in the place of the leases that the directory holds. What a server of a pair knows is never
    /// replaced.
    #[arg(long)]
    pub replace: bool,
    /// Import what can be read although some rows cannot; they are listed.
    #[arg(long)]
    pub skip_unreadable: bool,
}

/// How to serve.
#[derive(Args, Debug)]
pub struct Run {
    /// The artefact that `leasehold compile` wrote.
    #[arg(long, env = "LEASEHOLD_CONFIG", value_name = "FILE")]
    pub config: PathBuf,
    /// Which server this is: a name the artefact gives to one of a pair. The artefact of a single server names none:
    /// there it is any name, which the data directory keeps, so that no other server takes its leases for its own.
    #[arg(long, env = "LEASEHOLD_NODE", value_name = "NAME")]
    pub node: String,
    /// Serve clients attached to this network interface (needs CAP_NET_RAW and CAP_NET_BIND_SERVICE).
    #[arg(long, env = "LEASEHOLD_INTERFACE", value_name = "IF", value_delimiter = ',')]
    pub interface: Vec<String>,
    /// Take relayed packets at this address; port 67 unless another is given, 0 for any.
    #[arg(
        long, env = "LEASEHOLD_LISTEN", value_name = "ADDR[:PORT]", value_delimiter = ',',
        value_parser = listen_address
    )]
    pub listen: Vec<SocketAddrV4>,
    /// The server identifier (option 54); by default the address at which a packet was received.
    #[arg(long, env = "LEASEHOLD_SERVER_ID", value_name = "ADDR")]
    pub server_id: Option<Ipv4Addr>,
    /// A former server identifier that clients may still name.
    #[arg(long, env = "LEASEHOLD_SERVER_ID_ALSO", value_name = "ADDR", value_delimiter = ',')]
    pub server_id_also: Vec<Ipv4Addr>,
    /// Where leases are kept; made if it is not there.
    #[arg(long, env = "LEASEHOLD_DATA_DIR", value_name = "DIR", default_value = "/var/lib/leasehold")]
    pub data_dir: PathBuf,
    /// Serve a pair's artefact alone: say this only where no partner runs.
    #[arg(long, env = "LEASEHOLD_STANDALONE")]
    pub standalone: bool,
    /// Where the control API listens.
    #[command(flatten)]
    pub control: ControlArguments,
    /// If the artefact is bad, start with the last good one, kept in the data directory.
    #[arg(long, env = "LEASEHOLD_FALLBACK_LAST_GOOD")]
    pub fallback_last_good: bool,
    /// How this server and its partner reach and know each other.
    #[command(flatten)]
    pub peer: PeerArguments,
    /// Who says which server of a pair may go on alone, where no operator is.
    #[command(flatten)]
    pub arbiter: ArbiterArguments,
}

/// The port of DHCP servers (RFC 2131 section 4.1).
pub const SERVER_PORT: u16 = 67;

fn listen_address(text: &str) -> Result<SocketAddrV4, String> {
    let address = text.parse::<Ipv4Addr>().map(|address| SocketAddrV4::new(address, SERVER_PORT));
    address.or_else(|_| text.parse()).map_err(|_| "expected ADDR or ADDR:PORT, such as 10.0.0.2".to_owned())
}
