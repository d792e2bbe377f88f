//! A rule's identity: what a diagnostic carries and `leasehold explain` prints.

/// How bad a finding is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// Nothing is compiled.
    Error,
    /// Compiled, but somebody should look; `--deny warnings` makes it an error.
    Warning,
    /// Worth knowing; shown with `-v`.
    Information,
}

impl Severity {
    /// `error`, `warning`, `information`.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Information => "information",
        }
    }
}

/// One rule. Its code is never reused and its page's examples run as tests.
#[derive(Debug)]
pub struct Rule {
    /// `L302`: the family and a number, unique for ever.
    pub code: &'static str,
    /// `overlapping-subnets`: what `allow:` names.
    pub slug: &'static str,
    /// How bad a finding is.
    pub severity: Severity,
    /// Whether `allow:` may silence it. Faults that leave nothing sound to compile may not be silenced.
    pub allowable: bool,
    /// The manual page, Markdown: what, why, a failing and a passing example.
    pub page: &'static str,
}

impl Rule {
    /// Whether what the rule points at must not be shown: the family L8.
    pub fn is_about_secrets(&self) -> bool {
        self.code.starts_with("L8")
    }
}
