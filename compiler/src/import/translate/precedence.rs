//! Kea lets a place's option beat a class's, an estate lets a class's beat a place's.
//!
//! So where a place says an option that a class says too, the estate says at that place that the class means there what
//! the place says. Only where it matters: not where both say the same, and not where a wider place has said so already. A
//! class whose option every subnet says itself never got through in Kea, and is not given it at all.

use std::collections::BTreeMap;

use super::{At, Tree};
use crate::import::draft::{ClassIndex, Key};
use crate::import::listing::Fate;
use crate::import::yaml::Yaml;

/// Says in every place what each class means there.
pub fn restate(tree: &mut Tree<'_, '_>) {
    let places = tree.places();
    let mut own: BTreeMap<Key, BTreeMap<At, Yaml>> = BTreeMap::new();
    for at in places.iter().copied().filter(|at| *at != At::Estate) {
        for ((class, key), value) in &tree.draft(at).says {
            if class.is_none() && matches!(key, Key::Option(..)) {
                own.entry(*key).or_default().insert(at, value.clone());
            }
        }
    }
    let none = BTreeMap::new();
    for class in 0..tree.classes.kea.len() {
        let Some(kea) = tree.classes.kea[class].clone() else { continue };
        let homes = tree.homes[class].clone();
        for datum in &kea.scope.options {
            let Some(value) = &datum.value else { continue };
            if !datum.tags.is_empty() {
                let reason = "an option of a class that only members of other classes get";
                datum.view.tell(Fate::Lost, reason, "write a class whose `match` asks for both");
                continue;
            }
            let key = Key::Option(datum.space, datum.code);
            let places = own.get(&key).unwrap_or(&none);
            let said = Said { class, key, value, places };
            let got_through = if kea.only_additional {
                homes.iter().filter(|home| said.at_home(tree, **home)).count()
            } else {
                said.everywhere(tree)
            };
            if got_through == 0 {
                let reason = if homes.is_empty() {
                    "no place names this class, so Kea never looks at it"
                } else {
                    "wherever the class counts, a place says the option itself, and in Kea that wins"
                };
                datum.view.note(Fate::Idle, reason, "");
            }
        }
    }
}

/// An option of a class, and what places say of the same option.
struct Said<'v> {
    class: ClassIndex,
    key: Key,
    value: &'v Yaml,
    places: &'v BTreeMap<At, Yaml>,
}

impl Said<'_> {
    /// A class that counts everywhere. Said once for the whole estate and taken back where a place says otherwise, or said
    /// where no place does: whichever is shorter. Counts the subnets where it gets through.
    fn everywhere(&self, tree: &mut Tree<'_, '_>) -> usize {
        let subnets: Vec<At> = tree.places().into_iter().filter(|at| matches!(at, At::Subnet(..))).collect();
        let open: Vec<At> = subnets.iter().copied().filter(|at| self.place_says(*at).is_none()).collect();
        if subnets.is_empty() || (!open.is_empty() && self.places.len() <= 2 * open.len()) {
            self.say(tree, At::Estate, self.value.clone());
            self.take_back(tree, At::Estate);
            return open.len().max(usize::from(subnets.is_empty()));
        }
        for at in &open {
            self.say(tree, *at, self.value.clone());
            self.take_back(tree, *at);
        }
        open.len()
    }

    /// A class that counts where a place names it; whether it gets through there.
    fn at_home(&self, tree: &mut Tree<'_, '_>, home: At) -> bool {
        if self.place_says(home).is_some() {
            return false;
        }
        self.say(tree, home, self.value.clone());
        self.take_back(tree, home);
        true
    }

    /// What the places around and at `at` say, the estate apart: its options yield to classes in Kea as well.
    fn place_says(&self, at: At) -> Option<&Yaml> {
        at.chain().filter(|at| *at != At::Estate).find_map(|at| self.places.get(&at))
    }

    /// Within `home`, lets the class mean what each place says. Wider places come first, so that a nearer one repeats
    /// nothing.
    fn take_back(&self, tree: &mut Tree<'_, '_>, home: At) {
        for (at, value) in self.places.iter().filter(|(at, _)| **at != home && at.is_in(home)) {
            let says = |at: At| tree.draft(at).says.get(&(Some(self.class), self.key));
            let inherited = at.around().and_then(|around| around.chain().find_map(says));
            if inherited != Some(value) && says(*at).is_none() {
                self.say(tree, *at, value.clone());
            }
        }
    }

    fn say(&self, tree: &mut Tree<'_, '_>, at: At, value: Yaml) {
        tree.draft_mut(at).says.entry((Some(self.class), self.key)).or_insert(value);
    }
}
