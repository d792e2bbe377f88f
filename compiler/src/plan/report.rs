//! A comparison as a document: changes with their reach, risks with who accepted them, and notes.

use std::collections::BTreeMap;

use leasehold_schemas::plan::{
    AcknowledgedBy, Acknowledgement, Change, ChangeKind, PLAN_VERSION, Plan, PlanSummary, ReachedLeases,
    Risk, Side as SideReport,
};
use leasehold_schemas::source::{FileId, Span};
use leasehold_schemas::vocab::{Date, SiteCode};

use super::class_names::ClassNames;
use super::compare::{Comparison, Side, compare};
use super::effective::Effective;
use super::impact::impact;
use super::risks::Risks;
use super::statement::{Danger, Found, Ground, Statement, Subject};
use super::text::sentence;
use super::value::Key;
use super::words::{Words, count};
use super::{Question, words};
use crate::check::rules;
use crate::diag::{Column, LineIndex, Rule};
use crate::lower::{Origins, Parameter, Place, ValueName};
use crate::model::Allow;

/// Compares and reports.
pub fn plan(question: &Question<'_>) -> Plan {
    let trimmed_before = question.before.without_unread(question.after);
    let trimmed_after = question.after.without_unread(question.before);
    let before = trimmed_before.as_ref().unwrap_or(question.before);
    let after = trimmed_after.as_ref().unwrap_or(question.after);
    let class_names = ClassNames::new(&before.estate, &after.estate);
    let by_new_names = (!class_names.is_empty()).then(|| class_names.applied(before));
    let compared = by_new_names.as_ref().unwrap_or(before);
    let comparison = Comparison {
        before: Side::new(compared),
        after: Side::new(after),
        words: Words::new(before, after),
        risks: Risks::new(question.estate, question.leases),
    };
    let mut found = Found::default();
    // Without what is common nothing means what it meant.
    if !before.unread.estate && !after.unread.estate {
        found = compare(&comparison, [compared, after]);
        class_names.state(&mut found);
    }
    let mut statements: Vec<(&Statement, &[Subject])> =
        found.statements.iter().map(|(statement, subjects)| (statement, subjects.as_slice())).collect();
    statements.sort_by_cached_key(|(statement, subjects)| order(statement, subjects));
    let (leases, reached) = match question.leases {
        Some(table) => {
            let (leases, reached) = impact(&comparison, table, &statements, found.blocked);
            (Some(leases), reached)
        }
        None => (None, vec![None; statements.len()]),
    };
    let changes: Vec<Change> = statements
        .into_iter()
        .zip(reached)
        .map(|((statement, subjects), reached)| change(statement, subjects, reached))
        .collect();
    let acknowledgements = Acknowledgements::new(question);
    let risks = risks(found.dangers, &acknowledgements);
    let breaking = risks.iter().filter(|risk| risk.acknowledgement.is_none()).count();
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    Plan {
        version: PLAN_VERSION,
        before: side(question.before),
        after: side(question.after),
        summary: PlanSummary {
            changes: number(changes.len()),
            breaking: number(breaking),
            acknowledged: number(risks.len() - breaking),
        },
        notes: notes(question, &risks, &acknowledgements),
        risks,
        changes,
        leases,
    }
}

fn side(effective: &Effective) -> SideReport {
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let sites = &effective.estate.sites;
    let subnets = || sites.iter().flat_map(|site| &site.networks).flat_map(|network| &network.subnets);
    SideReport {
        source: effective.source.clone(),
        digest: effective.digest.map(|digest| digest.to_string()),
        format: effective.format,
        errors: effective.errors,
        sites: number(sites.len()),
        subnets: number(subnets().count()),
        reservations: number(subnets().map(|subnet| subnet.reservations.len()).sum()),
    }
}

/// What reaches several sites first, the widest first; then site by site, place by place.
fn order<'a>(
    statement: &'a Statement,
    subjects: &'a [Subject],
) -> (
    bool,
    std::cmp::Reverse<usize>,
    Option<SiteCode>,
    Option<String>,
    Option<leasehold_schemas::vocab::Cidr>,
    Statement,
) {
    let mut sites: Vec<&SiteCode> = subjects.iter().filter_map(|subject| subject.site.as_ref()).collect();
    sites.sort_unstable();
    sites.dedup();
    let of_one_site = sites.len() == 1;
    let first = subjects.iter().min().expect("a statement is true of something");
    let reach = if of_one_site { 0 } else { subjects.len() };
    let site = first.site.clone().filter(|_| of_one_site);
    let network = first.network.clone().filter(|_| of_one_site);
    let subnet = first.subnet.filter(|_| of_one_site);
    (of_one_site, std::cmp::Reverse(reach), site, network, subnet, statement.clone())
}

fn change(statement: &Statement, subjects: &[Subject], leases: Option<ReachedLeases>) -> Change {
    let Statement { kind, class, what, before, after } = statement;
    let mut sites: Vec<SiteCode> = subjects.iter().filter_map(|subject| subject.site.clone()).collect();
    let mut networks: Vec<String> = subjects
        .iter()
        .filter_map(|subject| Some(format!("{}/{}", subject.site.as_ref()?, subject.network.as_ref()?)))
        .collect();
    let mut subnets: Vec<_> = subjects.iter().filter_map(|subject| subject.subnet).collect();
    let mut ranges: Vec<_> = subjects.iter().flat_map(|subject| subject.ranges.iter().copied()).collect();
    let mut clients: Vec<String> = subjects
        .iter()
        .filter_map(|subject| subject.client.as_ref())
        .map(|client| words::identifier_text(&client.identifier))
        .collect();
    sort_each(&mut sites);
    sort_each(&mut networks);
    sort_each(&mut subnets);
    sort_each(&mut ranges);
    sort_each(&mut clients);
    Change {
        kind: *kind,
        text: sentence(statement, subjects),
        what: what.clone(),
        before: before.clone(),
        after: after.clone(),
        class: class.clone(),
        sites,
        networks,
        subnets,
        ranges: ranges.iter().map(ToString::to_string).collect(),
        clients,
        leases,
    }
}

fn sort_each<T: Ord>(values: &mut Vec<T>) {
    values.sort_unstable();
    values.dedup();
}

/// The same danger at many places is one risk, as far as it is accepted in the same way.
fn risks(dangers: Vec<Danger>, acknowledgements: &Acknowledgements<'_>) -> Vec<Risk> {
    type Kind = (Option<Acknowledgement>, &'static str, String);
    let mut grouped: BTreeMap<Kind, (&'static Rule, Vec<Danger>)> = BTreeMap::new();
    for danger in dangers {
        let kind = (acknowledgements.of(&danger), danger.rule.code, danger.text.clone());
        grouped.entry(kind).or_insert_with(|| (danger.rule, Vec::new())).1.push(danger);
    }
    let mut lines = Lines { acknowledgements, known: BTreeMap::new() };
    let risk =
        |((acknowledgement, code, text), (rule, mut dangers)): (Kind, (&'static Rule, Vec<Danger>))| {
            dangers.sort_by(|a, b| a.subject.cmp(&b.subject));
            let mut sites: Vec<SiteCode> =
                dangers.iter().filter_map(|danger| danger.subject.site.clone()).collect();
            let mut subnets: Vec<_> = dangers.iter().filter_map(|danger| danger.subject.subnet).collect();
            sort_each(&mut sites);
            sort_each(&mut subnets);
            let place = dangers.first().and_then(|danger| lines.of(danger));
            let leases = dangers.into_iter().flat_map(|danger| danger.leases).collect();
            Risk {
                code: code.to_owned(),
                slug: rule.slug.to_owned(),
                text,
                sites,
                subnets,
                leases,
                place,
                acknowledgement,
            }
        };
    // Without an acknowledgement first, then by code.
    grouped.into_iter().map(risk).collect()
}

/// Who accepted what.
struct Acknowledgements<'a> {
    question: &'a Question<'a>,
    origins: Origins<'a>,
    networks: BTreeMap<(&'a SiteCode, &'a str), Span>,
    sites: BTreeMap<&'a SiteCode, Span>,
    /// Entries for rules of change that still hold.
    allows: Vec<(&'static Rule, &'a Allow)>,
    /// Entries whose last day is over.
    expired: Vec<&'a Allow>,
}

impl<'a> Acknowledgements<'a> {
    fn new(question: &'a Question<'a>) -> Acknowledgements<'a> {
        let estate = question.estate;
        let (mut networks, mut sites) = (BTreeMap::new(), BTreeMap::new());
        for site in estate.sites.values() {
            sites.entry(&site.code.value).or_insert(site.code.span);
        }
        for network in estate.networks.values() {
            let code = &estate.sites[network.site].code.value;
            networks.entry((code, network.name.value.as_str())).or_insert(network.name.span);
        }
        let (mut allows, mut expired) = (Vec::new(), Vec::new());
        for allow in estate.allows.values() {
            let Some(rule) = rules::find(&allow.rule.value).filter(|rule| rules::change::is_of_change(rule))
            else {
                continue;
            };
            let last = allow.until.as_ref().and_then(|until| until.value.parse::<Date>().ok());
            if last.is_some_and(|last| last < question.today) {
                expired.push(allow);
            } else {
                allows.push((rule, allow));
            }
        }
        Acknowledgements { question, origins: Origins::new(estate), networks, sites, allows, expired }
    }

    fn of(&self, danger: &Danger) -> Option<Acknowledgement> {
        let is_same = |rule: &Rule| rule.code == danger.rule.code;
        let named = self.question.acknowledged.iter().find(|(rule, _)| is_same(rule));
        if let Some((_, reason)) = named {
            let reason = reason.clone();
            return Some(Acknowledgement { by: AcknowledgedBy::Argument, reason, until: None });
        }
        let entries = self.allows.iter().filter(|(rule, _)| is_same(rule)).map(|(_, allow)| *allow);
        let mut entries = entries.peekable();
        entries.peek()?;
        let spans: Vec<Span> = danger.grounds.iter().filter_map(|ground| self.span(ground)).collect();
        let covers = |allow: &&Allow| {
            allow.element.is_none_or(|element| spans.iter().any(|span| element.contains(*span)))
        };
        let Allow { rule: _, reason, until, element: _, span: _ } = entries.find(covers)?;
        let until = until.as_ref().map(|until| until.value.clone());
        Some(Acknowledgement { by: AcknowledgedBy::Allow, reason: reason.value.clone(), until })
    }

    /// Where a place of the new estate stands in its files.
    fn span(&self, ground: &Ground) -> Option<Span> {
        let estate = self.question.estate;
        match ground {
            Ground::Value { subnet, pool, class, key } => {
                let place = match pool {
                    Some(address) => Place::Pool(*subnet, *address),
                    None => Place::Subnet(*subnet),
                };
                let name = match key {
                    Key::LeaseDefault => ValueName::Parameter(Parameter::LeaseDefault),
                    Key::Option(space, code) => ValueName::Option(*space, *code),
                    _ => return None,
                };
                let said = self.origins.of(&place, class.as_ref(), name);
                said.first().map(|origin| origin.span)
            }
            Ground::Reservation(prefix, identifier) => {
                self.origins.reservation(*prefix, identifier).map(|(whole, _)| whole)
            }
            Ground::Subnet(prefix) => self.origins.subnet(*prefix),
            Ground::Network(site, name) => self.networks.get(&(site, name.as_str())).copied(),
            Ground::Site(site) => self.sites.get(site).copied(),
            Ground::Class(name) => {
                let mut classes = estate.classes.values().filter(|class| class.name.value == *name);
                classes.next().map(|class| class.test.as_ref().map_or(class.span, |test| test.span))
            }
            Ground::HighAvailability => estate.high_availability.as_ref().map(|pair| pair.span),
            Ground::Estate => estate.name.as_ref().map(|name| name.span),
        }
    }
}

/// Finds lines, each file's index made once.
struct Lines<'a, 'q> {
    acknowledgements: &'a Acknowledgements<'q>,
    known: BTreeMap<FileId, LineIndex>,
}

impl Lines<'_, '_> {
    fn of(&mut self, danger: &Danger) -> Option<String> {
        let acknowledgements = self.acknowledgements;
        let span = danger.grounds.iter().find_map(|ground| acknowledgements.span(ground))?;
        let sources = acknowledgements.question.sources;
        let index =
            self.known.entry(span.file).or_insert_with(|| LineIndex::new(&sources.file(span.file).bytes));
        let line = index.position(span.start, Column::Characters).line;
        Some(format!("{}:{line}", sources.display_path(span.file)))
    }
}

fn notes(question: &Question<'_>, risks: &[Risk], acknowledgements: &Acknowledgements<'_>) -> Vec<String> {
    let Question { before, after, acknowledged, .. } = question;
    let mut notes = Vec::new();
    if before.errors > 0 {
        notes.push(format!(
            "{} has {}: where they are, what is compared is only what could be read",
            before.source,
            count(u64::from(before.errors), "error")
        ));
    }
    if after.errors > 0 {
        notes.push(format!(
            "{} has {} and cannot be compiled: the plan shows only what could be read",
            after.source,
            count(u64::from(after.errors), "error")
        ));
    }
    for side in [before, after] {
        if side.unread.estate {
            notes.push(format!("`estate.yaml` of {} cannot be read, so nothing is compared", side.source));
        }
        for path in &side.unread.sites {
            notes.push(format!("`{path}` of {} cannot be read, so its site is not compared", side.source));
        }
    }
    for (rule, _) in *acknowledged {
        if risks.iter().all(|risk| risk.code != rule.code) {
            notes.push(format!("`--acknowledge {}` acknowledges nothing here", rule.slug));
        }
    }
    for allow in &acknowledgements.expired {
        let slug = rules::find(&allow.rule.value).map_or("", |rule| rule.slug);
        if risks.iter().any(|risk| risk.slug == slug && risk.acknowledgement.is_none()) {
            let until = allow.until.as_ref().map_or("", |until| until.value.as_str());
            notes.push(format!(
                "an `allow:` entry for `{slug}` ended on {until} and acknowledges nothing any more"
            ));
        }
    }
    sort_each(&mut notes);
    notes
}

/// Whether a change is about one client.
pub fn is_of_client(kind: ChangeKind) -> bool {
    match kind {
        ChangeKind::ReservationRemoved
        | ChangeKind::ReservationAdded
        | ChangeKind::ReservationMoved
        | ChangeKind::ReservationReplaced
        | ChangeKind::ReservationHostname
        | ChangeKind::ReservationClasses
        | ChangeKind::ReservationValue
        | ChangeKind::DeviceRemoved
        | ChangeKind::DeviceAdded
        | ChangeKind::DeviceHostname
        | ChangeKind::DeviceClasses
        | ChangeKind::DeviceValue => true,
        ChangeKind::EstateRenamed
        | ChangeKind::ArtefactFormat
        | ChangeKind::HighAvailability
        | ChangeKind::SubnetSelectionSources
        | ChangeKind::ClassRemoved
        | ChangeKind::ClassAdded
        | ChangeKind::ClassTest
        | ChangeKind::ClassRenamed
        | ChangeKind::SiteRemoved
        | ChangeKind::SiteAdded
        | ChangeKind::SiteCode
        | ChangeKind::SiteName
        | ChangeKind::NetworkRemoved
        | ChangeKind::NetworkAdded
        | ChangeKind::NetworkRenamed
        | ChangeKind::Relays
        | ChangeKind::SubnetRemoved
        | ChangeKind::SubnetAdded
        | ChangeKind::SubnetResized
        | ChangeKind::SubnetMoved
        | ChangeKind::SubnetId
        | ChangeKind::SubnetGuard
        | ChangeKind::PoolAddressesRemoved
        | ChangeKind::PoolAddressesAdded
        | ChangeKind::PoolGuard
        | ChangeKind::Value
        | ChangeKind::ClassValue => false,
    }
}
