//! When something holds, as an expression of Kea; what is always or never so is known.

use leasehold_schemas::vocab::ClassName;

/// When something holds.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Condition {
    /// For everybody.
    Always,
    /// For nobody.
    Never,
    /// For whom this expression is true; it can stand beside `and` and `or` as it is.
    When(String),
}

use Condition::{Always, Never, When};

impl Condition {
    /// For the members of a class.
    pub(super) fn member(class: &ClassName) -> Condition {
        When(format!("member('{class}')"))
    }

    /// For those who do not say which options they want.
    pub(super) fn without_list() -> Condition {
        When("(not option[55].exists)".to_owned())
    }

    pub(super) fn and(self, other: Condition) -> Condition {
        match (self, other) {
            (Never, _) | (_, Never) => Never,
            (Always, other) => other,
            (this, Always) => this,
            (When(this), When(other)) if this == other => When(this),
            (When(this), When(other)) => When(format!("({this} and {other})")),
        }
    }

    pub(super) fn or(self, other: Condition) -> Condition {
        match (self, other) {
            (Always, _) | (_, Always) => Always,
            (Never, other) => other,
            (this, Never) => this,
            (When(this), When(other)) if this == other => When(this),
            (When(this), When(other)) => When(format!("({this} or {other})")),
        }
    }

    pub(super) fn not(self) -> Condition {
        match self {
            Always => Never,
            Never => Always,
            When(this) => When(format!("(not {this})")),
        }
    }

    /// As a class's test.
    pub(super) fn test(&self) -> String {
        match self {
            Always => "member('ALL')".to_owned(),
            Never => "not member('ALL')".to_owned(),
            When(this) => match this.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
                // Only brackets that belong together.
                Some(inner) if is_balanced(inner) => inner.to_owned(),
                Some(_) | None => this.clone(),
            },
        }
    }
}

/// Whether no bracket closes one that it does not open. Class names hold no brackets, and nothing else is quoted.
fn is_balanced(text: &str) -> bool {
    let mut open = 0_i32;
    text.chars().all(|letter| {
        match letter {
            '(' => open += 1,
            ')' => open -= 1,
            _ => {}
        }
        open >= 0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_constant_folds_away() {
        let a = || When("a".to_owned());
        let b = || When("b".to_owned());
        assert_eq!(Always.and(a()), a());
        assert_eq!(Never.or(a()), a());
        assert_eq!(a().and(Never), Never);
        assert_eq!(a().or(Always), Always);
        assert_eq!(a().and(b().not()).test(), "a and (not b)");
        assert_eq!(a().or(b()).and(a().or(b())).test(), "a or b");
        assert_eq!(When("(a) or (b)".to_owned()).test(), "(a) or (b)");
    }
}
