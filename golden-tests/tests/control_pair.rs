//! The control API of two real servers of a pair, and what an operator tells them.
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "starts programs and talks to them")]

#[path = "control/golden.rs"]
mod golden;

use std::net::SocketAddr;
use std::process::Command;
use std::time::Instant;

use golden::{golden, settled};
use leasehold_golden_tests::http::{get, post};
use leasehold_golden_tests::live_pair::LivePair;
use leasehold_golden_tests::loopback::must;
use leasehold_golden_tests::relay::{PATIENCE, Relay};
use leasehold_golden_tests::requirement::{run_waiting, test};
use leasehold_golden_tests::{binaries, exposition};
use libtest_mimic::Failed;
use serde_json::Value;

fn main() {
    let tests = vec![
        test("a_pair_says_how_it_is", &[], said),
        test("an_operator_moves_a_pair", &[], moved),
        test("whoever_is_left_goes_on_alone_by_an_operator_s_word", &[], left),
    ];
    run_waiting(tests);
}

const CONTROLLED: [&str; 2] = ["--control", "127.0.0.1:0"];

fn status(control: SocketAddr) -> Result<Value, Failed> {
    Ok(serde_json::from_str(&get(control, "/v1/status")?.body)?)
}

/// Waits until a server is in this state.
fn becomes(control: SocketAddr, state: &str) -> Result<Value, Failed> {
    let begin = Instant::now();
    loop {
        let status = status(control)?;
        if status["pair"]["state"] == state {
            return Ok(status);
        }
        must(begin.elapsed() < PATIENCE, format!("it does not become `{state}`: {:#}", status["pair"]))?;
    }
}

/// What `leasehold-server ha` says, and how it ends.
fn ha(control: SocketAddr, words: &[&str]) -> Result<(Option<i32>, String), Failed> {
    let mut command = Command::new(binaries::binary("leasehold-server")?);
    command.args(["ha", "--control", &format!("http://{control}")]).args(words);
    let output =
        command.env_remove("LEASEHOLD_CONTROL_TOKEN_FILE").env_remove("LEASEHOLD_CONTROL_CA").output()?;
    let both = [output.stdout, output.stderr].concat();
    Ok((output.status.code(), String::from_utf8_lossy(&both).into_owned()))
}

fn ends(ended: &(Option<i32>, String), code: i32, says: &str) -> Result<(), Failed> {
    let right = ended.0 == Some(code) && ended.1.contains(says);
    must(right, format!("not {code} `{says}` but {:?}: {}", ended.0, ended.1))
}

fn said() -> Result<(), Failed> {
    let pair = LivePair::new();
    let [primary, secondary] = pair.start_new(&CONTROLLED)?;
    let (first, second) = (primary.control()?, secondary.control()?);
    for control in [first, second] {
        let begin = Instant::now();
        loop {
            let pair = &status(control)?["pair"];
            if pair["partner"]["state"] == "normal" && pair["artefacts"]["accord"] == "agreed" {
                break;
            }
            must(begin.elapsed() < PATIENCE, "the partner does not say that it is in step")?;
        }
    }
    golden("pair-status.json", &settled(&get(first, "/v1/status")?.body)?)?;
    let (code, table) = ha(second, &["status"])?;
    must(code == Some(0), table.clone())?;
    let lines = table.lines().map(|line| {
        let volatile = ["state", "clocks", "estate", "serving"].iter().find(|name| line.starts_with(**name));
        volatile.map_or(format!("{line}\n"), |name| format!("{name:<10} …\n"))
    });
    golden("pair-status.txt", &lines.collect::<String>())?;
    must(table.contains("state      normal since ") && table.contains(": both are in step"), table)?;
    let ready = get(second, "/readyz")?;
    must(
        ready.code == 200 && ready.body.contains(r#""answers":true,"ready":true,"state":"normal""#),
        ready.body,
    )?;

    let mut kea = String::new();
    for command in ["ha-heartbeat", "status-get", "ha-maintenance-cancel", "ha-continue"] {
        let answer = post(second, "/", &format!("{{\"command\":\"{command}\"}}"))?;
        kea.push_str(&format!("> {command}\n{}", settled(&answer.body)?));
    }
    golden("pair-kea.txt", &kea)?;

    Relay::new(1).lease(primary.address)?;
    let samples = exposition::read(&get(first, "/metrics")?.body)?;
    let sum = |start: &str| -> f64 {
        samples.iter().filter(|(name, _)| name.starts_with(start)).map(|(_, value)| value).sum()
    };
    for (start, value) in [
        ("leasehold_pair_state{", 1.0),
        ("leasehold_pair_state{state=\"normal\"}", 1.0),
        ("leasehold_pair_partner_state{state=\"normal\"}", 1.0),
        ("leasehold_pair_partner_heard", 1.0),
        ("leasehold_pair_artefacts{accord=\"agreed\"}", 1.0),
        ("leasehold_pair_frozen_addresses", 0.0),
        ("leasehold_pair_answers", 1.0),
        ("leasehold_pair_clocks_differ", 0.0),
        ("leasehold_pair_conflicts_total", 0.0),
        ("leasehold_grants_total{right=\"bind-home\"}", 1.0),
        ("leasehold_leases{state=\"bound\",home=\"primary\"}", 1.0),
        ("leasehold_leases{state=\"bound\"", 1.0),
    ] {
        let sum = if start == "leasehold_pair_partner_heard" { samples[start] } else { sum(start) };
        must((sum - value).abs() < 1e-9, format!("{start}: {sum}, not {value}"))?;
    }
    for name in ["leasehold_pair_clock_ahead_seconds", "leasehold_pair_partner_heard_ago_seconds"] {
        must(
            samples.get(name).is_some_and(|value| value.abs() < 60.0),
            format!("{name}: {:?}", samples.get(name)),
        )?;
    }
    Ok(())
}

fn moved() -> Result<(), Failed> {
    let pair = LivePair::new();
    let [primary, secondary] = pair.start_new(&CONTROLLED)?;
    let (first, second) = (primary.control()?, secondary.control()?);
    let off = ["partner-down", "--yes-the-partner-is-off"];
    ends(&ha(second, &off)?, 1, "the server refuses: the partner is heard, so it is not off")?;
    ends(&ha(second, &["resume"])?, 1, "there is nothing to resume")?;
    ends(&ha(second, &["sync"])?, 0, "partner    primary")?;
    becomes(second, "normal")?;
    let address = Relay::new(1).lease(primary.address)?;

    ends(&ha(first, &["pause"])?, 0, "server     primary")?;
    let paused = becomes(first, "given-up")?;
    must(paused["pair"]["leaving"] == true && paused["pair"]["answers"] == false, format!("{paused:#}"))?;
    let alone = becomes(second, "sole")?;
    must(alone["pair"]["powers_in_secs"] == 0, format!("{alone:#}"))?;
    must(Relay::new(1).reboot(secondary.address, address)? == address, "the secondary answers at once")?;
    ends(&ha(first, &["pause"])?, 1, "`resume` it first")?;
    ends(
        &ha(second, &["forget-disk", "--yes-learn-everything-anew"])?,
        1,
        "nobody else knows what it granted",
    )?;
    let heartbeat = post(second, "/", r#"{"command":"ha-heartbeat"}"#)?;
    must(heartbeat.body.contains(r#""state":"partner-down""#), heartbeat.body)?;
    let left = post(first, "/", r#"{"command":"status-get"}"#)?;
    must(left.body.contains(r#""state":"in-maintenance""#), left.body)?;

    let cancel = r#"{"command":"ha-maintenance-notify","arguments":{"cancel":true}}"#;
    let resumed = post(first, "/", cancel)?;
    must(resumed.body.contains(r#""result":0"#), resumed.body)?;
    becomes(first, "normal")?;
    becomes(second, "normal")?;

    // As Kea has it: the server that stays is told, and asks the other.
    let start = post(second, "/", r#"{"command":"ha-maintenance-start"}"#)?;
    must(start.body.contains(r#""result":0"#), start.body)?;
    becomes(first, "given-up")?;
    becomes(second, "sole")?;
    ends(&ha(second, &["take-over"])?, 1, "goes on alone already")?;
    let cancel = post(second, "/", r#"{"command":"ha-maintenance-cancel"}"#)?;
    must(cancel.body.contains(r#""result":0"#), cancel.body)?;
    becomes(first, "normal")?;
    becomes(second, "normal")?;
    ends(&ha(second, &["give-back"])?, 1, "there is nothing to give back")?;
    ends(&ha(first, &["forget-disk", "--yes-learn-everything-anew"])?, 0, "")?;
    let learned = becomes(first, "normal")?;
    must(learned["leases"]["records"] == 1, format!("{learned:#}"))
}

fn left() -> Result<(), Failed> {
    let pair = LivePair::new();
    let [primary, secondary] = pair.start_new(&CONTROLLED)?;
    let second = secondary.control()?;
    primary.kill()?;
    let interrupted = becomes(second, "interrupted")?;
    must(interrupted["pair"]["partner"]["heard"] == false, format!("{interrupted:#}"))?;
    ends(&ha(second, &["pause"])?, 1, "the server refuses: the partner cannot take over everything")?;
    ends(&ha(second, &["sync"])?, 1, "mend the link, or start it, first")?;
    let told = ha(second, &["partner-down", "--yes-the-partner-is-off"])?;
    ends(&told, 0, "alone      it may use every address in ")?;
    let alone = becomes(second, "sole-wait")?;
    let wait = alone["pair"]["powers_in_secs"].as_u64().unwrap_or_default();
    must((850..=910).contains(&wait), format!("the lead time, padded, not {wait} s"))?;
    ends(&ha(second, &["partner-down", "--yes-the-partner-is-off"])?, 1, "goes on alone already")
}
