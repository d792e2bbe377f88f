//! What both servers of a pair go by, and who this one is.

use leasehold_schemas::artefact::{Digest, HighAvailability, HighAvailabilityMode};

use crate::failover::clock::Padding;
use crate::failover::home::{Ownership, Side};

/// How far two clocks' rates may differ, in parts per million: safety is claimed within it.
const RATE_ERROR_PPM: u64 = 500;
/// By how much the servers' wall clocks may differ before it is said, in milliseconds.
const SKEW_ALARM_MS: u64 = 1_000;

/// Records that are asked for at once: a few milliseconds of a server's time, and a megabyte or so.
const SYNC_WINDOW: u64 = 4_096;

/// What the data directory is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Start {
    /// The one this server left. An empty one is a lost disk (R11).
    Continue,
    /// An operator says that the pair is new: nothing was ever granted.
    NewPair,
    /// An operator says that it was restored from a backup: R11.
    Restored,
    /// An operator says that the partner is off, and that this server is to go on without it; see [`super::alone`].
    Alone,
}

/// What both servers of a pair go by, and who this one is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Config {
    /// What names the pair.
    pub pair: u64,
    /// Which of the two.
    pub me: Side,
    /// Who answers.
    pub mode: HighAvailabilityMode,
    /// How addresses are shared.
    pub ownership: Ownership,
    /// Maximum client lead time, in milliseconds.
    pub lead_ms: u64,
    /// How durations are padded.
    pub padding: Padding,
    /// Time between heartbeats, in milliseconds.
    pub heartbeat_ms: u64,
    /// Silence after which the partner counts as gone, in milliseconds.
    pub silent_ms: u64,
    /// How long an answer waits for the partner's word, in milliseconds.
    pub ack_wait_ms: u64,
    /// By how much the servers' wall clocks may differ, in milliseconds.
    pub skew_alarm_ms: u64,
    /// Records that are asked for at once by who needs all of them.
    pub sync_window: u64,
    /// It goes by an arbiter.
    pub arbiter: bool,
    /// What the data directory is.
    pub start: Start,
}

impl Config {
    /// From what the artefact of estate `estate` says of its pair; absent: it names no server `node`.
    pub fn of(estate: &str, pair: &HighAvailability, node: &str, start: Start) -> Option<Config> {
        let HighAvailability {
            mode,
            servers,
            heartbeat_delay_ms,
            max_response_delay_ms,
            peer_ack_wait_ms,
            mclt_secs,
            standby_share: _,
        } = pair;
        let me = match servers.iter().position(|server| server.name == node)? {
            0 => Side::Primary,
            _ => Side::Standby,
        };
        let mut names = estate.to_owned();
        for server in servers {
            // No name has a line feed in it.
            names.push('\n');
            names.push_str(&server.name);
        }
        let [a, b, c, d, e, f, g, h, ..] = Digest::of(names.as_bytes()).0;
        Some(Config {
            pair: u64::from_be_bytes([a, b, c, d, e, f, g, h]),
            me,
            mode: *mode,
            ownership: Ownership::of(pair),
            lead_ms: u64::from(mclt_secs.0) * 1_000,
            padding: Padding { rate_error_ppm: RATE_ERROR_PPM },
            heartbeat_ms: u64::from(heartbeat_delay_ms.0).max(1),
            silent_ms: u64::from(max_response_delay_ms.0),
            ack_wait_ms: u64::from(peer_ack_wait_ms.0),
            skew_alarm_ms: SKEW_ALARM_MS,
            sync_window: SYNC_WINDOW,
            // That is said where a server starts, not in the artefact.
            arbiter: false,
            start,
        })
    }

    /// What of another estate's numbers is taken over at once: who answers, and how patient the server is. How addresses
    /// are shared and the lead time are what both must agree on; which pair it is never changes while it runs.
    pub(super) fn taking(self, other: Config) -> Config {
        let Config { mode, heartbeat_ms, silent_ms, ack_wait_ms, .. } = other;
        Config { mode, heartbeat_ms, silent_ms, ack_wait_ms, ..self }
    }
}

#[cfg(test)]
mod tests {
    use leasehold_schemas::artefact::{Peer, PeerRole};
    use leasehold_schemas::vocab::{Millis, Seconds};

    use super::*;

    fn pair() -> HighAvailability {
        let peer = |name: &str, role| Peer {
            name: name.to_owned(),
            role,
            peer_address: format!("{name}.example:647"),
        };
        HighAvailability {
            mode: HighAvailabilityMode::HotStandby,
            servers: vec![peer("a", PeerRole::Primary), peer("b", PeerRole::Standby)],
            heartbeat_delay_ms: Millis(250),
            max_response_delay_ms: Millis(750),
            peer_ack_wait_ms: Millis(100),
            mclt_secs: Seconds(900),
            standby_share: 8,
        }
    }

    #[test]
    fn both_servers_go_by_the_same_and_know_which_they_are() {
        let of = |node| Config::of("e", &pair(), node, Start::Continue);
        let (a, b) = (of("a").expect("the primary"), of("b").expect("the standby"));
        assert_eq!((a.me, b.me), (Side::Primary, Side::Standby));
        assert_eq!(Config { me: Side::Primary, ..b }, a);
        assert_eq!((a.lead_ms, a.heartbeat_ms, a.silent_ms, a.ack_wait_ms), (900_000, 250, 750, 100));
        assert_eq!(of("c"), None);
    }

    #[test]
    fn a_pair_of_another_estate_or_with_other_servers_is_another() {
        let id = |estate, pair: &HighAvailability| {
            Config::of(estate, pair, &pair.servers[0].name, Start::Continue).expect("a server of it").pair
        };
        let mut renamed = pair();
        renamed.servers[1].name = "c".to_owned();
        assert_ne!(id("e", &pair()), id("f", &pair()));
        assert_ne!(id("e", &pair()), id("e", &renamed));
    }

    #[test]
    fn patience_and_mode_change_while_it_runs_and_nothing_else() {
        let before = Config::of("e", &pair(), "a", Start::NewPair).expect("the primary");
        let mut said = pair();
        said.mode = HighAvailabilityMode::PassiveBackup;
        said.standby_share = 4;
        said.mclt_secs = Seconds(60);
        said.max_response_delay_ms = Millis(9_000);
        let after = before.taking(Config::of("f", &said, "a", Start::Continue).expect("the primary"));
        let mode = HighAvailabilityMode::PassiveBackup;
        assert_eq!(after, Config { mode, silent_ms: 9_000, ..before });
    }
}
