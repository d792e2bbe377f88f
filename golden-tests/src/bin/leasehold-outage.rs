//! What a pair's clients feel when something fails: each fault a few times, the worst reported.
//!
//! `sudo target/release/leasehold-outage` does every fault 30 times. Exit status 1: an address had two holders or a
//! lease was lost; 3: a time that was aimed at was missed.

use std::path::{Path, PathBuf};
use std::process::{Child, ExitCode, Stdio};

use clap::Parser;
use leasehold_golden_tests::binaries::{binary, next_server};
use leasehold_golden_tests::outage::{Fault, Hosts, Length, Outcome, Programs, Summary, run};

/// Runs real servers in network namespaces, lets clients lease, and breaks things. Needs root and iproute2.
#[derive(Parser, Debug)]
#[command(name = "leasehold-outage", max_term_width = 100)]
struct Arguments {
    /// Only these faults.
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = fault)]
    fault: Vec<Fault>,
    /// How often each is done.
    #[arg(long, value_name = "N", default_value_t = 30)]
    times: u64,
    /// How many pairs are under way at once.
    #[arg(long, value_name = "N", default_value_t = 1)]
    parallel: usize,
    /// Let each fault last only as long as it takes to be felt.
    #[arg(long)]
    short: bool,
    /// What the first trial's clients do follows from this number, the next one's from the next.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Where the clients are already: only for this program itself.
    #[arg(long, hide = true)]
    inside: Option<String>,
    /// The server's program: only for this program itself.
    #[arg(long, hide = true, requires = "inside")]
    server: Option<PathBuf>,
    /// The server's program of the next release; it is built where it is needed and not given.
    #[arg(long, value_name = "FILE")]
    next_server: Option<PathBuf>,
}

impl Arguments {
    fn length(&self) -> Length {
        if self.short { Length::Short } else { Length::Full }
    }
}

fn fault(name: &str) -> Result<Fault, String> {
    Fault::ALL.into_iter().find(|fault| fault.name() == name).ok_or_else(|| {
        let names: Vec<&str> = Fault::ALL.into_iter().map(Fault::name).collect();
        format!("the faults are {}", names.join(", "))
    })
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match &arguments.inside {
        Some(tag) => inside(&arguments, tag).map(|()| ExitCode::SUCCESS),
        None => outside(&arguments),
    };
    done.unwrap_or_else(|error| {
        eprintln!("leasehold-outage: {error}");
        ExitCode::from(2)
    })
}

/// Does one fault once, where the clients are.
fn inside(arguments: &Arguments, tag: &str) -> Result<(), String> {
    let hosts = Hosts::made(tag);
    let server = arguments.server.clone().ok_or("--inside goes with --server")?;
    let programs = Programs { server, next: arguments.next_server.clone() };
    let outcome = run(&hosts, &programs, arguments.fault[0], arguments.length(), arguments.seed)?;
    println!("{}", serde_json::to_string(&outcome).map_err(|error| error.to_string())?);
    Ok(())
}

/// Does everything, and prints it.
fn outside(arguments: &Arguments) -> Result<ExitCode, String> {
    let faults = if arguments.fault.is_empty() { Fault::ALL.to_vec() } else { arguments.fault.clone() };
    // All trials start the same programs: they are built before any clock runs.
    binary("leasehold-server")?;
    let next = match &arguments.next_server {
        None if faults.contains(&Fault::RollingUpgrade) => Some(next_server()?),
        given => given.clone(),
    };
    println!("{}", Summary::head());
    let (mut unsafe_faults, mut missed) = (Vec::new(), Vec::new());
    for fault in faults {
        let mut summary = Summary::default();
        let seeds: Vec<u64> = (arguments.seed..arguments.seed + arguments.times).collect();
        for seeds in seeds.chunks(arguments.parallel.max(1)) {
            let trials: Vec<Trial> = seeds
                .iter()
                .map(|seed| Trial::begin(arguments, next.as_deref(), fault, *seed))
                .collect::<Result<_, _>>()?;
            for trial in trials {
                summary.add(trial.end()?);
            }
        }
        print!("{}", summary.text(fault.name(), fault.goals()));
        for harm in summary.harm() {
            println!("  {harm}");
        }
        if !summary.is_safe() {
            unsafe_faults.push(fault.name());
        }
        missed.extend(
            summary.missed(fault.goals()).into_iter().map(|missed| format!("{}: {missed}", fault.name())),
        );
    }
    missed.iter().for_each(|missed| println!("missed: {missed}"));
    if !unsafe_faults.is_empty() {
        println!("NOT SAFE: {}", unsafe_faults.join(", "));
        return Ok(ExitCode::FAILURE);
    }
    Ok(if missed.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(3) })
}

/// A trial that is under way in a process of its own, because its clients live in a namespace.
struct Trial {
    child: Child,
    what: String,
    _hosts: Hosts,
}

impl Trial {
    fn begin(arguments: &Arguments, next: Option<&Path>, fault: Fault, seed: u64) -> Result<Trial, String> {
        let hosts = Hosts::new(&format!("{:03}", seed % 1_000));
        let mut command = hosts.at_relay();
        command.arg(binary("leasehold-outage")?).args(["--fault", fault.name(), "--seed", &seed.to_string()]);
        command.args(["--inside", hosts.tag(), "--server"]).arg(binary("leasehold-server")?);
        if arguments.short {
            command.arg("--short");
        }
        if let Some(next) = next {
            command.arg("--next-server").arg(next);
        }
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let child = child.map_err(|error| format!("cannot start a trial: {error}"))?;
        Ok(Trial { child, what: format!("{} {seed}", fault.name()), _hosts: hosts })
    }

    fn end(self) -> Result<Outcome, String> {
        let output = self.child.wait_with_output().map_err(|error| format!("{}: {error}", self.what))?;
        serde_json::from_slice(&output.stdout)
            .map_err(|_| format!("{}: {}", self.what, String::from_utf8_lossy(&output.stderr)))
    }
}
