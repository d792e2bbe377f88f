//! What holds in a place: the nearest scope that says a thing wins.
//!
//! Invariant: a chain of scopes ends, because a scope's parent is always wider. Classes and reservations, which
//! win over places, are not looked at here.

use leasehold_schemas::source::Span;
use leasehold_schemas::vocab::{OptionCode, Space};

use super::arena::Id;
use super::estate::{Definition, Estate, Scope};
use super::values::Assignment;

impl Estate {
    /// A scope and every scope it inherits from, the nearest first.
    pub fn chain(&self, scope: Id<Scope>) -> impl Iterator<Item = &Scope> {
        let at = |id: Id<Scope>| &self.scopes[id];
        std::iter::successors(Some(at(scope)), move |scope| scope.parent.map(at))
    }

    /// The option of this code. `None` only in an estate built without the standard options.
    pub fn definition(&self, space: Space, code: OptionCode) -> Option<Id<Definition>> {
        let mut definitions = self.definitions.iter();
        definitions.find(|(_, option)| option.space == space && option.code == code).map(|(id, _)| id)
    }

    /// What places say of an option for a scope: the nearest assignment and the scope that makes it. One without
    /// bytes takes the option away.
    pub fn effective_option(
        &self,
        scope: Id<Scope>,
        option: Id<Definition>,
    ) -> Option<(&Scope, &Assignment)> {
        self.chain(scope).find_map(|scope| Some((scope, scope.values.assignment(option)?)))
    }

    /// Whether an earlier phase found a fault inside the element at `span`, so that part of it may be missing
    /// here: findings that the missing part could explain stay silent.
    pub fn is_partial(&self, span: Span) -> bool {
        let from =
            self.poisoned.partition_point(|poison| (poison.file, poison.start) < (span.file, span.start));
        self.poisoned.get(from).is_some_and(|poison| poison.file == span.file && poison.start <= span.end)
    }
}
