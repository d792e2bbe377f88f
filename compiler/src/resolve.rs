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

use leasehold_schemas::artefact;
use leasehold_schemas::source::{
    ClassDefinition, EstateFile, FileId, Gaps, Map, OptionDefinition, Span, Spanned,
};
use leasehold_schemas::vocab::{ClassName, Layer, Space};
use leasehold_server::estate::{Classes, TableError};

use crate::check::rules::class::class_expression;
use crate::check::rules::reference::{unknown_class, unknown_option, unknown_profile};
use crate::diag::{Diagnostic, Edit, Severity, Sink};
use crate::model::{Class, Definition, Estate, Guard, Id, Meaning, Profile, Scope};
use crate::reading::Documents;
use crate::source::Sources;

pub use names::{BUILT_IN_CLASSES, Names, is_built_in};

/// Builds the model, and gathers what reading and resolving found.
pub fn resolve(sources: &Sources, documents: &Documents) -> (Estate, Sink) {
    let mut sink = Sink::default();
    documents.findings().for_each(|finding| sink.push(finding.clone()));
    let file = documents.estate();
    let estate = Estate { incomplete: documents.is_incomplete(), ..Estate::default() };
    let excuse = Excuse::of(sources, file, &sink);
    let mut resolver = Resolver { sources, estate, names: Names::default(), excuse, sink: &mut sink };
    resolver.define(file);
    if let Some(file) = file {
        resolver.estate_file(file);
    }
    for site in documents.sites() {
        resolver.site(site);
    }
    resolver.note_faults();
    let estate = resolver.estate;
    documents.secrets().for_each(|finding| sink.push(finding.clone()));
    (estate, sink)
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
    fn of(sources: &'a Sources, file: Option<&'a EstateFile>, findings: &Sink) -> Excuse<'a> {
        let Some(file) = file else { return Excuse::Everything };
        let id = file.span.file;
        let faulty = findings.iter().any(|finding| finding.primary.span.file == id);
        let text = || String::from_utf8_lossy(&sources.file(id).bytes);
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
    names: Names,
    excuse: Excuse<'a>,
    sink: &'a mut Sink,
}

impl Resolver<'_> {
    /// Puts everything that has a name where it can be found, before anything is looked up.
    fn define(&mut self, file: Option<&EstateFile>) {
        for definition in definitions::standard() {
            self.estate.definitions.push(definition);
        }
        if let Some(file) = file {
            self.estate.scope = Some(self.scope(Layer::Estate, None, file.span));
            self.own_definitions(&file.option_definitions);
            for class in &file.classes {
                self.estate.classes.push(Class { name: class.name.clone(), test: None, span: class.span });
            }
            for profile in &file.profiles.0 {
                let scope = self.scope(Layer::Profile, None, profile.value.span);
                self.estate.profiles.push(Profile { name: profile.key.clone(), scope });
            }
        }
        self.names = Names::of(&self.estate);
    }

    fn own_definitions(&mut self, own: &Map<OptionDefinition>) {
        for entry in &own.0 {
            let OptionDefinition { code, r#type, array, fields, space, span: _ } = &entry.value;
            self.estate.definitions.push(Definition {
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
            let test = expression::parse(text, file, names, self.sink);
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
        let (values, meanings, only, only_partial) = Default::default();
        self.estate.scopes.push(Scope { layer, parent, values, meanings, only, only_partial, span })
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
        let diagnostic = Diagnostic::new(rule, span, message, format!("no {what} has this name"));
        self.sink.push(match nearest {
            Some(nearest) => diagnostic.with_help(format!("did you mean `{nearest}`?")).with_fix_if_safe(
                sure,
                format!("Change to `{nearest}`"),
                vec![Edit { span, text: nearest }],
            ),
            None => diagnostic,
        });
    }

    /// Notes where something is missing from the model. What a file with a fault names, it probably uses.
    fn note_faults(&mut self) {
        let errors = self.sink.iter().filter(|finding| finding.rule.severity == Severity::Error);
        self.estate.poisoned = errors.map(|finding| finding.primary.span).collect();
        self.estate.poisoned.sort_unstable();
        let mut faulty: Vec<FileId> = self.estate.poisoned.iter().map(|span| span.file).collect();
        faulty.dedup();
        let Estate { profiles, classes, definitions, probable_uses, .. } = &mut self.estate;
        for file in faulty {
            let text = String::from_utf8_lossy(&self.sources.file(file).bytes);
            // In the file that defines it, a name stands once without being used.
            let stands =
                |name: &str, defined: FileId| occurrences(&text, name) > usize::from(defined == file);
            let used =
                profiles.iter().filter(|(_, profile)| stands(&profile.name.value, profile.name.span.file));
            probable_uses.profiles.extend(used.map(|(id, _)| id));
            let used = classes.iter().filter(|(_, class)| stands(class.name.value.as_str(), class.span.file));
            probable_uses.classes.extend(used.map(|(id, _)| id));
            let used = definitions.iter().filter(|(_, definition)| {
                definition.span.is_some_and(|span| stands(&definition.name, span.file))
            });
            probable_uses.definitions.extend(used.map(|(id, _)| id));
        }
    }
}

/// How often `name` stands in the text as a whole word.
fn occurrences(text: &str, name: &str) -> usize {
    let in_word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let whole =
        |at: &usize| !text[..*at].ends_with(in_word) && !text[*at + name.len()..].starts_with(in_word);
    text.match_indices(name).map(|(at, _)| at).filter(whole).count()
}
