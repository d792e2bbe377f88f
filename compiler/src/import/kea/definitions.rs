//! Kea's option definitions, its own and the configuration's, and what each of them is here.
//!
//! A space of Kea's is where sub-options are numbered. Those of option 43 and of option 125 have a place in the estate
//! language; sub-options of any other option are written into its octets; a space that no option carries is never sent.

use std::collections::{BTreeMap, BTreeSet};

use leasehold_schemas::source::OptionType;
use leasehold_schemas::vocab::{OptionCode, Space};

use crate::import::book::{MapView, View};
use crate::import::listing::Fate;
use crate::import::octets::KeaType;
use crate::import::yaml::Yaml;
use crate::model::Definition;
use crate::resolve::definitions as standard;

/// The space that option 43 carries unless a definition says otherwise.
const SPACE_43: &str = "vendor-encapsulated-options-space";

/// A definition of an option in Kea.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeaDefinition {
    /// Its name, unique in its space.
    pub name: String,
    /// Its code.
    pub code: u8,
    /// Its space.
    pub space: String,
    /// Type of its value.
    pub kind: KeaType,
    /// Whether the value is a list, or the last field of a record is.
    pub array: bool,
    /// The fields of a record.
    pub fields: Vec<KeaType>,
    /// The space whose options it carries; empty: none.
    pub encapsulates: String,
}

/// Where an option of a Kea space stands in the estate language.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Home {
    /// An option or sub-option of this space.
    In(Space),
    /// Inside the octets of another option.
    Folded,
    /// In no reply.
    Nowhere,
}

/// All definitions.
#[derive(Debug, Default)]
pub struct Definitions {
    /// Definitions of the configuration, then the standard ones.
    known: Vec<KeaDefinition>,
    /// Definitions inside a class: they count there alone.
    of_classes: BTreeMap<usize, Vec<KeaDefinition>>,
    /// Spaces that some option carries, but not 43 and 125.
    carried: BTreeSet<String>,
    /// Spaces that option 43 carries, somewhere.
    vendor_43: BTreeSet<String>,
    /// Ours, as the estate will have them: the standard ones, then those to be written.
    ours: Vec<Definition>,
    /// Count of standard definitions in `ours`.
    standard: usize,
    /// Names of ours that differ from the name in Kea, by space and Kea's name.
    renamed: BTreeMap<(String, String), String>,
}

impl Definitions {
    /// The standard ones alone.
    pub fn new() -> Definitions {
        let ours = standard::standard();
        let known = ours.iter().map(standard_in_kea).chain(cablelabs()).collect();
        let mut definitions = Definitions { known, standard: ours.len(), ours, ..Definitions::default() };
        definitions.vendor_43.insert(SPACE_43.to_owned());
        definitions
    }

    /// Reads `option-def` of the whole configuration. Those of classes say which spaces option 43 carries there.
    pub fn read(&mut self, entries: &[MapView<'_>], of_classes: &[MapView<'_>]) {
        for entry in of_classes {
            if let Some((space, _)) = entry.some_text("encapsulate") {
                self.vendor_43.insert(space.to_owned());
            }
        }
        let read: Vec<(KeaDefinition, View<'_>)> =
            entries.iter().filter_map(|entry| read_one(*entry)).collect();
        for (definition, _) in &read {
            self.note_carried(definition);
        }
        for (definition, view) in read {
            self.define(&definition, view);
            self.known.insert(0, definition);
        }
    }

    /// Reads `option-def` of a class.
    pub fn read_of_class(&mut self, class: usize, entries: &[MapView<'_>]) {
        for entry in entries {
            let Some((definition, view)) = read_one(*entry) else { continue };
            self.note_carried(&definition);
            if definition.space != "dhcp4" || !matches!(definition.code, 43 | 224..=254) {
                view.note(
                    Fate::Idle,
                    "Kea reads definitions in a class of options 43 and 224 to 254 only",
                    "",
                );
            }
            if definition.code != 43 {
                self.define(&definition, view);
            }
            self.of_classes.entry(class).or_default().push(definition);
        }
    }

    fn note_carried(&mut self, definition: &KeaDefinition) {
        let KeaDefinition { space, code, encapsulates, .. } = definition;
        if encapsulates.is_empty() {
            return;
        }
        match (space.as_str(), code) {
            ("dhcp4", 43) => self.vendor_43.insert(encapsulates.clone()),
            _ => self.carried.insert(encapsulates.clone()),
        };
    }

    /// Where options of a space stand here.
    pub fn home(&self, space: &str) -> Home {
        let enterprise = space.strip_prefix("vendor-").and_then(|number| number.parse().ok());
        match (space, enterprise) {
            ("dhcp4", _) => Home::In(Space::Dhcp4),
            (_, Some(enterprise)) => Home::In(Space::Vendor125(enterprise)),
            _ if self.vendor_43.contains(space) => Home::In(Space::Vendor43),
            _ if self.carried.contains(space) => Home::Folded,
            _ => Home::Nowhere,
        }
    }

    /// A definition by code or name, as options of `class` (or of no class) see it.
    pub fn find(
        &self,
        class: Option<usize>,
        space: &str,
        code: Option<u8>,
        name: Option<&str>,
    ) -> Option<&KeaDefinition> {
        let own = class.and_then(|class| self.of_classes.get(&class)).into_iter().flatten();
        let matches = |definition: &&KeaDefinition| {
            definition.space == space
                && match (code, name) {
                    (Some(code), _) => definition.code == code,
                    (None, Some(name)) => definition.name == name,
                    (None, None) => false,
                }
        };
        own.chain(&self.known).find(matches)
    }

    /// Our definition of an option; one without a name if nobody defined it.
    pub fn ours(&self, space: Space, code: u8) -> Option<Definition> {
        let known = self.ours.iter().find(|known| known.space == space && known.code.0 == code);
        match (known, space) {
            (Some(known), _) => Some(known.clone()),
            (None, Space::Dhcp4) if standard::CODES.contains(&code) => {
                standard::nameless().into_iter().nth(standard::nameless_at(code))
            }
            (None, _) => None,
        }
    }

    /// Makes sure that a sub-option has a definition, so that it can be named: that of Kea, or octets if there is none.
    pub fn ensure(&mut self, space: Space, code: u8, kea: Option<&KeaDefinition>) -> Option<Definition> {
        if let Some(known) = self.ours(space, code) {
            return Some(known);
        }
        if let Some(typed) = kea.and_then(|kea| self.typed(space, kea)) {
            self.ours.push(typed.clone());
            return Some(typed);
        }
        let name = match space {
            Space::Dhcp4 => return None,
            Space::Vendor43 => format!("vendor-43-{code}"),
            Space::Vendor125(enterprise) => format!("vendor-{enterprise}-{code}"),
        };
        if !standard::CODES.contains(&code) {
            return None;
        }
        self.ours.push(Definition {
            name: self.free_name(&name),
            space,
            code: OptionCode(code),
            kind: OptionType::Binary,
            array: false,
            fields: Vec::new(),
            span: None,
        });
        self.ours.last().cloned()
    }

    /// The definitions to be written.
    pub fn own(&self) -> &[Definition] {
        &self.ours[self.standard..]
    }

    /// Every definition of the estate, for encoding and for expressions.
    pub fn all(&self) -> &[Definition] {
        &self.ours
    }

    /// Our name for what Kea calls so.
    pub fn renamed(&self, space: &str, name: &str) -> Option<&str> {
        self.renamed.get(&(space.to_owned(), name.to_owned())).map(String::as_str)
    }

    /// Defines ours, unless the code has a definition.
    fn define(&mut self, kea: &KeaDefinition, view: View<'_>) {
        let space = match self.home(&kea.space) {
            Home::In(space) => space,
            Home::Folded => {
                let reason =
                    "sub-options of this space are written into the octets of the option that carries them";
                return view.note(Fate::Changed, reason, "");
            }
            Home::Nowhere => {
                return view.note(Fate::Idle, "no option carries this space, so it is never sent", "");
            }
        };
        if space == Space::Dhcp4 && matches!(kea.code, 43 | 125) {
            return;
        }
        if let Some(known) = self.ours.iter().find(|known| known.space == space && known.code.0 == kea.code) {
            let name = known.name.clone();
            if name != kea.name {
                let reason = format!("option {} is called `{name}` here", kea.code);
                view.note(Fate::Changed, reason, "");
                self.renamed.insert((kea.space.clone(), kea.name.clone()), name);
            }
            return;
        }
        let name = self.free_name(&kea.name);
        if name != kea.name {
            view.note(Fate::Changed, format!("the option is called `{name}` here"), "");
            self.renamed.insert((kea.space.clone(), kea.name.clone()), name.clone());
        }
        let definition = self.typed(space, kea).unwrap_or_else(|| {
            view.note(Fate::Changed, "its values are written in hexadecimal: there is no such type here", "");
            let (code, kind) = (OptionCode(kea.code), OptionType::Binary);
            Definition { name: name.clone(), space, code, kind, array: false, fields: Vec::new(), span: None }
        });
        self.ours.push(Definition { name, ..definition });
    }

    /// Ours, if there are such types here.
    fn typed(&self, space: Space, kea: &KeaDefinition) -> Option<Definition> {
        let fields: Vec<OptionType> = kea.fields.iter().map(|kind| our_type(*kind)).collect::<Option<_>>()?;
        let kind = our_type(kea.kind).filter(|_| space != Space::Dhcp4 || kea.encapsulates.is_empty())?;
        let (array, fields) = match kind {
            OptionType::Record => (kea.array, fields),
            OptionType::Empty | OptionType::Binary => (false, Vec::new()),
            _ => (kea.array, Vec::new()),
        };
        let name = self.free_name(&kea.name);
        Some(Definition { name, space, code: OptionCode(kea.code), kind, array, fields, span: None })
    }

    /// A name that is a word and nobody has.
    fn free_name(&self, wanted: &str) -> String {
        let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let mut name: String = wanted.chars().map(|c| if word(c) { c } else { '-' }).take(56).collect();
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            name.insert_str(0, "option-");
        }
        let taken = |name: &str| self.ours.iter().any(|known| known.name == name);
        if !taken(&name) {
            return name;
        }
        let numbered = (2..).map(|number: u32| format!("{name}-{number}")).find(|name| !taken(name));
        numbered.expect("there are more numbers than definitions")
    }
}

/// What Kea itself knows of CableLabs' sub-options of option 125.
fn cablelabs() -> [KeaDefinition; 2] {
    [("oro", 1, KeaType::Uint8), ("tftp-servers", 2, KeaType::Ipv4Address)].map(|(name, code, kind)| {
        KeaDefinition {
            name: name.to_owned(),
            code,
            space: "vendor-4491".to_owned(),
            kind,
            array: true,
            fields: Vec::new(),
            encapsulates: String::new(),
        }
    })
}

/// A definition as it is written in the estate.
pub fn written(definition: &Definition) -> (String, Yaml) {
    let Definition { name, space, code, kind, array, fields, span: _ } = definition;
    let mut entries =
        vec![("code".to_owned(), Yaml::text(code.to_string())), ("type".to_owned(), Yaml::text(kind.name()))];
    if *array {
        entries.push(("array".to_owned(), Yaml::text("true")));
    }
    if !fields.is_empty() {
        entries.push(("fields".to_owned(), Yaml::texts(fields.iter().map(|kind| kind.name()))));
    }
    if *space != Space::Dhcp4 {
        entries.push(("space".to_owned(), Yaml::text(space.to_string())));
    }
    (name.clone(), Yaml::Map(entries))
}

fn read_one<'b>(entry: MapView<'b>) -> Option<(KeaDefinition, View<'b>)> {
    let name = entry.text("name").unwrap_or_default().to_owned();
    let code = entry.number("code");
    let space = entry.some_text("space").map_or("dhcp4", |(text, _)| text).to_owned();
    let kind = entry.some_text("type").and_then(|(text, view)| named_type(text, view));
    let fields: Option<Vec<KeaType>> = match entry.some_text("record-types") {
        Some((text, view)) => text.split(',').map(|kind| named_type(kind.trim(), view)).collect(),
        None => Some(Vec::new()),
    };
    let array = entry.boolean("array").unwrap_or(false);
    let encapsulates = entry.some_text("encapsulate").map_or("", |(text, _)| text).to_owned();
    remarks(entry);
    let code = code.and_then(|code| u8::try_from(code).ok()).filter(|code| standard::CODES.contains(code));
    let (Some(code), Some(kind), Some(fields)) = (code, kind, fields) else {
        let advice = "Kea wants a name, a code from 1 to 254 and a type; mend the definition";
        entry.view.tell(Fate::Lost, "the definition says no option", advice);
        return None;
    };
    let fields = if kind == KeaType::Record { fields } else { Vec::new() };
    Some((KeaDefinition { name, code, space, kind, array, fields, encapsulates }, entry.view))
}

/// Remarks of a definition or a value have no place to stand.
fn remarks(entry: MapView<'_>) {
    entry.tell(
        &["user-context", "comment"],
        Fate::Idle,
        "a remark on an option has no place in an estate",
        "",
    );
}

fn named_type(name: &str, view: View<'_>) -> Option<KeaType> {
    let kind = KeaType::named(name);
    if kind.is_none() {
        view.tell(Fate::Lost, format!("`{name}` is no type of Kea's"), "correct the type's name");
    }
    kind
}

/// A standard option as Kea defines it: as here but for those whose parts Kea types.
fn standard_in_kea(ours: &Definition) -> KeaDefinition {
    let (kind, array, fields, encapsulates): (KeaType, bool, Vec<KeaType>, &str) = match ours.code.0 {
        43 => (KeaType::Empty, false, Vec::new(), SPACE_43),
        82 => (KeaType::Empty, false, Vec::new(), "dhcp-agent-options-space"),
        121 => (KeaType::Internal, true, Vec::new(), ""),
        125 => (KeaType::Uint32, false, Vec::new(), ""),
        146 => {
            let fields = vec![KeaType::Uint8, KeaType::Ipv4Address, KeaType::Ipv4Address, KeaType::Fqdn];
            (KeaType::Record, true, fields, "")
        }
        159 => (KeaType::Record, false, vec![KeaType::Uint8, KeaType::Psid], ""),
        212 => {
            let fields = vec![KeaType::Uint8, KeaType::Uint8, KeaType::Ipv6Address, KeaType::Ipv4Address];
            (KeaType::Record, true, fields, "")
        }
        _ => (kea_type(ours.kind), ours.array, ours.fields.iter().map(|kind| kea_type(*kind)).collect(), ""),
    };
    KeaDefinition {
        name: ours.name.clone(),
        code: ours.code.0,
        space: "dhcp4".to_owned(),
        kind,
        array,
        fields,
        encapsulates: encapsulates.to_owned(),
    }
}

const fn kea_type(kind: OptionType) -> KeaType {
    match kind {
        OptionType::Binary => KeaType::Binary,
        OptionType::Boolean => KeaType::Boolean,
        OptionType::Empty => KeaType::Empty,
        OptionType::Fqdn => KeaType::Fqdn,
        OptionType::Ipv4Address => KeaType::Ipv4Address,
        OptionType::String => KeaType::String,
        OptionType::Tuple => KeaType::Tuple,
        OptionType::Uint8 => KeaType::Uint8,
        OptionType::Uint16 => KeaType::Uint16,
        OptionType::Uint32 => KeaType::Uint32,
        OptionType::Int8 => KeaType::Int8,
        OptionType::Int16 => KeaType::Int16,
        OptionType::Int32 => KeaType::Int32,
        OptionType::Record => KeaType::Record,
        OptionType::ClasslessRoute => KeaType::Internal,
    }
}

const fn our_type(kind: KeaType) -> Option<OptionType> {
    Some(match kind {
        KeaType::Binary => OptionType::Binary,
        KeaType::Boolean => OptionType::Boolean,
        KeaType::Empty => OptionType::Empty,
        KeaType::Fqdn => OptionType::Fqdn,
        KeaType::Ipv4Address => OptionType::Ipv4Address,
        KeaType::String => OptionType::String,
        KeaType::Tuple => OptionType::Tuple,
        KeaType::Uint8 => OptionType::Uint8,
        KeaType::Uint16 => OptionType::Uint16,
        KeaType::Uint32 => OptionType::Uint32,
        KeaType::Int8 => OptionType::Int8,
        KeaType::Int16 => OptionType::Int16,
        KeaType::Int32 => OptionType::Int32,
        KeaType::Record => OptionType::Record,
        KeaType::Internal | KeaType::Ipv6Address | KeaType::Ipv6Prefix | KeaType::Psid => return None,
    })
}
