//! `leases export`: the leases of a data directory as Kea's memfile has them. Only reads.

use std::io::Write as _;

use leasehold_server::estate::Tables;
use leasehold_server::leases::{Binding, State};

use super::arguments::ExportLeases;
use super::artefact_file::Wanted;
use super::{clock, lease_list};

/// The columns of Kea 2.0 to 2.2; later releases read them and add their own.
const HEADER: &str =
    "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context";

/// Prints every lease and every declined address that has not ended, in the order of addresses.
pub fn run(asked: &ExportLeases) -> Result<(), String> {
    let loaded = Wanted { path: asked.config.clone(), node: asked.node.clone() }.load()?;
    let recovered = lease_list::read(&asked.data_dir)?;
    let mut bindings: Vec<&Binding> = recovered.bindings.iter().collect();
    bindings.sort_unstable_by_key(|binding| binding.address);
    let now = clock::wall_ms();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut left_out = 0_u64;
    let mut lines = vec![HEADER.to_owned()];
    for binding in bindings.into_iter().filter(|binding| is_current(binding, now)) {
        match row(binding, &loaded.tables) {
            Some(row) => lines.push(row),
            None => left_out += 1,
        }
    }
    let count = lines.len() - 1;
    for line in lines {
        writeln!(out, "{line}").map_err(|error| format!("cannot write the leases: {error}"))?;
    }
    out.flush().map_err(|error| format!("cannot write the leases: {error}"))?;
    eprintln!(
        "exported {count} leases; {left_out} are in no subnet of the artefact, or of clients without a hardware address"
    );
    Ok(())
}

fn is_current(binding: &Binding, now_wall_ms: u64) -> bool {
    match binding.state {
        State::Free { .. } => false,
        State::Bound(_) => binding.is_active(now_wall_ms),
        State::Declined { until_wall_ms } => until_wall_ms > now_wall_ms,
    }
}

/// Absent: Kea has no row for it.
fn row(binding: &Binding, tables: &Tables) -> Option<String> {
    let subnet_id = tables.subnet(tables.subnet_of(binding.address)?).id;
    let (until_wall_ms, state, client) = match &binding.state {
        State::Free { .. } => return None,
        State::Bound(client) => (binding.expires_wall_ms(), 0, Some(client)),
        State::Declined { until_wall_ms } => (*until_wall_ms, 1, None),
    };
    let hardware = match client {
        Some(client) => client.hardware?.to_string(),
        None => String::new(),
    };
    let identifier = client.and_then(|client| client.identifier.as_deref()).unwrap_or_default();
    let identifier: Vec<String> = identifier.iter().map(|octet| format!("{octet:02x}")).collect();
    // Kea counts back from the end to when the client was heard last; a lease that never ends has the longest lifetime.
    let heard = binding.details.transaction_wall_ms / 1000;
    let lifetime = (until_wall_ms / 1000).saturating_sub(heard).clamp(1, u64::from(u32::MAX));
    let until = (until_wall_ms / 1000).min(heard.saturating_add(u64::from(u32::MAX)));
    let hostname = binding.details.hostname.as_deref().unwrap_or_default();
    let address = binding.address;
    let identifier = identifier.join(":");
    let hostname = escaped(hostname);
    Some(format!("{address},{hardware},{identifier},{lifetime},{until},{subnet_id},0,0,{hostname},{state},"))
}

/// As Kea writes what would end a field or a line, or look like an escape.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            ',' => escaped.push_str("&#x2c"),
            '&' => escaped.push_str("&#x26"),
            c if c.is_control() => escaped.push('?'),
            c => escaped.push(c),
        }
    }
    escaped
}
