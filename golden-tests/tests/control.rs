//! The control API of the real server on loopback: what it says, whom it refuses, and that nobody can take it from
//! others.
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "starts programs and talks to them")]

#[path = "control/golden.rs"]
mod golden;
#[path = "control/operator.rs"]
mod operator;

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::process::{ChildStderr, Command, Output};
use std::time::{Duration, Instant};

use golden::{golden, settled};
use leasehold_golden_tests::http::{self, ask, get, post};
use leasehold_golden_tests::loopback::{Place, Server, must, ready, refuses, wait_for};
use leasehold_golden_tests::relay::{PATIENCE, Relay};
use leasehold_golden_tests::requirement::{Requirement, run_waiting, test};
use leasehold_golden_tests::{binaries, exposition};
use libtest_mimic::Failed;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use operator::{TcpListening, ends, ha};

const STRACE: Requirement = Requirement::Tool { name: "strace", probe: "--version" };
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

fn main() {
    let tests = vec![
        test("state_and_what_was_never_asked_for", &[], state),
        test("counters_move_with_packets", &[], counters),
        test("leases_are_those_of_the_list", &[], leases),
        test("a_plan_reads_the_leases_of_a_running_server", &[], plan),
        test("health_needs_no_word", &[], health),
        test("a_core_that_hangs_is_not_alive", &[STRACE], hung),
        test("who_may_not_ask_is_refused", &[], refused),
        test("beyond_this_machine_only_with_token_and_tls", &[], beyond),
        test("a_unix_socket_is_a_door_too", &[], unix),
        test("kea_s_commands_have_kea_s_shapes", &[], kea),
        test("an_operator_is_told_why_not", &[], operator),
        test("nobody_keeps_others_out", &[], crowd),
    ];
    run_waiting(tests);
}

/// A server with its control API.
struct Controlled {
    server: Server,
    control: SocketAddr,
    health: SocketAddr,
    log: BufReader<ChildStderr>,
}

fn start(place: &Place, before: &[&str], more: &[&str]) -> Result<Controlled, Failed> {
    let mut command = place.command(before)?;
    command.args(["--control", "127.0.0.1:0", "--health", "127.0.0.1:0"]).args(more);
    let mut server = ready(&mut command)?;
    let mut log = BufReader::new(server.child.stderr.take().expect("a pipe was asked for"));
    let control = listening(&wait_for(&mut log, "control-listening")?)?;
    let health = listening(&wait_for(&mut log, "health-listening")?)?;
    Ok(Controlled { server, control, health, log })
}

/// The address of a line such as `… control-listening on=127.0.0.1:4711 …`.
fn listening(line: &str) -> Result<SocketAddr, Failed> {
    let place = line.split_whitespace().find_map(|word| word.strip_prefix("on="));
    place.and_then(|place| place.parse().ok()).ok_or_else(|| format!("no address in {line}").into())
}

fn is(answer: &http::Answer, code: u16, says: &str) -> Result<(), Failed> {
    let right = answer.code == code && answer.body.contains(says);
    must(right, format!("not {code} `{says}` but {} {}", answer.code, answer.body))
}

fn state() -> Result<(), Failed> {
    let place = Place::new();
    let here = start(&place, &[], &[])?;
    let answer = get(here.control, "/v1/status")?;
    is(&answer, 200, "")?;
    must(answer.head.contains("application/json"), answer.head.clone())?;
    golden("status.json", &settled(&answer.body)?)?;
    is(&get(here.control, "/v1/nothing")?, 404, r#"{"error":"there is nothing here"#)?;
    is(&get(here.control, "/v1/ha/pause")?, 405, r#"{"error":"#)?;
    is(&post(here.control, "/v1/status", "")?, 405, r#"{"error":"#)?;
    is(&post(here.control, "/v1/ha/explode", "")?, 404, "there are ")?;
    must(here.server.stop() == Some(0), "a clean stop")
}

fn metrics(control: SocketAddr) -> Result<exposition::Samples, Failed> {
    let answer = get(control, "/metrics")?;
    is(&answer, 200, "")?;
    must(answer.head.contains("application/openmetrics-text; version=1.0.0"), answer.head)?;
    Ok(exposition::read(&answer.body)?)
}

fn counters() -> Result<(), Failed> {
    let place = Place::new();
    let mut here = start(&place, &[], &[])?;
    let before = metrics(here.control)?;
    let series: BTreeSet<String> = before.keys().map(|name| format!("{}\n", shown(name))).collect();
    golden("metrics.txt", &series.into_iter().collect::<String>())?;
    let relay = Relay::new(1);
    let address = relay.lease(here.server.address)?;
    relay.reboot(here.server.address, address)?;
    relay.socket.send_to(b"no message", here.server.address)?;
    let value = |samples: &exposition::Samples, name: &str| samples.get(name).copied().unwrap_or(f64::NAN);
    let malformed = "leasehold_packets_unanswered_total{reason=\"malformed-length\"}";
    let start = Instant::now();
    let after = loop {
        let now = metrics(here.control)?;
        if value(&now, malformed) > 0.0 || start.elapsed() > PATIENCE {
            break now;
        }
    };
    for (name, grown) in [
        ("leasehold_packets_received_total{type=\"discover\"}", 1.0),
        ("leasehold_packets_received_total{type=\"request\"}", 2.0),
        ("leasehold_packets_sent_total{type=\"offer\"}", 1.0),
        ("leasehold_packets_sent_total{type=\"ack\"}", 2.0),
        ("leasehold_leases{state=\"bound\",home=\"single\"}", 1.0),
        (malformed, 1.0),
        ("leasehold_send_failures_total", 0.0),
    ] {
        let (before, after) = (value(&before, name), value(&after, name));
        must((after - before - grown).abs() < 0.1, format!("{name}: {before}, then {after}"))?;
    }
    for name in ["leasehold_journal_syncs_total", "leasehold_journal_written_bytes_total"] {
        must(value(&after, name) > value(&before, name), format!("{name} has not moved"))?;
    }
    let free = |samples: &exposition::Samples| -> f64 {
        let all = samples.iter().filter(|(name, _)| name.starts_with("leasehold_subnet_free_addresses{"));
        all.map(|(_, value)| *value).sum()
    };
    must((free(&before) - free(&after) - 1.0).abs() < 0.1, "one address is not free any more")?;
    // A reload shows another digest.
    let digest = |samples: &exposition::Samples| {
        samples.keys().find(|name| name.starts_with("leasehold_artefact_info")).cloned().unwrap_or_default()
    };
    let text = fs::read_to_string(place.path("artefact.json"))?;
    let (mut estate, _) = leasehold_schemas::artefact::decode(text.as_bytes())?;
    estate.sites[0].name = Some("another name".to_owned());
    fs::write(place.path("artefact.json"), leasehold_schemas::artefact::encode(&estate).0)?;
    here.server.signal(nix::sys::signal::Signal::SIGHUP);
    wait_for(&mut here.log, "reloaded artefact=")?;
    must(digest(&before) != digest(&metrics(here.control)?), "the digest is the new one")?;
    must(here.server.stop() == Some(0), "a clean stop")
}

/// A series by the names of its labels: which values there are is not this test's business.
fn shown(name: &str) -> String {
    let mut labels = name.split('"').step_by(2).filter_map(|part| part.strip_suffix('='));
    let first = labels.next().unwrap_or(name);
    labels.fold(first.to_owned(), |all, label| all + label)
}

fn leases() -> Result<(), Failed> {
    let place = Place::new();
    let here = start(&place, &[], &[])?;
    let empty = get(here.control, "/v1/leases")?;
    is(&empty, 200, "address,state,hardware,client_id,hostname,expires,giaddr\n")?;
    must(empty.body.lines().count() == 1, empty.body)?;
    let relays: Vec<Relay> = (1..=3).rev().map(Relay::new).collect();
    let mut addresses = Vec::new();
    for relay in &relays {
        addresses.push(relay.lease(here.server.address)?);
    }
    let listed = get(here.control, "/v1/leases")?;
    must(listed.head.contains("text/csv"), listed.head.clone())?;
    must(listed.body == place.leases()?, format!("the API:\n{}the list:\n{}", listed.body, place.leases()?))?;
    addresses.sort_unstable();
    let count = |query: &str| -> Result<usize, Failed> {
        let answer = get(here.control, &format!("/v1/leases?{query}"))?;
        is(&answer, 200, "address,")?;
        Ok(answer.body.lines().count() - 1)
    };
    must(count("state=bound")? == 3 && count("state=free")? == 0, "state")?;
    must(count("limit=2")? == 2 && count("limit=0")? == 0, "limit")?;
    must(count(&format!("after={}", addresses[0]))? == 2, "after")?;
    must(count(&format!("after={}&limit=1", addresses[0]))? == 1, "pages")?;
    must(count("subnet=10.0.0.0/8")? == 3 && count("subnet=192.0.2.0/24")? == 0, "subnet")?;
    for wrong in ["state=gone", "limit=many", "subnet=10.1.1.1/24", "after=10", "colour=red"] {
        is(&get(here.control, &format!("/v1/leases?{wrong}"))?, 400, r#"{"error":"#)?;
    }
    must(here.server.stop() == Some(0), "a clean stop")
}

fn plan() -> Result<(), Failed> {
    let place = Place::new();
    let estate = |folder: &str, pool: &str| -> Result<(), Failed> {
        let folder = place.path(folder);
        fs::create_dir_all(folder.join("sites"))?;
        fs::write(folder.join("estate.yaml"), "version: 1\nestate: example\nlease: 8h\n")?;
        let site = format!(
            "version: 1\nsite: HERE\nnetworks:\n  - name: office\n    subnets:\n      - subnet: 10.1.1.0/24\n        id: 1\n        \
             pools:\n          - {pool}\n"
        );
        Ok(fs::write(folder.join("sites/here.yaml"), site)?)
    };
    estate("before", "10.1.1.20 - 10.1.1.40")?;
    estate("after", "10.1.1.100 - 10.1.1.140")?;
    let leasehold = |words: &[&str]| -> Result<Output, Failed> {
        let mut command = Command::new(binaries::binary("leasehold")?);
        Ok(command.args(words).current_dir(place.path("")).output()?)
    };
    let compiled = leasehold(&["compile", "before", "-o", "artefact.json"])?;
    must(compiled.status.success(), String::from_utf8_lossy(&compiled.stdout))?;
    let here = start(&place, &[], &[])?;
    let address = Relay::new(1).lease(here.server.address)?;
    let url = format!("http://{}", here.control);
    let plan = |leases: &str| leasehold(&["plan", "after", "--against", "before", "--leases", leases]);
    let planned = plan(&url)?;
    let said = String::from_utf8_lossy(&planned.stdout).into_owned();
    must(said.contains(&address.to_string()), format!("{address} is outside the pool now:\n{said}"))?;
    let file = place.path("leases.csv");
    fs::write(&file, place.leases()?)?;
    let from_file = plan("leases.csv")?;
    // A plan says until when leases run: a second may have begun between the two.
    let same = from_file.stdout == planned.stdout || from_file.stdout == plan(&url)?.stdout;
    must(same, "the same as from the list")?;
    let fails = |url: &str, says: &str| -> Result<(), Failed> {
        let failed = leasehold(&["plan", "after", "--against", "before", "--leases", url])?;
        let said = String::from_utf8_lossy(&failed.stderr).into_owned();
        must(failed.status.code() == Some(2) && said.lines().count() == 1, said.clone())?;
        must(said.contains(says), format!("no `{says}`: {said}"))
    };
    fails(&format!("{url}/v1/nothing"), "it answers 404: there is nothing here")?;
    fails(&format!("{url}/v1/status"), "its first line names no column `address`")?;
    fails(&format!("{url}/v1/leases?state=gone"), "it answers 400: `state` is one of free, bound")?;
    must(here.server.stop() == Some(0), "a clean stop")?;
    fails(&url, "connection refused")
}

fn health() -> Result<(), Failed> {
    let place = Place::new();
    fs::write(place.path("token"), format!("{TOKEN}\n"))?;
    let token = place.path("token").display().to_string();
    let here = start(&place, &[], &["--control-token-file", &token])?;
    for place in [here.health, here.control] {
        is(&get(place, "/healthz")?, 200, r#"{"alive":true}"#)?;
        is(&get(place, "/readyz")?, 200, r#"{"ready":true}"#)?;
    }
    for secret in ["/v1/status", "/metrics", "/v1/leases", "/"] {
        is(&get(here.health, secret)?, 404, "")?;
    }
    must(here.server.stop() == Some(0), "a clean stop")
}

/// From its fortieth on, each of the core's polls takes three seconds more, as on a machine that hangs.
fn hung() -> Result<(), Failed> {
    let place = Place::new();
    let trace = place.path("trace").display().to_string();
    let inject = "inject=poll:delay_enter=3000000:when=40+";
    let here = start(&place, &["strace", "-D", "-f", "-e", "trace=poll", "-e", inject, "-o", &trace], &[])?;
    let start = Instant::now();
    loop {
        let answer = get(here.health, "/healthz")?;
        if answer.code == 503 {
            is(&answer, 503, "did not answer within 2 s")?;
            break;
        }
        must(start.elapsed() < PATIENCE, "the core hangs, and is called alive")?;
    }
    Ok(())
}

fn refused() -> Result<(), Failed> {
    let place = Place::new();
    let here = start(&place, &[], &[])?;
    let page = |more: &str| {
        ask(here.control, &format!("GET /v1/status HTTP/1.1\r\nConnection: close\r\n{more}\r\n"))
    };
    is(&page("Host: localhost\r\n")?, 200, "")?;
    is(&page("Host: localhost\r\nOrigin: http://example.org\r\n")?, 403, "a web page may not")?;
    is(&page("Host: example.org\r\n")?, 403, "the control API is for this machine")?;
    must(here.server.stop() == Some(0), "a clean stop")?;

    fs::write(place.path("token"), format!("{TOKEN}\n"))?;
    let token = place.path("token").display().to_string();
    let here = start(&place, &[], &["--control-token-file", &token])?;
    let says = |word: &str| {
        let head =
            format!("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: {word}\r\n\r\n");
        ask(here.control, &head)
    };
    is(&get(here.control, "/metrics")?, 401, "send `Authorization: Bearer TOKEN`")?;
    is(&says("Bearer 0123456789abcdef0123456789abcdeF")?, 401, "not the token")?;
    is(&says(&format!("Bearer {TOKEN}"))?, 200, "# EOF")?;
    is(&post(here.control, "/", r#"{"command":"version-get"}"#)?, 401, "")?;
    must(here.server.stop() == Some(0), "a clean stop")?;

    let started = |words: &[&str]| -> Result<Command, Failed> {
        let mut command = place.command(&[])?;
        command.args(words);
        Ok(command)
    };
    let alone = "is reached from other machines: there it needs --control-token-file FILE and TLS";
    refuses(&mut started(&["--control", "0.0.0.0:0"])?, alone)?;
    refuses(&mut started(&["--control", "0.0.0.0:0", "--control-token-file", &token])?, alone)?;
    refuses(&mut started(&["--control-token-file", &token])?, "give --control ADDR:PORT too")?;
    fs::write(place.path("short"), "secret\n")?;
    let short = place.path("short").display().to_string();
    let guessed = "is not one word of at least 16 printable ASCII characters";
    refuses(&mut started(&["--control", "127.0.0.1:0", "--control-token-file", &short])?, guessed)?;
    refuses(
        &mut started(&["--control", "127.0.0.1:0", "--control-token-file", "none"])?,
        "cannot read the token in none: No such file",
    )?;
    let taken = TcpListening::any()?;
    refuses(
        &mut started(&["--control", &taken.name])?,
        "give --control an address of this machine that is free",
    )?;
    refuses(
        &mut started(&["--health", &taken.name])?,
        "give --health an address of this machine that is free",
    )
}

fn beyond() -> Result<(), Failed> {
    let place = Place::new();
    let name = |name: &str| place.path(name).display().to_string();
    let (certificate, key, token, other) =
        (name("cert.pem"), name("key.pem"), name("token"), name("other.pem"));
    let write = |names: &[&str], certificate: &str| -> Result<(), Failed> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let made = rcgen::generate_simple_self_signed(names)?;
        fs::write(certificate, made.cert.pem())?;
        Ok(fs::write(&key, made.signing_key.serialize_pem())?)
    };
    write(&["localhost"], &other)?;
    write(&["localhost", "127.0.0.1"], &certificate)?;
    fs::write(&token, TOKEN)?;
    let guarded = ["--control-token-file", &token, "--control-cert", &certificate, "--control-key", &key];
    let mut command = place.command(&[])?;
    let mut server = ready(command.args(["--control", "0.0.0.0:0"]).args(guarded))?;
    let mut log = BufReader::new(server.child.stderr.take().expect("a pipe was asked for"));
    let port = listening(&wait_for(&mut log, "control-listening")?)?.port();
    let url = format!("https://localhost:{port}");
    let status = ["--control", &url, "status"];
    let (known, word) = (["--ca", &certificate], ["--token-file", &token]);
    ends(&ha(&[&status[..], &known, &word].concat())?, 0, "without a partner")?;
    ends(&ha(&[&status[..], &known].concat())?, 2, "answered 401: the control API wants its token")?;
    ends(&ha(&[&status[..], &word].concat())?, 2, "cannot ask the server at https://localhost")?;
    ends(
        &ha(&[&status[..], &["--ca", &other], &word].concat())?,
        2,
        "cannot ask the server at https://localhost",
    )?;
    let plain = format!("127.0.0.1:{port}");
    ends(
        &ha(&["--control", &plain, "status", "--token-file", &token])?,
        2,
        "cannot ask the server at 127.0.0.1",
    )?;
    must(server.stop() == Some(0), "a clean stop")?;
    // What does not fit is refused before anything starts.
    fs::write(&certificate, "")?;
    let mut command = place.command(&[])?;
    refuses(command.args(["--control", "127.0.0.1:0"]).args(guarded), "there is no certificate in ")?;
    fs::copy(&other, &certificate)?;
    let mut command = place.command(&[])?;
    refuses(command.args(["--control", "127.0.0.1:0"]).args(guarded), "give a pair that fits")
}

fn unix() -> Result<(), Failed> {
    let place = Place::new();
    let socket = place.path("control.sock");
    let name = format!("unix:{}", socket.display());
    let begin = || -> Result<Server, Failed> { Ok(ready(place.command(&[])?.args(["--control", &name]))?) };
    let mut server = begin()?;
    let mut command = place.command(&[])?;
    let other = place.path("other").display().to_string();
    refuses(
        command.args(["--control", &name, "--data-dir", &other]),
        "give --control an address of this machine",
    )
    .or_else(|failed| {
        // The second `--data-dir` takes the place of the first only where the parser lets it.
        let said = failed.message().unwrap_or_default().to_owned();
        must(said.contains("--data-dir"), said)
    })?;
    let mut stream = UnixStream::connect(&socket)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET /v1/status HTTP/1.1\r\nHost: anything\r\nConnection: close\r\n\r\n")?;
    is(&http::answer(&mut stream)?, 200, "\"estate\":\"script\"")?;
    let status = ha(&["--control", &name, "status"])?;
    ends(&status, 0, "without a partner")?;
    // What a killed server leaves is no obstacle.
    server.child.kill()?;
    server.child.wait()?;
    let none = ha(&["--control", &name, "status"])?;
    ends(&none, 2, "No such file or directory").or_else(|_| ends(&none, 2, "Connection refused"))?;
    must(begin()?.stop() == Some(0), "a clean stop")
}

fn kea() -> Result<(), Failed> {
    let place = Place::new();
    let here = start(&place, &[], &[])?;
    let mut all = String::new();
    for body in [
        r#"{"command":"list-commands"}"#,
        r#"{"command":"version-get"}"#,
        r#"{"command":"status-get","service":["dhcp4"]}"#,
        r#"{"command":"config-hash-get"}"#,
        r#"{"command":"ha-heartbeat","service":["dhcp4"],"arguments":{"server-name":"server1"}}"#,
        r#"{"command":"ha-maintenance-start"}"#,
        r#"{"command":"ha-maintenance-notify","arguments":{"cancel":false}}"#,
        r#"{"command":"lease4-wipe"}"#,
        r#"{"commands":[]}"#,
        "lease4-wipe",
    ] {
        let answer = post(here.control, "/", body)?;
        is(&answer, 200, r#""result":"#)?;
        all.push_str(&format!("> {body}\n{}", settled(&answer.body)?));
    }
    golden("kea.txt", &all)?;
    must(here.server.stop() == Some(0), "a clean stop")
}

fn operator() -> Result<(), Failed> {
    let place = Place::new();
    let here = start(&place, &[], &[])?;
    let url = format!("http://{}", here.control);
    let told = |words: &[&str]| ha(&[&["--control", &url], words].concat());
    let status = told(&["status"])?;
    ends(&status, 0, "")?;
    let text = String::from_utf8_lossy(&status.stdout).into_owned();
    let lines = text.lines().map(|line| {
        let volatile = ["estate", "serving"].iter().find(|name| line.starts_with(**name));
        volatile.map_or(format!("{line}\n"), |name| format!("{name:<10} …\n"))
    });
    golden("status.txt", &lines.collect::<String>())?;
    let json = told(&["status", "--json"])?;
    ends(&json, 0, "")?;
    golden("status.json", &settled(&String::from_utf8_lossy(&json.stdout))?)?;
    for command in ["pause", "handover", "resume", "sync"] {
        ends(&told(&[command])?, 1, "the server refuses: this server serves alone: it has no partner")?;
    }
    ends(&told(&["partner-down"])?, 1, "say so with --yes-the-partner-is-off")?;
    ends(&told(&["partner-down", "--yes-the-partner-is-off"])?, 1, "it has no partner")?;
    ends(&told(&["forget-disk"])?, 1, "say so with --yes-learn-everything-anew")?;
    ends(&told(&["forget-disk", "--yes-learn-everything-anew"])?, 1, "it has no partner")?;
    ends(&ha(&["--control", &url.replace("http", "ftp"), "status"])?, 2, "is neither http://ADDR:PORT")?;
    let nobody = TcpListening::any()?;
    let nobody_name = nobody.name.clone();
    drop(nobody);
    ends(&ha(&["--control", &nobody_name, "status"])?, 2, "check that it runs with --control")?;
    let health = format!("http://{}", here.health);
    ends(&ha(&["--control", &health, "status"])?, 2, "answered 404: there is nothing here")?;
    must(here.server.stop() == Some(0), "a clean stop")
}

fn crowd() -> Result<(), Failed> {
    let place = Place::new();
    let here = start(&place, &[], &[])?;
    let body = "x".repeat(100_000);
    is(&post(here.control, "/", &body)?, 413, "")?;
    let head = format!("GET /{} HTTP/1.1\r\n", "x".repeat(40_000));
    let long = ask(here.control, &format!("{head}Host: localhost\r\nConnection: close\r\n\r\n"))?;
    must([414, 431].contains(&long.code), format!("a head without an end: {}", long.code))?;
    // Clients that never finish, and a thousand that say nothing.
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most.min(4_096), most)?;
    let mut slow = TcpStream::connect(here.control)?;
    slow.write_all(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")?;
    let mut silent = Vec::new();
    for _ in 0..1_000 {
        silent.push(TcpStream::connect(here.control)?);
    }
    let start = Instant::now();
    is(&get(here.control, "/v1/status")?, 200, "")?;
    must(start.elapsed() < Duration::from_secs(2), format!("others wait {:?}", start.elapsed()))?;
    let open = fs::read_dir(format!("/proc/{}/fd", here.server.child.id()))?.count();
    must(open < 200, format!("{open} files are open"))?;
    is(&get(here.health, "/healthz")?, 200, "")?;
    // Whoever sat longest in silence has lost the seat; the request that goes on has kept it.
    silent[0].set_read_timeout(Some(PATIENCE))?;
    must(matches!(silent[0].read(&mut [0]), Ok(0) | Err(_)), "the first is out")?;
    slow.write_all(&[b' '; 99])?;
    slow.set_read_timeout(Some(PATIENCE))?;
    let mut begun = [0; 12];
    slow.read_exact(&mut begun)?;
    must(&begun == b"HTTP/1.1 200", String::from_utf8_lossy(&begun))?;
    Relay::new(1).lease(here.server.address)?;
    must(here.server.stop() == Some(0), "a clean stop")
}
