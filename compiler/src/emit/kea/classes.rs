//! The classes of the configuration: the estate's own, and those that the export makes.
//!
//! Invariant: equal classes are one, and names are given in the order in which classes are first wanted; so the same
//! estate gives the same text. A made class has a `#` in its name, which no class of an estate has.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Target;

/// The classes.
#[derive(Debug)]
pub(super) struct Classes {
    target: Target,
    ordinary: Vec<Value>,
    additional: Vec<Value>,
    names: BTreeMap<String, String>,
    counts: BTreeMap<String, u32>,
}

impl Classes {
    pub(super) fn new(target: Target) -> Classes {
        Classes {
            target,
            ordinary: Vec::new(),
            additional: Vec::new(),
            names: BTreeMap::new(),
            counts: BTreeMap::new(),
        }
    }

    /// A class of the estate.
    pub(super) fn push(&mut self, class: Value) {
        self.ordinary.push(class);
    }

    /// A class that is looked at for every packet, after those that are there already.
    pub(super) fn ordinary(
        &mut self,
        label: &str,
        test: Option<&str>,
        content: Map<String, Value>,
    ) -> String {
        let (name, class) = self.named(label, test, content);
        self.ordinary.extend(class);
        name
    }

    /// A class that is looked at only where a place names it, after the address is known.
    pub(super) fn additional(&mut self, label: &str, test: &str, mut content: Map<String, Value>) -> String {
        content.insert(self.target.only_additional().to_owned(), true.into());
        let (name, class) = self.named(label, Some(test), content);
        self.additional.extend(class);
        name
    }

    fn named(
        &mut self,
        label: &str,
        test: Option<&str>,
        content: Map<String, Value>,
    ) -> (String, Option<Value>) {
        let mut class = content;
        class.extend(test.map(|test| ("test".to_owned(), Value::from(test))));
        let key = format!("{label}#{}", json!(class));
        if let Some(name) = self.names.get(&key) {
            return (name.clone(), None);
        }
        let count = self.counts.entry(label.to_owned()).or_insert(0);
        *count += 1;
        let name = format!("{label}#{count}");
        self.names.insert(key, name.clone());
        class.insert("name".to_owned(), name.as_str().into());
        (name, Some(Value::Object(class)))
    }

    /// All of them, in the order in which Kea is to look at them.
    pub(super) fn into_list(self) -> Vec<Value> {
        self.ordinary.into_iter().chain(self.additional).collect()
    }
}
