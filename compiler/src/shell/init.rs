//! `leasehold init`: a first estate, by questions on a terminal or by flags.
//!
//! Invariant: nothing that is there is touched; what is written is laid out by `fmt` and has no finding. What is asked is
//! judged as soon as it is answered.

use std::fmt;
use std::fs;
use std::io::{self, BufRead, IsTerminal as _};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use leasehold_compiler::diag::plain_text;
use leasehold_compiler::format::{SCHEMA_LINE, format};
use leasehold_compiler::grammar::Document;
use leasehold_compiler::source::{ESTATE_PATH, SourceFile, Sources};
use leasehold_compiler::{Cache, check};
use leasehold_schemas::documents;
use leasehold_schemas::source::FileId;
use leasehold_schemas::vocab::{AddrRange, Cidr, SiteCode};

use super::arguments::{Global, InitOptions};
use super::check::day;
use super::output::{reason, replace, say};
use super::{CLEAN, Failure};

/// The port on which the servers of a pair hear each other, if none is said.
const PEER_PORT: u16 = 8647;

/// Where the schemas lie, below the estate's folder.
const SCHEMAS: &str = "schemas";

/// Why no estate was begun.
#[derive(Debug)]
pub(super) enum InitError {
    /// There is something already.
    Exists(PathBuf),
    /// Nobody can be asked, and these flags are missing.
    Missing(Vec<&'static str>),
    /// Whoever was asked went away.
    Unanswered,
    /// The answers do not fit each other.
    Unfit(String),
    /// A folder could not be made, or an answer not be read.
    Unwritable { path: PathBuf, error: io::Error },
}

/// Everything that is to be said.
struct Draft {
    estate: String,
    site: SiteCode,
    name: Option<String>,
    subnet: Cidr,
    router: Ipv4Addr,
    pool: AddrRange,
    dns: Vec<Ipv4Addr>,
    domain: Option<String>,
    pair: Option<[String; 2]>,
}

/// Begins an estate.
pub(super) fn init(global: &Global, options: &InitOptions) -> Result<u8, Failure> {
    let folder = options.folder.clone().unwrap_or_else(|| PathBuf::from("sites"));
    refuse_to_overwrite(&folder)?;
    let is_terminal = io::stdin().is_terminal() && io::stderr().is_terminal();
    let draft = if is_terminal {
        ask(options, &mut io::stdin().lock(), &mut |line| eprint!("{line}"))?
    } else {
        take(options)?
    };
    let files = write(&draft)?;
    let sources = Sources::new(format!("{}/", folder.display()), files);
    if let Some(finding) = check(&sources, &mut Cache::none(), day(global)?).diagnostics.first() {
        return Err(InitError::Unfit(plain_text(finding)).into());
    }
    let failed = |error| InitError::Unwritable { path: folder.clone(), error };
    fs::create_dir_all(folder.join(SCHEMAS)).map_err(failed)?;
    for document in [documents::Document::Estate, documents::Document::Site] {
        let path = folder.join(SCHEMAS).join(document.file_name());
        replace(&path, document.schema_text().as_bytes())?;
    }
    for (_, file) in sources.iter() {
        replace(&folder.join(&file.path), &file.bytes)?;
    }
    if !global.quiet {
        say(&what_next(&folder, &draft));
    }
    Ok(CLEAN)
}

fn refuse_to_overwrite(folder: &Path) -> Result<(), InitError> {
    match fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(InitError::Exists(folder.to_owned())),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(InitError::Unwritable { path: folder.to_owned(), error }),
    }
}

/// What the flags say, or which are missing.
fn take(options: &InitOptions) -> Result<Draft, InitError> {
    let mut missing = Vec::new();
    if options.site.is_none() {
        missing.push("--site");
    }
    if options.subnet.is_none() {
        missing.push("--subnet");
    }
    let (Some(site), Some(subnet)) = (options.site.clone(), options.subnet) else {
        return Err(InitError::Missing(missing));
    };
    large_enough(subnet).map_err(InitError::Unfit)?;
    let router = options.router.unwrap_or_else(|| first_host(subnet));
    inside(subnet, router).map_err(InitError::Unfit)?;
    let pool = options.pool.unwrap_or_else(|| usual_pool(subnet, router));
    fits(subnet, router, pool).map_err(InitError::Unfit)?;
    Ok(Draft {
        estate: options.estate.clone().unwrap_or_else(|| "my-estate".to_owned()),
        site,
        name: options.name.clone(),
        subnet,
        router,
        pool,
        dns: options.dns.clone(),
        domain: options.domain.clone(),
        pair: pair(&options.pair).map_err(InitError::Unfit)?,
    })
}

/// Asks for what no flag says. An empty answer is the one in brackets.
fn ask(
    options: &InitOptions,
    input: &mut impl BufRead,
    tell: &mut dyn FnMut(&str),
) -> Result<Draft, InitError> {
    let mut dialogue = Dialogue { input, tell };
    let text = |text: &str| {
        if text.is_empty() { Err("something has to stand here".to_owned()) } else { Ok(text.to_owned()) }
    };
    let estate = match &options.estate {
        Some(estate) => estate.clone(),
        None => dialogue.question("What is the estate called?", "my-estate", text)?,
    };
    let site = match &options.site {
        Some(site) => site.clone(),
        None => dialogue.question("Code of the first site, such as FITS-0001:", "", |text| {
            parsed(text, "letters, digits, `.`, `_` and `-`")
        })?,
    };
    let name = match &options.name {
        Some(name) => Some(name.clone()),
        None => dialogue.question("What do people call it? (may stay empty)", "", |text| {
            Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
        })?,
    };
    let subnet = match options.subnet {
        Some(subnet) => large_enough(subnet).map_err(InitError::Unfit)?,
        None => dialogue.question("Its first subnet, such as 10.42.8.0/24:", "", |text| {
            text.parse::<Cidr>().map_err(|error| error.to_string()).and_then(large_enough)
        })?,
    };
    let (router, pool) = ask_for_addresses(options, &mut dialogue, subnet)?;
    let dns = if options.dns.is_empty() {
        dialogue.question("Name servers, with commas between them: (may stay empty)", "", |text| {
            let named = text.split(',').map(str::trim).filter(|one| !one.is_empty());
            named.map(|one| parsed(one, "an address such as 10.255.0.53")).collect()
        })?
    } else {
        options.dns.clone()
    };
    let domain = match &options.domain {
        Some(domain) => Some(domain.clone()),
        None => dialogue.question("Domain of the clients: (may stay empty)", "", |text| {
            Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
        })?,
    };
    let pair = if options.pair.is_empty() {
        dialogue.question(
            "Two servers that replace each other, as HOST,HOST: (empty: one server)",
            "",
            |text| {
                pair(
                    &text
                        .split(',')
                        .map(|one| one.trim().to_owned())
                        .filter(|one| !one.is_empty())
                        .collect::<Vec<_>>(),
                )
            },
        )?
    } else {
        pair(&options.pair).map_err(InitError::Unfit)?
    };
    Ok(Draft { estate, site, name, subnet, router, pool, dns, domain, pair })
}

/// The router and the pool of the first subnet.
fn ask_for_addresses(
    options: &InitOptions,
    dialogue: &mut Dialogue<'_, impl BufRead>,
    subnet: Cidr,
) -> Result<(Ipv4Addr, AddrRange), InitError> {
    let router = match options.router {
        Some(router) => inside(subnet, router).map_err(InitError::Unfit)?,
        None => dialogue.question("The router of that subnet:", &first_host(subnet).to_string(), |text| {
            parsed::<Ipv4Addr>(text, "an address such as 10.42.8.1").and_then(|router| inside(subnet, router))
        })?,
    };
    let pool = match options.pool {
        Some(pool) => fits(subnet, router, pool).map_err(InitError::Unfit)?,
        None => {
            dialogue.question("Addresses to give out:", &usual_pool(subnet, router).to_string(), |text| {
                text.parse::<AddrRange>()
                    .map_err(|error| error.to_string())
                    .and_then(|pool| fits(subnet, router, pool))
            })?
        }
    };
    Ok((router, pool))
}

struct Dialogue<'d, I> {
    input: &'d mut I,
    tell: &'d mut dyn FnMut(&str),
}

impl<I: BufRead> Dialogue<'_, I> {
    /// Asks until the answer will do.
    fn question<T>(
        &mut self,
        question: &str,
        usual: &str,
        judge: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, InitError> {
        loop {
            let shown = if usual.is_empty() { String::new() } else { format!(" [{usual}]") };
            (self.tell)(&format!("{question}{shown} "));
            let mut line = String::new();
            match self.input.read_line(&mut line) {
                Ok(0) => return Err(InitError::Unanswered),
                Ok(_) => {}
                Err(error) => {
                    return Err(InitError::Unwritable { path: PathBuf::from("the terminal"), error });
                }
            }
            let answer = if line.trim().is_empty() { usual } else { line.trim() };
            match judge(answer) {
                Ok(value) => return Ok(value),
                Err(why) => (self.tell)(&format!("  {why}\n")),
            }
        }
    }
}

fn parsed<T: FromStr>(text: &str, expected: &str) -> Result<T, String> {
    text.parse().map_err(|_| match text {
        "" => format!("an answer is needed: {expected}"),
        _ => format!("`{text}` is not {expected}"),
    })
}

/// A subnet with room for a router and a client.
fn large_enough(subnet: Cidr) -> Result<Cidr, String> {
    if subnet.range().size() < 4 {
        return Err(format!("`{subnet}` has no room for a router and clients; /30 is the smallest"));
    }
    Ok(subnet)
}

fn first_host(subnet: Cidr) -> Ipv4Addr {
    Ipv4Addr::from_bits(subnet.range().first().to_bits() + 1)
}

/// An address that a host of the subnet can have.
fn inside(subnet: Cidr, address: Ipv4Addr) -> Result<Ipv4Addr, String> {
    let range = subnet.range();
    if !range.contains(address) || address == range.first() || address == range.last() {
        return Err(format!("`{address}` is no host's address in `{subnet}`"));
    }
    Ok(address)
}

fn fits(subnet: Cidr, router: Ipv4Addr, pool: AddrRange) -> Result<AddrRange, String> {
    inside(subnet, pool.first())?;
    inside(subnet, pool.last())?;
    if pool.contains(router) {
        return Err(format!("the router `{router}` is among `{pool}`"));
    }
    Ok(pool)
}

/// Most of the subnet, with some addresses left at both ends.
fn usual_pool(subnet: Cidr, router: Ipv4Addr) -> AddrRange {
    let range = subnet.range();
    let share = |of: u64, most: u64| u32::try_from((range.size() / of).min(most)).unwrap_or(0);
    let first = range.first().to_bits() + share(8, 20).max(1);
    let last = range.last().to_bits() - share(32, 5).max(1);
    let pool = AddrRange::new(Ipv4Addr::from_bits(first), Ipv4Addr::from_bits(last.max(first)));
    let pool = pool.expect("the later of two addresses does not come first");
    let parts = pool.without(AddrRange::single(router));
    parts.into_iter().flatten().max_by_key(|part| part.size()).unwrap_or(pool)
}

/// The two servers with their ports; nothing for one server.
fn pair(hosts: &[String]) -> Result<Option<[String; 2]>, String> {
    let full = |host: &String| {
        let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        if has_port { host.clone() } else { format!("{host}:{PEER_PORT}") }
    };
    match hosts {
        [] => Ok(None),
        [first, second] if first == second => {
            Err(format!("`{first}` cannot replace itself; name two servers"))
        }
        [first, second] => Ok(Some([full(first), full(second)])),
        others => Err(format!("a pair has two servers, not {}", others.len())),
    }
}

/// Text as a scalar that says it, whatever it holds.
fn scalar(text: &str) -> String {
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '.' | '_'))
        && !text.ends_with(' ');
    let is_word = !["null", "true", "false", "yes", "no", "on", "off"]
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word));
    if is_plain && is_word { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

/// The files of the estate.
fn write(draft: &Draft) -> Result<Vec<SourceFile>, InitError> {
    let mut estate =
        format!("{SCHEMA_LINE}{SCHEMAS}/estate.schema.json\nversion: 1\nestate: {}\n", scalar(&draft.estate));
    let is_private = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].iter().any(|private| {
        private.parse::<Cidr>().is_ok_and(|private| private.range().covers(draft.subnet.range()))
    });
    if !is_private {
        estate.push_str(&format!("address-space: [{}]\n", draft.subnet));
    }
    estate.push_str("lease: {default: 8h, min: 10m, max: 24h}\n");
    if draft.domain.is_some() || !draft.dns.is_empty() {
        estate.push_str("options:\n");
    }
    if let Some(domain) = &draft.domain {
        estate.push_str(&format!("  domain-name: {}\n", scalar(domain)));
    }
    if !draft.dns.is_empty() {
        let servers: Vec<String> = draft.dns.iter().map(ToString::to_string).collect();
        estate.push_str(&format!("  domain-name-servers: [{}]\n", servers.join(", ")));
    }
    if let Some([first, second]) = &draft.pair {
        let (first, second) =
            (serde_json::Value::from(first.as_str()), serde_json::Value::from(second.as_str()));
        estate.push_str("high-availability:\n  mode: hot-standby\n  servers:\n");
        estate.push_str(&format!("    - {{name: primary, role: primary, peer-address: {first}}}\n"));
        estate.push_str(&format!("    - {{name: secondary, role: standby, peer-address: {second}}}\n"));
    }
    let mut site = format!(
        "{SCHEMA_LINE}{SCHEMAS}/site.schema.json\nversion: 1\nsite: {}\n",
        scalar(&draft.site.to_string())
    );
    if let Some(name) = &draft.name {
        site.push_str(&format!("name: {}\n", scalar(name)));
    }
    site.push_str("networks:\n  - name: user\n    subnets:\n");
    site.push_str(&format!("      - subnet: {}\n        pools: [{}]\n", draft.subnet, draft.pool));
    site.push_str(&format!("        options: {{routers: [{}]}}\n", draft.router));
    let files = [(ESTATE_PATH.to_owned(), estate), (format!("{}.yaml", draft.site), site)];
    let written = files.into_iter().map(|(path, text)| {
        let bytes = format(Document::of(&path), FileId(0), text.as_bytes());
        let bytes = bytes.map_err(|_| InitError::Unfit(format!("{path} would not be YAML")))?;
        Ok(SourceFile { path, bytes })
    });
    written.collect()
}

fn what_next(folder: &Path, draft: &Draft) -> String {
    let Draft { site, pair, .. } = draft;
    let folder = folder.display();
    let serve = if pair.is_some() {
        "  leasehold-server certs ./certs --node primary --node secondary   # then one server on each machine, as the README shows"
    } else {
        "  leasehold-server run --config estate.json --node dhcp --interface eth0 --data-dir /var/lib/leasehold"
    };
    format!(
        "wrote {folder}/{ESTATE_PATH} and {folder}/{site}.yaml, which have no findings; next:\n\
         \x20 leasehold check {folder}                     # after each edit; `leasehold lsp` does it in an editor\n\
         \x20 leasehold compile {folder} -o estate.json    # what servers load\n{serve}\n\
         keep {folder} in git: `leasehold plan --against origin/main` says what a change means"
    )
}

impl fmt::Display for InitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InitError::Exists(path) => {
                write!(f, "{} is not empty; name a folder for a new estate", path.display())
            }
            InitError::Missing(flags) => {
                write!(f, "nobody can be asked here; add {}", flags.join(" and "))
            }
            InitError::Unanswered => f.write_str("stopped before all was answered; nothing was written"),
            InitError::Unfit(why) => write!(f, "nothing was written: {}", why.replace('\n', "; ")),
            InitError::Unwritable { path, error } => {
                write!(f, "cannot use {}: {}; name another folder", path.display(), reason(error))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(answers: &str) -> (Result<Draft, InitError>, String) {
        let mut told = String::new();
        let draft = ask(&InitOptions::default(), &mut answers.as_bytes(), &mut |line| told.push_str(line));
        (draft, told)
    }

    #[test]
    fn wrong_answers_are_judged_at_once_and_asked_again() {
        let answers = "\n!\nA-1\n\n10.1.2.3/24\n10.1.2.0/24\n10.9.9.9\n\n10.1.2.1 - 10.1.2.9\n\n10.0.0.53, x\n10.0.0.53\n\na\na,b\n";
        let (draft, told) = answered(answers);
        let files = write(&draft.unwrap()).unwrap();
        let text: String = files.iter().map(|file| String::from_utf8(file.bytes.clone()).unwrap()).collect();
        for line in [
            "estate: my-estate",
            "site: A-1",
            "  - subnet: 10.1.2.0/24",
            "pools: [10.1.2.20 - 10.1.2.250]",
            "domain-name-servers: [10.0.0.53]",
            "peer-address: \"b:8647\"",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
        for complaint in [
            "`!` is not",
            "host bits",
            "no host's address",
            "the router `10.1.2.1` is among",
            "`x` is not",
            "two servers, not 1",
        ] {
            assert!(told.contains(complaint), "{complaint}: {told}");
        }
        assert!(matches!(answered("x\n").0, Err(InitError::Unanswered)));
    }

    #[test]
    fn every_subnet_has_a_usual_pool() {
        for length in 0..=30 {
            let subnet: Cidr =
                if length < 8 { format!("0.0.0.0/{length}") } else { format!("10.0.0.0/{length}") }
                    .parse()
                    .unwrap();
            let first = first_host(subnet);
            for router in [first, Ipv4Addr::from_bits(subnet.range().last().to_bits() - 1)] {
                let pool = usual_pool(subnet, router);
                assert!(fits(subnet, router, pool).is_ok(), "{subnet} {router} {pool}");
            }
        }
    }
}
