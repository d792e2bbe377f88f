//! What is printed.

use std::net::Ipv4Addr;

use hdrhistogram::Histogram;

use crate::arguments::Run;
use crate::drive::Step;
use crate::packet;

/// One line of a search.
pub fn progress(step: &Step) {
    let tally = &step.exchanges.tally;
    eprintln!(
        "  {:>7}/s offered: {:>7.0}/s completed, {:.2} % lost, ACK p99 {} us",
        step.rate,
        tally.completed as f64 / step.seconds,
        tally.loss_percent(),
        tally.ack_us.value_at_quantile(0.99)
    );
}

/// The whole report of one step.
pub fn print(run: &Run, step: &Step) {
    let tally = &step.exchanges.tally;
    let completed_rate = tally.completed as f64 / step.seconds;
    let quantiles = |h: &Histogram<u64>| [0.5, 0.9, 0.99, 1.0].map(|q| h.value_at_quantile(q));
    let [offer, ack] = [quantiles(&tally.offer_us), quantiles(&tally.ack_us)];
    if run.json {
        let object = serde_json::json!({
            "server": run.server.to_string(),
            "rate": step.rate,
            "seconds": step.seconds,
            "begun": tally.begun,
            "completed": tally.completed,
            "completed_per_second": completed_rate,
            "loss_percent": tally.loss_percent(),
            "offers_lost": tally.offers_lost,
            "acks_lost": tally.acks_lost,
            "naks": tally.naks,
            "strays": tally.strays,
            "duplicates": tally.duplicates,
            "offer_us": { "p50": offer[0], "p90": offer[1], "p99": offer[2], "max": offer[3] },
            "ack_us": { "p50": ack[0], "p90": ack[1], "p99": ack[2], "max": ack[3] },
        });
        println!("{object}");
        return;
    }
    println!("exchanges   {} begun, {} completed, {completed_rate:.0}/s", tally.begun, tally.completed);
    println!(
        "lost        {:.2} % ({} OFFERs, {} ACKs, {} NAKs; {} stray answers)",
        tally.loss_percent(),
        tally.offers_lost,
        tally.acks_lost,
        tally.naks,
        tally.strays
    );
    println!("duplicates  {}", tally.duplicates);
    println!(
        "OFFER       p50 {} us, p90 {} us, p99 {} us, max {} us",
        offer[0], offer[1], offer[2], offer[3]
    );
    println!("ACK         p50 {} us, p90 {} us, p99 {} us, max {} us", ack[0], ack[1], ack[2], ack[3]);
}

/// One line of the file of leases.
pub fn lease_line(client: u32, address: Ipv4Addr) -> String {
    let [a, b, c, d, e, f] = packet::mac(client);
    format!("{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x},{address}\n")
}
