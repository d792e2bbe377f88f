//! L507: values that are set where they can never win.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use leasehold_schemas::source::{Said, Span};
use leasehold_schemas::vocab::{Layer, Seconds};

use crate::check::proof::{Claim, ClassNumber, Demand, Formula, Verdict, ask, families, is_free_of};
use crate::check::rules::class::truths::{Truth, Truths};
use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::{Class, Definition, Estate, Id, Scope, Values};

/// A value is set where it can never win.
pub static RULE: Rule = Rule {
    code: "L507",
    slug: "shadowed-option",
    severity: Severity::Warning,
    allowable: true,
    page: include_str!("shadowed_option.md"),
};

/// So many pairs of classes are compared.
const PAIRS_MAX: usize = 5_000;
/// So many pairs are looked at at all.
const GLANCES_MAX: usize = 200_000;

/// What can be set.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Option(Id<Definition>),
    Parameter(&'static str),
}

impl Key {
    fn name(self, estate: &Estate) -> &str {
        match self {
            Key::Option(option) => &estate.definitions[option].name,
            Key::Parameter(name) => name,
        }
    }
}

/// A value, or that it is taken away.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Value<'a> {
    Octets(Option<&'a [u8]>),
    Text(Option<&'a str>),
    Address(Option<Ipv4Addr>),
    Time(Option<Seconds>),
}

/// Something set, and where.
#[derive(Clone, Copy)]
struct Set<'a> {
    key: Key,
    at: Span,
    value: Value<'a>,
}

fn said(values: &Values) -> Vec<Set<'_>> {
    let options = values.options.iter().map(|assignment| Set {
        key: Key::Option(assignment.option),
        at: assignment.key,
        value: Value::Octets(assignment.bytes.as_deref()),
    });
    let parameters = &values.parameters;
    let parameter = |name, at: Option<Span>, value| at.map(|at| Set { key: Key::Parameter(name), at, value });
    let others = [
        parameter(
            "next-server",
            parameters.next_server.span(),
            Value::Address(parameters.next_server.set().map(|address| address.value)),
        ),
        parameter("server-hostname", parameters.server_hostname.span(), text(&parameters.server_hostname)),
        parameter("boot-file-name", parameters.boot_file_name.span(), text(&parameters.boot_file_name)),
        parameter(
            "lease",
            parameters.lease_default.span(),
            Value::Time(parameters.lease_default.set().map(|time| time.value)),
        ),
    ];
    options.chain(others.into_iter().flatten()).collect()
}

fn text(said: &Said<String>) -> Value<'_> {
    Value::Text(said.set().map(|text| text.value.as_str()))
}

fn says(values: &Values, key: Key) -> Option<Set<'_>> {
    said(values).into_iter().find(|set| set.key == key)
}

/// Reports what a class sets that a class before it sets for all of its members, and options that a place sets
/// although everything in it sets its own.
pub fn check(truths: &Truths<'_>, sink: &mut Sink) {
    by_classes(truths, sink);
    by_narrower_places(truths.estate, sink);
}

/// A class's value that a class before it overrides.
struct Overridden {
    key: Key,
    at: Span,
    by: Span,
    class: Id<Class>,
    earlier: Id<Class>,
    places: BTreeSet<Span>,
}

fn by_classes(truths: &Truths<'_>, sink: &mut Sink) {
    let estate = truths.estate;
    if estate.classes.len() < 2 {
        return;
    }
    let mut implied = Implied::of(truths);
    let rivals: BTreeMap<Id<Scope>, BTreeMap<Key, Rivals<'_>>> = estate
        .scopes
        .iter()
        .filter(|(_, scope)| !scope.meanings.is_empty())
        .map(|(id, scope)| {
            let mut by_key: BTreeMap<Key, Rivals<'_>> = BTreeMap::new();
            for meaning in &scope.meanings {
                for set in said(&meaning.values) {
                    by_key.entry(set.key).or_default().add(meaning.class, set, &implied);
                }
            }
            (id, by_key)
        })
        .collect();
    let mut found: BTreeMap<(Id<Class>, Id<Class>), Overridden> = BTreeMap::new();
    for (id, scope) in estate.scopes.iter() {
        for meaning in &scope.meanings {
            for Set { key, at, value } in said(&meaning.values) {
                let chain = std::iter::successors(Some(id), |id| estate.scopes[*id].parent);
                let wider = chain.filter_map(|id| rivals.get(&id)?.get(&key));
                let (class, compares) = (meaning.class, implied.compares(meaning.class));
                let winner = wider
                    .flat_map(|rivals| rivals.of(compares))
                    .find(|(earlier, _)| *earlier < class && implied.is(class, *earlier));
                // Who wins with the same value changes nothing.
                let Some((earlier, by)) = winner.filter(|(_, set)| set.value != value) else { continue };
                let (by, places) = (by.at, BTreeSet::new());
                let entry = found.entry((class, earlier));
                let overridden = entry.or_insert(Overridden { key, at, by, class, earlier, places });
                overridden.places.insert(meaning.span);
            }
        }
    }
    for overridden in found.into_values() {
        sink.push(report(truths, &overridden));
    }
}

/// Classes that set one thing in one scope. Those whose tests compare one value with one text stand apart: there may
/// be thousands, and none lies in another.
#[derive(Default)]
struct Rivals<'a> {
    comparing: Vec<(Id<Class>, Set<'a>)>,
    others: Vec<(Id<Class>, Set<'a>)>,
}

impl<'a> Rivals<'a> {
    fn add(&mut self, class: Id<Class>, set: Set<'a>, implied: &Implied<'_>) {
        let list = if implied.compares(class) { &mut self.comparing } else { &mut self.others };
        list.push((class, set));
    }

    /// Those in which a class can lie that compares, or does not compare, one value with one text.
    fn of(&self, compares: bool) -> impl Iterator<Item = (Id<Class>, Set<'a>)> + '_ {
        let comparing = self.comparing.iter().filter(move |_| !compares);
        self.others.iter().chain(comparing).copied()
    }
}

fn report(truths: &Truths<'_>, overridden: &Overridden) -> Diagnostic {
    let estate = truths.estate;
    let Overridden { key, at, by, class, earlier, places } = overridden;
    let (name, first) = (&estate.classes[*class].name.value, &estate.classes[*earlier].name.value);
    let message = format!("`{}` of class `{name}` can never win", key.name(estate));
    let mut diagnostic = Diagnostic::new(&RULE, *at, message, "never sent")
        .with_secondary(*by, format!("class `{first}` stands before it and sets this"))
        .with_note(format!("every packet that is in `{name}` is in `{first}` too"));
    if let ([Some(one), Some(two)], Some(senders)) =
        ([name, first].map(|name| truths.tests.number(name)), truths.somewhere())
    {
        let both = [Formula::Member(one, true), Formula::Member(two, true)];
        let question: Vec<&Formula> = both.iter().collect();
        if let Some(packet) = senders.witness(|sender| ask(&truths.tests, sender, &question)) {
            diagnostic =
                diagnostic.with_note(format!("`leasehold why {packet}` shows a packet that is in both"));
        }
    }
    if places.len() > 1 {
        diagnostic = diagnostic.with_note(format!("this holds in {} places", places.len()));
    }
    diagnostic.with_help(format!("move class `{name}` before `{first}` in the estate"))
}

/// Which classes lie wholly in others.
struct Implied<'a> {
    truths: &'a Truths<'a>,
    /// Classes that some packets are in and some are not.
    numbers: BTreeMap<Id<Class>, ClassNumber>,
    /// What their tests look at, where that is all there is to them.
    families: BTreeMap<Id<Class>, BTreeSet<u16>>,
    known: BTreeMap<(Id<Class>, Id<Class>), bool>,
    glances: usize,
    asked: usize,
}

impl<'a> Implied<'a> {
    fn of(truths: &'a Truths<'a>) -> Implied<'a> {
        let sometimes = truths.classes.iter().filter(|(_, _, truth)| match truth {
            Truth::Varies | Truth::Open(_) => true,
            Truth::Never | Truth::Always | Truth::Follows => false,
        });
        let numbers: BTreeMap<_, _> = sometimes.map(|(id, number, _)| (*id, *number)).collect();
        let looked = |(id, number): (&Id<Class>, &ClassNumber)| {
            Some((*id, families(truths.tests.test(*number, true))?))
        };
        let families = numbers.iter().filter_map(looked).collect();
        Implied { truths, numbers, families, known: BTreeMap::new(), glances: 0, asked: 0 }
    }

    /// Whether the class's test is that one whole value is one text.
    fn compares(&self, class: Id<Class>) -> bool {
        let test = self.numbers.get(&class).map(|number| self.truths.tests.test(*number, true));
        match test {
            Some(Formula::Claim(Claim { place: _, demand: Demand::Part { cuts, octets: _, is } })) => {
                *is && cuts.is_empty()
            }
            Some(_) | None => false,
        }
    }

    /// Whether everybody in `class`, and not only the other way round, is in `other`. Tests that nobody or everybody
    /// passes, and those that mean the same, are reported as what they are.
    fn is(&mut self, class: Id<Class>, other: Id<Class>) -> bool {
        if let Some(known) = self.known.get(&(class, other)) {
            return *known;
        }
        self.glances += 1;
        let (Some(inner), Some(outer)) = (self.numbers.get(&class), self.numbers.get(&other)) else {
            return false;
        };
        if self.glances > GLANCES_MAX {
            return false;
        }
        let [one, two] = [inner, outer].map(|number| self.truths.tests.test(*number, true));
        let free = self.families.get(&class).is_some_and(|families| is_free_of(families, one, two));
        if free || self.asked == PAIRS_MAX {
            return false;
        }
        self.asked += 1;
        let never = |in_it: &ClassNumber, not_in: &ClassNumber| {
            let question = [Formula::Member(*in_it, true), Formula::Member(*not_in, false)];
            let question = [&question[0], &question[1]];
            ask(&self.truths.tests, &self.truths.anyone, &question) == Verdict::Never
        };
        let is = never(inner, outer) && !never(outer, inner);
        self.known.insert((class, other), is);
        is
    }
}

/// Sites and networks of which every subnet sets its own. Estate and profiles say what holds for sites to come.
fn by_narrower_places(estate: &Estate, sink: &mut Sink) {
    for site in estate.sites.values() {
        let networks = || site.networks.iter().map(|id| &estate.networks[*id]);
        let subnets: Vec<Id<Scope>> =
            networks().flat_map(|network| &network.subnets).map(|id| estate.subnets[*id].scope).collect();
        overridden_inside(estate, site.scope, &subnets, sink);
        for network in networks() {
            let subnets: Vec<Id<Scope>> =
                network.subnets.iter().map(|id| estate.subnets[*id].scope).collect();
            overridden_inside(estate, network.scope, &subnets, sink);
        }
    }
}

fn overridden_inside(estate: &Estate, wide: Id<Scope>, subnets: &[Id<Scope>], sink: &mut Sink) {
    let scope = &estate.scopes[wide];
    if subnets.is_empty() || (scope.values.is_empty() && scope.meanings.is_empty()) {
        return;
    }
    if estate.is_partial(scope.span) {
        return;
    }
    let narrower = |subnet: Id<Scope>| {
        let layer = scope.layer;
        estate.chain(subnet).take_while(move |scope| scope.layer > layer)
    };
    let what = if scope.layer == Layer::Site { "site" } else { "network" };
    let mut shadowed = |set: Set<'_>, of: String, own: &dyn for<'a> Fn(&'a Scope) -> Option<Set<'a>>| {
        let Set { key, at, value } = set;
        let each: Option<Vec<Set<'_>>> =
            subnets.iter().map(|subnet| narrower(*subnet).find_map(own)).collect();
        let other = each.and_then(|each| each.into_iter().find(|own| own.value != value));
        let Some(Set { at: first, .. }) = other else { return };
        let message = format!("`{}` of {of} can never win", key.name(estate));
        sink.push(
            Diagnostic::new(&RULE, at, message, "every subnet in it sets its own")
                .with_secondary(first, "for example here")
                .with_help("remove it here, or where it is meant to be inherited"),
        );
    };
    let options = |values| said(values).into_iter().filter(|set| matches!(set.key, Key::Option(_)));
    for set in options(&scope.values) {
        shadowed(set, format!("this {what}"), &|scope| says(&scope.values, set.key));
    }
    for meaning in &scope.meanings {
        let name = &estate.classes[meaning.class].name.value;
        for set in options(&meaning.values) {
            shadowed(set, format!("class `{name}` in this {what}"), &|scope| {
                let here = scope.meanings.iter().filter(|own| own.class == meaning.class);
                here.filter_map(|own| says(&own.values, set.key)).next()
            });
        }
    }
}
