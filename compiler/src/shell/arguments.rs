//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

/// DHCP for large estates as code: checks an estate of per-site YAML and compiles it into one artefact.
///
/// Exit codes: 0 done, 2 the tool could not do its work.
#[derive(Parser, Debug)]
#[command(name = "leasehold", version)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Print a rule's page: what it finds, why it matters, how to mend it.
    Explain {
        /// The rule's code or name, such as `L302` or `overlapping-subnets`.
        #[arg(value_name = "RULE")]
        rule: String,
    },
    /// Print or write the JSON Schemas, for editors and other programs.
    Schema {
        /// Which one to print.
        #[arg(value_enum)]
        document: Option<SchemaName>,
        /// Write to this folder instead, all of them unless one is named.
        #[arg(short, long, value_name = "DIR")]
        output: Option<PathBuf>,
    },
    /// Print a script that completes this program's arguments in a shell.
    Completions {
        /// The shell.
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum SchemaName {
    /// `estate.yaml`.
    Estate,
    /// A site's file.
    Site,
    /// What servers load.
    Artefact,
    /// What `--format json` prints.
    Diagnostics,
}
