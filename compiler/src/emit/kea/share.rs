//! What is told in a place, split into what stays with the place and what becomes a class.

use std::collections::{BTreeMap, BTreeSet};

use leasehold_schemas::vocab::{OptionCode, Space};
use serde_json::{Map, Value};

use super::condition::Condition;
use super::network::Spot;
use super::option::option_data;
use super::place::{Emission, Field, FieldEmission, Told, Unsaid, is_basic};
use super::{Exporter, origins};
use crate::lower::{Parameter, ValueName};

/// What a place says, and the classes that it names.
#[derive(Debug, Default)]
pub(super) struct Share {
    pub(super) options: Vec<Value>,
    pub(super) fields: Map<String, Value>,
    pub(super) additional: Vec<String>,
}

/// What classes are to say, the winning one first.
#[derive(Debug, Default)]
pub(super) struct Pieces(BTreeMap<(usize, Condition), Content>);

#[derive(Debug, Default)]
struct Content {
    options: Vec<Value>,
    fields: Map<String, Value>,
}

impl Pieces {
    pub(super) fn option(&mut self, rank: usize, when: Condition, option: Value) {
        self.0.entry((rank, when)).or_default().options.push(option);
    }

    fn field(&mut self, rank: usize, when: Condition, field: Field, value: &str) {
        self.0.entry((rank, when)).or_default().fields.insert(field.key().to_owned(), value.into());
    }
}

impl Exporter<'_> {
    /// Splits what is told in a subnet.
    pub(super) fn share(&mut self, told: &Told) -> Share {
        let mut share = Share::default();
        let mut pieces = Pieces::default();
        let last = told.ranks - 1;
        for ((space, code), emissions) in &told.options {
            let contested = emissions.iter().any(|emission| emission.rank < last);
            for emission in emissions {
                if self.is_common(*space, *code, emission) {
                    self.emit_unasked(*space, *code, emission, &mut pieces);
                } else {
                    self.emit(*space, *code, emission, contested, &mut share, &mut pieces);
                }
            }
        }
        for (field, emissions) in &told.fields {
            for emission in emissions {
                if emission.rank == last && emission.when == Condition::Always {
                    share.fields.insert(field.key().to_owned(), emission.value.as_str().into());
                } else {
                    pieces.field(emission.rank, emission.when.clone(), *field, &emission.value);
                }
            }
        }
        share.additional = self.made(pieces);
        share
    }

    /// One value: with the place, unless a class says the option too or it is not for everybody.
    fn emit(
        &mut self,
        space: Space,
        code: u8,
        emission: &Emission,
        contested: bool,
        share: &mut Share,
        pieces: &mut Pieces,
    ) {
        let Emission { rank, when, octets, unasked } = emission;
        let definition = self.definitions.get(&(space, code)).copied();
        let always = *unasked == Condition::Always && !is_basic(code);
        let entry = |always| option_data(definition, space, code, octets, always);
        if *when == Condition::Always && !contested {
            share.options.push(entry(always));
        } else {
            pieces.option(*rank, when.clone(), entry(always));
        }
        self.emit_unasked(space, code, emission, pieces);
    }

    /// The same value once more for those who get it unasked: Kea's mark for it stands at a value, and counts for
    /// whoever gets to that value.
    fn emit_unasked(&self, space: Space, code: u8, emission: &Emission, pieces: &mut Pieces) {
        let Emission { rank, when, octets, unasked } = emission;
        if *unasked == Condition::Always {
            return;
        }
        let when = when.clone().and(unasked.clone());
        if when != Condition::Never {
            let definition = self.definitions.get(&(space, code)).copied();
            pieces.option(*rank, when, option_data(definition, space, code, octets, true));
        }
    }

    /// Whether the configuration says the value for everybody, so that the place need not.
    fn is_common(&self, space: Space, code: u8, emission: &Emission) -> bool {
        let Emission { rank: _, when, octets, unasked } = emission;
        space == Space::Dhcp4
            && *when == Condition::Always
            && (*unasked == Condition::Always) == is_basic(code)
            && self.common.get(&code) == Some(octets)
    }

    /// Names of the classes that say the pieces, in the order in which they win.
    pub(super) fn made(&mut self, pieces: Pieces) -> Vec<String> {
        let mut names = Vec::new();
        for ((_, when), Content { options, fields }) in pieces.0 {
            let mut content = fields;
            if !options.is_empty() {
                content.insert("option-data".to_owned(), options.into());
            }
            names.push(self.classes.additional("at", &when.test(), content));
        }
        names
    }

    /// Splits what is told in a pool. Its subnet's classes win over the pool's, so only what they do not say can be
    /// said here.
    pub(super) fn pool_share(
        &mut self,
        spot: &Spot<'_>,
        place: &origins::Place,
        told: &Told,
        around: &Told,
    ) -> Share {
        let mut share = Share::default();
        let mut pieces = Pieces::default();
        let last = told.ranks - 1;
        let nothing = Vec::new();
        let keys: BTreeSet<(Space, u8)> = told.options.keys().chain(around.options.keys()).copied().collect();
        for (space, code) in keys {
            let here = told.options.get(&(space, code)).unwrap_or(&nothing);
            let outside = around.options.get(&(space, code)).unwrap_or(&nothing);
            if same(here, told.ranks, outside, around.ranks) {
                continue;
            }
            let plain = |emissions: &[Emission], ranks: usize| {
                emissions
                    .iter()
                    .all(|emission| emission.rank == ranks - 1 && emission.when == Condition::Always)
            };
            let can = !here.is_empty() && plain(here, told.ranks) && plain(outside, around.ranks);
            if !can && !outside.is_empty() {
                let value = ValueName::Option(space, OptionCode(code));
                let what = format!(
                    "Kea cannot say option {code} in a pool while classes or the subnet say it as well"
                );
                self.lose_value(
                    &spot.path(),
                    place,
                    None,
                    value,
                    &what,
                    "what the subnet says holds in the pool, too",
                );
                continue;
            }
            let contested = here.iter().any(|emission| emission.rank < last);
            for emission in here {
                self.emit(space, code, emission, contested, &mut share, &mut pieces);
            }
        }
        self.pool_fields(spot, place, told, around, &mut pieces);
        share.additional = self.made(pieces);
        share
    }

    /// Header fields of a pool: a class of its own says them, unless other classes say them too, of which one release
    /// looks at the pool's first and another at the subnet's.
    fn pool_fields(
        &mut self,
        spot: &Spot<'_>,
        place: &origins::Place,
        told: &Told,
        around: &Told,
        pieces: &mut Pieces,
    ) {
        for field in Field::ALL {
            let (here, outside) = (told.fields.get(&field), around.fields.get(&field));
            if here == outside {
                continue;
            }
            let plain = |emissions: Option<&Vec<FieldEmission>>, ranks: usize| {
                emissions.is_none_or(|all| {
                    all.iter().all(|one| one.rank == ranks - 1 && one.when == Condition::Always)
                })
            };
            match here {
                Some(here) if plain(Some(here), told.ranks) && plain(outside, around.ranks) => {
                    for emission in here {
                        pieces.field(emission.rank, emission.when.clone(), field, &emission.value);
                    }
                }
                Some(_) | None => {
                    let value = ValueName::Parameter(field.parameter());
                    let what = format!(
                        "Kea cannot say `{}` in a pool while classes or the subnet say it as well",
                        field.key()
                    );
                    self.lose_value(
                        &spot.path(),
                        place,
                        None,
                        value,
                        &what,
                        "what the subnet says holds in the pool, too",
                    );
                }
            }
        }
    }

    /// Reports what a place says and the configuration does not.
    pub(super) fn lose_unsaid(&mut self, spot: &Spot<'_>, place: &origins::Place, told: &Told) {
        for (unsaid, class) in &told.unsaid {
            let option = |code: u8| ValueName::Option(Space::Dhcp4, OptionCode(code));
            let (value, what, becomes) = match unsaid {
                Unsaid::Mask => {
                    (option(1), "Kea makes option 1 of the prefix", "clients get the prefix's mask")
                }
                Unsaid::Both43 => (
                    option(43),
                    "option 43 is said as octets here and as sub-options elsewhere",
                    "only the octets are kept",
                ),
                Unsaid::Shares43 => (
                    option(43),
                    "more classes share one option 43 than can be put together beforehand",
                    "option 43 is left out",
                ),
                Unsaid::Plain125 => (
                    option(125),
                    "Kea takes option 125 only as sub-options of an enterprise",
                    "option 125 is left out",
                ),
                Unsaid::NeverTimers => (
                    ValueName::Parameter(Parameter::NeverSend),
                    "Kea sends T1 and T2 to everybody or to nobody",
                    "clients get both",
                ),
            };
            self.lose_value(&spot.path(), place, class.as_ref(), value, what, becomes);
        }
    }
}

/// Whether two places tell the same of an option.
fn same(here: &[Emission], ranks: usize, there: &[Emission], others: usize) -> bool {
    let from_last = |emission: &Emission, ranks: usize| ranks - emission.rank;
    here.len() == there.len()
        && here.iter().zip(there).all(|(a, b)| {
            (from_last(a, ranks), &a.when, &a.octets, &a.unasked)
                == (from_last(b, others), &b.when, &b.octets, &b.unasked)
        })
}
