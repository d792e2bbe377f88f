//! Where the control API listens and who may use it.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::place::Place;

/// Where the control API listens and who may use it.
#[derive(Args, Clone, Debug, Default)]
pub struct ControlArguments {
    /// Answer the control API here: state, metrics, leases, and `leasehold-server ha`. Open on a loopback address or
    /// a Unix socket; any other address needs a token and TLS. Port 8648 is where `leasehold-server ha` looks.
    #[arg(long, env = "LEASEHOLD_CONTROL", value_name = "ADDR:PORT|unix:PATH")]
    pub control: Option<Place>,
    /// The file with the word that whoever uses the control API must say (Authorization: Bearer).
    #[arg(long, env = "LEASEHOLD_CONTROL_TOKEN_FILE", value_name = "FILE")]
    pub control_token_file: Option<PathBuf>,
    /// The certificate of the control API, and those between it and its CA, as PEM; read again when it changes.
    #[arg(long, env = "LEASEHOLD_CONTROL_CERT", value_name = "FILE", requires = "control_key")]
    pub control_cert: Option<PathBuf>,
    /// The certificate's key, as PEM.
    #[arg(long, env = "LEASEHOLD_CONTROL_KEY", value_name = "FILE", requires = "control_cert")]
    pub control_key: Option<PathBuf>,
    /// Answer /healthz and /readyz here, to anybody: for load balancers, which cannot authenticate.
    #[arg(long, env = "LEASEHOLD_HEALTH", value_name = "ADDR:PORT")]
    pub health: Option<SocketAddr>,
}

impl ControlArguments {
    /// Whether anything is said of who may use the control API.
    pub(super) fn names_access(&self) -> bool {
        self.control_token_file.is_some() || self.control_cert.is_some()
    }
}
