//! The real server on loopback, as a relay sees it: a lease is on disk before its ACK leaves, and there after
//! kill -9; what cannot start says so in one line.
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "starts programs and talks to them")]

use std::fs;
use std::io::{BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use leasehold_compiler::why::{Described, Ground};
use leasehold_golden_tests::binaries;
use leasehold_golden_tests::loopback::{Place, must, ready, refuses, wait_for};
use leasehold_golden_tests::relay::{PATIENCE, Relay};
use leasehold_golden_tests::requirement::{Requirement, run_waiting, test};
use leasehold_schemas::artefact::{HighAvailability, HighAvailabilityMode, Peer, PeerRole, decode};
use leasehold_schemas::vocab::{HexBytes, Millis, Seconds};
use libtest_mimic::Failed;
use nix::sys::signal::Signal;

const STRACE: Requirement = Requirement::Tool { name: "strace", probe: "--version" };

fn main() {
    let tests = vec![
        test("a_lease_is_there_after_kill_9", &[], a_lease_is_there_after_kill_9),
        test("the_sync_precedes_the_ack", &[STRACE], the_sync_precedes_the_ack),
        test("a_failed_sync_ends_the_server", &[STRACE], a_failed_sync_ends_the_server),
        test("why_says_what_the_server_sends", &[], why_says_what_the_server_sends),
        test("a_reload_loses_nothing", &[], a_reload_loses_nothing),
        test("what_cannot_start_says_why", &[], what_cannot_start_says_why),
        test("a_pair_is_served_alone_only_on_request", &[], a_pair_is_served_alone_only_on_request),
        test("the_last_good_artefact_is_there_to_fall_back_on", &[], the_last_good_artefact),
        test("a_bad_artefact_is_not_taken_over", &[], a_bad_artefact_is_not_taken_over),
    ];
    run_waiting(tests);
}

fn a_lease_is_there_after_kill_9() -> Result<(), Failed> {
    let place = Place::new();
    let mut server = place.start(&[])?;
    let (first, second) = (Relay::new(1), Relay::new(2));
    let address = first.lease(server.address)?;
    server.child.kill()?;
    server.child.wait()?;
    let listed = place.leases()?;
    must(listed.contains(&format!("{address},bound,02:00:00:00:07:01")), format!("not listed:\n{listed}"))?;

    let server = place.start(&[])?;
    must(server.ready.ends_with(", 1 leases\n"), server.ready.clone())?;
    must(first.reboot(server.address, address)? == address, "the client keeps its address")?;
    must(second.lease(server.address)? != address, "nobody else gets it")?;
    let listed = place.leases()?;
    must(listed.lines().count() == 3, format!("read while the server runs:\n{listed}"))?;
    must(server.stop() == Some(0), "a clean stop")
}

/// Between the REQUEST's arrival and the ACK's departure the journal is written and synced, in this order.
fn the_sync_precedes_the_ack() -> Result<(), Failed> {
    let place = Place::new();
    let trace = place.path("trace");
    let shown = trace.display().to_string();
    let calls = "trace=recvmmsg,pwrite64,fdatasync,sendmmsg,sendmsg,sendto";
    let server = place.start(&["strace", "-D", "-f", "-e", calls, "-o", &shown])?;
    Relay::new(1).lease(server.address)?;
    must(server.stop() == Some(0), "a clean stop")?;
    let trace = whole_trace(&trace)?;
    let lines: Vec<&str> = trace.lines().collect();
    let sent = last(&lines, |line| is_done(line, "sendmmsg"), "an answer")?;
    let arrived = last(&lines[..sent], |line| is_done(line, "recvmmsg"), "a REQUEST")?;
    let between = &lines[arrived..sent];
    let written = last(between, |line| is_done(line, "pwrite64"), "a write before the ACK")?;
    last(&between[written..], |line| is_done(line, "fdatasync"), "a sync after the write, before the ACK")?;
    let sends = lines.iter().filter(|line| is_done(line, "sendmmsg")).count();
    must(sends == 2, format!("an OFFER and an ACK, and nothing else:\n{trace}"))
}

/// From its sixth on, every sync fails as on a full disk: no ACK leaves any more, and the server says why it ends.
fn a_failed_sync_ends_the_server() -> Result<(), Failed> {
    let place = Place::new();
    let trace = place.path("trace").display().to_string();
    let inject = "inject=fdatasync:error=ENOSPC:when=6+";
    let mut server = place.start(&["strace", "-D", "-f", "-e", inject, "-o", &trace])?;
    let relay = Relay::new(1);
    relay.socket.set_read_timeout(Some(Duration::from_secs(2)))?;
    let address = relay.lease(server.address)?;
    let mut renewals = 0;
    while relay.reboot(server.address, address).is_ok() {
        renewals += 1;
        must(renewals < 10, "the sixth sync failed, and ACKs go on")?;
    }
    must(server.child.wait()?.code() == Some(1), "it ends as one that failed")?;
    let mut said = String::new();
    server.child.stderr.take().expect("a pipe was asked for").read_to_string(&mut said)?;
    must(said.contains("the disk failed: ") && said.contains("No space left on device"), said)?;
    let server = place.start(&[])?;
    must(relay.reboot(server.address, address)? == address, "what was acknowledged is there")?;
    must(server.stop() == Some(0), "a clean stop")
}

/// The octets that `leasehold why` explains are those that the running server sends. `why` answers while nobody has a
/// lease, so each packet meets a server of its own.
fn why_says_what_the_server_sends() -> Result<(), Failed> {
    let place = Place::new();
    let relay = Relay::new(1);
    let (estate, _) = decode(&fs::read(place.path("artefact.json"))?)?;
    let ground = Ground::of_artefact(&estate)?;
    let from = "--relay 127.0.0.1 --option 82.5=0x0a010100 --option 82.19=0x --server-id 127.0.0.1";
    for words in [
        "--mac 02:00:00:00:07:01 --option 77=W10PROD --option 55=0x0103060f42",
        "--mac 02:00:00:00:07:01 --message request --requested 10.1.1.20 --option 12=host",
        "--mac 02:00:00:00:00:30 --client-id 0x0102030405 --option 60=PXEClient:Arch:00007",
        "--mac 02:00:00:00:00:36 --option 57=0x0240 --option 51=0x00000400",
        "--mac 02:00:00:00:07:02 --message request --requested 10.9.9.9",
    ] {
        let words: Vec<&str> = words.split(' ').chain(from.split(' ')).collect();
        let question = Described::parse(&words)?.question(ground.definitions())?;
        let fresh = Place::new();
        let server = fresh.start(&[])?;
        relay.socket.send_to(&question.octets, server.address)?;
        let mut octets = [0; 1500];
        let length = relay.socket.recv(&mut octets)?;
        must(server.stop() == Some(0), "a clean stop")?;
        let sent = HexBytes(octets[..length].to_vec());
        let program = Command::new(binaries::binary("leasehold")?)
            .arg("why")
            .arg(place.path("artefact.json"))
            .args(&words)
            .args(["--format", "json"])
            .output()?;
        must(program.status.code() == Some(0), String::from_utf8_lossy(&program.stderr))?;
        let told: serde_json::Value = serde_json::from_slice(&program.stdout)?;
        let told = told["reply"]["octets"].as_str().unwrap_or_default();
        must(told == sent.to_string(), format!("{words:?}: the server sent\n{sent}, `why` says\n{told}"))?;
    }
    Ok(())
}

/// Every message is answered while artefacts, good ones and bad ones, come one after the other.
fn a_reload_loses_nothing() -> Result<(), Failed> {
    let place = Place::new();
    let server = place.start(&[])?;
    let relay = Relay::new(1);
    let address = relay.lease(server.address)?;
    let good = fs::read(place.path("artefact.json"))?;
    for turn in 0..60 {
        let next = if turn % 3 == 2 { &good[..good.len() / 2] } else { &good };
        fs::write(place.path("next.json"), next)?;
        fs::rename(place.path("next.json"), place.path("artefact.json"))?;
        server.signal(Signal::SIGHUP);
        must(relay.reboot(server.address, address)? == address, "the client keeps its address")?;
    }
    must(server.stop() == Some(0), "a clean stop")?;
    must(fs::read(place.path("data/last-good.json"))? == good, "the last good artefact is kept")
}

/// The call has returned, and not with an error: `sendmmsg(...) = 1`, or `<... sendmmsg resumed>...) = 1`.
fn is_done(line: &str, call: &str) -> bool {
    let named = line.contains(&format!(" {call}(")) || line.contains(&format!("<... {call} resumed>"));
    named && line.rsplit_once(" = ").is_some_and(|(_, result)| !result.starts_with('-'))
}

fn last(lines: &[&str], is_it: impl Fn(&str) -> bool, what: &str) -> Result<usize, Failed> {
    let found = lines.iter().rposition(|line| is_it(line));
    found.ok_or_else(|| format!("the trace does not show {what}:\n{}", lines.join("\n")).into())
}

/// The trace, once the tracer has written its end.
fn whole_trace(path: &Path) -> Result<String, Failed> {
    let start = Instant::now();
    loop {
        let text = fs::read_to_string(path).unwrap_or_default();
        if text.contains("+++ exited with 0 +++\n") && text.ends_with("+++ exited with 0 +++\n") {
            return Ok(text);
        }
        must(start.elapsed() < PATIENCE, format!("the trace does not end:\n{text}"))?;
        std::thread::yield_now();
    }
}

fn what_cannot_start_says_why() -> Result<(), Failed> {
    let place = Place::new();
    let refused = |change: &dyn Fn(&mut Command), says: &str| -> Result<(), Failed> {
        let mut command = place.command(&[])?;
        change(&mut command);
        refuses(&mut command, says)
    };
    let arg = |name: &'static str, value: PathBuf| {
        move |command: &mut Command| {
            command.arg(name).arg(&value);
        }
    };
    let text = fs::read_to_string(place.path("artefact.json"))?;
    let file = |name: &str, content: String| -> Result<PathBuf, Failed> {
        fs::write(place.path(name), content)?;
        Ok(place.path(name))
    };
    let config = |path: PathBuf| {
        let (data, path) = (place.path("data"), path);
        move |command: &mut Command| {
            let program = command.get_program().to_owned();
            let (stdout, stderr) = (Stdio::piped(), Stdio::piped());
            *command = Command::new(program);
            command.args(["run", "--node", "primary", "--listen", "127.0.0.1:0"]).arg("--config").arg(&path);
            command.arg("--data-dir").arg(&data).stdout(stdout).stderr(stderr);
        }
    };
    refused(&config(place.path("absent.json")), "cannot read artefact")?;
    refused(&config(file("altered.json", text.replace("script", "scripT"))?), "altered or cut short")?;
    refused(&config(file("new.json", text.replacen("\"format\":1", "\"format\":99", 1))?), "format 99")?;
    must(!place.path("data").exists(), "a bad artefact is met before the data directory is made")?;
    refused(&arg("--interface", PathBuf::from("no-such-if")), "no network interface")?;

    let server = place.start(&[])?;
    let taken = PathBuf::from(server.address.to_string());
    refused(&|_| {}, "in use by another leasehold-server")?;
    let elsewhere = place.path("elsewhere");
    let busy = |command: &mut Command| {
        let config = place.path("artefact.json");
        let program = command.get_program().to_owned();
        *command = Command::new(program);
        command.args(["run", "--node", "primary", "--listen"]).arg(&taken).arg("--config").arg(config);
        command.arg("--data-dir").arg(&elsewhere).stdout(Stdio::piped()).stderr(Stdio::piped());
    };
    refused(&busy, "is in use by another program")?;
    must(server.stop() == Some(0), "a clean stop")?;
    place.write_artefact("another");
    refused(&|_| {}, "holds the leases of estate `script`")
}

/// Two servers that each believe to be alone would give one address twice: so a pair's artefact is served by a server
/// it names, and only by one that is told that it is alone.
fn a_pair_is_served_alone_only_on_request() -> Result<(), Failed> {
    let place = Place::new();
    let peer = |name: &str, role| Peer {
        name: name.to_owned(),
        role,
        peer_address: format!("{name}.example.internal:8647"),
    };
    place.write(
        "script",
        Some(HighAvailability {
            mode: HighAvailabilityMode::HotStandby,
            servers: vec![peer("primary", PeerRole::Primary), peer("secondary", PeerRole::Standby)],
            heartbeat_delay_ms: Millis(250),
            max_response_delay_ms: Millis(750),
            peer_ack_wait_ms: Millis(100),
            mclt_secs: Seconds(900),
            standby_share: 8,
        }),
    );
    let strange = "it names no server `tertiary`; its servers are `primary` and `secondary`: give --node one";
    refuses(&mut place.command_as("tertiary", &[])?, strange)?;
    refuses(place.command_as("tertiary", &[])?.arg("--standalone"), strange)?;
    refuses(&mut place.command(&[])?, "leaves this machine, so it needs certificates")?;
    must(!place.path("data").exists(), "nothing is made before it is known who serves")?;
    let server = ready(place.command_as("secondary", &[])?.arg("--standalone"))?;
    must(server.ready.contains(" as standby on "), server.ready.clone())?;
    Relay::new(1).lease(server.address)?;
    must(server.stop() == Some(0), "a clean stop")?;
    // The other server of the pair does not take these leases for its own.
    refuses(place.command(&[])?.arg("--standalone"), "node `primary`; give each its own --data-dir")
}

fn the_last_good_artefact() -> Result<(), Failed> {
    let place = Place::new();
    let server = place.start(&[])?;
    let relay = Relay::new(1);
    let address = relay.lease(server.address)?;
    must(server.stop() == Some(0), "a clean stop")?;
    let cut = fs::read(place.path("artefact.json"))?;
    fs::write(place.path("artefact.json"), &cut[..cut.len() / 2])?;
    refuses(&mut place.command(&[])?, "altered or cut short")?;
    let fall_back = || -> Result<Command, String> {
        let mut command = place.command(&[])?;
        command.arg("--fallback-last-good");
        Ok(command)
    };
    let mut server = ready(&mut fall_back()?)?;
    let mut log = BufReader::new(server.child.stderr.take().expect("a pipe was asked for"));
    wait_for(&mut log, "serving-last-good-artefact because=\"cannot serve ")?;
    must(relay.reboot(server.address, address)? == address, "the client keeps its address")?;
    must(server.stop() == Some(0), "a clean stop")?;
    fs::write(place.path("data/last-good.json"), "{}")?;
    refuses(&mut fall_back()?, "; and of the last good one: cannot serve ")
}

fn a_bad_artefact_is_not_taken_over() -> Result<(), Failed> {
    let place = Place::new();
    let mut server = place.start(&[])?;
    let mut log = BufReader::new(server.child.stderr.take().expect("a pipe was asked for"));
    fs::write(place.path("artefact.json"), "{}")?;
    server.signal(Signal::SIGHUP);
    wait_for(&mut log, "reload-refused")?;
    Relay::new(1).lease(server.address)?;
    place.write_artefact("script");
    server.signal(Signal::SIGHUP);
    wait_for(&mut log, "reloaded artefact=sha256:")?;
    Relay::new(2).lease(server.address)?;
    must(server.stop() == Some(0), "a clean stop")
}
