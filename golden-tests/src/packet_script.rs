//! Packet scenarios: a node, an estate, and lines that say what comes, when, and what is answered.
//!
//! ```text
//! estate main.json
//! at 0s relay 10.1.1.1 DISCOVER mac 02:00:00:00:00:01 prl 1,3,6
//! -> OFFER yiaddr 10.1.1.20 3=10.1.1.1 to 10.1.1.1:67
//! at 1s relay 10.1.1.1 DISCOVER mac 02:00:00:00:00:02 54=10.9.9.9
//! -> silence other-server
//! ```
//!
//! Every `at` line is followed by what it leads to: one `->` line for an answer or a named silence. An estate is a
//! folder of YAML, or a file with an artefact's content. `disk stop` and `disk go` hold and release the disk;
//! `reload FILE` swaps the estate. Time is the script's; `clock back 1h` sets the wall clock alone. Values are `0x…`,
//! `'text'`, `u8:`/`u16:`/`u32:` numbers, or addresses with commas between them; `82.5=…` is a sub-option.
//! Answers are read with the server's own view, and with dhcproto as a second reader.

mod answer;
mod packet;
pub mod pair;
mod world;

pub use answer::Expected;
pub use packet::Packet;
pub use world::World;

use std::net::Ipv4Addr;
use std::path::Path;

/// Runs a script whose estates lie in `folder`.
///
/// # Errors
/// The first line that is wrong, or that the server does not answer as the script says.
pub fn run(script: &str, folder: &Path) -> Result<(), String> {
    let mut world = World::default();
    for (number, line) in (1..).zip(script.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        step(&mut world, line, folder).map_err(|why| format!("line {number}: {line}\n  {why}"))?;
    }
    world.finish()
}

fn step(world: &mut World, line: &str, folder: &Path) -> Result<(), String> {
    let words: Vec<&str> = words(line);
    match words.as_slice() {
        ["estate", file] => world.start(&folder.join(file)),
        ["reload", file] => world.reload(&folder.join(file)),
        ["server-id", address] => world.set_server_id(parse(address)?),
        ["also", address] => world.add_former_id(parse(address)?),
        ["disk", "stop"] => world.stop_disk(),
        ["disk", "go"] => world.release_disk(),
        ["clock", "forward", by] => world.step_clock(true, by),
        ["clock", "back", by] => world.step_clock(false, by),
        ["at", time, rest @ ..] => {
            world.set_time(time)?;
            world.send(&Packet::parse(rest)?)
        }
        ["->", rest @ ..] => Expected::parse(rest)?.check(&world.next_answer()?),
        _ => Err("not a line of a packet script".to_owned()),
    }
}

/// Words are separated by blanks; blanks inside quotes separate nothing.
pub fn words(line: &str) -> Vec<&str> {
    let mut quoted = false;
    line.split(|c: char| {
        quoted ^= c == '\'';
        c.is_whitespace() && !quoted
    })
    .filter(|word| !word.is_empty())
    .collect()
}

/// Reads a word.
fn parse<T: std::str::FromStr>(word: &str) -> Result<T, String> {
    word.parse().map_err(|_| format!("`{word}` cannot be read"))
}

/// The octets of a value.
fn octets(text: &str) -> Result<Vec<u8>, String> {
    if let Some(hex) = text.strip_prefix("0x") {
        let hex: leasehold_schemas::vocab::HexBytes = parse(hex)?;
        return Ok(hex.0);
    }
    if let Some(text) = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return Ok(text.as_bytes().to_vec());
    }
    if let Some(number) = text.strip_prefix("u8:") {
        return Ok(vec![parse(number)?]);
    }
    if let Some(number) = text.strip_prefix("u16:") {
        return Ok(parse::<u16>(number)?.to_be_bytes().to_vec());
    }
    if let Some(number) = text.strip_prefix("u32:") {
        return Ok(parse::<u32>(number)?.to_be_bytes().to_vec());
    }
    let mut octets = Vec::new();
    for address in text.split(',') {
        octets.extend_from_slice(&parse::<Ipv4Addr>(address)?.octets());
    }
    Ok(octets)
}

/// `CODE=VALUE` or `CODE.SUB=VALUE`, if the word is one.
fn assignment(word: &str) -> Option<(u8, Option<u8>, &str)> {
    let (code, value) = word.split_once('=')?;
    match code.split_once('.') {
        Some((outer, inner)) => Some((outer.parse().ok()?, Some(inner.parse().ok()?), value)),
        None => Some((code.parse().ok()?, None, value)),
    }
}
