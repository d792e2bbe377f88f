//! Client classes: their names, their order and their tests.

use std::collections::{BTreeMap, BTreeSet};

use leasehold_schemas::source::{FileId, Span, Spanned};
use leasehold_schemas::vocab::{ClassName, Space};

use crate::diag::Sink;
use crate::import::draft::{ClassDraft, ClassIndex};
use crate::import::kea::scope::Named;
use crate::import::kea::{Class, Server, names_a_server};
use crate::import::listing::Fate;
use crate::model::{Arena, Definition};
use crate::resolve::expression;
use crate::resolve::is_built_in;

/// The classes of an estate, and which of Kea's each is.
#[derive(Clone, Debug, Default)]
pub struct Classes<'b> {
    /// As they will be written, in the estate's order.
    pub drafts: Vec<ClassDraft>,
    /// What Kea says of each; none for one that Kea names and does not define.
    pub kea: Vec<Option<Class<'b>>>,
    /// Our name for each name of Kea's.
    names: BTreeMap<String, String>,
}

impl<'b> Classes<'b> {
    /// The classes of a configuration: those it defines, and those it only names.
    pub fn of(server: &Server<'b>) -> Classes<'b> {
        let mut classes = Classes::default();
        for class in order(&server.classes) {
            let name = classes.free_name(&class.name);
            if name != class.name {
                let reason = format!("the class is called `{name}` here");
                class.view.note(Fate::Changed, reason, "");
            }
            classes.names.insert(class.name.clone(), name.clone());
            let remarks = class.scope.context.remarks(&[]);
            classes.drafts.push(ClassDraft { name, test: None, remarks });
            classes.kea.push(Some(class.clone()));
        }
        for (name, view) in named(server) {
            if names_a_server(name) || classes.names.contains_key(name) {
                continue;
            }
            if is_known_everywhere(name) {
                classes.names.insert(name.clone(), name.clone());
                continue;
            }
            let ours = classes.free_name(name);
            classes.names.insert(name.clone(), ours.clone());
            let test = vendor_test(name);
            if test.is_none() {
                let reason = "the class is not defined; here it is, with nobody in it but whom a reservation puts there";
                view.note(Fate::Changed, reason, "give it a `match` in `estate.yaml`, or remove it");
            }
            classes.drafts.push(ClassDraft { name: ours, test, remarks: Vec::new() });
            classes.kea.push(None);
        }
        classes.translate_tests(server);
        classes
    }

    /// Our name for a class of Kea's. `ALL` and those that mean a server have none: they guard nothing.
    pub fn name(&self, kea: &str) -> Option<&str> {
        if kea == "ALL" { None } else { self.names.get(kea).map(String::as_str) }
    }

    /// Its place in the estate's order, if the estate defines it.
    pub fn index(&self, kea: &str) -> Option<ClassIndex> {
        let ours = self.names.get(kea)?;
        self.drafts.iter().position(|draft| draft.name == *ours)
    }

    fn free_name(&self, wanted: &str) -> String {
        let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let stem = wanted.strip_prefix("VENDOR_CLASS_").map(|vendor| format!("vendor-{vendor}"));
        let stem = stem.unwrap_or_else(|| wanted.to_owned());
        let mut name: String = stem.chars().map(|c| if word(c) { c } else { '-' }).take(100).collect();
        if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            name.insert_str(0, "class-");
        }
        let taken = |name: &str| {
            self.drafts.iter().any(|draft| draft.name == name)
                || name.parse().is_ok_and(|name: ClassName| is_built_in(&name) && name.as_str() != "DROP")
        };
        if !taken(&name) {
            return name;
        }
        let numbered = (2..).map(|number: u32| format!("{name}-{number}")).find(|name| !taken(name));
        numbered.expect("there are more numbers than classes")
    }

    /// Writes every test in our names, and looks whether it can be read.
    fn translate_tests(&mut self, server: &Server<'b>) {
        let mut definitions = Arena::default();
        for definition in server.definitions.all() {
            definitions.push(definition.clone());
        }
        let span = Span { file: FileId(0), start: 0, end: 0 };
        let parsed = |draft: &ClassDraft| Some(Spanned::new(draft.name.parse::<ClassName>().ok()?, span));
        let names: Vec<Spanned<ClassName>> = self.drafts.iter().filter_map(parsed).collect();
        assert_eq!(names.len(), self.drafts.len(), "`free_name` gives names that are well-formed");
        for at in 0..self.drafts.len() {
            let Some(class) = &self.kea[at] else { continue };
            let Some((text, view)) = &class.test else {
                self.drafts[at].test = vendor_test(&class.name);
                if class.only_additional && self.drafts[at].test.is_none() {
                    // Kea 3 takes a class without a test for true where a place names it; Kea 2 does not.
                    class.view.note(
                        Fate::Changed,
                        "a class that is looked at only where a place names it has no test: nobody is in it, as in Kea 2",
                        "if it is meant as in Kea 3, say its options at those places",
                    );
                }
                continue;
            };
            let text = self.rewritten(text, server);
            if text.contains("member('ALL')")
                && class.test.as_ref().is_some_and(|(kea, _)| kea.contains("'HA_"))
            {
                let advice = "remove the class if it only divided pools between two servers";
                view.note(
                    Fate::Changed,
                    "which server answers is no matter of a class here: that part of the test is true",
                    advice,
                );
            }
            match judged(&text, &definitions, &names, at) {
                Ok(()) => self.drafts[at].test = Some(text),
                Err(reason) => {
                    let advice =
                        "write the test anew in `estate.yaml`: `leasehold explain L601` has the language";
                    view.tell(Fate::Lost, format!("the test cannot be read: {reason}"), advice);
                }
            }
        }
    }

    /// The test with our names of classes and options.
    fn rewritten(&self, test: &str, server: &Server<'_>) -> String {
        let text = replaced(test, "member(", |inner| {
            let name = inner.trim().strip_prefix('\'')?.strip_suffix('\'')?;
            if names_a_server(name) {
                return Some("'ALL'".to_owned());
            }
            self.names.get(name).filter(|ours| *ours != name).map(|ours| format!("'{ours}'"))
        });
        replaced(&text, "option[", |inner| {
            let name = inner.trim();
            let known = server.definitions.all().iter();
            let ours = server.definitions.renamed("dhcp4", name)?;
            let code = known.clone().find(|known| known.space == Space::Dhcp4 && known.name == ours)?.code;
            Some(code.to_string())
        })
    }
}

/// `test` with what stands between each `opening` and its end changed, where `change` says to what.
fn replaced(test: &str, opening: &str, change: impl Fn(&str) -> Option<String>) -> String {
    let end = if opening.ends_with('(') { ')' } else { ']' };
    let mut text = String::with_capacity(test.len());
    let mut rest = test;
    while let Some(at) = rest.find(opening) {
        let from = at + opening.len();
        let Some(length) = rest[from..].find(end) else { break };
        let inner = &rest[from..from + length];
        text.push_str(&rest[..from]);
        text.push_str(&change(inner).unwrap_or_else(|| inner.to_owned()));
        rest = &rest[from + length..];
    }
    text + rest
}

/// Whether an estate reads the test; else what it says of it.
fn judged(
    text: &str,
    definitions: &Arena<Definition>,
    classes: &[Spanned<ClassName>],
    this: ClassIndex,
) -> Result<(), String> {
    let span = Span { file: FileId(0), start: 0, end: 0 };
    let mut sink = Sink::default();
    let names = expression::Names { definitions, classes, this };
    let read = expression::parse(&Spanned::new(text.to_owned(), span), b"", names, &mut sink);
    if read.is_some() {
        return Ok(());
    }
    let first = sink.iter().next();
    Err(first.map_or_else(String::new, |fault| format!("{}, {}", fault.message, fault.primary.text)))
}

/// A class that is there without being defined.
fn is_known_everywhere(name: &str) -> bool {
    name == "DROP" || name.parse().is_ok_and(|name: ClassName| is_built_in(&name))
}

/// The test of a class that Kea makes of option 60.
fn vendor_test(name: &str) -> Option<String> {
    let vendor = name.strip_prefix("VENDOR_CLASS_").filter(|vendor| !vendor.is_empty())?;
    (!vendor.contains('\'')).then(|| format!("option[60].hex == '{vendor}'"))
}

/// Every name of a class outside of tests, the first place of each.
fn named<'s, 'b>(server: &'s Server<'b>) -> Vec<&'s Named<'b>> {
    let mut names: Vec<&Named<'b>> = Vec::new();
    for network in &server.networks {
        names.extend(network.scope.guards.iter().chain(&network.scope.additional));
        for subnet in &network.subnets {
            names.extend(subnet.scope.guards.iter().chain(&subnet.scope.additional));
            for pool in &subnet.pools {
                names.extend(pool.scope.guards.iter().chain(&pool.scope.additional));
            }
            names.extend(subnet.hosts.iter().flat_map(|host| &host.scope.guards));
        }
    }
    names.extend(server.hosts.iter().flat_map(|host| &host.scope.guards));
    let mut seen = BTreeSet::new();
    names.retain(|(name, _)| seen.insert(name.as_str()));
    names
}

/// Kea's classes in the order in which they count: those that reservations give, those with a test, those whose test
/// asks whether a client is known, and those that are looked at last. The order of the file is kept where it makes no
/// difference.
fn order<'s, 'b>(classes: &'s [Class<'b>]) -> Vec<&'s Class<'b>> {
    let mut ranks: Vec<u8> = Vec::with_capacity(classes.len());
    for class in classes {
        let test = class.test.as_ref().map(|(text, _)| text.as_str());
        let asks = |test: &str| {
            let mut earlier = classes.iter().zip(&ranks).filter(|(_, rank)| **rank == 2);
            test.contains("known")
                || test.contains("KNOWN")
                || earlier.any(|(class, _)| test.contains(&format!("'{}'", class.name)))
        };
        ranks.push(match test {
            _ if class.only_additional => 3,
            None if vendor_test(&class.name).is_none() => 0,
            Some(test) if asks(test) => 2,
            _ => 1,
        });
    }
    let mut ordered: Vec<usize> = (0..classes.len()).collect();
    ordered.sort_by_key(|at| ranks[*at]);
    let says = |at: usize| -> BTreeSet<(Space, u8)> {
        classes[at].scope.options.iter().map(|datum| (datum.space, datum.code)).collect()
    };
    let asks = |later: usize, earlier: usize| {
        let test = classes[later].test.as_ref();
        test.is_some_and(|(test, _)| test.contains(&format!("'{}'", classes[earlier].name)))
    };
    let position = |wanted: usize| ordered.iter().position(|at| *at == wanted);
    let mut matters = false;
    for (first, second) in (0..classes.len()).flat_map(|a| (0..a).map(move |b| (b, a))) {
        if position(first) > position(second) {
            if asks(second, first) {
                return classes.iter().collect();
            }
            matters |= !says(first).is_disjoint(&says(second));
        }
    }
    if matters { ordered.into_iter().map(|at| &classes[at]).collect() } else { classes.iter().collect() }
}
