//! Tables, as spreadsheets and address plans export them, to an estate.
//!
//! Five kinds: sites, subnets, reservations, exclusions, options. The first row names the columns; what a column means
//! is known by its name, or said by a mapping file. A row that cannot be read is listed with its line and the field's
//! number, and its siblings stay. No table is needed: a subnet without a site belongs to one that is called as the estate.

mod fill;
mod mapping;

use std::collections::BTreeMap;

use super::json::{Fault, Loaded};
use super::listing::{Fate, Item};
use super::{Imported, Wishes};
pub use mapping::{Mapping, delimiter};

/// What the rows of a table are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// Sites: `site`, `name`, `lease`, options.
    Sites,
    /// Subnets: `site`, `network`, `subnet`, `id`, `pool`, `relay`, `lease`, `description`, options.
    Subnets,
    /// Reservations: `site`, `subnet`, an identifier, `ip`, `hostname`, `description`, `classes`, options.
    Reservations,
    /// Addresses never given out: `range`, or `first` and `last`; `reason`.
    Exclusions,
    /// One option a row: `site`, `network` or `subnet` if it is not for the whole estate; `option`, `value`.
    Options,
}

impl Kind {
    /// Every kind, in the order in which tables are read: a subnet has to be there before its reservations.
    pub const ALL: [Kind; 5] =
        [Kind::Sites, Kind::Subnets, Kind::Exclusions, Kind::Options, Kind::Reservations];

    /// Its name in a mapping file.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Sites => "sites",
            Kind::Subnets => "subnets",
            Kind::Reservations => "reservations",
            Kind::Exclusions => "exclusions",
            Kind::Options => "options",
        }
    }
}

/// A field of a row, and where it stands.
#[derive(Clone, Debug)]
struct Field {
    text: String,
    place: FieldPlace,
}

/// Where a field stands: its row's line, its number and the name of its column.
#[derive(Clone, PartialEq, Eq, Debug)]
struct FieldPlace {
    line: u32,
    number: u32,
    column: String,
}

/// A row: its fields by the keys of their columns, empty ones left out.
#[derive(Debug)]
struct Row {
    fields: BTreeMap<String, Field>,
    line: u32,
}

/// A table that is being read.
struct Table<'t> {
    file: &'t str,
    items: &'t mut Vec<Item>,
}

impl Table<'_> {
    fn lost(&mut self, place: &FieldPlace, reason: impl Into<String>, advice: &str) {
        self.items.push(Item {
            fate: Fate::Lost,
            file: self.file.to_owned(),
            line: place.line,
            column: place.number,
            path: place.column.clone(),
            reason: reason.into(),
            advice: Some(advice.to_owned()).filter(|advice| !advice.is_empty()),
        });
    }

    fn row_lost(&mut self, line: u32, reason: impl Into<String>, advice: &str) {
        self.lost(&FieldPlace { line, number: 1, column: format!("row in line {line}") }, reason, advice);
    }
}

/// Makes an estate of tables.
pub fn csv(tables: &[(Kind, Loaded)], mapping: &Mapping, wishes: &Wishes) -> Result<Imported, Fault> {
    let mut items = Vec::new();
    let mut filling = fill::Filling::new(&wishes.name);
    for kind in Kind::ALL {
        for (_, file) in tables.iter().filter(|(of, _)| *of == kind) {
            let mut table = Table { file: &file.name, items: &mut items };
            let rows = read(kind, file, mapping, &mut table)?;
            for row in rows {
                // A row that cannot be taken was told of, and its siblings go on.
                let _ = filling.row(kind, row, &mut table);
            }
        }
    }
    Ok(Imported { files: filling.files(), items })
}

/// The rows of a table. A file that is no table at all is a fault.
fn read(kind: Kind, file: &Loaded, mapping: &Mapping, table: &mut Table<'_>) -> Result<Vec<Row>, Fault> {
    let fault = |line: u64, message: String| Fault {
        file: file.name.clone(),
        line: u32::try_from(line).unwrap_or(u32::MAX),
        column: 1,
        message,
    };
    let bytes = file.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&file.bytes);
    let mut reader = csv::ReaderBuilder::new().delimiter(mapping.delimiter).flexible(true).from_reader(bytes);
    let headers = reader.headers().map_err(|error| fault(1, error.to_string()))?.clone();
    if headers.is_empty() {
        return Err(fault(1, "the table is empty; its first row names the columns".to_owned()));
    }
    let mut keys = Vec::with_capacity(headers.len());
    for (number, header) in (1..).zip(headers.iter()) {
        let key = mapping.key(kind, header);
        if key.is_none() {
            let place = FieldPlace { line: 1, number, column: header.to_owned() };
            let reason = format!("no key of {} is known by this column's name", kind.name());
            table.lost(&place, reason, "name its key in a mapping file, or `ignore`");
        }
        keys.push(key.filter(|key| key != "ignore"));
    }
    if keys.iter().all(Option::is_none) {
        let message =
            format!("no column of the table is known; is `{}` its delimiter?", char::from(mapping.delimiter));
        return Err(fault(1, message));
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| {
            let line = error.position().map_or(1, csv::Position::line);
            fault(line, "the row is not UTF-8; save the table as UTF-8".to_owned())
        })?;
        let line = record.position().map_or(0, csv::Position::line);
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        if record.len() != headers.len() {
            let reason = format!("the row has {} fields, the first row {}", record.len(), headers.len());
            table.row_lost(line, reason, "put text that holds the delimiter in double quotes");
            continue;
        }
        let mut fields = BTreeMap::new();
        for (at, (text, key)) in record.iter().zip(&keys).enumerate() {
            let (Some(key), text) = (key, text.trim()) else { continue };
            if text.is_empty() {
                continue;
            }
            let number = u32::try_from(at + 1).unwrap_or(u32::MAX);
            let place = FieldPlace { line, number, column: headers[at].to_owned() };
            fields.insert(key.clone(), Field { text: text.to_owned(), place });
        }
        if !fields.is_empty() {
            rows.push(Row { fields, line });
        }
    }
    Ok(rows)
}
