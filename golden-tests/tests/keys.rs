//! Every key of the estate language does something. The generated schemas name the keys; each is taken away from the
//! estate of `cases/packets/keys.txt`, and then that scenario must fail, or the estate no longer compile. A key that
//! no client can notice is named in [`ELSEWHERE`] with the case that shows it.
#![expect(clippy::disallowed_methods, reason = "the test reads cases and writes altered estates")]

use std::collections::BTreeSet;
use std::fs;

use leasehold_compiler::diag::Sink;
use leasehold_compiler::parse::parse;
use leasehold_golden_tests::plain_yaml::to_json;
use leasehold_golden_tests::{case, packet_script};
use leasehold_schemas::documents::Document;
use serde_json::Value;

/// Keys that change nothing a client sees, and the case below `golden-tests/cases` that says each beside what it leads
/// to.
const ELSEWHERE: [(&str, &str); 20] = [
    ("address-space", "diagnostics/clean"),
    ("allow", "diagnostics/allow"),
    ("change-limits", "diagnostics/clean"),
    ("description", "diagnostics"),
    ("heartbeat-delay", "artefacts/a-hot-standby-pair"),
    ("high-availability", "artefacts/a-hot-standby-pair"),
    ("id", "artefacts/every-level-speaks"),
    ("lease-cut", "diagnostics/clean"),
    ("max-response-delay", "artefacts/a-hot-standby-pair"),
    ("mclt", "artefacts/a-hot-standby-pair"),
    ("mode", "artefacts/a-hot-standby-pair"),
    ("peer-ack-wait", "artefacts/a-hot-standby-pair"),
    ("peer-address", "artefacts/a-hot-standby-pair"),
    ("reservations-removed", "diagnostics/clean"),
    ("role", "artefacts/a-hot-standby-pair"),
    ("reason", "diagnostics/allow"),
    ("rule", "diagnostics/allow"),
    ("servers", "artefacts/a-hot-standby-pair"),
    ("standby-share", "artefacts/a-hot-standby-pair"),
    ("until", "diagnostics/allow"),
];

/// Every key that a schema names, at whatever level.
fn keys() -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for document in [Document::Estate, Document::Site] {
        let schema: Value = serde_json::from_str(&document.schema_text()).expect("a schema is JSON");
        gather(&schema, &mut keys);
        let definitions = schema["$defs"].as_object().expect("a schema has definitions");
        definitions.values().for_each(|definition| gather(definition, &mut keys));
    }
    keys
}

fn gather(schema: &Value, keys: &mut BTreeSet<String>) {
    keys.extend(schema["properties"].as_object().into_iter().flatten().map(|(key, _)| key.clone()));
}

/// Takes a key away wherever it stands; gives how often it stood there.
fn take_away(key: &str, value: &mut Value) -> usize {
    match value {
        Value::Object(fields) => {
            let here = usize::from(fields.remove(key).is_some());
            here + fields.values_mut().map(|value| take_away(key, value)).sum::<usize>()
        }
        Value::Array(elements) => elements.iter_mut().map(|value| take_away(key, value)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// The estate `keys` without `key`, run through the scenario; `None` if the estate does not say the key.
fn scenario_without(key: &str) -> Option<Result<(), String>> {
    let cases = case::repository().join("golden-tests/cases/packets");
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir(folder.path().join("keys")).expect("a writable folder");
    let mut found = 0;
    for (id, file) in case::estate(&cases.join("keys")).iter() {
        let tree = parse(id, &file.bytes, &mut Sink::default());
        let mut document = to_json(&tree).expect("the case is good YAML");
        found += take_away(key, &mut document);
        let path = folder.path().join("keys").join(&file.path);
        fs::write(path, document.to_string()).expect("a writable folder");
    }
    let script = fs::read_to_string(cases.join("keys.txt")).expect("the scenario");
    (found > 0).then(|| packet_script::run(&script, folder.path()))
}

#[test]
fn every_key_has_an_effect_that_a_case_shows() {
    let mut without_effect = Vec::new();
    for key in keys() {
        if let Some((_, place)) = ELSEWHERE.iter().find(|(name, _)| **name == key) {
            if !is_said_below(&key, place) {
                without_effect.push(format!("`{key}`: nothing in cases/{place} says it"));
            }
            continue;
        }
        match scenario_without(&key) {
            None => without_effect.push(format!("`{key}`: the scenario's estate does not say it")),
            Some(Ok(())) => without_effect.push(format!("`{key}`: the scenario is the same without it")),
            Some(Err(_)) => {}
        }
    }
    assert!(without_effect.is_empty(), "{}", without_effect.join("\n"));
}

#[test]
fn every_key_named_elsewhere_is_one() {
    let keys = keys();
    let gone: Vec<&str> =
        ELSEWHERE.map(|(key, _)| key).into_iter().filter(|key| !keys.contains(*key)).collect();
    assert!(gone.is_empty(), "no schema names {gone:?}");
}

fn is_said_below(key: &str, place: &str) -> bool {
    let sources = case::estate(&case::repository().join("golden-tests/cases").join(place));
    let said = format!("{key}:");
    sources.iter().any(|(_, file)| String::from_utf8_lossy(&file.bytes).contains(&said))
}
