//! How long `leasehold check`, `compile` and `plan` take from a cold process, beside what reading the same bytes
//! costs at least, and beside what people use today; and how long a check takes after one edited file, as `check
//! --watch` and an editor do it, beside the first one in the same process. One table of one run:
//!
//! ```text
//! cargo bench -p leasehold-golden-tests --bench compile
//! cargo bench -p leasehold-golden-tests --bench compile -- --scales 1,10
//! ```
//!
//! Every line is the median over whole processes, started in turn so that a busy machine troubles all alike.
//! `events` reads the same files into `saphyr-parser` events on the same cores. `kea-dhcp4 -t` and the PyYAML
//! script run where they are installed, up to scale 10.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a benchmark starts programs and waits"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use clap::{Parser, Subcommand};
use leasehold_compiler::source::{SourceFile, Sources};
use leasehold_compiler::{Cache, check};
use leasehold_golden_tests::estate_generator::generate;
use leasehold_golden_tests::requirement::Requirement;
use leasehold_golden_tests::{binaries, case};
use nix::sys::resource::{UsageWho, getrusage};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

/// The largest scale at which the peers are measured too: they take minutes beyond it.
const PEER_SCALE_MAX: usize = 10;

#[derive(Parser)]
struct Arguments {
    /// Sizes of the estate, as multiples of the example.
    #[arg(long, value_delimiter = ',', default_value = "1,10,100")]
    scales: Vec<usize>,
    /// Runs of everything at scale 1; fewer at larger ones.
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// What `cargo bench` says to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
    #[command(subcommand)]
    part: Option<Part>,
}

/// Parts of the benchmark that need a process of their own.
#[derive(Subcommand)]
enum Part {
    /// Reads all files of a folder into events.
    #[command(hide = true)]
    Events { folder: PathBuf },
    /// Runs a program and prints how long it took and the most memory it held.
    #[command(hide = true)]
    Measure {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<String>,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match &arguments.part {
        Some(Part::Events { folder }) => events(folder),
        Some(Part::Measure { command }) => measure(command),
        None => table(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("compile benchmark: {why}");
            ExitCode::FAILURE
        }
    }
}

fn events(folder: &Path) -> Result<(), String> {
    let mut paths = Vec::new();
    yaml_files(folder, &mut paths)?;
    let counts = paths.par_iter().map(|path| {
        let text = fs::read_to_string(path).map_err(|why| format!("{}: {why}", path.display()))?;
        let mut count = 0_usize;
        for event in saphyr_parser::Parser::new_from_str(&text) {
            event.map_err(|why| format!("{}: {why}", path.display()))?;
            count += 1;
        }
        Ok(count)
    });
    let counts: Result<Vec<usize>, String> = counts.collect();
    println!("{} events", counts?.iter().sum::<usize>());
    Ok(())
}

/// Checks of each kind, of which the median counts.
const CHECKS: usize = 15;

/// Checks an estate without and with memory of it, one file edited each time.
fn again(scale: usize) {
    let mut files: Vec<SourceFile> = generate(scale, None)
        .into_iter()
        .map(|(path, text)| SourceFile { path, bytes: text.into_bytes() })
        .collect();
    let edited = files.len() / 2;
    let (mut cold, mut warm) = (Vec::new(), Vec::new());
    let mut memory = Cache::default();
    for _ in 0..CHECKS {
        files[edited].bytes.extend_from_slice(b"# edited\n");
        cold.push(timed(&files, &mut Cache::default()));
        warm.push(timed(&files, &mut memory));
    }
    // The first had nothing to remember.
    warm.remove(0);
    let middle = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2] * 1000.0
    };
    let (cold, warm) = (middle(cold), middle(warm));
    println!(
        "{scale:>5} after one edit: {warm:.1} ms, the first check in that process {cold:.1} ms, {:.2} of it",
        warm / cold
    );
}

fn timed(files: &[SourceFile], memory: &mut Cache) -> f64 {
    let sources = Sources::new("", files.to_vec());
    let start = Instant::now();
    let compilation = check(&sources, memory, case::today());
    let seconds = start.elapsed().as_secs_f64();
    drop(compilation);
    seconds
}

fn yaml_files(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), String> {
    for entry in fs::read_dir(folder).map_err(|why| format!("{}: {why}", folder.display()))? {
        let path = entry.map_err(|why| why.to_string())?.path();
        if path.is_dir() {
            yaml_files(&path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

/// One process, whole: from before it starts until it has ended.
#[derive(Clone, Copy)]
struct Run {
    seconds: f64,
    peak_kib: i64,
}

fn measure(command: &[String]) -> Result<(), String> {
    let [program, arguments @ ..] = command else { return Err("nothing to measure".to_owned()) };
    let start = Instant::now();
    let status = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map_err(|why| format!("{program}: {why}"))?;
    let seconds = start.elapsed().as_secs_f64();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).map_err(|why| why.to_string())?;
    println!("{seconds} {}", usage.max_rss());
    if status.success() { Ok(()) } else { Err(format!("{program}: {status}")) }
}

/// Runs a program in a process that measures nothing else.
fn run(command: &[String]) -> Result<Run, String> {
    let me = std::env::current_exe().map_err(|why| why.to_string())?;
    let output = Command::new(me)
        .arg("measure")
        .args(command)
        .output()
        .map_err(|why| format!("the measuring process: {why}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let (seconds, peak) = text.trim().split_once(' ').ok_or("the measuring process printed no figures")?;
    let seconds = seconds.parse().map_err(|_| "no time was printed")?;
    let peak_kib = peak.parse().map_err(|_| "no memory was printed")?;
    Ok(Run { seconds, peak_kib })
}

/// Something measured at one scale.
struct Contender {
    name: &'static str,
    command: Vec<String>,
    runs: Vec<Run>,
}

fn table(arguments: &Arguments) -> Result<(), String> {
    if !arguments.bench {
        println!("a benchmark; run it with `cargo bench -p leasehold-golden-tests --bench compile`");
        return Ok(());
    }
    let leasehold = binaries::binary("leasehold")?.display().to_string();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    println!("{cores} cores; medians over whole processes; the ratio is to `events` of the same scale");
    println!(
        "{:>5} {:>9} {:<18} {:>4} {:>10} {:>7} {:>9}",
        "scale", "bytes", "", "runs", "median", "ratio", "peak"
    );
    for scale in &arguments.scales {
        one_scale(*scale, arguments.rounds, &leasehold)?;
        again(*scale);
    }
    Ok(())
}

fn one_scale(scale: usize, rounds: usize, leasehold: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|why| why.to_string())?;
    let sites = folder.path().join("sites");
    let before = folder.path().join("before");
    let bytes = write(&sites, scale)?;
    write(&before, scale)?;
    edit(&sites)?;
    let mut contenders = contenders(scale, &sites, &before, folder.path(), leasehold)?;
    let rounds = match scale {
        1 => rounds,
        2..=20 => rounds.min(5),
        _ => rounds.min(3),
    };
    for _ in 0..rounds {
        for contender in &mut contenders {
            contender.runs.push(run(&contender.command)?);
        }
    }
    let base = median(&contenders[0].runs, |run| run.seconds);
    for Contender { name, command: _, runs } in &contenders {
        let seconds = median(runs, |run| run.seconds);
        let peak_mib = median(runs, |run| run.peak_kib as f64 / 1024.0);
        println!(
            "{scale:>5} {bytes:>9} {name:<18} {:>4} {:>7.1} ms {:>7.2} {peak_mib:>5.0} MiB",
            runs.len(),
            seconds * 1000.0,
            seconds / base
        );
    }
    Ok(())
}

fn median(runs: &[Run], of: impl Fn(&Run) -> f64) -> f64 {
    let mut values: Vec<f64> = runs.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn write(sites: &Path, scale: usize) -> Result<usize, String> {
    let files = generate(scale, None);
    for (path, text) in &files {
        let path = sites.join(path);
        let folder = path.parent().ok_or("every file lies in a folder")?;
        fs::create_dir_all(folder).map_err(|why| why.to_string())?;
        fs::write(&path, text).map_err(|why| format!("{}: {why}", path.display()))?;
    }
    Ok(files.iter().map(|(_, text)| text.len()).sum())
}

/// Gives one site another name, so that a plan has something to say.
fn edit(sites: &Path) -> Result<(), String> {
    let mut paths = Vec::new();
    yaml_files(sites, &mut paths)?;
    let path = paths.iter().find(|path| !path.ends_with("estate.yaml")).ok_or("an estate has sites")?;
    let text = fs::read_to_string(path).map_err(|why| why.to_string())?;
    let text = text.replacen("\nname: ", "\nname: New ", 1);
    fs::write(path, text).map_err(|why| why.to_string())
}

fn contenders(
    scale: usize,
    sites: &Path,
    before: &Path,
    folder: &Path,
    leasehold: &str,
) -> Result<Vec<Contender>, String> {
    let me = std::env::current_exe().map_err(|why| why.to_string())?.display().to_string();
    let estate = sites.display().to_string();
    let before = before.display().to_string();
    let artefact = folder.join("artefact.json").display().to_string();
    let contender = |name, command: &[&str]| Contender {
        name,
        command: command.iter().map(|&word| word.to_owned()).collect(),
        runs: Vec::new(),
    };
    let mut contenders = vec![
        contender("events", &[&me, "events", &estate]),
        contender("leasehold check", &[leasehold, "check", &estate]),
        contender("leasehold compile", &[leasehold, "compile", &estate, "-o", &artefact]),
        contender("leasehold plan", &[leasehold, "plan", &estate, "--against", &before]),
    ];
    if scale > PEER_SCALE_MAX {
        return Ok(contenders);
    }
    if (Requirement::Tool { name: "kea-dhcp4", probe: "-v" }).is_met() {
        let configuration = folder.join("kea.json");
        let path = configuration.display().to_string();
        let exported = Command::new(leasehold)
            .args([
                "export",
                "kea",
                &estate,
                "--node",
                "primary",
                "--target",
                "2.2",
                "--allow-loss",
                "-q",
                "-o",
                &path,
            ])
            .stdout(Stdio::null())
            .status();
        if !exported.map_err(|why| why.to_string())?.success() {
            return Err("the estate cannot be exported".to_owned());
        }
        contenders
            .push(contender("kea-dhcp4 -t", &["kea-dhcp4", "-t", &configuration.display().to_string()]));
    } else {
        println!("{scale:>5} skipped: `kea-dhcp4 -t`, which is not installed");
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/check_estate.py");
    match PYTHONS.into_iter().find(|python| has_yaml(python)) {
        Some(python) => contenders.push(contender("PyYAML script", &[python, script, &estate])),
        None => println!("{scale:>5} skipped: the PyYAML script; no python3 here has `yaml.CSafeLoader`"),
    }
    Ok(contenders)
}

/// Where a Python may be: a version of one's own often stands before the system's, which has the packages.
const PYTHONS: [&str; 2] = ["python3", "/usr/bin/python3"];

fn has_yaml(python: &str) -> bool {
    let import =
        Command::new(python).args(["-c", "from yaml import CSafeLoader"]).stderr(Stdio::null()).status();
    import.is_ok_and(|status| status.success())
}
