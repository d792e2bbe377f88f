//! `leasehold-server`: loads one artefact and serves DHCPv4.
//!
//! What decides is in the library; here are arguments, files, sockets, threads and clocks.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this program is a shell: files, sockets, threads and clocks are what it is for"
)]

mod daemon;

use std::process::ExitCode;

use clap::Parser;

use daemon::arguments::{Arguments, Command, LeasesCommand};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.command {
        Command::Run(run) => daemon::run(&run),
        Command::Certs(certs) => daemon::make_certificates(&certs),
        Command::Ha(ha) => daemon::ha::run(&ha),
        Command::Rollout(rollout) => daemon::rollout::run(&rollout),
        Command::Leases { command: LeasesCommand::List { data_dir } } => daemon::list_leases(&data_dir),
        Command::Leases { command: LeasesCommand::Import(asked) } => daemon::import_leases(&asked),
        Command::Leases { command: LeasesCommand::Export(asked) } => daemon::export_leases(&asked),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(daemon::Stop::Refused(why)) => {
            eprintln!("leasehold-server: {why}");
            ExitCode::from(2)
        }
        Err(daemon::Stop::Failed(why)) => {
            eprintln!("leasehold-server: {why}");
            ExitCode::FAILURE
        }
    }
}
