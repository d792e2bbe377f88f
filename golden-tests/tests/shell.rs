//! The program `leasehold` and the world: what it says of folders, files and flags that are not what they should be,
//! and what is left of its output when it is killed.
//!
//! `cases/shell/NAME/steps.txt` prepares files and runs the program in an empty folder; `expected.txt` beside it holds
//! exit code and output of every run. Steps:
//!
//! ```text
//! estate NAME              a small sound estate in a new folder
//! folder NAME              an empty folder
//! file NAME TEXT           `\n` ends a line
//! octets NAME HEX
//! size NAME OCTETS         makes a file as long as that, new or not, without writing anything
//! socket NAME, fifo NAME, link NAME TARGET
//! mode NAME OCTAL          obeyed even where the tests run as root: the program runs without its rights
//! show NAME                a file's content, after what was run
//! run ARGUMENTS            runs `leasehold`
//! run-within MIB ARGUMENTS the same with a limit on its memory
//! ```
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "prepares files and starts programs"
)]

use std::fmt::Write as _;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use leasehold_golden_tests::case::{self, Case};
use leasehold_golden_tests::estate_generator::generate;
use leasehold_golden_tests::requirement::{Requirement, trial};
use leasehold_golden_tests::{binaries, expectation};
use leasehold_schemas::vocab::HexBytes;
use libtest_mimic::{Arguments, Trial};

/// Longest a run may take: whoever waits on a FIFO, or reads two gigabytes, does not end before.
const RUN_MAX: Duration = Duration::from_secs(30);
/// Takes root's rights from a program, so that the modes of root's own files hold for it.
const SETPRIV: Requirement = Requirement::Tool { name: "setpriv", probe: "--version" };
/// At how many moments the compiler is killed: so often while it works, and so often while it writes.
const KILLS: u32 = 6;

fn main() {
    let arguments = Arguments::from_args();
    let mut trials: Vec<Trial> = case::find("shell").into_iter().map(case_trial).collect();
    trials.push(trial("compile_killed_in_the_middle", &[], compile_killed_in_the_middle));
    libtest_mimic::run(&arguments, trials).exit();
}

fn case_trial(case: Case) -> Trial {
    let steps = fs::read_to_string(case.folder.join("steps.txt")).expect("a case has its steps");
    let limited = steps.lines().any(|line| line.starts_with("mode ")) && Requirement::Root.is_met();
    let needs: &[Requirement] = if limited { &[SETPRIV] } else { &[] };
    trial(case.name.clone(), needs, move || {
        let mut stage = Stage::new(limited);
        for line in steps.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            stage.step(line).map_err(|why| format!("{line}: {why}"))?;
        }
        expectation::compare(&case.folder.join("expected.txt"), &stage.told)
    })
}

/// The folder in which a case runs, and what came of it.
struct Stage {
    folder: tempfile::TempDir,
    /// Root's rights are taken away.
    limited: bool,
    sockets: Vec<UnixListener>,
    told: String,
}

impl Drop for Stage {
    fn drop(&mut self) {
        // What was made read-only is made removable again.
        let _ = Command::new("chmod").args(["-R", "u+rwX"]).arg(self.folder.path()).status();
    }
}

impl Stage {
    fn new(limited: bool) -> Stage {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Stage { folder, limited, sockets: Vec::new(), told: String::new() }
    }

    fn step(&mut self, line: &str) -> Result<(), String> {
        let (verb, rest) = line.split_once(' ').ok_or("a step has a verb and a name")?;
        let (name, value) = rest.split_once(' ').unwrap_or((rest, ""));
        let path = self.folder.path().join(name);
        let failed = |error: std::io::Error| error.to_string();
        match verb {
            "estate" => write_estate(&path).map_err(failed),
            "folder" => fs::create_dir_all(&path).map_err(failed),
            "file" => fs::write(&path, value.replace("\\n", "\n")).map_err(failed),
            "octets" => {
                let octets: HexBytes = value.parse().map_err(|_| "no hexadecimal octets")?;
                fs::write(&path, octets.0).map_err(failed)
            }
            "size" => {
                let octets = value.parse().map_err(|_| "no number")?;
                let file = File::options().create(true).truncate(false).write(true).open(&path);
                file.and_then(|file| file.set_len(octets)).map_err(failed)
            }
            "socket" => UnixListener::bind(&path).map(|socket| self.sockets.push(socket)).map_err(failed),
            "fifo" => match Command::new("mkfifo").arg(&path).status() {
                Ok(status) if status.success() => Ok(()),
                other => Err(format!("mkfifo: {other:?}")),
            },
            "link" => symlink(value, &path).map_err(failed),
            "mode" => {
                let mode = u32::from_str_radix(value, 8).map_err(|_| "no mode")?;
                fs::set_permissions(&path, Permissions::from_mode(mode)).map_err(failed)
            }
            "show" => {
                let text = fs::read_to_string(&path).map_err(failed)?;
                self.tell(&format!("{name} holds"), &text);
                Ok(())
            }
            "run" => self.run(rest, &[]),
            "run-within" => {
                let kibibytes = name.parse::<u64>().map_err(|_| "no number")? * 1024;
                let script = format!("ulimit -v {kibibytes}; exec \"$0\" \"$@\"");
                self.run(value, &["sh", "-c", &script])
            }
            _ => Err("no such step".to_owned()),
        }
    }

    /// Runs the program and notes exit code and output.
    fn run(&mut self, arguments: &str, before: &[&str]) -> Result<(), String> {
        let mut words: Vec<PathBuf> = Vec::new();
        if self.limited {
            words.extend(["setpriv", "--inh-caps=-all", "--bounding-set=-all"].map(PathBuf::from));
        }
        words.extend(before.iter().map(PathBuf::from));
        words.push(binaries::binary("leasehold")?);
        words.extend(arguments.split_whitespace().map(PathBuf::from));
        let mut command = Command::new(&words[0]);
        command
            .args(&words[1..])
            .current_dir(self.folder.path())
            .env("NO_COLOR", "1")
            .env_remove("GITHUB_STEP_SUMMARY")
            .stdin(Stdio::null());
        let output = tempfile::tempdir().map_err(|error| error.to_string())?;
        let file = |name| File::create(output.path().join(name)).map_err(|error| error.to_string());
        command.stdout(file("stdout")?).stderr(file("stderr")?);
        let mut child = command.spawn().map_err(|error| error.to_string())?;
        let status = ended(&mut child, RUN_MAX)?;
        let text = |name| {
            let octets = fs::read(output.path().join(name)).map_err(|error| error.to_string())?;
            Ok::<_, String>(String::from_utf8_lossy(&octets).into_owned())
        };
        self.tell(&format!("$ leasehold {arguments}"), "");
        self.tell("standard output", &text("stdout")?);
        self.tell("standard error", &text("stderr")?);
        match status.code() {
            Some(code) => writeln!(self.told, "exit {code}\n").expect("a string takes everything"),
            None => return Err(format!("{status}: {}", text("stderr")?)),
        }
        Ok(())
    }

    /// A heading, and below it lines that are set in.
    fn tell(&mut self, heading: &str, text: &str) {
        if text.is_empty() && !heading.starts_with('$') {
            return;
        }
        writeln!(self.told, "{heading}").expect("a string takes everything");
        for line in text.lines() {
            let line = format!("  {}", timeless(line));
            writeln!(self.told, "{}", line.trim_end()).expect("a string takes everything");
        }
    }
}

/// A summary without the time it took: ` in 0.01 s`.
fn timeless(line: &str) -> String {
    let time = line.split_once(" in ").and_then(|(before, rest)| {
        let (seconds, after) = rest.split_once(" s:")?;
        seconds.parse::<f64>().ok()?;
        Some(format!("{before} in TIME:{after}"))
    });
    time.unwrap_or_else(|| line.to_owned())
}

fn write_estate(folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("estate.yaml"), "version: 1\nestate: example\n")?;
    fs::write(
        folder.join("a.yaml"),
        "version: 1\nsite: A\nnetworks:\n  - name: user\n    subnets:\n      \
         - {subnet: 10.1.0.0/24, pools: [10.1.0.20 - 10.1.0.60]}\n",
    )
}

/// Waits for a program, and kills it when it takes too long.
fn ended(child: &mut Child, limit: Duration) -> Result<ExitStatus, String> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            return Ok(status);
        }
        if begun.elapsed() > limit {
            // It may have ended at this moment.
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("did not end within {limit:?}"));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Killed at any moment, the compiler leaves the old artefact or the new one, whole; and what lies beside it disturbs
/// nobody.
fn compile_killed_in_the_middle() -> Result<(), String> {
    let failed = |error: std::io::Error| error.to_string();
    let folder = tempfile::tempdir().map_err(failed)?;
    let (sites, output) = (folder.path().join("sites"), folder.path().join("out"));
    for (path, text) in generate(1, None) {
        let path = sites.join(path);
        fs::create_dir_all(path.parent().expect("it lies in the folder")).map_err(failed)?;
        fs::write(path, text).map_err(failed)?;
    }
    fs::create_dir(&output).map_err(failed)?;
    let artefact = output.join("artefact.json");
    let program = binaries::binary("leasehold")?;
    let start = || {
        let mut command = Command::new(&program);
        command.arg("compile").arg(&sites).arg("-o").arg(&artefact).arg("-q");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().map_err(failed)
    };
    let compile = || match ended(&mut start()?, RUN_MAX)? {
        status if status.success() => fs::read(&artefact).map_err(failed),
        status => Err(format!("compile ended with {status}")),
    };
    let begun = Instant::now();
    let new = compile()?;
    let whole = begun.elapsed();
    let old = b"the artefact of yesterday\n";
    let mut seen_unfinished = 0;
    for turn in 0..2 * KILLS {
        fs::write(&artefact, old).map_err(failed)?;
        let known = unfinished(&output)?;
        let mut child = start()?;
        let begun = Instant::now();
        let at = whole * (turn + 1) / KILLS;
        while child.try_wait().map_err(failed)?.is_none() {
            // In the first half of the turns by the clock, in the second as soon as it has begun to write.
            let now = if turn < KILLS { begun.elapsed() >= at } else { unfinished(&output)? > known };
            if now {
                break;
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        child.kill().map_err(failed)?;
        child.wait().map_err(failed)?;
        let left = fs::read(&artefact).map_err(failed)?;
        if left != old && left != new {
            return Err(format!("killed in turn {turn}, it left {} octets of neither", left.len()));
        }
        seen_unfinished += u32::from(unfinished(&output)? > known);
    }
    if seen_unfinished == 0 {
        return Err("it was never killed while it wrote: the test shows nothing".to_owned());
    }
    fs::write(&artefact, old).map_err(failed)?;
    if compile()? == new { Ok(()) } else { Err("what was left disturbs the next run".to_owned()) }
}

/// How many unfinished files lie beside the artefact; anything else is none of ours.
fn unfinished(folder: &Path) -> Result<usize, String> {
    let mut count = 0;
    for entry in fs::read_dir(folder).map_err(|error| error.to_string())? {
        let name = entry.map_err(|error| error.to_string())?.file_name().to_string_lossy().into_owned();
        match name.as_str() {
            "artefact.json" => {}
            name if name.starts_with(".artefact.json.") && name.ends_with(".tmp") => count += 1,
            name => return Err(format!("`{name}` was left")),
        }
    }
    Ok(count)
}
