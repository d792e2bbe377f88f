//! The leases of a data directory as CSV. Only reads; a server may go on writing meanwhile.

use std::io::Write as _;
use std::path::Path;
use std::thread;
use std::time::Duration;

use leasehold_server::leases::journal::{Recovered, recover};
use leasehold_server::leases::{Binding, ClientKey, State};

use super::{clock, data_directory};

/// A server that compacts while its files are read makes them look incomplete; so they are read again.
const ATTEMPTS: usize = 5;

/// The first line: what the columns are.
pub const HEADER: &str = "address,state,hardware,client_id,hostname,expires,giaddr\n";
/// What stands in column `state`.
pub const STATES: [&str; 4] = ["free", "bound", "expired", "declined"];

/// Prints every address that has a record, in the order of addresses.
pub fn print(data_dir: &Path) -> Result<(), String> {
    let recovered = read(data_dir)?;
    let mut bindings: Vec<&Binding> = recovered.bindings.iter().collect();
    bindings.sort_unstable_by_key(|binding| binding.address);
    let now = clock::wall_ms();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut lines = vec![HEADER.trim_end().to_owned()];
    lines.extend(bindings.into_iter().map(|binding| line(binding, now)));
    for line in lines {
        if writeln!(out, "{line}").is_err() {
            // The reader has seen enough.
            return Ok(());
        }
    }
    Ok(())
}

/// Reads a data directory, also while a server writes in it.
pub fn read(data_dir: &Path) -> Result<Recovered, String> {
    let shown = data_dir.display();
    let mut failure = String::new();
    for _ in 0..ATTEMPTS {
        let files = data_directory::read(data_dir).map_err(|error| format!("cannot read {shown}: {error}"));
        match files.and_then(|files| recover(None, &files).map_err(|error| error.to_string())) {
            Ok(recovered) => return Ok(recovered),
            Err(why) => failure = why,
        }
        thread::sleep(Duration::from_millis(100));
    }
    Err(format!("cannot read the leases in {shown}: {failure}"))
}

/// What stands in column `state` of a record.
pub fn state(binding: &Binding, now_wall_ms: u64) -> &'static str {
    match &binding.state {
        State::Free { .. } => "free",
        State::Bound(_) if binding.is_active(now_wall_ms) => "bound",
        State::Bound(_) => "expired",
        State::Declined { .. } => "declined",
    }
}

/// A record as a line, without its end.
pub fn line(binding: &Binding, now_wall_ms: u64) -> String {
    let expires = match &binding.state {
        State::Free { .. } => 0,
        State::Bound(_) => binding.expires_wall_ms(),
        State::Declined { until_wall_ms } => *until_wall_ms,
    };
    let client = binding.client();
    let hardware = client.and_then(|client| match &client.key {
        ClientKey::Hardware(_, address) => Some(*address),
        ClientKey::Identifier(_) => client.hardware,
    });
    let identifier = client.and_then(|client| client.identifier.as_deref()).unwrap_or_default();
    let columns = [
        binding.address.to_string(),
        state(binding, now_wall_ms).to_owned(),
        hardware.map(|address| address.to_string()).unwrap_or_default(),
        hex(identifier),
        quoted(binding.details.hostname.as_deref().unwrap_or_default()),
        if expires == 0 { String::new() } else { clock::rfc3339(expires) },
        binding.details.giaddr.map(|giaddr| giaddr.to_string()).unwrap_or_default(),
    ];
    columns.join(",")
}

fn hex(octets: &[u8]) -> String {
    let octets: Vec<String> = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    octets.join(":")
}

/// A name from a client may hold anything.
fn quoted(text: &str) -> String {
    if text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-')) {
        return text.to_owned();
    }
    let visible: String = text.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    format!("\"{}\"", visible.replace('"', "\"\""))
}
