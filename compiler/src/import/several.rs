//! Configurations of one pair: they differ in which server each is for, and in how it runs.

use super::json::{Document, NodeId, Place, Value};
use super::listing::{Fate, Item};

/// What each server is told for itself.
const OWN: [&str; 14] = [
    "this-server-name",
    "interfaces-config",
    "control-socket",
    "control-sockets",
    "loggers",
    "lease-database",
    "hosts-database",
    "hosts-databases",
    "server-tag",
    "trust-anchor",
    "cert-file",
    "key-file",
    "multi-threading",
    "Logging",
];

/// What `other` says otherwise than `first`, whose estate is made.
pub fn differences(first: &Document, other: &Document) -> Vec<Item> {
    let mut items = Vec::new();
    compare(first, first.root(), other, other.root(), &mut items);
    items
}

fn compare(first: &Document, a: NodeId, other: &Document, b: NodeId, items: &mut Vec<Item>) {
    match (first.value(a), other.value(b)) {
        (Value::Map(ours), Value::Map(theirs)) => {
            for (key, value) in theirs.iter().filter(|(key, _)| !OWN.contains(&key.as_str())) {
                match ours.iter().find(|(known, _)| known == key) {
                    Some((_, known)) => compare(first, *known, other, *value, items),
                    None => items.push(item(other, *value, "the first configuration does not say it")),
                }
            }
            for (key, _) in ours.iter().filter(|(key, _)| !OWN.contains(&key.as_str())) {
                if !theirs.iter().any(|(known, _)| known == key) {
                    let reason = format!("it lacks `{key}`, which the first configuration says");
                    items.push(item(other, b, &reason));
                }
            }
        }
        (Value::List(ours), Value::List(theirs)) if ours.len() == theirs.len() => {
            for (known, value) in ours.iter().zip(theirs) {
                compare(first, *known, other, *value, items);
            }
        }
        (Value::List(ours), Value::List(theirs)) => {
            let reason = format!("it has {} entries, the first configuration {}", theirs.len(), ours.len());
            items.push(item(other, b, &reason));
        }
        (ours, theirs) if ours == theirs => {}
        _ => items.push(item(other, b, "the first configuration says it otherwise")),
    }
}

fn item(document: &Document, node: NodeId, reason: &str) -> Item {
    let Place { file, line, column } = document.place(node);
    Item {
        fate: Fate::Lost,
        file: document.files.get(usize::from(file)).cloned().unwrap_or_default(),
        line,
        column,
        path: document.path(node),
        reason: reason.to_owned(),
        advice: Some(
            "make both servers of the pair say the same, or import it into a folder of its own".to_owned(),
        ),
    }
}
