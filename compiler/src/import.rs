//! What others wrote, as an estate: configurations of Kea, and tables.
//!
//! text -> [`json`] -> [`kea`] (what Kea means) -> [`translate`] (what an estate says) -> [`lift`] (shorter) -> [`layout`]
//! (files). What could not be carried as it stood is listed with its path, its reason and what to do: [`book`] sees to it
//! that nothing is left out in silence. This module knows no files but by a function that loads them.

mod book;
mod draft;
pub mod json;
mod kea;
mod layout;
mod lift;
pub mod listing;
mod octets;
mod several;
pub mod tables;
mod translate;
mod yaml;

use std::collections::BTreeMap;

use leasehold_schemas::vocab::Space;

use crate::source::SourceFile;
use book::Book;
use json::{Document, Fault, Load, Loaded};
use layout::Layout;
use listing::Item;

pub use translate::Grouping;

/// How an estate is to be made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wishes {
    /// Its name.
    pub name: String,
    /// Which networks make a site.
    pub grouping: Grouping,
}

/// An estate that was made of something else.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Imported {
    /// Its files, `estate.yaml` first.
    pub files: Vec<SourceFile>,
    /// What was not carried as it stood, in the order of the source.
    pub items: Vec<Item>,
}

/// Makes an estate of a configuration of Kea's DHCPv4 server. `load` has the files that it includes. `others` are those of
/// the other server of its pair: what they say otherwise is listed.
pub fn kea(
    file: Loaded,
    others: Vec<Loaded>,
    load: &mut Load<'_>,
    wishes: &Wishes,
) -> Result<Imported, Fault> {
    let document = Document::read(file, load)?;
    let mut differences = Vec::new();
    for other in others {
        differences.extend(several::differences(&document, &Document::read(other, load)?));
    }
    let book = Book::new(&document);
    let files = {
        let Some(server) = kea::Server::read(book.root()) else {
            let file = document.files.first().cloned().unwrap_or_default();
            let message =
                "there is no `Dhcp4` in it: name the configuration of a DHCPv4 server of Kea's".to_owned();
            return Err(Fault { file, line: 1, column: 1, message });
        };
        let mut draft = translate::estate(&server, &wishes.name, &wishes.grouping);
        lift::lift(&mut draft);
        let mut options: BTreeMap<(Space, u8), String> = BTreeMap::new();
        for definition in server.definitions.all() {
            options.insert((definition.space, definition.code.0), definition.name.clone());
        }
        let classes = draft.classes.iter().map(|class| class.name.clone()).collect();
        Layout { options: &options, classes }.files(&draft)
    };
    let mut items = book.close();
    items.extend(differences);
    Ok(Imported { files, items })
}

#[cfg(test)]
mod tests;
