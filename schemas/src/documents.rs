//! JSON Schemas of everything that is written down: what people write, what servers load, what programs read.
//!
//! Invariant: they are generated from the types; `schemas/*.schema.json` hold the same bytes, and a test says so.

use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::{artefact, plan, report, source, why};

/// A kind of document that has a schema.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Document {
    /// `estate.yaml`.
    Estate,
    /// A site's file.
    Site,
    /// What a server loads.
    Artefact,
    /// What `--format json` prints.
    Diagnostics,
    /// What `plan --format json` prints.
    Plan,
    /// What `leasehold why --format json` prints.
    Why,
}

impl Document {
    /// Every kind.
    pub const ALL: [Document; 6] = [
        Document::Estate,
        Document::Site,
        Document::Artefact,
        Document::Diagnostics,
        Document::Plan,
        Document::Why,
    ];

    /// The name by which it is asked for.
    pub fn name(self) -> &'static str {
        match self {
            Document::Estate => "estate",
            Document::Site => "site",
            Document::Artefact => "artefact",
            Document::Diagnostics => "diagnostics",
            Document::Plan => "plan",
            Document::Why => "why",
        }
    }

    /// The schema's file name: `estate.schema.json`.
    pub fn file_name(self) -> String {
        format!("{}.schema.json", self.name())
    }

    /// The schema, indented, with a line feed behind it.
    pub fn schema_text(self) -> String {
        let mut text = serde_json::to_string_pretty(&self.schema())
            .expect("a schema has only string keys and no failing serialiser");
        text.push('\n');
        text
    }

    /// The schema (JSON Schema, draft 2020-12).
    pub fn schema(self) -> Schema {
        let (mut schema, title) = match self {
            Document::Estate => (root::<source::EstateFile>(), "Leasehold: estate.yaml"),
            Document::Site => (root::<source::SiteFile>(), "Leasehold: a site"),
            Document::Artefact => (root::<Envelope>(), "Leasehold: artefact"),
            Document::Diagnostics => (root::<report::Report>(), "Leasehold: findings"),
            Document::Plan => (root::<plan::Plan>(), "Leasehold: plan"),
            Document::Why => (root::<why::Why>(), "Leasehold: an answer explained"),
        };
        schema.insert("title".to_owned(), title.into());
        schema
    }
}

fn root<T: JsonSchema>() -> Schema {
    SchemaGenerator::default().into_root_schema_for::<T>()
}

/// What a server loads: one canonical JSON document. The digest is over the raw bytes of `estate` and is checked
/// before they are parsed.
#[derive(JsonSchema)]
#[expect(
    dead_code,
    reason = "read and written octet by octet in artefact::envelope; this is its description"
)]
#[schemars(deny_unknown_fields)]
struct Envelope {
    /// The format of `estate`. A server reads its own format and the one before.
    format: u32,
    /// SHA-256 of the estate's bytes: `sha256:` and 64 hexadecimal digits.
    #[schemars(regex(pattern = r"^sha256:[0-9a-f]{64}$"))]
    digest: String,
    /// The compiled estate.
    estate: artefact::Estate,
}
