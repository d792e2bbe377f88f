//! What clients of one place get, before and after, key by key.
//!
//! A client gets what the first class that it is in says of a key, in the estate's order of classes, else what the
//! place says, else the default. So two places mean the same for a key if every set of classes gets the same there.

use leasehold_schemas::vocab::{ClassName, Seconds};

use super::value::{Key, Said, Value, default_of, default_timers};

/// What a place says, and what classes mean there, in the estate's order.
#[derive(Clone, Debug)]
pub struct PlaceValues<'a> {
    /// What everybody there is told.
    pub values: &'a Said,
    /// What members of classes are told.
    pub meanings: Vec<(&'a ClassName, &'a Said)>,
}

/// For whom.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum For {
    /// Everybody there.
    Anyone,
    /// Members of the class.
    Member(ClassName),
    /// Those who are in both.
    Both(ClassName, ClassName),
}

/// One thing that is another.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Difference {
    /// For whom.
    pub client: For,
    /// What.
    pub key: Key,
    /// As it was.
    pub before: Option<Value>,
    /// As it is.
    pub after: Option<Value>,
}

/// What is told of one key in one place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Told<'a> {
    /// What classes say, the first wins. What would not be missed is left out.
    pub classes: Vec<(&'a ClassName, Option<Value>)>,
    /// What everybody else gets.
    pub rest: Option<Value>,
}

/// What a set says of a key.
pub fn find(said: &Said, key: Key) -> Option<&Option<Value>> {
    said.binary_search_by_key(&key, |(key, _)| *key).ok().map(|at| &said[at].1)
}

impl<'a> PlaceValues<'a> {
    /// What is told of a key.
    pub fn told(&self, key: Key) -> Told<'a> {
        let mut told = self.stated(key);
        self.forget_what_follows(key, &mut told);
        told.forget_what_rest_gets();
        told
    }

    /// What is told of a key, even where the lease time would say the same.
    fn stated(&self, key: Key) -> Told<'a> {
        let resolved = |said: &Option<Value>| said.clone().or_else(|| default_of(key));
        let rest = find(self.values, key).map_or_else(|| default_of(key), resolved);
        let said = |(class, values): &(&'a ClassName, &'a Said)| Some((*class, resolved(find(values, key)?)));
        let mut told = Told { classes: self.meanings.iter().filter_map(said).collect(), rest };
        told.forget_what_rest_gets();
        told
    }

    /// A bound that is the lease time, and a timer that is its share of it, say nothing, as long as no class gives
    /// another lease time.
    fn forget_what_follows(&self, key: Key, told: &mut Told<'a>) {
        if !matches!(key, Key::LeaseMin | Key::LeaseMax | Key::RenewAfter | Key::RebindAfter) {
            return;
        }
        let Some(Value::Time(own)) = told.rest else { return };
        let lease = self.told(Key::LeaseDefault);
        let fixed = || [Key::LeaseMin, Key::LeaseMax].iter().all(|bound| self.told(*bound).rest.is_none());
        let Some(Value::Time(Seconds(lease_secs))) = lease.rest else { return };
        let [renew, rebind] = default_timers(u64::from(lease_secs));
        let (follows_from, is_bound) = match key {
            Key::RenewAfter => (renew, false),
            Key::RebindAfter => (rebind, false),
            _ => (u64::from(lease_secs), true),
        };
        let follows = u64::from(own.0) == follows_from;
        if follows && lease.classes.is_empty() && (is_bound || fixed()) {
            told.rest = None;
        }
    }

    fn keys(&self) -> impl Iterator<Item = Key> {
        let classes = self.meanings.iter().flat_map(|(_, said)| said.iter());
        self.values.iter().chain(classes).map(|(key, _)| *key)
    }
}

impl Told<'_> {
    fn forget_what_rest_gets(&mut self) {
        while self.classes.last().is_some_and(|(_, value)| *value == self.rest) {
            self.classes.pop();
        }
    }

    /// What a member of these classes gets, if a class says it.
    fn of_class(&self, members: &[&ClassName]) -> Option<&Option<Value>> {
        self.classes.iter().find(|(class, _)| members.contains(class)).map(|(_, value)| value)
    }

    fn of(&self, members: &[&ClassName]) -> &Option<Value> {
        self.of_class(members).unwrap_or(&self.rest)
    }
}

/// Everything that is another in the second place.
pub fn differences(before: &PlaceValues<'_>, after: &PlaceValues<'_>) -> Vec<Difference> {
    let mut keys: Vec<Key> = before.keys().chain(after.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    let mut found = Vec::new();
    for key in keys {
        let (was, is) = (before.told(key), after.told(key));
        // A bound that stays while the lease time comes to it, or leaves it, is the same bound.
        if was != is && before.stated(key) != after.stated(key) {
            differences_of(key, &was, &is, &mut found);
        }
    }
    found
}

fn differences_of(key: Key, was: &Told<'_>, is: &Told<'_>, found: &mut Vec<Difference>) {
    let count = found.len();
    let mut add = |client, before: &Option<Value>, after: &Option<Value>| {
        found.push(Difference { client, key, before: before.clone(), after: after.clone() });
    };
    if was.rest != is.rest {
        add(For::Anyone, &was.rest, &is.rest);
    }
    let mut classes: Vec<&ClassName> =
        was.classes.iter().chain(&is.classes).map(|(class, _)| *class).collect();
    classes.sort_unstable();
    classes.dedup();
    for class in &classes {
        let (before, after) = (was.of(&[class]), is.of(&[class]));
        if before != after {
            add(For::Member((*class).clone()), before, after);
        }
    }
    if found.len() > count {
        return;
    }
    // Nobody in one class gets anything else: then it is which of two classes wins.
    for (at, one) in classes.iter().enumerate() {
        for other in &classes[at + 1..] {
            let (before, after) = (was.of(&[one, other]), is.of(&[one, other]));
            if before != after {
                let client = For::Both((*one).clone(), (*other).clone());
                found.push(Difference { client, key, before: before.clone(), after: after.clone() });
            }
        }
    }
}
