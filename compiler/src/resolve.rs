//! Documents to the estate's model: names become ids, option values become bytes.
//!
//! Invariant: whatever cannot be resolved is reported once and dropped; its siblings stay. Inheritance is not
//! applied here: the model keeps what each place says, and `lower` merges. This module judges names and values, never
//! what a rule judges.

pub mod definitions;
pub mod expression;
mod names;
pub mod option_bytes;
pub mod option_text;
mod places;
mod settings;

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use leasehold_schemas::artefact;
use leasehold_schemas::source::{
    ClassDefinition, EstateFile, FileId, Gaps, Map, OptionDefinition, Span, Spanned,
};
use leasehold_schemas::vocab::{ClassName, Layer, Space};
use leasehold_server::estate::{Classes, TableError};
use rayon::prelude::*;

use crate::check::Local;
use crate::check::rules::class::class_expression;
use crate::check::rules::reference::{unknown_class, unknown_option, unknown_profile};
use crate::diag::{Diagnostic, Edit, Severity, Sink};
use crate::model::{Class, Definition, Estate, Guard, Id, Meaning, ProbableUses, Profile, Scope};
use crate::reading::{Documents, SiteReading};
use crate::source::Sources;

pub use names::{BUILT_IN_CLASSES, Names, is_built_in};

/// What `estate.yaml` says of all sites, resolved: every other file is resolved against it.
#[derive(Debug)]
pub struct Base {
    /// The common part of the model.
    pub estate: Estate,
    /// What reading and resolving the file found.
    pub findings: Vec<Diagnostic>,
    names: Names,
}

/// One file's part of the model.
#[derive(Debug)]
pub struct Part {
    /// The part. It finds what is common, and walks only its own.
    pub estate: Estate,
    /// What reading and resolving the file found.
    pub findings: Vec<Diagnostic>,
    /// What rules that look at one site alone find in it, once they have been asked.
    pub local: OnceLock<Local>,
}

/// An estate, file by file.
#[derive(Debug)]
pub struct Resolved {
    /// What is common.
    pub base: Arc<Base>,
    /// The other files, in order, numbered from 1; one that is broken has nothing in it.
    pub parts: Vec<Arc<Part>>,
    /// Values that look like secrets: faults, but nothing is missing because of them.
    pub secrets: Vec<Diagnostic>,
}

impl Resolved {
    /// The model of the whole estate.
    pub fn whole(&self) -> Estate {
        let parts: Vec<&Estate> = self.parts.iter().map(|part| &part.estate).collect();
        self.base.estate.join(&parts)
    }

    /// Everything that earlier phases found.
    pub fn findings(&self) -> impl Iterator<Item = &Diagnostic> {
        let parts = self.parts.iter().flat_map(|part| &part.findings);
        self.base.findings.iter().chain(parts).chain(&self.secrets)
    }
}

/// Builds the model, and gathers what reading and resolving found. What is remembered of an unchanged file against an
/// unchanged `estate.yaml` is taken as it is: a part depends on nothing else.
pub fn resolve(sources: &Sources, documents: &Documents) -> Resolved {
    let excuse = Excuse::of(sources, documents);
    let base = documents.base().unwrap_or_else(|| Arc::new(base(sources, documents, &excuse)));
    let files: Vec<(u32, SiteReading<'_>)> = (1..).zip(documents.sites()).collect();
    let parts = files.par_iter().map(|(number, file)| {
        let known = file.remembered(&base, *number);
        known.unwrap_or_else(|| Arc::new(part(sources, &base, &excuse, *number, file)))
    });
    let parts = parts.collect();
    Resolved { base, parts, secrets: documents.secrets().cloned().collect() }
}

fn base(sources: &Sources, documents: &Documents, excuse: &Excuse<'_>) -> Base {
    let (file, found) = (documents.estate(), documents.estate_findings());
    let mut estate = Estate::default();
    estate.incomplete = file.is_none();
    define(&mut estate, file);
    let names = Names::of(&estate);
    let mut resolver = Resolver { sources, estate, names: &names, excuse, sink: Sink::default() };
    found.for_each(|finding| resolver.sink.push(finding.clone()));
    if let Some(file) = file {
        resolver.estate_file(file);
    }
    let (estate, findings) = resolver.finish();
    Base { estate, findings, names }
}

fn part(sources: &Sources, base: &Base, excuse: &Excuse<'_>, number: u32, file: &SiteReading<'_>) -> Part {
    let estate = base.estate.begin_part(number);
    let mut resolver = Resolver { sources, estate, names: &base.names, excuse, sink: Sink::default() };
    file.findings.iter().for_each(|finding| resolver.sink.push(finding.clone()));
    match file.document {
        Some(site) => resolver.site(site),
        None => resolver.estate.incomplete = true,
    }
    let (estate, findings) = resolver.finish();
    Part { estate, findings, local: OnceLock::new() }
}

/// Why a name that is not known may be no mistake of its own.
enum Excuse<'a> {
    /// `estate.yaml` is sound: an unknown name is a mistake.
    Nothing,
    /// Something in `estate.yaml` was dropped: names that stand in its text were probably defined there, and
    /// where a name itself was broken, any name may be the one.
    Dropped { text: Cow<'a, str>, gaps: &'a Gaps },
    /// There is no `estate.yaml`.
    Everything,
}

/// What a name is the name of.
#[derive(Clone, Copy)]
enum Named {
    Class,
    Profile,
    Option,
}

impl<'a> Excuse<'a> {
    fn of(sources: &'a Sources, documents: &'a Documents) -> Excuse<'a> {
        let Some(file) = documents.estate() else { return Excuse::Everything };
        let faulty = documents.estate_findings().next().is_some();
        let text = || String::from_utf8_lossy(&sources.file(file.span.file).bytes);
        if faulty { Excuse::Dropped { text: text(), gaps: &file.gaps } } else { Excuse::Nothing }
    }

    fn covers(&self, what: Named, name: &str) -> bool {
        // Nothing is defined under a bare number: it can only be an option's code.
        let number = matches!(what, Named::Option) && name.bytes().all(|b| b.is_ascii_digit());
        match self {
            _ if number => false,
            Excuse::Nothing => false,
            Excuse::Dropped { text, gaps } => {
                let any = match what {
                    Named::Class => gaps.classes,
                    Named::Profile => gaps.profiles,
                    Named::Option => gaps.option_definitions,
                };
                any || occurrences(text, name) > 0
            }
            Excuse::Everything => true,
        }
    }
}

struct Resolver<'a> {
    sources: &'a Sources,
    estate: Estate,
    names: &'a Names,
    excuse: &'a Excuse<'a>,
    sink: Sink,
}

/// Puts everything that has a name where it can be found, before anything is looked up.
fn define(estate: &mut Estate, file: Option<&EstateFile>) {
    for definition in definitions::standard() {
        estate.definitions.push(definition);
    }
    if let Some(file) = file {
        estate.scope = Some(scope(estate, Layer::Estate, None, file.span));
        own_definitions(estate, &file.option_definitions);
        for class in &file.classes {
            estate.classes.push(Class { name: class.name.clone(), test: None, span: class.span });
        }
        for profile in &file.profiles.0 {
            let scope = scope(estate, Layer::Profile, None, profile.value.span);
            estate.profiles.push(Profile { name: profile.key.clone(), scope });
        }
    }
    estate.definitions.hold_ready(definitions::nameless());
}

fn own_definitions(estate: &mut Estate, own: &Map<OptionDefinition>) {
    for entry in &own.0 {
        let OptionDefinition { code, r#type, array, fields, space, span: _ } = &entry.value;
        estate.definitions.push(Definition {
            name: entry.key.value.clone(),
            space: space.as_ref().map_or(Space::Dhcp4, |space| space.value),
            code: code.value,
            kind: r#type.value,
            array: array.as_ref().is_some_and(|array| array.value),
            fields: fields.iter().map(|field| field.value).collect(),
            span: Some(entry.key.span),
        });
    }
}

fn scope(estate: &mut Estate, layer: Layer, parent: Option<Id<Scope>>, span: Span) -> Id<Scope> {
    let (values, meanings, only, only_partial) = Default::default();
    estate.scopes.push(Scope { layer, parent, values, meanings, only, only_partial, span })
}

impl Resolver<'_> {
    fn estate_file(&mut self, file: &EstateFile) {
        let EstateFile {
            version: _,
            estate,
            address_space,
            option_definitions: _,
            classes,
            profiles,
            high_availability,
            subnet_selection_sources,
            reservations,
            change_limits,
            settings,
            gaps,
            span: _,
        } = file;
        self.estate.name = Some(estate.clone());
        self.estate.address_space.clone_from(address_space);
        self.estate.address_space_partial = gaps.address_space;
        self.estate.high_availability.clone_from(high_availability);
        self.estate.subnet_selection_sources.clone_from(subnet_selection_sources);
        self.estate.change_limits.clone_from(change_limits);
        let scope = self.estate.scope.expect("`define` made the estate's scope");
        self.estate.scopes[scope].values = self.place(settings, None);
        let class_names: Vec<_> = classes.iter().map(|class| class.name.clone()).collect();
        for (index, class) in classes.iter().enumerate() {
            self.class(Id::from_index(index), class, &class_names, scope);
        }
        self.bound_classes();
        for (index, profile) in profiles.0.iter().enumerate() {
            let own = self.estate.profiles[Id::from_index(index)].scope;
            let element = Span { start: profile.key.span.start, ..profile.value.span };
            let values = self.place(&profile.value.settings, Some(element));
            let meanings = self.meanings(&profile.value.classes);
            let entry = &mut self.estate.scopes[own];
            (entry.parent, entry.values, entry.meanings) = (Some(scope), values, meanings);
        }
        for device in reservations {
            self.device(device, None);
        }
    }

    /// A class's test, and what it means in the whole estate.
    fn class(
        &mut self,
        id: Id<Class>,
        class: &ClassDefinition,
        classes: &[Spanned<ClassName>],
        scope: Id<Scope>,
    ) {
        let ClassDefinition { name, r#match, client, span } = class;
        if let Some(text) = r#match {
            let file = &self.sources.file(text.span.file).bytes;
            let names =
                expression::Names { definitions: &self.estate.definitions, classes, this: id.index() };
            let test = expression::parse(text, file, names, &mut self.sink);
            self.estate.classes[id].test = test.map(|test| Spanned::new(test, text.span));
        }
        let values = self.client(client);
        if !values.is_empty() {
            let meaning = Meaning { class: id, name: name.span, values, span: *span };
            self.estate.scopes[scope].meanings.push(meaning);
        }
    }

    /// Reports a class that asks for so many others that no server evaluates it: the server's own bounds decide.
    fn bound_classes(&mut self) {
        let tested = self.estate.classes.values().map(|class| artefact::Class {
            name: class.name.value.clone(),
            test: class.test.as_ref().map(|test| test.value.clone()),
        });
        let Err(TableError::ReferencesTooDeep(name)) = Classes::build(&tested.collect::<Vec<_>>()) else {
            return;
        };
        let class = self.estate.classes.iter().find(|(_, class)| class.name.value.as_str() == name);
        let Some(id) = class.map(|(id, _)| id) else { return };
        if let Some(test) = self.estate.classes[id].test.take() {
            let message = format!("class `{name}` asks for too many classes");
            let label = "more than 64 deep, or more than 10,000 steps together";
            let help = "compare with `in`, or ask for fewer classes that ask for others";
            let fault = Diagnostic::new(&class_expression::RULE, test.span, message, label);
            self.sink.push(fault.with_help(help));
        }
    }

    fn scope(&mut self, layer: Layer, parent: Option<Id<Scope>>, span: Span) -> Id<Scope> {
        scope(&mut self.estate, layer, parent, span)
    }

    /// The class of this name; an unknown one is reported.
    fn estate_class(&mut self, name: &Spanned<ClassName>) -> Option<Id<Class>> {
        let found = self.names.class(&name.value);
        if found.is_none() {
            let nearest = self.names.nearest_class(name.value.as_str()).map(str::to_owned);
            let meant = nearest.as_deref().and_then(|name| name.parse().ok());
            self.estate.probable_uses.classes.extend(meant.and_then(|name| self.names.class(&name)));
            self.unknown(Named::Class, name.value.as_str(), name.span, nearest);
        }
        found
    }

    /// Those of the names that are a class of the estate or a built-in one.
    fn guards(&mut self, names: &[Spanned<ClassName>]) -> Vec<Guard> {
        let known =
            |name: &&Spanned<ClassName>| is_built_in(&name.value) || self.estate_class(name).is_some();
        names.iter().filter(known).cloned().collect()
    }

    /// The profile of this name. An unknown one is reported and read as the one that is most like it, so that what
    /// the site inherits is not judged without its profile.
    fn profile(&mut self, name: &Spanned<String>) -> Option<Spanned<Id<Profile>>> {
        let mut found = self.names.profile(&name.value);
        if found.is_none() {
            let nearest = self.names.nearest_profile(&name.value).map(str::to_owned);
            found = nearest.as_deref().and_then(|name| self.names.profile(name));
            self.estate.probable_uses.profiles.extend(found);
            self.unknown(Named::Profile, &name.value, name.span, nearest);
        }
        found.map(|id| Spanned::new(id, name.span))
    }

    /// Reports an unknown name, unless a fault elsewhere explains it, and proposes the one that is most like it.
    fn unknown(&mut self, what: Named, name: &str, span: Span, nearest: Option<String>) {
        if self.excuse.covers(what, name) {
            return;
        }
        let (rule, what, sure) = match what {
            Named::Class => (&unknown_class::RULE, "class", self.names.is_class_slip(name)),
            Named::Profile => (&unknown_profile::RULE, "profile", self.names.is_profile_slip(name)),
            Named::Option => (&unknown_option::RULE, "option", self.names.is_option_slip(name)),
        };
        let message = format!("unknown {what} `{name}`");
        let is_code = rule.code == unknown_option::RULE.code && name.bytes().all(|b| b.is_ascii_digit());
        let label =
            if is_code { "codes run from 1 to 254".to_owned() } else { format!("no {what} has this name") };
        let diagnostic = Diagnostic::new(rule, span, message, label);
        if is_code {
            return self.sink.push(diagnostic);
        }
        self.sink.push(match nearest {
            Some(nearest) => diagnostic.with_help(format!("did you mean `{nearest}`?")).with_fix_if_safe(
                sure,
                format!("Change to `{nearest}`"),
                vec![Edit { span, text: nearest }],
            ),
            None => diagnostic.with_help(match what {
                "class" => "define it under `classes` in `estate.yaml`, or name one that is there",
                "profile" => "define it under `profiles` in `estate.yaml`, or name one that is there",
                _ => "write its code, or define it under `option-definitions` in `estate.yaml`",
            }),
        });
    }

    /// Notes where something is missing from the model. What a file with a fault names, it probably uses.
    fn finish(self) -> (Estate, Vec<Diagnostic>) {
        let Resolver { sources, mut estate, names: _, excuse: _, sink } = self;
        let findings = sink.into_sorted();
        // A secret is a fault, but nothing is missing because of it.
        let is_missing = |finding: &&Diagnostic| {
            finding.rule.severity == Severity::Error && !finding.rule.is_about_secrets()
        };
        let errors = findings.iter().filter(is_missing);
        let own: Vec<Span> = errors.map(|finding| finding.primary.span).collect();
        let mut faulty: Vec<FileId> = own.iter().map(|span| span.file).collect();
        faulty.dedup();
        estate.poisoned.extend(own);
        estate.poisoned.sort_unstable();
        for file in faulty {
            let text = String::from_utf8_lossy(&sources.file(file).bytes);
            estate.probable_uses.join(&named_in(&estate, file, &text));
        }
        (estate, findings)
    }
}

/// What a file names in its text, whatever it means by it.
fn named_in(estate: &Estate, file: FileId, text: &str) -> ProbableUses {
    // In the file that defines it, a name stands once without being used.
    let stands = |name: &str, defined: FileId| occurrences(text, name) > usize::from(defined == file);
    let profiles =
        estate.profiles.iter().filter(|(_, profile)| stands(&profile.name.value, profile.name.span.file));
    let classes =
        estate.classes.iter().filter(|(_, class)| stands(class.name.value.as_str(), class.span.file));
    let definitions = estate
        .definitions
        .iter()
        .filter(|(_, definition)| definition.span.is_some_and(|span| stands(&definition.name, span.file)));
    ProbableUses {
        profiles: profiles.map(|(id, _)| id).collect(),
        classes: classes.map(|(id, _)| id).collect(),
        definitions: definitions.map(|(id, _)| id).collect(),
    }
}

/// How often `name` stands in the text as a whole word.
fn occurrences(text: &str, name: &str) -> usize {
    let in_word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let whole =
        |at: &usize| !text[..*at].ends_with(in_word) && !text[*at + name.len()..].starts_with(in_word);
    text.match_indices(name).map(|(at, _)| at).filter(whole).count()
}
