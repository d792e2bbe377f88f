//! A status as a person reads it: a line a thing, what matters first.

use std::fmt::Write as _;

use crate::daemon::control::status::{ArbiterStatus, ArtefactStatus, PairStatus, PartnerStatus, Status};

/// The table.
pub fn of(status: &Status) -> String {
    let mut out = String::new();
    let mut line = |name: &str, text: String| {
        writeln!(out, "{name:<10} {text}").expect("a string takes everything");
    };
    let places = status.listening.join(", ");
    let stopping = if status.stopping { ", stopping" } else { "" };
    match &status.pair {
        Some(pair) => {
            line("server", format!("{}, {} of a {} pair{stopping}", status.node, status.role, pair.mode));
            of_pair(pair, &mut line);
        }
        None => line("server", format!("{}, {}, without a partner{stopping}", status.node, status.role)),
    }
    line("leases", format!("{} bound, {} records", status.leases.bound, status.leases.records));
    let waiting = &status.waiting;
    let waits = format!(
        "{} for the disk, {} for the partner; {} addresses offered",
        waiting.disk, waiting.partner, waiting.offered
    );
    line("waiting", waits);
    line("estate", format!("{} ({})", status.estate, status.artefact));
    line("serving", format!("{places} since {} (leasehold-server {})", status.started, status.version));
    out
}

fn of_pair(pair: &PairStatus, line: &mut impl FnMut(&str, String)) {
    let PairStatus { state, since, why, partner, .. } = pair;
    line("state", format!("{state} since {since}, {}: {why}", span(pair.state_secs)));
    let answers = match (pair.answers, pair.binds_new_clients) {
        (false, _) => "nobody",
        (true, false) => "clients it knows, for as long as was promised",
        (true, true) => "known and new clients",
    };
    line("may answer", answers.to_owned());
    if let Some(secs) = pair.powers_in_secs {
        let powers = match secs {
            0 => "it may use every address".to_owned(),
            secs => format!("it may use every address in {}", span(secs)),
        };
        line("alone", powers);
    }
    line("partner", of_partner(partner));
    if let Some(arbiter) = &pair.arbiter {
        line("arbiter", of_arbiter(arbiter));
    }
    line("artefacts", of_artefacts(&pair.artefacts));
    let differ = if pair.clocks_differ { ", more than they may: set them" } else { "" };
    if let Some(ahead) = partner.clock_ahead_ms {
        line("clocks", format!("the partner's is {ahead} ms ahead{differ}"));
    }
    let unacked = format!("{} records, {} ends", pair.unacked_updates, pair.unacked_ends);
    line("unacked", format!("{unacked} that {} may not have", partner.name));
    let alarm = if pair.conflicts > 0 { ": two clients had one address; see the log" } else { "" };
    line("conflicts", format!("{}{alarm}", pair.conflicts));
    line("epoch", pair.epoch.to_string());
}

fn of_artefacts(artefacts: &ArtefactStatus) -> String {
    let ArtefactStatus { accord, agreed, partner_running, frozen_addresses, homes_move, .. } = artefacts;
    if accord == "agreed" {
        return "both serve the same, and have confirmed it".to_owned();
    }
    let known = |digest: &Option<String>| digest.clone().unwrap_or_else(|| "unknown".to_owned());
    let frozen = match (frozen_addresses, homes_move) {
        (None, _) => "every address goes to nobody new".to_owned(),
        (Some(count), true) => format!("{count} addresses, and those whose home moves, go to nobody new"),
        (Some(count), false) => format!("{count} addresses go to nobody new"),
    };
    format!(
        "{accord}: the partner serves {}, both confirmed {} last; {frozen}",
        known(partner_running),
        known(agreed)
    )
}

fn of_partner(partner: &PartnerStatus) -> String {
    let PartnerStatus { name, role, heard, heard_ms_ago, state, .. } = partner;
    let state = state.as_deref().unwrap_or("an unknown state");
    match (heard, heard_ms_ago) {
        (_, None) => format!("{name}, {role}: not heard since this server started"),
        (true, Some(_)) => format!("{name}, {role}: heard, in {state}"),
        (false, Some(ago)) => format!("{name}, {role}: silent for {}, then in {state}", span(ago / 1000)),
    }
}

fn of_arbiter(arbiter: &ArbiterStatus) -> String {
    let ArbiterStatus { heard, heard_ms_ago, shared, lease_ms, promise_ms, .. } = arbiter;
    let heard = match (heard, heard_ms_ago) {
        (_, None) => "not heard since this server started".to_owned(),
        (true, Some(_)) => format!("heard; its lease lasts {}", span(lease_ms / 1000)),
        (false, Some(ago)) => format!("silent for {}", span(ago / 1000)),
    };
    let shared = if *shared { "" } else { "; the partner goes by no arbiter or another" };
    format!("{heard}; the partner's promise lasts {}{shared}", span(promise_ms / 1000))
}

/// `3 s`, `5 min`, `2 h 10 min`, `4 d 1 h`.
fn span(secs: u64) -> String {
    match secs {
        0..=119 => format!("{secs} s"),
        120..=7_199 => format!("{} min", secs / 60),
        7_200..=172_799 => format!("{} h {} min", secs / 3_600, secs / 60 % 60),
        _ => format!("{} d {} h", secs / 86_400, secs / 3_600 % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_two_units_at_most() {
        let spans = [0, 119, 120, 7_199, 7_200, 172_799, 172_800, 90_061_000].map(span);
        assert_eq!(
            spans,
            ["0 s", "119 s", "2 min", "119 min", "2 h 0 min", "47 h 59 min", "2 d 0 h", "1042 d 8 h"]
        );
    }
}
