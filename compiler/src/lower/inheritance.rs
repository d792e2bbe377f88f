//! Inheritance: scalars replace, maps merge by key, lists replace whole, an unset is a value.
//!
//! Invariant: merging is associative, and the empty set is neutral on both sides; so it does not matter in which
//! steps a chain of places is merged. Every value keeps the layer that said it.

use std::cmp::Ordering;
use std::sync::Arc;

use leasehold_schemas::artefact::{Layered, OptionValue, Parameters, ValueSet};
use leasehold_schemas::source::Said;
use leasehold_schemas::vocab::{HexBytes, Layer};

use crate::model::{self, Class, Estate, Id, Scope, Values};

/// What a class means in a place.
pub type ClassValues = (Id<Class>, ValueSet);

/// What a place and everything above it say together.
#[derive(Clone, Debug, Default)]
pub struct Inherited {
    /// What clients are told.
    pub values: Arc<ValueSet>,
    /// What classes mean, in the order of classes.
    pub meanings: Arc<Vec<ClassValues>>,
}

impl Inherited {
    /// With what a nearer place says. A place that says nothing shares what it inherits.
    pub fn nearer(&self, estate: &Estate, scope: &Scope) -> Inherited {
        let mut inherited = self.clone();
        if !scope.values.is_empty() {
            inherited.values = Arc::new(merge(&self.values, &said(estate, &scope.values, scope.layer)));
        }
        if !scope.meanings.is_empty() {
            let meanings = Arc::make_mut(&mut inherited.meanings);
            for meaning in &scope.meanings {
                let nearer = said(estate, &meaning.values, scope.layer);
                match meanings.binary_search_by_key(&meaning.class, |(class, _)| *class) {
                    Ok(at) => meanings[at].1 = merge(&meanings[at].1, &nearer),
                    Err(at) => meanings.insert(at, (meaning.class, nearer)),
                }
            }
        }
        inherited
    }
}

/// What one place, class or reservation says, as said at `layer`.
pub fn said(estate: &Estate, values: &Values, layer: Layer) -> ValueSet {
    let option = |assignment: &model::Assignment| {
        let definition = &estate.definitions[assignment.option];
        OptionValue {
            space: definition.space,
            code: definition.code,
            layer,
            value: assignment.bytes.clone().map(HexBytes),
        }
    };
    let mut options: Vec<OptionValue> = values.options.iter().map(option).collect();
    options.sort_by_key(|option| (option.space, option.code));
    ValueSet { options, parameters: said_parameters(&values.parameters, layer) }
}

/// Both together; where both say a thing, the nearer one's word holds.
pub fn merge(wider: &ValueSet, nearer: &ValueSet) -> ValueSet {
    let mut options = Vec::with_capacity(wider.options.len() + nearer.options.len());
    let (mut left, mut right) = (wider.options.iter().peekable(), nearer.options.iter().peekable());
    while let (Some(far), Some(near)) = (left.peek(), right.peek()) {
        match (far.space, far.code).cmp(&(near.space, near.code)) {
            Ordering::Less => options.extend(left.next().cloned()),
            Ordering::Greater => options.extend(right.next().cloned()),
            Ordering::Equal => {
                left.next();
                options.extend(right.next().cloned());
            }
        }
    }
    options.extend(left.chain(right).cloned());
    ValueSet { options, parameters: merge_parameters(&wider.parameters, &nearer.parameters) }
}

/// Writes an expression for every parameter, so that a new one stops the build until it is merged too.
macro_rules! each_parameter {
    ($expression:ident: $($name:ident <- $said:ident),* $(,)?) => {
        fn said_parameters(said: &model::Parameters, layer: Layer) -> Parameters {
            let model::Parameters { $($said),* } = said;
            Parameters { $($name: layered($said, layer)),* }
        }

        /// Parameters of both; where both say one, the nearer one's word holds.
        pub fn $expression(wider: &Parameters, nearer: &Parameters) -> Parameters {
            let Parameters { $($name),* } = nearer;
            Parameters { $($name: $name.clone().or_else(|| wider.$name.clone())),* }
        }
    };
}

each_parameter! {
    merge_parameters:
    lease_default_secs <- lease_default,
    lease_min_secs <- lease_min,
    lease_max_secs <- lease_max,
    renew_after_secs <- renew_after,
    rebind_after_secs <- rebind_after,
    next_server <- next_server,
    server_hostname <- server_hostname,
    boot_file_name <- boot_file_name,
    always_send <- always_send,
    never_send <- never_send,
    authoritative <- authoritative,
    identity <- identity,
    rapid_commit <- rapid_commit,
    decline_probation_secs <- decline_probation,
    reply_to <- reply_to,
    reply_port <- reply_port,
}

fn layered<T: Clone>(said: &Said<T>, layer: Layer) -> Option<Layered<T>> {
    match said {
        // An estate with anything broken is never lowered.
        Said::Absent | Said::Broken => None,
        Said::Unset(_) => Some(Layered { layer, value: None }),
        Said::Set(value) => Some(Layered { layer, value: Some(value.value.clone()) }),
    }
}

#[cfg(test)]
mod tests {
    use leasehold_schemas::vocab::{OptionCode, Seconds, Space};
    use proptest::prelude::*;

    use super::*;

    fn value_set() -> impl Strategy<Value = ValueSet> {
        let layer = proptest::sample::select(Layer::ALL.to_vec());
        let option = (0_u8..6, layer.clone(), proptest::option::of(any::<[u8; 2]>()));
        let space = |code: u8| if code.is_multiple_of(2) { Space::Dhcp4 } else { Space::Vendor43 };
        let options = proptest::collection::vec(option, 0..6).prop_map(move |options| {
            let mut options: Vec<OptionValue> = options
                .into_iter()
                .map(|(code, layer, value)| OptionValue {
                    space: space(code),
                    code: OptionCode(code),
                    layer,
                    value: value.map(|octets| HexBytes(octets.to_vec())),
                })
                .collect();
            options.sort_by_key(|option| (option.space, option.code));
            options.dedup_by_key(|option| (option.space, option.code));
            options
        });
        let seconds = (layer.clone(), proptest::option::of(any::<u32>().prop_map(Seconds)));
        let lease = proptest::option::of(seconds.prop_map(|(layer, value)| Layered { layer, value }));
        let codes = proptest::option::of((layer, proptest::option::of(Just(vec![OptionCode(3)]))));
        (options, lease, codes).prop_map(|(options, lease_default_secs, codes)| {
            let always_send = codes.map(|(layer, value)| Layered { layer, value });
            let parameters = Parameters { lease_default_secs, always_send, ..Parameters::default() };
            ValueSet { options, parameters }
        })
    }

    proptest! {
        #[test]
        fn merging_is_associative(a in value_set(), b in value_set(), c in value_set()) {
            prop_assert_eq!(merge(&merge(&a, &b), &c), merge(&a, &merge(&b, &c)));
        }

        #[test]
        fn nothing_said_changes_nothing(a in value_set()) {
            let nothing = ValueSet::default();
            prop_assert_eq!(&merge(&a, &nothing), &a);
            prop_assert_eq!(&merge(&nothing, &a), &a);
        }

        #[test]
        fn the_nearer_word_holds(a in value_set(), b in value_set()) {
            let both = merge(&a, &b);
            for option in &b.options {
                prop_assert!(both.options.contains(option));
            }
            prop_assert!(both.options.is_sorted_by_key(|option| (option.space, option.code)));
            if b.parameters.lease_default_secs.is_some() {
                prop_assert_eq!(both.parameters.lease_default_secs, b.parameters.lease_default_secs);
            }
        }
    }
}
