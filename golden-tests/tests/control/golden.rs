//! Expectations below `cases/control`, and documents with what differs from run to run left out.

use leasehold_golden_tests::{case, expectation};
use libtest_mimic::Failed;
use serde_json::Value;

/// Compares with `cases/control/NAME`.
pub fn golden(name: &str, actual: &str) -> Result<(), Failed> {
    Ok(expectation::compare(&case::repository().join("golden-tests/cases/control").join(name), actual)?)
}

/// A document with what differs from run to run left out.
pub fn settled(text: &str) -> Result<String, Failed> {
    let mut document: Value = serde_json::from_str(text)?;
    settle(&mut document);
    Ok(format!("{document:#}\n"))
}

fn settle(value: &mut Value) {
    match value {
        Value::Array(all) => all.iter_mut().for_each(settle),
        Value::Object(all) => {
            for (key, value) in all {
                match key.as_str() {
                    "started" | "now" | "since" | "date-time" => *value = "MOMENT".into(),
                    "uptime_secs" | "loaded_secs" | "state_secs" | "heard_ms_ago" | "clock_ahead_ms"
                    | "pid" | "uptime" | "reload" | "age" => *value = "NUMBER".into(),
                    "artefact" | "agreed" | "partner_running" | "hash" => *value = "DIGEST".into(),
                    "listening" => *value = "PLACES".into(),
                    "events" => *value = "COUNTS".into(),
                    _ => settle(value),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
