//! `leasehold-server rollout` with two real servers: to both, to neither, and taken back in the middle.
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "starts programs and talks to them")]

use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Instant;

use leasehold_golden_tests::binaries;
use leasehold_golden_tests::http::get;
use leasehold_golden_tests::live_pair::LivePair;
use leasehold_golden_tests::loopback::must;
use leasehold_golden_tests::relay::{PATIENCE, Relay};
use leasehold_golden_tests::requirement::{run_waiting, test};
use leasehold_schemas::artefact::Estate;
use leasehold_schemas::vocab::{AddrRange, Millis};
use libtest_mimic::Failed;
use serde_json::{Value, json};

fn main() {
    let tests = vec![
        test("an_artefact_reaches_both_servers_and_stays", &[], reaches),
        test("what_must_not_be_rolled_out_is_not", &[], refused),
        test("what_does_not_do_well_is_taken_back", &[], taken_back),
    ];
    run_waiting(tests);
}

const CONTROLLED: [&str; 2] = ["--control", "127.0.0.1:0"];

fn status(control: SocketAddr) -> Result<Value, Failed> {
    Ok(serde_json::from_str(&get(control, "/v1/status")?.body)?)
}

/// Waits until a server serves this, both have confirmed it, and both are in step.
fn agrees(control: SocketAddr, digest: &str) -> Result<(), Failed> {
    let begin = Instant::now();
    loop {
        let status = status(control)?;
        let pair = &status["pair"];
        let well = pair["state"] == "normal" && pair["partner"]["state"] == "normal";
        if well && status["artefact"] == digest && pair["artefacts"]["accord"] == "agreed" {
            return Ok(());
        }
        must(begin.elapsed() < PATIENCE, format!("not agreed on {digest}: {status:#}"))?;
    }
}

/// What `leasehold-server rollout` says, and how it ends.
fn rollout(control: SocketAddr, pair: &LivePair, words: &[&str]) -> Result<(Option<i32>, String), Failed> {
    let mut command = Command::new(binaries::binary("leasehold-server")?);
    command.current_dir(pair.path(""));
    command.args(["rollout", "--control", &format!("http://{control}")]).args(words);
    let output =
        command.env_remove("LEASEHOLD_CONTROL_TOKEN_FILE").env_remove("LEASEHOLD_CONTROL_CA").output()?;
    let both = [output.stdout, output.stderr].concat();
    Ok((output.status.code(), String::from_utf8_lossy(&both).into_owned()))
}

fn ends(ended: &(Option<i32>, String), code: i32, says: &str) -> Result<(), Failed> {
    let right = ended.0 == Some(code) && ended.1.contains(says);
    must(right, format!("not {code} `{says}` but {:?}: {}", ended.0, ended.1))
}

/// The pool is elsewhere.
fn pool_moves(estate: &mut Estate) {
    let pool = &mut estate.sites[0].networks[0].subnets[0].pools[0];
    pool.ranges = vec!["10.1.1.150 - 10.1.1.253".parse::<AddrRange>().expect("a range")];
}

fn plan(pair: &LivePair, before: &str, after: &str, acknowledged: bool) -> Result<(), Failed> {
    let acknowledgement =
        if acknowledged { json!({"by": "argument", "reason": "agreed", "until": null}) } else { Value::Null };
    let risk = json!({"code": "L902", "slug": "s", "text": "a pool loses addresses", "acknowledgement": acknowledgement});
    let plan =
        json!({"version": 1, "before": {"digest": before}, "after": {"digest": after}, "risks": [risk]});
    Ok(fs::write(pair.path("plan.json"), plan.to_string())?)
}

fn reaches() -> Result<(), Failed> {
    let pair = LivePair::new();
    let old = pair.write_another("old.json", |_| {});
    let new = pair.write_another("new.json", pool_moves);
    let [primary, secondary] = pair.start_new(&CONTROLLED)?;
    let (first, second) = (primary.control()?, secondary.control()?);
    agrees(first, &old)?;
    agrees(second, &old)?;
    let address = Relay::new(1).lease(primary.address)?;
    plan(&pair, &old, &new, true)?;
    let done = rollout(first, &pair, &["new.json", "--plan", "plan.json", "--watch", "0"])?;
    ends(&done, 0, &format!("both servers serve {new} and have confirmed it"))?;
    let told = done.1.find("secondary serves it").zip(done.1.find("primary serves it"));
    must(told.is_some_and(|(standby, primary)| standby < primary), format!("standby first: {}", done.1))?;
    agrees(second, &new)?;
    let moved = Relay::new(2).lease(primary.address)?;
    must(moved != address && moved.octets()[3] >= 150, format!("{moved} is of the new pool"))?;
    ends(&rollout(second, &pair, &["new.json"])?, 0, "already")?;

    // A restart serves what was rolled out, and there is nothing left to agree on.
    secondary.kill()?;
    let secondary = pair.start(1, &CONTROLLED)?;
    must(secondary.ready.contains(&new), format!("it serves the new one: {}", secondary.ready))?;
    agrees(secondary.control()?, &new)?;
    // Back again, asked at the standby this time.
    ends(&rollout(secondary.control()?, &pair, &["old.json"])?, 0, &format!("both servers serve {old}"))?;
    agrees(first, &old)
}

fn refused() -> Result<(), Failed> {
    let pair = LivePair::new();
    let old = pair.write_another("old.json", |_| {});
    let new = pair.write_another("new.json", pool_moves);
    let [primary, secondary] = pair.start_new(&CONTROLLED)?;
    let first = primary.control()?;
    agrees(first, &old)?;
    plan(&pair, &new, &new, true)?;
    ends(
        &rollout(first, &pair, &["new.json", "--plan", "plan.json"])?,
        1,
        &format!("and the pair serves {old}"),
    )?;
    plan(&pair, &old, &old, true)?;
    ends(
        &rollout(first, &pair, &["new.json", "--plan", "plan.json"])?,
        1,
        &format!("and the artefact is {new}"),
    )?;
    plan(&pair, &old, &new, false)?;
    let breaking = rollout(first, &pair, &["new.json", "--plan", "plan.json"])?;
    ends(&breaking, 1, "nobody has acknowledged:\n  L902: a pool loses addresses")?;
    ends(&rollout(first, &pair, &["plan.json"])?, 2, "cannot roll out plan.json: not an artefact")?;
    pair.write_another("other.json", |estate| "other".clone_into(&mut estate.name));
    let other = rollout(first, &pair, &["other.json"])?;
    ends(&other, 1, "it is of estate `other`, and this server serves `pair`; nothing was changed")?;
    agrees(first, &old)?;
    secondary.kill()?;
    let begin = Instant::now();
    while status(first)?["pair"]["partner"]["heard"] == true {
        must(begin.elapsed() < PATIENCE, "the partner is still heard")?;
    }
    let alone = rollout(first, &pair, &["new.json"])?;
    ends(&alone, 1, "not begun: the partner secondary is not heard; start it, or mend the link")?;
    must(status(first)?["artefact"] == old, "it serves what it did")
}

fn taken_back() -> Result<(), Failed> {
    let pair = LivePair::new();
    let old = pair.write_another("old.json", |_| {});
    // By this one a server misses its partner between two heartbeats.
    pair.write_another("new.json", |estate| {
        let said = estate.high_availability.as_mut().expect("a pair");
        said.max_response_delay_ms = Millis(1);
    });
    let [primary, secondary] = pair.start_new(&CONTROLLED)?;
    let (first, second) = (primary.control()?, secondary.control()?);
    agrees(first, &old)?;
    let done = rollout(first, &pair, &["new.json", "--patience", "3"])?;
    ends(&done, 1, &format!("both servers serve {old}"))?;
    must(done.1.contains("secondary serves it") && done.1.contains("rolled back: "), done.1)?;
    agrees(first, &old)?;
    agrees(second, &old)?;
    Ok(Relay::new(1).lease(primary.address).map(drop)?)
}
