//! The manual: what the doc comments of the estate's types say, which are in the JSON Schemas.

use std::sync::OnceLock;

use leasehold_schemas::documents;
use serde_json::Value as Json;

use crate::check::rules;
use crate::grammar::Mapping;

/// The schemas of both documents.
fn schemas() -> &'static [Json; 2] {
    static SCHEMAS: OnceLock<[Json; 2]> = OnceLock::new();
    SCHEMAS.get_or_init(|| {
        [documents::Document::Estate, documents::Document::Site].map(|document| Json::from(document.schema()))
    })
}

fn schema(mapping: Mapping) -> Option<&'static Json> {
    let [estate, site] = schemas();
    match (mapping, mapping.schema_name()) {
        (Mapping::Estate, _) => Some(estate),
        (Mapping::Site, _) => Some(site),
        (_, name) => [estate, site].into_iter().find_map(|schema| schema["$defs"].get(name?)),
    }
}

/// What a key means in a mapping.
pub(super) fn key(mapping: Mapping, name: &str) -> Option<String> {
    text(&schema(mapping)?["properties"][name])
}

/// Whether a mapping must have a key.
pub(super) fn is_required(mapping: Mapping, name: &str) -> bool {
    let required = schema(mapping).and_then(|schema| schema["required"].as_array());
    required.is_some_and(|required| required.iter().any(|key| key == name))
}

/// What one of a few words means.
pub(super) fn choice(words: &[&str], word: &str) -> Option<String> {
    let definitions =
        schemas().iter().filter_map(|schema| schema["$defs"].as_object()).flat_map(|all| all.values());
    let choices = definitions.filter_map(|definition| definition["oneOf"].as_array());
    let mut same = choices.filter(|choices| {
        choices.len() == words.len()
            && choices.iter().all(|one| words.iter().any(|word| one["const"] == *word))
    });
    same.next()?.iter().find(|one| one["const"] == word).and_then(text)
}

/// What a rule finds: the title and the first paragraph of its page.
pub(super) fn rule(name: &str) -> Option<String> {
    let page = rules::find(name)?.page;
    let mut parts = page.split("\n\n");
    let (title, what) = (parts.next()?, parts.next()?);
    Some(format!("**{}**\n\n{what}", title.trim_start_matches(['#', ' '])))
}

fn text(schema: &Json) -> Option<String> {
    // Lines of a doc comment end where the source's do.
    let text = schema["description"].as_str()?;
    let paragraphs: Vec<String> = text.split("\n\n").map(paragraph).collect();
    Some(paragraphs.join("\n\n"))
}

fn paragraph(text: &str) -> String {
    if text.lines().any(|line| line.starts_with("- ")) { text.to_owned() } else { text.replace('\n', " ") }
}
