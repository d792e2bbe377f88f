//! `leasehold export kea`: the estate in another program's language.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Args, Subcommand, ValueEnum};
use leasehold_compiler::Cache;
use leasehold_compiler::diag::{self, Diagnostic, Severity};
use leasehold_compiler::emit::kea::{self, Request, Target};
use leasehold_compiler::parse::limits;

use super::arguments::Global;
use super::output::{print, replace, say};
use super::report::{Channel, count, counts, judge, report, seconds};
use super::{CLEAN, FINDINGS, Failure, check};

/// To what.
#[derive(Subcommand, Debug)]
pub(super) enum Exported {
    /// Write the configuration of Kea's `kea-dhcp4` for one server.
    ///
    /// It means the same, or nothing is written and what is lost is named by the line that says it. The configurations of
    /// a pair's two servers differ in `this-server-name` only. Interfaces and the database of leases are the server's own
    /// business: look at `interfaces-config` and `lease-database` before you use it.
    Kea(KeaArguments),
}

/// How Kea's configuration is written.
#[derive(Args, Debug)]
pub(super) struct KeaArguments {
    /// The estate's folder; default: `sites` if it exists, else the current folder.
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    /// The server of the pair that reads it; any name where there is no pair.
    #[arg(long, value_name = "NAME")]
    node: String,
    /// The release of Kea that reads it.
    #[arg(long, value_enum, default_value_t = Release::Kea30)]
    target: Release,
    /// Write it also if something is lost, which is then warned of.
    #[arg(long)]
    allow_loss: bool,
    /// The folder of Kea's libraries on the server, if that is not where Debian has them.
    #[arg(long, value_name = "DIR")]
    hooks: Option<String>,
    /// Where it goes; `-`: standard output.
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
}

/// A release whose language is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Release {
    /// 2.2, as in Debian 12.
    #[value(name = "2.2")]
    Kea22,
    /// 3.0 and later.
    #[value(name = "3.0")]
    Kea30,
}

/// The estate's pair has no server of the name.
#[derive(Debug)]
pub(super) struct UnknownNode {
    asked: String,
    servers: Vec<String>,
}

impl fmt::Display for UnknownNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let servers: Vec<String> = self.servers.iter().map(|name| format!("`{name}`")).collect();
        write!(f, "no server of the pair is called `{}`; `--node` is {}", self.asked, servers.join(" or "))
    }
}

/// Writes the estate in another language.
pub(super) fn export(global: &Global, exported: &Exported) -> Result<u8, Failure> {
    match exported {
        Exported::Kea(arguments) => export_kea(global, arguments),
    }
}

fn export_kea(global: &Global, arguments: &KeaArguments) -> Result<u8, Failure> {
    let begun = Instant::now();
    let KeaArguments { folder, node, target, allow_loss, hooks, output } = arguments;
    let (sources, today) = check::prepare(global, folder.as_deref())?;
    let to_standard_output = output == Path::new("-");
    let channel = if to_standard_output { Channel::Error } else { Channel::Output };
    if let Some(finding) = limits::too_many_files(&sources) {
        return check::refuse(global, &sources, finding, channel);
    }
    let mut compilation = leasehold_compiler::compile(&sources, &mut Cache::none(), today);
    judge(global, &mut compilation.diagnostics);
    let is_sound = diag::summary(&compilation.diagnostics).errors == 0;
    let Some(artefact) = compilation.artefact.as_ref().filter(|_| is_sound) else {
        report(global, &sources, &compilation.diagnostics, channel)?;
        say("leasehold: nothing was written: the estate has errors; mend what is shown first");
        return Ok(FINDINGS);
    };
    let target = match target {
        Release::Kea22 => Target::Kea22,
        Release::Kea30 => Target::Kea30,
    };
    let request = Request { node, target, hooks: hooks.as_deref() };
    let exported = kea::export(&compilation, artefact, request).map_err(|unknown| {
        Failure::UnknownNode(UnknownNode { asked: node.clone(), servers: unknown.servers })
    })?;
    let mut findings: Vec<Diagnostic> = exported.findings;
    let lost = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    if *allow_loss {
        findings.iter_mut().for_each(|finding| finding.severity = Severity::Warning);
    }
    report(global, &sources, &findings, channel)?;
    let code = if lost > 0 && !allow_loss { FINDINGS } else { CLEAN };
    if code == CLEAN {
        let mut text = serde_json::to_string_pretty(&exported.configuration)
            .expect("a configuration has only string keys and no failing serialiser");
        text.push('\n');
        if to_standard_output { print(text.as_bytes())? } else { replace(output, text.as_bytes())? }
    }
    if !global.quiet {
        let (counts, seconds) = (counts(&compilation), seconds(begun));
        say(&match (code, lost) {
            (CLEAN, 0) => format!("exported {counts} in {seconds}: nothing is lost"),
            (CLEAN, _) => format!("exported {counts} in {seconds}: {} lost", count(lost, "value")),
            (_, _) => format!(
                "{} would be lost; nothing was written; `--allow-loss` accepts it",
                count(lost, "value")
            ),
        });
    }
    check::leave(compilation, sources);
    Ok(code)
}
