//! `leasehold-load`: drives any DHCPv4 server as relays do, and counts what came back.
//!
//! One thread, batches of datagrams; what to send next and what a reply means is decided in [`exchange`] and
//! [`packet`], which know neither sockets nor clocks.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this program is a shell: sockets and clocks are what it is for"
)]

mod arguments;
mod drive;
mod exchange;
mod packet;
mod reflector;
mod report;
mod socket;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let arguments = arguments::Arguments::parse();
    let done = match arguments.command {
        arguments::Command::Run(run) => drive::run(&run),
        arguments::Command::Reflector(reflector) => reflector::run(&reflector),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("leasehold-load: {error}");
            ExitCode::from(2)
        }
    }
}
