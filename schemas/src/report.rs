//! What `leasehold check --format json` prints: every finding, for programs.
//!
//! Frozen: fields may be added, never renamed, removed or given another meaning within version 1.

use schemars::JsonSchema;
use serde::Serialize;

/// The version of this document's shape.
pub const REPORT_VERSION: u32 = 1;

/// All findings of one run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[schemars(title = "Findings of leasehold check")]
pub struct Report {
    /// Version of this document's shape; 1.
    pub version: u32,
    /// The findings by file, offset and code.
    pub diagnostics: Vec<Finding>,
    /// Their counts.
    pub summary: Summary,
}

/// How bad a finding is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FindingSeverity {
    /// Nothing is compiled.
    Error,
    /// Compiled, but somebody should look.
    Warning,
    /// Worth knowing.
    Information,
}

/// One finding.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Finding {
    /// The rule's code, such as `L302`; unique for ever.
    pub code: String,
    /// The rule's name, such as `overlapping-subnets`.
    pub slug: String,
    /// How bad it is.
    pub severity: FindingSeverity,
    /// What is wrong.
    pub message: String,
    /// The file it is in, as the command names it.
    pub path: String,
    /// Where it begins.
    pub start: Place,
    /// Where it ends: the place behind its last character.
    pub end: Place,
    /// Every place that takes part, the primary one first.
    pub labels: Vec<FindingLabel>,
    /// Context.
    pub notes: Vec<String>,
    /// A change to make.
    pub help: Option<String>,
    /// The same change for a program.
    pub fix: Option<FindingFix>,
}

/// A place in a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Place {
    /// Offset in octets, from 0.
    pub byte: u32,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters (Unicode scalar values), from 1.
    pub column: u32,
}

/// A place and what is to be said of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct FindingLabel {
    /// Whether the finding is at this place; others only take part.
    pub primary: bool,
    /// The file.
    pub path: String,
    /// Where it begins.
    pub start: Place,
    /// Where it ends.
    pub end: Place,
    /// What is wrong, or relevant, here.
    pub text: String,
}

/// A change that would mend the finding.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct FindingFix {
    /// What it does.
    pub title: String,
    /// Whether `leasehold check --fix` makes it unasked.
    pub safe: bool,
    /// Replacements, none overlapping another; all of them or none are to be made.
    pub edits: Vec<FindingEdit>,
}

/// A replacement; an empty range inserts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct FindingEdit {
    /// The file.
    pub path: String,
    /// Where what is replaced begins.
    pub start: Place,
    /// Where it ends.
    pub end: Place,
    /// What replaces it.
    pub text: String,
}

/// Counts of findings, those included that are not shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct Summary {
    /// Of severity error.
    pub errors: u32,
    /// Of severity warning.
    pub warnings: u32,
    /// Of severity information.
    pub information: u32,
}
