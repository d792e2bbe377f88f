//! Where a pair's arbiter is.

use std::path::PathBuf;

use clap::Args;

/// Who says which server of a pair may go on alone, where no operator is.
#[derive(Args, Debug)]
#[command(next_help_heading = "Arbiter of a pair")]
pub struct ArbiterArguments {
    /// Go by one row in this database, postgres://USER@HOST/DATABASE or mysql://USER@HOST/DATABASE; the same for both
    /// servers. The server that it says to be left alone goes on alone by itself. Never with a password in it.
    #[arg(long, env = "LEASEHOLD_ARBITER", value_name = "URL", conflicts_with = "standalone")]
    pub arbiter: Option<String>,
    /// The password of the database's user, alone in a file; by default what LEASEHOLD_ARBITER_PASSWORD says.
    #[arg(long, env = "LEASEHOLD_ARBITER_PASSWORD_FILE", value_name = "FILE", requires = "arbiter")]
    pub arbiter_password_file: Option<PathBuf>,
    /// The authority of the database's certificate (PEM): it is spoken to over TLS 1.3, and known by its host's name.
    #[arg(long, env = "LEASEHOLD_ARBITER_CA", value_name = "FILE", requires = "arbiter")]
    pub arbiter_ca: Option<PathBuf>,
    /// Speak to the database in plain text, also over a network: whoever can read along can take its user's place.
    /// Without --arbiter-ca it is allowed only on this machine.
    #[arg(long, env = "LEASEHOLD_ARBITER_PLAINTEXT", requires = "arbiter", conflicts_with = "arbiter_ca")]
    pub arbiter_plaintext: bool,
}
