//! One finding.

use leasehold_schemas::source::Span;

use super::rule::{Rule, Severity};

/// A place and what is to be said of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What is wrong, or relevant, here.
    pub text: String,
}

/// A replacement of bytes; an empty span inserts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Edit {
    /// What is replaced.
    pub span: Span,
    /// By what.
    pub text: String,
}

/// A change that would mend the finding.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fix {
    /// What it does, for a menu.
    pub title: String,
    /// Whether it may be made without asking: there is one thing that can have been meant, and no client of an
    /// estate that compiles gets anything else.
    pub safe: bool,
    /// The replacements, none overlapping another.
    pub edits: Vec<Edit>,
}

/// Why the entry of a list in which a finding stands may go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Redundant {
    /// It does nothing.
    Always,
    /// It does nothing if it is, letter for letter, what the first secondary label's entry is.
    IfTwin,
}

/// One mistake, said once.
///
/// The message is lower case, one clause, without a full stop, identifiers in backticks. The primary label says
/// what is wrong here; notes give context; only `help` proposes a change.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// The rule it belongs to.
    pub rule: &'static Rule,
    /// How bad it is: as bad as its rule says, unless whoever runs the program makes warnings errors.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// Where it is wrong.
    pub primary: Label,
    /// Other places that take part, each in its own file.
    pub secondary: Vec<Label>,
    /// Context.
    pub notes: Vec<String>,
    /// A change to make, exact enough to apply.
    pub help: Option<String>,
    /// The same change for a machine.
    pub fix: Option<Fix>,
    /// Whether taking the whole entry out mends it; `fix` is made of this where the text is known.
    pub redundant: Option<Redundant>,
}

impl Diagnostic {
    /// A finding of `rule` at `span`.
    pub fn new(
        rule: &'static Rule,
        span: Span,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic {
            rule,
            severity: rule.severity,
            message: message.into(),
            primary: Label { span, text: label.into() },
            secondary: Vec::new(),
            notes: Vec::new(),
            help: None,
            fix: None,
            redundant: None,
        }
    }

    /// Adds another place.
    pub fn with_secondary(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.secondary.push(Label { span, text: text.into() });
        self
    }

    /// Adds context.
    pub fn with_note(mut self, note: impl Into<String>) -> Diagnostic {
        self.notes.push(note.into());
        self
    }

    /// Proposes a change.
    pub fn with_help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }

    /// Proposes a change that a machine can apply when somebody has looked at it.
    pub fn with_fix(mut self, title: impl Into<String>, edits: Vec<Edit>) -> Diagnostic {
        self.propose_fix(false, title, edits);
        self
    }

    /// The same; if it is `safe`, a machine may apply it unasked.
    pub fn with_fix_if_safe(mut self, safe: bool, title: impl Into<String>, edits: Vec<Edit>) -> Diagnostic {
        self.propose_fix(safe, title, edits);
        self
    }

    /// The same for a finding that is there already.
    pub(crate) fn propose_fix(&mut self, safe: bool, title: impl Into<String>, edits: Vec<Edit>) {
        self.fix = Some(Fix { title: title.into(), safe, edits });
    }

    /// Says that the entry of a list in which the finding stands may go.
    pub fn with_redundant(mut self, why: Redundant) -> Diagnostic {
        self.redundant = Some(why);
        self
    }
}
