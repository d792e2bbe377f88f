//! What the load generator is told.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

/// Drives a DHCPv4 server as relays do, and counts what came back.
#[derive(Parser)]
#[command(name = "leasehold-load", version)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Sends exchanges and reports rate, loss, latency and duplicate addresses.
    Run(Box<Run>),
    /// Sends every datagram back to where it came from: the ceiling of the machine and its network.
    Reflector(Reflector),
}

/// Where a no-op server listens.
#[derive(Args)]
pub struct Reflector {
    /// Address and port to listen on.
    #[arg(long, default_value = "127.0.0.1:6700")]
    pub listen: SocketAddrV4,
}

/// What to send where.
#[derive(Args, Clone)]
pub struct Run {
    /// The server's address and port.
    #[arg(long)]
    pub server: SocketAddrV4,
    /// A relay's address (`giaddr`), also the address its socket is bound to; several spread the load.
    #[arg(long = "relay", required = true)]
    pub relays: Vec<Ipv4Addr>,
    /// Port the relays send from. Another than 67 adds option 82.19, so that the server answers there (RFC 8357);
    /// 0 takes any free port.
    #[arg(long, default_value_t = 67)]
    pub relay_port: u16,
    /// Link selection (option 82.5, RFC 3527): addresses of the clients' subnets, used in turn.
    #[arg(long = "link")]
    pub links: Vec<Ipv4Addr>,
    /// A further option of every packet, as CODE=HEX, such as 77=57313050524f44.
    #[arg(long = "option", value_name = "CODE=HEX")]
    pub options: Vec<RawOption>,
    /// Exchanges a second, whether or not answers come (open loop).
    #[arg(long, default_value_t = 1000, conflicts_with = "outstanding")]
    pub rate: u32,
    /// Keep this many exchanges under way instead (closed loop).
    #[arg(long)]
    pub outstanding: Option<u32>,
    /// Search the highest rate with at most --loss percent lost, beginning at --rate.
    #[arg(long)]
    pub search: bool,
    /// The loss that a search accepts, in percent of exchanges.
    #[arg(long, default_value_t = 1.0)]
    pub loss: f64,
    /// Seconds to send for (of each step of a search).
    #[arg(long, default_value = "5", value_parser = seconds)]
    pub duration: Duration,
    /// Milliseconds after which an unanswered packet counts as lost.
    #[arg(long, default_value = "1000", value_parser = milliseconds)]
    pub drop_after: Duration,
    /// Different clients; 0: a new one for every DORA.
    #[arg(long, default_value_t = 0)]
    pub clients: u32,
    /// First client's number, so that one run does not repeat another's clients.
    #[arg(long, default_value_t = 0)]
    pub first_client: u32,
    /// Weight of whole exchanges: DISCOVER, OFFER, REQUEST, ACK.
    #[arg(long, default_value_t = 1)]
    pub dora: u32,
    /// Weight of relayed renewals (REBINDING: `ciaddr` set, no server named).
    #[arg(long, default_value_t = 0)]
    pub renew: u32,
    /// Weight of INIT-REBOOT: a client that comes back and asks for its address.
    #[arg(long, default_value_t = 0)]
    pub reboot: u32,
    /// Stop after the OFFER.
    #[arg(long)]
    pub discover_only: bool,
    /// The server is a reflector: a DISCOVER and a REQUEST that come back count as their answers.
    #[arg(long)]
    pub reflector: bool,
    /// Print one JSON object instead of lines for people.
    #[arg(long)]
    pub json: bool,
    /// Also write each acknowledged client and address here, as CSV.
    #[arg(long)]
    pub leases: Option<PathBuf>,
}

/// One option as it goes on the wire.
#[derive(Clone, Debug)]
pub struct RawOption {
    /// Its code.
    pub code: u8,
    /// Its payload, at most 255 octets.
    pub payload: Vec<u8>,
}

impl FromStr for RawOption {
    type Err = String;

    fn from_str(text: &str) -> Result<RawOption, String> {
        let malformed = || format!("`{text}` is not CODE=HEX, such as 77=57313050524f44");
        let (code, hex) = text.split_once('=').ok_or_else(malformed)?;
        let code = code.parse().map_err(|_| malformed())?;
        let payload: leasehold_schemas::vocab::HexBytes = hex.parse().map_err(|_| malformed())?;
        if payload.0.len() > 255 {
            return Err(format!("`{text}` is longer than 255 octets"));
        }
        Ok(RawOption { code, payload: payload.0 })
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| format!("`{text}` is not a number of seconds"))?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

fn milliseconds(text: &str) -> Result<Duration, String> {
    text.parse().map(Duration::from_millis).map_err(|_| format!("`{text}` is not a number of milliseconds"))
}
