//! The pair as Kea's high availability. What keeps a pair from giving an address twice is not the same there: Kea has
//! no lead time, and in a hot standby no addresses of the standby's own.

use leasehold_schemas::artefact::{HighAvailability, HighAvailabilityMode, Peer, PeerRole};
use leasehold_schemas::source::Span;
use leasehold_schemas::vocab::AddrRange;
use serde_json::{Value, json};

use super::{Exporter, Target};

/// Where Debian keeps Kea's libraries; Kea 3.0 knows itself where they are.
const HOOKS_22: &str = "/usr/lib/x86_64-linux-gnu/kea/hooks";

impl Exporter<'_> {
    /// The libraries that the configuration loads.
    pub(super) fn hooks(&mut self, node: &str, flex_id: bool) -> Vec<Value> {
        let folder = match (&self.hooks, self.target) {
            (Some(folder), _) => format!("{}/", folder.trim_end_matches('/')),
            (None, Target::Kea22) => format!("{HOOKS_22}/"),
            (None, Target::Kea30) => String::new(),
        };
        let library = |name: &str| format!("{folder}libdhcp_{name}.so");
        let mut hooks = Vec::new();
        if flex_id {
            let parameters = json!({"identifier-expression": "relay4[2].hex"});
            hooks.push(json!({"library": library("flex_id"), "parameters": parameters}));
        }
        if let Some(pair) = &self.estate.high_availability {
            hooks.push(json!({"library": library("lease_cmds")}));
            let parameters = json!({"high-availability": [self.pair(pair, node)]});
            hooks.push(json!({"library": library("ha"), "parameters": parameters}));
        }
        hooks
    }

    fn pair(&mut self, pair: &HighAvailability, node: &str) -> Value {
        let HighAvailability {
            mode,
            servers,
            heartbeat_delay_ms,
            max_response_delay_ms,
            peer_ack_wait_ms: _,
            mclt_secs: _,
            standby_share: _,
        } = pair;
        let mode_name = match mode {
            HighAvailabilityMode::HotStandby => "hot-standby",
            HighAvailabilityMode::LoadBalancing => "load-balancing",
            HighAvailabilityMode::PassiveBackup => "passive-backup",
        };
        let peers: Vec<Value> = servers.iter().map(|peer| self.peer(peer)).collect();
        json!({
            "this-server-name": node,
            "mode": mode_name,
            "heartbeat-delay": heartbeat_delay_ms.0,
            "max-response-delay": max_response_delay_ms.0,
            // A partner that is silent is gone, as it is in Leasehold, whatever clients say meanwhile.
            "max-unacked-clients": 0,
            "peers": peers,
            "multi-threading": {
                "enable-multi-threading": true,
                "http-dedicated-listener": true,
                "http-listener-threads": 0,
                "http-client-threads": 0,
            },
        })
    }

    fn peer(&mut self, peer: &Peer) -> Value {
        let Peer { name, role, peer_address } = peer;
        let is_address = peer_address.parse::<std::net::SocketAddr>().is_ok();
        if !is_address {
            let span = self.peer_span(name);
            self.losses.lose(
                span,
                &format!("high-availability, peer `{name}`"),
                &format!("Kea takes no host name for a server, and `peer-address` is `{peer_address}`"),
                "Kea wants an address and a port here",
            );
        }
        let role = match role {
            PeerRole::Primary => "primary",
            PeerRole::Standby => "standby",
            PeerRole::Secondary => "secondary",
            PeerRole::Backup => "backup",
        };
        json!({"name": name, "url": format!("http://{peer_address}/"), "role": role, "auto-failover": true})
    }

    fn peer_span(&self, name: &str) -> Span {
        let servers = self.model.high_availability.as_ref().map(|pair| pair.servers.as_slice());
        let server = servers.into_iter().flatten().find(|server| server.name.value == name);
        server.map_or_else(|| self.top(), |server| server.peer_address.span)
    }

    /// The shares of the two servers in a range; a single server and a hot standby have all of it.
    pub(super) fn shares(&self, range: AddrRange) -> Vec<(AddrRange, Option<String>)> {
        let balanced = self.estate.high_availability.as_ref().filter(|pair| match pair.mode {
            HighAvailabilityMode::LoadBalancing => true,
            HighAvailabilityMode::HotStandby | HighAvailabilityMode::PassiveBackup => false,
        });
        let Some(pair) = balanced.filter(|_| range.size() > 1) else { return vec![(range, None)] };
        let (first, last) = (range.first().to_bits(), range.last().to_bits());
        let middle = first + (last - first) / 2;
        let half = |first: u32, last: u32, peer: &Peer| {
            let range = AddrRange::new(first.into(), last.into()).expect("halves are not reversed");
            (range, Some(format!("HA_{}", peer.name)))
        };
        match pair.servers.as_slice() {
            [primary, other] => vec![half(first, middle, primary), half(middle + 1, last, other)],
            _ => vec![(range, None)],
        }
    }
}
