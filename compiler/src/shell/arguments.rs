//! The command line.

use std::net::Ipv4Addr;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use leasehold_compiler::why::Described;
use leasehold_schemas::vocab::{AddrRange, Cidr, Date, SiteCode};

/// DHCP for large estates as code: checks an estate of per-site YAML and compiles it into one artefact.
///
/// Exit codes: 0 nothing wrong (warnings allowed), 1 findings, 2 the tool could not do its work.
#[derive(Parser, Debug)]
#[command(name = "leasehold", version)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Args, Debug)]
pub(super) struct Global {
    /// How findings are written.
    #[arg(long, global = true, value_enum, default_value_t = Format::Human)]
    pub(super) format: Format,
    /// Whether output is coloured; `auto`: on a terminal, unless NO_COLOR is set.
    #[arg(long, global = true, value_enum, default_value_t = ColorChoice::Auto, value_name = "WHEN")]
    pub(super) color: ColorChoice,
    /// Findings shown of one rule where people read them (formats human and github); 0: all. The exit code and the
    /// counts do not depend on it.
    #[arg(long, global = true, value_name = "N", default_value_t = 50)]
    pub(super) max_findings: usize,
    /// Show errors only, and no summary.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Show findings of severity information as well, and more of what was done.
    #[arg(short, long, global = true)]
    pub(super) verbose: bool,
    /// Treat findings of this severity as errors, in every format and in the exit code.
    #[arg(long, global = true, value_enum, value_name = "SEVERITY")]
    pub(super) deny: Option<Deny>,
    /// The day against which `until:` dates are judged; default: the clock's, in UTC.
    #[arg(long, global = true, value_name = "YYYY-MM-DD", value_parser = date)]
    pub(super) today: Option<Date>,
    /// Threads to work with; default: one a processor. The output does not depend on it.
    #[arg(long, global = true, value_name = "N")]
    pub(super) threads: Option<NonZeroUsize>,
}

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Find everything that is wrong with an estate.
    Check {
        /// The estate's folder; default: `sites` if it exists, else the current folder.
        #[arg(value_name = "DIR")]
        folder: Option<PathBuf>,
        #[command(flatten)]
        options: CheckOptions,
    },
    /// Check an estate and write the artefact that servers load.
    ///
    /// Nothing is written if anything is wrong; an existing file is replaced at once or not at all. Killed outright,
    /// the program may leave a hidden `.FILE.PROCESS.tmp` beside it, which may be deleted.
    Compile {
        /// The estate's folder; default: `sites` if it exists, else the current folder.
        #[arg(value_name = "DIR")]
        folder: Option<PathBuf>,
        /// Where the artefact goes; `-`: standard output.
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Say what a change means: who gets a different address, gateway, option or lifetime, site by site, and what of
    /// it could hurt.
    ///
    /// Exit codes: 0 nothing breaking, 1 something breaking that nobody acknowledged, or errors in the estate, 2 the tool
    /// could not do its work; with `--detailed-exitcode` 3 where there are changes and none of them is breaking.
    Plan {
        /// The estate's folder; default: `sites` if it exists, else the current folder.
        #[arg(value_name = "DIR")]
        folder: Option<PathBuf>,
        /// What to compare with: a folder, an artefact, or a git revision such as `origin/main`. What exists as a file or
        /// folder is taken as that; write `refs/heads/NAME` for a branch of the same name.
        #[arg(long, value_name = "REV|DIR|ARTEFACT")]
        against: PathBuf,
        /// Active leases: what `leasehold-server leases list` prints, or Kea's memfile; `-`: standard input; or the address
        /// of a server's control API, such as http://127.0.0.1:8648.
        #[arg(long, value_name = "FILE|URL")]
        leases: Option<PathBuf>,
        /// The file with the token of that control API.
        #[arg(long, env = "LEASEHOLD_CONTROL_TOKEN_FILE", value_name = "FILE")]
        leases_token_file: Option<PathBuf>,
        /// The CA of that control API's certificate, as PEM; without: those that browsers trust.
        #[arg(long, env = "LEASEHOLD_CONTROL_CA", value_name = "FILE")]
        leases_ca: Option<PathBuf>,
        /// Exit with 3 if there are changes and none is breaking.
        #[arg(long)]
        detailed_exitcode: bool,
        /// Accept what a rule of change finds, with the reason; may be given several times.
        #[arg(long, value_name = "RULE=REASON")]
        acknowledge: Vec<String>,
    },
    /// Write the estate as one HTML page: what its addresses are for, where room is left, how full pools are, what classes
    /// and options are used for.
    ///
    /// The page asks nobody for anything: it may be mailed, archived, or opened without a network. The same estate with the
    /// same leases gives the same bytes. Exit codes: 0 written, 1 the estate has errors (which are shown), 2 the tool could
    /// not do its work.
    Report(ReportArguments),
    /// Say what a client would be told, and which line says each value.
    ///
    /// The packet is described by arguments or shown in a capture; the server's own code answers it, as if nobody had
    /// a lease yet. Of an artefact alone, levels stand in place of lines. Exit codes: 0 answered, 1 no answer, or the
    /// estate has errors (which are shown), 2 the tool could not do its work.
    Why(WhyArguments),
    /// Make an estate of what others wrote: configurations of Kea, or tables.
    Import {
        #[command(subcommand)]
        source: ImportSource,
    },
    /// Begin an estate: asks on a terminal for what no flag says.
    Init(InitOptions),
    /// Write an estate's files in their one layout; every comment stays.
    ///
    /// Exit codes: 0 formatted, 1 with `--check` or `--diff` something is not, or a file cannot be read (which is shown, and
    /// the file left alone), 2 the tool could not do its work.
    Fmt(FormatOptions),
    /// Serve an editor: findings while somebody types, what things mean, where they are defined, what may be written.
    ///
    /// The Language Server Protocol on standard input and output.
    Lsp {
        /// What some editors add; it is the only way there is.
        #[arg(long)]
        stdio: bool,
    },
    /// Write the estate in another program's language.
    Export {
        #[command(subcommand)]
        what: super::export::Exported,
    },
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

#[derive(Args, Debug)]
pub(super) struct CheckOptions {
    /// Mend what can have meant one thing only, in the files themselves, then check again. Comments and everything
    /// else in them stay; links are not followed.
    #[arg(long)]
    pub(super) fix: bool,
    /// Check again whenever a file changes, until interrupted.
    #[arg(long)]
    pub(super) watch: bool,
    /// Report only what is not in this file, and what is in it and not found any more. What is compiled does not
    /// depend on it.
    #[arg(long, value_name = "FILE")]
    pub(super) baseline: Option<PathBuf>,
    /// Write everything that is found to this file, for `--baseline`. With `--baseline`: only what is in that and
    /// still found.
    #[arg(long, value_name = "FILE", conflicts_with = "watch")]
    pub(super) write_baseline: Option<PathBuf>,
}

#[derive(Args, Debug, Default)]
pub(super) struct InitOptions {
    /// The new estate's folder; default: `sites`.
    #[arg(value_name = "DIR")]
    pub(super) folder: Option<PathBuf>,
    /// What the estate is called.
    #[arg(long, value_name = "NAME")]
    pub(super) estate: Option<String>,
    /// Code of the first site.
    #[arg(long, value_name = "CODE", value_parser = site_code)]
    pub(super) site: Option<SiteCode>,
    /// What people call that site.
    #[arg(long, value_name = "TEXT")]
    pub(super) name: Option<String>,
    /// Its first subnet.
    #[arg(long, value_name = "PREFIX", value_parser = said::<Cidr>)]
    pub(super) subnet: Option<Cidr>,
    /// The router of that subnet; default: its first address.
    #[arg(long, value_name = "ADDRESS")]
    pub(super) router: Option<Ipv4Addr>,
    /// Addresses to give out, `FIRST - LAST`; default: most of the subnet.
    #[arg(long, value_name = "RANGE", value_parser = said::<AddrRange>)]
    pub(super) pool: Option<AddrRange>,
    /// Name servers.
    #[arg(long, value_name = "ADDRESS,…", value_delimiter = ',')]
    pub(super) dns: Vec<Ipv4Addr>,
    /// Domain of the clients.
    #[arg(long, value_name = "DOMAIN")]
    pub(super) domain: Option<String>,
    /// Two servers that replace each other, each where the other reaches it; without: one server.
    #[arg(long, value_name = "HOST[:PORT],HOST[:PORT]", value_delimiter = ',')]
    pub(super) pair: Vec<String>,
}

#[derive(Args, Debug)]
pub(super) struct FormatOptions {
    /// Files, or folders with all `*.yaml` below them; `-`: from standard input to standard output. Default: `sites` if it
    /// exists, else the current folder.
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Write nothing; list the files that would change.
    #[arg(long)]
    pub(super) check: bool,
    /// Write nothing; show what would change.
    #[arg(long)]
    pub(super) diff: bool,
}

impl FormatOptions {
    /// Whether nothing is to be written.
    pub(super) fn only_looks(&self) -> bool {
        self.check || self.diff
    }
}

#[derive(Args, Debug)]
pub(super) struct ReportArguments {
    /// The estate's folder; default: `sites` if it exists, else the current folder.
    #[arg(value_name = "DIR")]
    pub(super) folder: Option<PathBuf>,
    /// Where the page goes; `-`: standard output.
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: PathBuf,
    /// Active leases: what `leasehold-server leases list` prints, or Kea's memfile; `-`: standard input; or the address of a
    /// server's control API, such as http://127.0.0.1:8648.
    #[arg(long, value_name = "FILE|URL")]
    pub(super) leases: Option<PathBuf>,
    /// The moment at which leases are active, such as 2026-11-22T02:08:49Z; default: now.
    #[arg(long, value_name = "TIME", requires = "leases", value_parser = moment)]
    pub(super) at: Option<u64>,
    /// The file with the token of that control API.
    #[arg(long, env = "LEASEHOLD_CONTROL_TOKEN_FILE", value_name = "FILE")]
    pub(super) leases_token_file: Option<PathBuf>,
    /// The CA of that control API's certificate, as PEM; without: those that browsers trust.
    #[arg(long, env = "LEASEHOLD_CONTROL_CA", value_name = "FILE")]
    pub(super) leases_ca: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(super) struct WhyArguments {
    /// The estate's folder, or an artefact; default: `sites` if it exists, else the current folder.
    #[arg(value_name = "DIR|ARTEFACT")]
    pub(super) target: Option<PathBuf>,
    #[command(flatten)]
    pub(super) described: Described,
    /// A capture (pcap or pcapng) that holds the packet.
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "message", "mac", "client_id", "relay", "option", "requested", "ciaddr", "hostname",
    ])]
    pub(super) pcap: Option<PathBuf>,
    /// The packet's frame in the capture, counted from 1; without: the only DHCP message of a client.
    #[arg(long, value_name = "N", requires = "pcap", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) frame: Option<u64>,
}

#[derive(Subcommand, Debug)]
pub(super) enum ImportSource {
    /// A configuration of Kea's DHCPv4 server (2.x or 3.x), with everything it includes.
    ///
    /// Ids stay; what Kea's precedence means for a class and a place is said anew, because here a class beats a place. What
    /// is not carried as it stood is listed with its path, the reason and what to do. The estate is written also where
    /// something is lost. Exit codes: 0 everything that matters to clients was carried, 1 something was lost (unless
    /// `--allow-loss`) or the estate has errors, 2 the tool could not do its work.
    Kea {
        /// The configuration. Several files: one server's configuration each, of a pair that differs in nothing else than
        /// which server it is.
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
        #[command(flatten)]
        target: ImportTarget,
        /// Which networks make a site.
        #[arg(long, value_enum, default_value_t = Sites::Auto)]
        sites: Sites,
        /// The key of user contexts that names a site; default: `site`, `location` and the like.
        #[arg(long, value_name = "KEY", conflicts_with = "sites")]
        site_key: Option<String>,
    },
    /// Tables, as spreadsheets and address plans export them; the first row names the columns.
    ///
    /// Columns are known by their usual names (`site`, `subnet`, `pool`, `gateway`, `mac`, `ip`, `hostname` and the like);
    /// `option.NAME` is an option. Others are named in a mapping file, which is YAML: `delimiter`, and for each table
    /// (`sites`, `subnets`, `reservations`, `exclusions`, `options`) a map of its columns to keys, `option.NAME` or
    /// `ignore`. What cannot be read is listed with its line and the field's number, and its siblings stay.
    Csv {
        /// Sites: site, name, lease, options.
        #[arg(long, value_name = "FILE")]
        sites: Option<PathBuf>,
        /// Subnets: site, network, subnet, id, pool, relay, lease, description, options.
        #[arg(long, value_name = "FILE")]
        subnets: Option<PathBuf>,
        /// Reservations: one of mac, client-id, circuit-id, remote-id, duid; ip, hostname, description, classes, subnet,
        /// site, options.
        #[arg(long, value_name = "FILE")]
        reservations: Option<PathBuf>,
        /// Addresses never given out: range, or first and last; reason.
        #[arg(long, value_name = "FILE")]
        exclusions: Option<PathBuf>,
        /// Options, one a row: option, value; site, network or subnet unless it is for the whole estate.
        #[arg(long, value_name = "FILE")]
        options: Option<PathBuf>,
        /// What columns mean.
        #[arg(long, value_name = "FILE")]
        mapping: Option<PathBuf>,
        /// What stands between fields: one character, or `tab`; default: a comma.
        #[arg(long, value_name = "CHARACTER")]
        delimiter: Option<String>,
        #[command(flatten)]
        target: ImportTarget,
    },
}

#[derive(Args, Debug)]
pub(super) struct ImportTarget {
    /// Where the estate goes: a folder that is empty or not there yet.
    #[arg(short, long, value_name = "DIR")]
    pub(super) output: PathBuf,
    /// Write into a folder with files in it: those of the same name are replaced, others stay.
    #[arg(long)]
    pub(super) overwrite: bool,
    /// The estate's name; default: the first file's.
    #[arg(long, value_name = "NAME")]
    pub(super) estate: Option<String>,
    /// Exit with 0 although something was lost.
    #[arg(long)]
    pub(super) allow_loss: bool,
    /// Print the list as JSON, as `--format json` does.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum Sites {
    /// What user contexts say, else what the names of shared networks say, else one site.
    Auto,
    /// Each shared network is a site.
    Network,
    /// Everything is one site.
    One,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Human,
    /// One JSON document, as `leasehold schema diagnostics` describes it.
    Json,
    /// SARIF 2.1.0, for code scanning and editors.
    Sarif,
    /// Annotations of a pull request, and a table in the file that GITHUB_STEP_SUMMARY names.
    Github,
    /// A GitLab Code Quality report.
    Gitlab,
    /// JUnit XML, a suite a file.
    Junit,
    /// For a comment on a pull request; only of `plan`.
    Markdown,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum ColorChoice {
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum Deny {
    Warnings,
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
    /// What `plan --format json` prints.
    Plan,
    /// What `why --format json` prints.
    Why,
}

fn moment(text: &str) -> Result<u64, String> {
    leasehold_server::leases::listing::moment(text)
        .ok_or_else(|| "expected a time in UTC such as 2026-11-22T02:08:49Z".to_owned())
}

fn site_code(text: &str) -> Result<SiteCode, String> {
    text.parse().map_err(|_| "not a code of letters, digits, `.`, `_` and `-`".to_owned())
}

fn said<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}

fn date(text: &str) -> Result<Date, String> {
    text.parse().map_err(|error: leasehold_schemas::vocab::DateError| error.to_string())
}
