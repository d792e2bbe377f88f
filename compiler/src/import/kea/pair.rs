//! High availability: the parameters of Kea's hook library.

use leasehold_schemas::vocab::Millis;

use crate::import::book::{MapView, View};
use crate::import::listing::Fate;
use crate::import::yaml::Yaml;

/// The port on which the servers of a pair hear each other, unless the estate says another.
const PORT: u16 = 8647;

/// A pair as it is written in an estate.
#[derive(Clone, Debug)]
pub struct Pair<'b> {
    /// The value of `high-availability`.
    pub written: Yaml,
    /// Where it stands.
    pub view: View<'b>,
}

/// One server.
struct Peer<'b> {
    name: String,
    role: String,
    host: String,
    view: View<'b>,
}

/// Reads the parameters of the library; nothing if they name no pair, and that is told.
pub fn read(parameters: MapView<'_>) -> Option<Pair<'_>> {
    let relationships = parameters.maps("high-availability");
    let (first, others) = relationships.split_first()?;
    for other in others {
        let advice = "import the configuration of each pair into an estate of its own";
        other.view.tell(Fate::Lost, "an estate is served by one pair", advice);
    }
    tell_tuning(*first);
    let mode = first.text("mode").unwrap_or("load-balancing").to_owned();
    let mut peers: Vec<Peer<'_>> = first.maps("peers").into_iter().filter_map(peer).collect();
    let second = match mode.as_str() {
        "hot-standby" => "standby",
        "load-balancing" => "secondary",
        "passive-backup" => "backup",
        _ => {
            let reason = format!("`{mode}` is no mode of a pair");
            first.view.tell(Fate::Lost, reason, "name hot-standby, load-balancing or passive-backup");
            return None;
        }
    };
    peers.sort_by_key(|peer| match peer.role.as_str() {
        "primary" => 0,
        role if role == second => 1,
        _ => 2,
    });
    for peer in peers.iter().skip(2) {
        let advice = "a copy of the leases for reports is what the control API gives";
        peer.view.tell(Fate::Lost, "a pair has two servers; a third one keeps no copy here", advice);
    }
    let pair: Vec<&Peer<'_>> = peers.iter().take(2).collect();
    if pair.len() != 2 || pair[0].role != "primary" || pair[1].role != second {
        let reason = format!("{mode} wants a primary and a {second}");
        first.view.tell(
            Fate::Lost,
            reason,
            "name both under `peers`, or write `high-availability` in `estate.yaml`",
        );
        return None;
    }
    let server = |peer: &&Peer<'_>| {
        Yaml::map([
            ("name", Yaml::text(&peer.name)),
            ("role", Yaml::text(&peer.role)),
            ("peer-address", Yaml::text(format!("{}:{PORT}", peer.host))),
        ])
    };
    let mut entries = vec![
        ("mode".to_owned(), Yaml::text(mode)),
        ("servers".to_owned(), Yaml::List(pair.iter().map(server).collect())),
    ];
    entries.extend(timing(*first));
    Some(Pair { written: Yaml::Map(entries), view: first.view })
}

/// Heartbeat and the silence after which a partner is gone, where they are in the order that an estate wants.
fn timing(map: MapView<'_>) -> Vec<(String, Yaml)> {
    const DEFAULTS: [(&str, u32); 2] = [("heartbeat-delay", 250), ("max-response-delay", 750)];
    let said: Vec<(&str, View<'_>, u32)> = DEFAULTS
        .iter()
        .filter_map(|(key, _)| {
            let view = map.get(key)?;
            Some((*key, view, view.number()?))
        })
        .collect();
    let millis = |wanted: usize| {
        let (key, default) = DEFAULTS[wanted];
        said.iter().find(|(known, _, _)| *known == key).map_or(default, |(_, _, millis)| *millis)
    };
    let in_order = millis(0) > 0 && millis(0) < millis(1);
    let mut entries = Vec::new();
    for (key, view, millis) in &said {
        if in_order {
            let advice = "remove the line: the default here is far shorter, because a takeover here is safe at any time";
            view.note(Fate::Changed, "it is carried as it is", advice);
            entries.push(((*key).to_owned(), Yaml::text(Millis(*millis).to_string())));
        } else {
            let reason = "the defaults here hold: several heartbeats have to fit into the time after which a partner is gone";
            view.tell(Fate::Changed, reason, "");
        }
    }
    entries
}

fn peer(map: MapView<'_>) -> Option<Peer<'_>> {
    let name = map.text("name")?.to_owned();
    let role = map.text("role").unwrap_or_default().to_owned();
    let url = map.get("url")?;
    let host = host_of(url.text()?);
    url.note(
        Fate::Changed,
        format!("the servers speak to each other on port {PORT}, not on that of Kea's control channel"),
        "change the port in `peer-address` if it is taken",
    );
    let secrets = ["trust-anchor", "cert-file", "key-file", "require-client-certs", "basic-auth-user"];
    map.tell(
        &secrets,
        Fate::Setting,
        "how the servers prove themselves is said to each when it starts",
        "give certificates in the server's settings",
    );
    map.tell(
        &["basic-auth-password", "basic-auth-password-file", "auto-failover"],
        Fate::Setting,
        "how a server runs is said to it when it starts",
        "",
    );
    Some(Peer { name, role, host, view: map.view })
}

/// `192.0.2.1` of `http://192.0.2.1:8000/`.
fn host_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or(rest);
    let port = |text: &str| !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
    match authority.rsplit_once(':') {
        Some((host, digits)) if port(digits) && (!host.contains(':') || host.ends_with(']')) => {
            host.to_owned()
        }
        _ => authority.to_owned(),
    }
}

fn tell_tuning(map: MapView<'_>) {
    map.tell(
        &["this-server-name"],
        Fate::Setting,
        "which server this is, is said when it starts",
        "start it with `leasehold-server run --node NAME`",
    );
    let automatic = [
        "max-ack-delay",
        "max-unacked-clients",
        "max-rejected-lease-updates",
        "delayed-updates-limit",
        "sync-timeout",
        "sync-page-limit",
        "send-lease-updates",
        "sync-leases",
        "wait-backup-ack",
        "state-machine",
        "delayed-updates-limit",
    ];
    map.tell(
        &automatic,
        Fate::Idle,
        "the pair here knows from its records what it may grant, and needs no such limit",
        "read the chapter on the pair in ARCHITECTURE.md",
    );
    let running = [
        "multi-threading",
        "restrict-commands",
        "require-client-certs",
        "trust-anchor",
        "cert-file",
        "key-file",
    ];
    map.tell(
        &running,
        Fate::Setting,
        "how a server runs is said to it when it starts",
        "give certificates in the server's settings",
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_a_url_is_what_stands_before_the_port() {
        assert_eq!(host_of("http://192.0.2.1:8000/"), "192.0.2.1");
        assert_eq!(host_of("https://[2001:db8::1]:8443/kea"), "[2001:db8::1]");
        assert_eq!(host_of("http://dhcp-a.example.internal/"), "dhcp-a.example.internal");
    }
}
