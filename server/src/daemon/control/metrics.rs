//! Metrics in the OpenMetrics text format. Labels are bounded: by types, reasons and states, and by the subnets of the
//! estate; no client, address or name is ever one.

use std::fmt;
use std::sync::Arc;

use leasehold_server::failover::pair::{Accord, State};
use leasehold_server::failover::{Refusal, Right};
use leasehold_server::wire::MessageType;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::Exemplar;
use prometheus_client::registry::{Registry, Unit};

use super::status::{ArbiterStatus, Census, HOMES, PairStatus, PartnerStatus, STATES, Snapshot, Usage};

/// What the text is.
pub const CONTENT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Everything that is counted.
#[derive(Debug)]
pub struct Counted {
    pub snapshot: Box<Snapshot>,
    pub census: Census,
    pub usage: Vec<Usage>,
    /// For each subnet, where there is a forecast.
    pub exhausted_in_secs: Vec<Option<f64>>,
}

/// All of it as text.
pub fn text(counted: Counted) -> String {
    let mut registry = Registry::with_prefix("leasehold");
    registry.register_collector(Box::new(Arc::new(counted)));
    let mut text = String::new();
    encode(&mut text, &registry).expect("a string takes everything");
    text
}

impl Collector for Counted {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut out = Out(encoder);
        self.server(&mut out)?;
        self.packets(&mut out)?;
        self.leases(&mut out)?;
        self.disk(&mut out)?;
        if let Some(pair) = &self.snapshot.status.pair {
            self.pair(pair, &mut out)?;
        }
        Ok(())
    }
}

impl Counted {
    fn server(&self, out: &mut Out<'_>) -> fmt::Result {
        let status = &self.snapshot.status;
        let version = [("version", status.version.as_str())];
        out.info("build", "The program", &version)?;
        let artefact = [
            ("estate", status.estate.as_str()),
            ("digest", &status.artefact),
            ("node", &status.node),
            ("role", &status.role),
        ];
        out.info("artefact", "What is served, and as which server", &artefact)?;
        let started = seconds(self.snapshot.started_wall_ms);
        out.gauge("start_time", "When the server started, since 1970", Some(&Unit::Seconds), &started)?;
        out.gauge("stopping", "Whether the server was told to stop", None, &i64::from(status.stopping))
    }

    fn packets(&self, out: &mut Out<'_>) -> fmt::Result {
        let counters = &self.snapshot.counters;
        let received = counters.all_received().map(|(kind, count)| (type_name(kind), count));
        out.counters("packets_received", "Messages of clients, by type", "type", received)?;
        let answers =
            |kind: &MessageType| matches!(kind, MessageType::Offer | MessageType::Ack | MessageType::Nak);
        let sent = counters
            .all_sent()
            .filter(|(kind, _)| answers(kind))
            .map(|(kind, count)| (type_name(kind), count));
        out.counters("packets_sent", "Answers, by type", "type", sent)?;
        let silences = counters.all_silences().map(|(why, count)| (why.name(), count));
        out.counters("packets_unanswered", "Messages without an answer, by reason", "reason", silences)?;
        out.counter("send_failures", "Answers that could not be sent", None, &self.snapshot.unsent)?;
        let waiting = &self.snapshot.status.waiting;
        let waits = [("disk", waiting.disk), ("partner", waiting.partner)];
        out.gauges("exchanges_waiting", "Exchanges that wait, by what for", "for", waits)?;
        let kept = counters.kept_answered();
        out.counter("packets_kept_answered", "The partner's to answer, and answered here", None, &kept)?;
        let short = counters.short_leases();
        out.counter(
            "short_leases",
            "Leases cut short because the partner had not promised more",
            None,
            &short,
        )
    }

    fn leases(&self, out: &mut Out<'_>) -> fmt::Result {
        let mut family = out.0.encode_descriptor(
            "leases",
            "Records of addresses, by what the address is and whose home",
            None,
            MetricType::Gauge,
        )?;
        let single = self.snapshot.status.pair.is_none();
        for (home, counts) in HOMES.iter().zip(&self.census.0) {
            if single != (*home == "single") {
                continue;
            }
            for (state, count) in STATES.iter().zip(counts) {
                family.encode_family(&[("state", *state), ("home", *home)])?.encode_gauge(&gauge(*count))?;
            }
        }
        let offered = gauge(self.snapshot.status.waiting.offered);
        out.gauge("addresses_offered", "Addresses offered and not taken yet", None, &offered)?;
        self.subnets(out, "subnet_pool_addresses", "Addresses of a subnet's pools", |usage| usage.size)?;
        let help = "Addresses of a subnet's pools that are in no record and not offered, or free again";
        self.subnets(out, "subnet_free_addresses", help, |usage| usage.free)?;
        self.forecasts(out)
    }

    fn forecasts(&self, out: &mut Out<'_>) -> fmt::Result {
        let help =
            "When a subnet has no free address any more, going on as in the last hour; absent: not in sight";
        let (name, unit) = ("subnet_exhausted_in", Some(&Unit::Seconds));
        let mut family = out.0.encode_descriptor(name, help, unit, MetricType::Gauge)?;
        for (usage, in_secs) in self.usage.iter().zip(&self.exhausted_in_secs) {
            let Some(in_secs) = in_secs else { continue };
            let prefix = usage.prefix.to_string();
            let labels = [("site", &*usage.site), ("subnet", prefix.as_str())];
            family.encode_family(&labels)?.encode_gauge(in_secs)?;
        }
        Ok(())
    }

    fn subnets(
        &self,
        out: &mut Out<'_>,
        name: &str,
        help: &str,
        value: impl Fn(&Usage) -> u64,
    ) -> fmt::Result {
        let mut family = out.0.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for usage in &self.usage {
            let prefix = usage.prefix.to_string();
            let labels = [("site", &*usage.site), ("subnet", prefix.as_str())];
            family.encode_family(&labels)?.encode_gauge(&gauge(value(usage)))?;
        }
        Ok(())
    }

    fn disk(&self, out: &mut Out<'_>) -> fmt::Result {
        let disk = &self.snapshot.disk;
        out.counter("journal_writes", "Batches of records written to the journal", None, &disk.writes)?;
        let octets = disk.octets;
        out.counter("journal_written", "Octets written to the journal", Some(&Unit::Bytes), &octets)?;
        out.counter("journal_syncs", "Syncs of the journal", None, &disk.syncs)?;
        let spent = seconds(disk.sync_us) / 1000.0;
        out.counter("journal_sync", "Time spent in syncs of the journal", Some(&Unit::Seconds), &spent)
    }

    fn pair(&self, pair: &PairStatus, out: &mut Out<'_>) -> fmt::Result {
        let states = State::ALL.map(|state| (state.name(), u64::from(state.name() == pair.state)));
        out.gauges("pair_state", "The server's state in the pair: 1 for the one it is in", "state", states)?;
        let since = seconds(self.snapshot.since_wall_ms);
        out.gauge("pair_state_since", "Since when, since 1970", Some(&Unit::Seconds), &since)?;
        out.gauge("pair_answers", "Whether the server may answer clients", None, &i64::from(pair.answers))?;
        let binds = i64::from(pair.binds_new_clients);
        out.gauge("pair_binds_new_clients", "Whether it may give addresses to new clients", None, &binds)?;
        out.gauge("pair_epoch", "The epoch the server takes part in", None, &gauge(pair.epoch))?;
        let unacked = gauge(pair.unacked_updates);
        out.gauge("pair_unacked_updates", "Records that the partner may not have", None, &unacked)?;
        let ends = gauge(pair.unacked_ends);
        out.gauge("pair_unacked_ends", "Addresses whose end the partner has not agreed to yet", None, &ends)?;
        let help = "Addresses found bound to two clients by both servers: must stay 0";
        out.counter("pair_conflicts", help, None, &pair.conflicts)?;
        let accords =
            Accord::ALL.map(|accord| (accord.name(), u64::from(accord.name() == pair.artefacts.accord)));
        let help = "How the two servers' artefacts stand to each other: 1 for what is so";
        out.gauges("pair_artefacts", help, "accord", accords)?;
        let frozen = pair.artefacts.frozen_addresses.map_or(-1, gauge);
        let help = "Addresses given to nobody new while the artefacts differ; -1: all of them";
        out.gauge("pair_frozen_addresses", help, None, &frozen)?;
        self.partner(&pair.partner, out)?;
        if let Some(arbiter) = &pair.arbiter {
            arbiter_gauges(arbiter, out)?;
        }
        let differ = i64::from(pair.clocks_differ);
        out.gauge("pair_clocks_differ", "Whether the clocks differ by more than they may", None, &differ)?;
        let events = pair.events.iter().map(|(name, count)| (name.as_str(), *count));
        out.counters("pair_events", "What happened between the servers", "event", events)?;
        let rights = &self.snapshot.rights;
        let used =
            Right::ALL.map(|right| (right_name(right), rights.rights.get(&right).copied().unwrap_or(0)));
        out.counters("grants", "Addresses granted or extended, by right", "right", used)?;
        let said = Refusal::ALL
            .map(|refusal| (refusal_name(refusal), rights.refusals.get(&refusal).copied().unwrap_or(0)));
        out.counters("grants_refused", "Grants for which there was no right, by reason", "reason", said)
    }
}

impl Counted {
    fn partner(&self, partner: &PartnerStatus, out: &mut Out<'_>) -> fmt::Result {
        let heard = i64::from(partner.heard);
        out.gauge("pair_partner_heard", "Whether the partner was heard lately", None, &heard)?;
        let state = partner.state.as_deref();
        let states = State::ALL.map(|known| (known.name(), u64::from(Some(known.name()) == state)));
        let help = "The state the partner said it is in: 1 for that one";
        out.gauges("pair_partner_state", help, "state", states)?;
        if let Some(ago) = partner.heard_ms_ago {
            let help = "How long ago the partner was heard";
            out.gauge("pair_partner_heard_ago", help, Some(&Unit::Seconds), &seconds(ago))?;
        }
        if let Some(ahead) = partner.clock_ahead_ms {
            let size = seconds(ahead.unsigned_abs());
            let ahead = if ahead < 0 { -size } else { size };
            let help = "By how much the partner's clock is ahead, the way of its word included";
            out.gauge("pair_clock_ahead", help, Some(&Unit::Seconds), &ahead)?;
        }
        Ok(())
    }
}

fn arbiter_gauges(arbiter: &ArbiterStatus, out: &mut Out<'_>) -> fmt::Result {
    let heard = i64::from(arbiter.heard);
    out.gauge("pair_arbiter_heard", "Whether the arbiter has answered lately", None, &heard)?;
    let shared = i64::from(arbiter.shared);
    out.gauge("pair_arbiter_shared", "Whether the partner goes by the same arbiter", None, &shared)?;
    let lease = seconds(arbiter.lease_ms);
    let help = "How long the server's lease at the arbiter lasts yet";
    out.gauge("pair_arbiter_lease", help, Some(&Unit::Seconds), &lease)?;
    let promise = seconds(arbiter.promise_ms);
    let help = "How long the partner's promise not to go on alone lasts yet";
    out.gauge("pair_partner_promise", help, Some(&Unit::Seconds), &promise)
}

/// The encoder, and the few shapes that are written.
struct Out<'a>(DescriptorEncoder<'a>);

impl Out<'_> {
    fn info(&mut self, name: &str, help: &str, labels: &[(&str, &str)]) -> fmt::Result {
        self.0.encode_descriptor(name, help, None, MetricType::Info)?.encode_info(&labels)
    }

    fn gauge(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        value: &impl EncodeGaugeValue,
    ) -> fmt::Result {
        self.0.encode_descriptor(name, help, unit, MetricType::Gauge)?.encode_gauge(value)
    }

    fn counter(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        value: &impl EncodeCounterValue,
    ) -> fmt::Result {
        let mut metric = self.0.encode_descriptor(name, help, unit, MetricType::Counter)?;
        metric.encode_counter(value, NO_EXEMPLAR)
    }

    fn gauges<'l>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (&'l str, u64)>,
    ) -> fmt::Result {
        let mut family = self.0.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (value, count) in values {
            family.encode_family(&[(label, value)])?.encode_gauge(&gauge(count))?;
        }
        Ok(())
    }

    fn counters<'l>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (&'l str, u64)>,
    ) -> fmt::Result {
        let mut family = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (value, count) in values {
            family.encode_family(&[(label, value)])?.encode_counter(&count, NO_EXEMPLAR)?;
        }
        Ok(())
    }
}

const NO_EXEMPLAR: Option<&Exemplar<NoLabelSet, u64>> = None;

/// A gauge is signed.
fn gauge(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "a moment in milliseconds has fewer than 53 bits")]
fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1000.0
}

fn type_name(kind: MessageType) -> &'static str {
    match kind {
        MessageType::Discover => "discover",
        MessageType::Offer => "offer",
        MessageType::Request => "request",
        MessageType::Decline => "decline",
        MessageType::Ack => "ack",
        MessageType::Nak => "nak",
        MessageType::Release => "release",
        MessageType::Inform => "inform",
    }
}

fn right_name(right: Right) -> &'static str {
    match right {
        Right::ExtendFromNow => "extend-from-now",
        Right::ExtendFromPotential => "extend-from-potential",
        Right::BindHome => "bind-home",
        Right::BindPartners => "bind-partners",
    }
}

fn refusal_name(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::NotServing => "not-serving",
        Refusal::OtherClient => "other-client",
        Refusal::Declined => "declined",
        Refusal::Ending => "ending",
        Refusal::BeyondPotential => "beyond-potential",
        Refusal::Stale => "stale",
        Refusal::NotSovereign => "not-sovereign",
        Refusal::NotHome => "not-home",
        Refusal::BeforePowers => "before-powers",
        Refusal::Resting => "resting",
        Refusal::Frozen => "frozen",
    }
}
