//! `leases import`: Kea's lease files read as Kea reads them, and a data directory filled with what is in them.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use leasehold_schemas::artefact::PeerRole;
use leasehold_server::failover::Agreed;
use leasehold_server::import::{Concern, Counts, Import, Source, facts, import};
use leasehold_server::leases::Facts;
use leasehold_server::leases::journal::{Identity, Recovered, begin_with, recover};

use super::arguments::ImportLeases;
use super::artefact_file::{Loaded, Wanted, read_bounded};
use super::{clock, data_directory, journal_thread};

/// Octets of a file of leases: some four million of them.
const FILE_BYTES_MAX: u64 = 512 << 20;

/// Reads, says what is found, and writes it, unless told not to.
pub fn run(asked: &ImportLeases) -> Result<(), String> {
    let wanted = Wanted { path: asked.config.clone(), node: asked.node.clone() };
    let loaded = wanted.load()?;
    begins_the_pair(&loaded, &asked.node)?;
    let sources = sources(&asked.file)?;
    let now = clock::wall_ms();
    let found = import(&sources, &loaded.tables, now)
        .map_err(|(at, fault)| format!("cannot read the leases in {}: {fault}", sources[at].name))?;
    let identity = Identity { estate: loaded.tables.name().to_owned(), node: asked.node.clone() };
    let unreadable = found.remarks.iter().filter(|remark| remark.concern == Concern::Unreadable).count();
    let refused = (unreadable > 0 && !asked.skip_unreadable).then(|| {
        format!(
            "nothing was imported: {unreadable} of the rows cannot be read; mend them, or say --skip-unreadable to go on \
             without them"
        )
    });
    if asked.dry_run || refused.is_some() {
        if asked.data_dir.exists() {
            let files = data_directory::read(&asked.data_dir).map_err(|error| {
                format!("cannot read data directory {}: {error}", asked.data_dir.display())
            })?;
            let held = recover(Some(&identity), &files).map_err(|error| {
                format!("cannot use data directory {}: {error}", asked.data_dir.display())
            })?;
            may_fill(asked, &held)?;
        }
        say(&report(&found, &sources, &loaded, asked, "would be"));
        return refused.map_or(Ok(()), Err);
    }
    let (data, held) = data_directory::open(&asked.data_dir, &identity)?;
    may_fill(asked, &held)?;
    let known = pair_facts(&loaded, now);
    let actions = begin_with(&identity, &held, &found.records, known.as_ref());
    journal_thread::execute(&data.path, &actions)
        .map_err(|error| format!("cannot write in data directory {}: {error}", data.path.display()))?;
    say(&report(&found, &sources, &loaded, asked, "were"));
    Ok(())
}

/// Of a pair, the primary begins with the leases. Were they in both directories, each server would believe to know
/// everything, and a cut between them at the first start would make two truths.
fn begins_the_pair(loaded: &Loaded, node: &str) -> Result<(), String> {
    let Some(pair) = loaded.tables.high_availability() else { return Ok(()) };
    let primary = pair.servers.iter().find(|server| server.role == PeerRole::Primary);
    match primary {
        Some(primary) if primary.name != node => Err(format!(
            "leases are imported at the primary, `{}`: start `{node}` with an empty data directory, and it takes them over \
             from there",
            primary.name
        )),
        Some(_) | None => Ok(()),
    }
}

fn pair_facts(loaded: &Loaded, now_wall_ms: u64) -> Option<Facts> {
    let pair = loaded.tables.high_availability()?;
    let lead_ms = u64::from(pair.mclt_secs.0) * 1_000;
    Some(facts(Agreed { digest: loaded.digest, lead_ms }, now_wall_ms))
}

/// Whether the directory may be filled.
fn may_fill(asked: &ImportLeases, held: &Recovered) -> Result<(), String> {
    let shown = asked.data_dir.display();
    if held.facts().is_some() {
        return Err(format!(
            "data directory {shown} is a pair's, whose other server knows of its leases; to begin anew, stop both servers, \
             move both directories away, and import again"
        ));
    }
    if !held.bindings.is_empty() && !asked.replace {
        return Err(format!(
            "data directory {shown} holds {} leases; give --data-dir an empty or a new directory, or say --replace to \
             give them up",
            held.bindings.len()
        ));
    }
    Ok(())
}

/// Kea's files in the order in which it reads them: what the last cleanup finished, or else what it began with; then
/// what was written since.
fn sources(file: &Path) -> Result<Vec<Source>, String> {
    let beside = |suffix: &str| {
        let mut name = file.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    if let Some(id) = running(&beside(".pid")) {
        return Err(format!(
            "Kea's cleanup of {} runs as process {id}; wait until it has ended",
            file.display()
        ));
    }
    let completed = beside(".completed");
    let mut paths = if completed.exists() { vec![completed] } else { vec![beside(".2"), beside(".1")] };
    paths.push(file.to_owned());
    let there: Vec<PathBuf> = paths.into_iter().filter(|path| path.exists()).collect();
    if there.is_empty() {
        return Err(format!("cannot read {}: it is not there; give Kea's lease file", file.display()));
    }
    let read = |path: PathBuf| {
        let bytes = read_bounded(&path, FILE_BYTES_MAX)?;
        Ok(Source { name: path.display().to_string(), bytes })
    };
    there.into_iter().map(read).collect()
}

/// The process that a file of Kea names, if it runs.
fn running(pid_file: &Path) -> Option<u32> {
    let id: u32 = fs::read_to_string(pid_file).ok()?.trim().parse().ok()?;
    Path::new("/proc").join(id.to_string()).exists().then_some(id)
}

/// What became of every row.
fn report(found: &Import, sources: &[Source], loaded: &Loaded, asked: &ImportLeases, verb: &str) -> String {
    let Import { records, counts, remarks } = found;
    let Counts { rows, by_identifier, by_hardware, declined, other_subnet_id, .. } = counts;
    let names: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
    let mut text = format!("{rows} rows in {}\n", names.join(", then "));
    let mut line = |words: std::fmt::Arguments<'_>| {
        writeln!(text, "{words}").expect("a string takes every write");
    };
    line(format_args!(
        "{} records {verb} imported into {} for `{}` of estate `{}`: {} leases ({by_identifier} by client identifier, \
         {by_hardware} by hardware address), {declined} declined addresses",
        records.len(),
        asked.data_dir.display(),
        asked.node,
        loaded.tables.name(),
        by_identifier + by_hardware,
    ));
    for (count, what) in counted(counts) {
        if count > 0 {
            line(format_args!("{count} {what}"));
        }
    }
    if *other_subnet_id > 0 {
        line(format_args!("{other_subnet_id} imported rows name another subnet id than the artefact does"));
    }
    for concern in Concern::ALL {
        let of_it: Vec<_> = remarks.iter().filter(|remark| remark.concern == concern).collect();
        if !of_it.is_empty() {
            line(format_args!("{} {concern}:", of_it.len()));
        }
        for remark in of_it {
            line(format_args!("  {}:{}: {}", remark.file, remark.line, remark.text));
        }
    }
    if let Some(pair) = loaded.tables.high_availability() {
        for other in pair.servers.iter().filter(|server| server.name != asked.node) {
            line(format_args!(
                "start both servers without --new-pair, and `{}` with an empty data directory: it takes everything over \
                 from `{}`",
                other.name, asked.node
            ));
        }
    }
    text
}

/// Rows that became no record, by reason.
fn counted(counts: &Counts) -> [(u64, &'static str); 6] {
    let Counts {
        rows: _,
        by_identifier: _,
        by_hardware: _,
        declined: _,
        superseded,
        removals,
        expired,
        reclaimed,
        released,
        free,
        other_subnet_id: _,
    } = *counts;
    [
        (superseded, "rows not imported: a later row of the same address counts"),
        (removals, "rows not imported: they only take a lease back"),
        (expired, "rows not imported: expired"),
        (reclaimed, "rows not imported: expired and reclaimed"),
        (released, "rows not imported: released"),
        (free, "rows not imported: nobody's"),
    ]
}

fn say(text: &str) {
    // Who closes the pipe has seen enough.
    let _ = io::stdout().lock().write_all(text.as_bytes());
}
