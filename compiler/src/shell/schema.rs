//! `leasehold schema`: the JSON Schemas, printed or written.

use std::path::Path;

use leasehold_schemas::documents::Document;

use super::arguments::SchemaName;
use super::{CLEAN, Failure, output};

/// Prints one schema, or writes one or all to a folder.
pub(super) fn schema(name: Option<SchemaName>, folder: Option<&Path>) -> Result<u8, Failure> {
    let named = name.map(|name| match name {
        SchemaName::Estate => Document::Estate,
        SchemaName::Site => Document::Site,
        SchemaName::Artefact => Document::Artefact,
        SchemaName::Diagnostics => Document::Diagnostics,
        SchemaName::Plan => Document::Plan,
        SchemaName::Why => Document::Why,
    });
    match (named, folder) {
        (None, None) => return Err(Failure::NoSchemaNamed),
        (Some(document), None) => output::print(document.schema_text().as_bytes())?,
        (named, Some(folder)) => {
            for document in
                Document::ALL.into_iter().filter(|document| named.is_none_or(|one| one == *document))
            {
                output::replace(&folder.join(document.file_name()), document.schema_text().as_bytes())?;
            }
        }
    }
    Ok(CLEAN)
}
