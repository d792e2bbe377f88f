//! A plan in words: sentences, and the whole of it for a terminal.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use leasehold_schemas::plan::{
    AcknowledgedBy, Acknowledgement, Change, ChangeKind, LeaseImpact, Plan, Risk, Side,
};

use super::addresses::shown;
use super::report::is_of_client;
use super::statement::{Statement, Subject};
use super::words::count;

/// Names in a list before `and n more`.
const NAMES_MAX: usize = 4;
/// Lines of a list of leases for a terminal.
const LEASES_MAX: usize = 10;

/// How a plan is shown on a terminal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PlanLook {
    /// In colours.
    pub color: bool,
}

/// A change with its reach: `site FITS-0042, subnet 10.42.8.0/23: router changes from … to …`.
pub fn sentence(statement: &Statement, subjects: &[Subject]) -> String {
    let clause = clause(statement, subjects);
    match reach(statement.kind, subjects) {
        Some(reach) => format!("{reach}: {clause}"),
        None => clause,
    }
}

/// Where: as near as it can be said in a line.
fn reach(kind: ChangeKind, subjects: &[Subject]) -> Option<String> {
    let set = |of: fn(&Subject) -> Option<String>| -> Vec<String> {
        let names: BTreeSet<String> = subjects.iter().filter_map(of).collect();
        names.into_iter().collect()
    };
    if matches!(kind, ChangeKind::SiteRemoved | ChangeKind::SiteAdded | ChangeKind::SiteCode) {
        return None;
    }
    let sites = set(|subject| subject.site.as_ref().map(ToString::to_string));
    let prefixes: BTreeSet<_> = subjects.iter().filter_map(|subject| subject.subnet).collect();
    let [site] = sites.as_slice() else {
        let all = count(sites.len() as u64, "site");
        let subnets = count(prefixes.len() as u64, "subnet");
        return (!sites.is_empty()).then(|| format!("{all} ({}), {subnets}", list(&sites)));
    };
    let networks = set(|subject| subject.network.clone());
    let names_subnet = matches!(
        kind,
        ChangeKind::SubnetRemoved | ChangeKind::SubnetAdded | ChangeKind::SubnetResized | ChangeKind::Relays
    );
    let whole = matches!(
        kind,
        ChangeKind::SiteName
            | ChangeKind::NetworkRemoved
            | ChangeKind::NetworkAdded
            | ChangeKind::NetworkRenamed
            | ChangeKind::SubnetMoved
    );
    let mut text = format!("site {site}");
    match (networks.as_slice(), whole) {
        (_, true) | ([], false) => {}
        ([network], false) if names_subnet => text += &format!(", network {network}"),
        (_, false) => {
            let prefixes: Vec<String> = prefixes.iter().map(ToString::to_string).collect();
            let noun = if prefixes.len() == 1 { "subnet" } else { "subnets" };
            text += &format!(", {noun} {}", list(&prefixes));
        }
    }
    let of_pool = matches!(kind, ChangeKind::Value | ChangeKind::ClassValue | ChangeKind::PoolGuard);
    if let [subject] = subjects
        && of_pool
        && !subject.ranges.is_empty()
    {
        text += &format!(", pool {}", shown(&subject.ranges));
    }
    Some(text)
}

/// `a, b, c and 4 more`
fn list(names: &[String]) -> String {
    let first = names.iter().take(NAMES_MAX).cloned().collect::<Vec<String>>().join(", ");
    match names.len().saturating_sub(NAMES_MAX) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

fn clause(statement: &Statement, subjects: &[Subject]) -> String {
    let Statement { kind, class, what, before, after } = statement;
    let was = before.as_deref().unwrap_or("nothing");
    let is = after.as_deref().unwrap_or("nothing");
    let everybody = |guard: &Option<String>| guard.clone().unwrap_or_else(|| "everybody".to_owned());
    match kind {
        ChangeKind::EstateRenamed => format!("the estate is now called {is}, before {was}"),
        ChangeKind::ArtefactFormat | ChangeKind::HighAvailability | ChangeKind::SubnetSelectionSources => {
            changes(what, before.as_deref(), after.as_deref())
        }
        ChangeKind::ClassRemoved => format!("class {what} is removed, which was: {was}"),
        ChangeKind::ClassAdded => format!("class {what} is new: {is}"),
        ChangeKind::ClassTest => format!("class {what} changes from {was} to {is}"),
        ChangeKind::ClassRenamed => format!("class {was} is now called {is}; its test is the same"),
        ChangeKind::SiteRemoved => format!("site {what} is removed ({was})"),
        ChangeKind::SiteAdded => format!("site {what} is new ({is})"),
        ChangeKind::SiteCode => format!("site {was} is now {is}"),
        ChangeKind::SiteName => changes("name", before.as_deref(), after.as_deref()),
        ChangeKind::NetworkRemoved => format!("network {what} is removed ({was})"),
        ChangeKind::NetworkAdded => format!("network {what} is new ({is})"),
        ChangeKind::NetworkRenamed => format!("network {was} is now called {is}"),
        ChangeKind::SubnetRemoved => format!("{what} is removed ({was})"),
        ChangeKind::SubnetAdded => format!("{what} is new ({is})"),
        ChangeKind::SubnetResized => format!("subnet {was} becomes {is}"),
        ChangeKind::SubnetMoved => format!("{what} moves from {was} to {is}"),
        ChangeKind::Relays => changes("relays", before.as_deref(), after.as_deref()),
        ChangeKind::SubnetId => changes("id", before.as_deref(), after.as_deref()),
        ChangeKind::SubnetGuard | ChangeKind::PoolGuard => {
            format!("open to {}, before to {}", everybody(after), everybody(before))
        }
        ChangeKind::PoolAddressesRemoved => format!("{what} no longer given out: {was}"),
        ChangeKind::PoolAddressesAdded => format!("{what} more given out: {is}"),
        ChangeKind::Value => changes(what, before.as_deref(), after.as_deref()),
        ChangeKind::ClassValue => {
            let class = class.as_deref().unwrap_or_default();
            format!("for clients in {class}: {}", changes(what, before.as_deref(), after.as_deref()))
        }
        ChangeKind::ReservationRemoved => format!("{what} loses its reservation ({was})"),
        ChangeKind::ReservationAdded => format!("{what} has a new reservation ({is})"),
        ChangeKind::ReservationMoved => format!("{what} moves from {was} to {is}"),
        ChangeKind::ReservationReplaced => format!("{what} is now reserved for {is}, before for {was}"),
        ChangeKind::ReservationHostname | ChangeKind::DeviceHostname => {
            format!("{what}: {}", changes("host name", before.as_deref(), after.as_deref()))
        }
        ChangeKind::ReservationClasses | ChangeKind::DeviceClasses => {
            format!("{what}: {}", changes("classes", before.as_deref(), after.as_deref()))
        }
        ChangeKind::ReservationValue | ChangeKind::DeviceValue => {
            let clients = subjects.iter().filter_map(|subject| subject.client.as_ref());
            let names: BTreeSet<String> = clients.map(|client| client.shown.clone()).collect();
            let names: Vec<String> = names.into_iter().collect();
            format!("{}: {}", list(&names), changes(what, before.as_deref(), after.as_deref()))
        }
        ChangeKind::DeviceRemoved => format!("device {what} is no longer known"),
        ChangeKind::DeviceAdded => format!("device {what} is now known"),
    }
}

/// `router changes from 10.42.8.1 to 10.42.8.2`, `lease shortened from 8h to 4h`.
fn changes(what: &str, before: Option<&str>, after: Option<&str>) -> String {
    let plural =
        matches!(what, "relays" | "classes" | "subnet selection sources") || what.starts_with("options ");
    let (change, be) = if plural { ("change", "are") } else { ("changes", "is") };
    match (before, after) {
        (Some(was), Some(is)) => match (what, seconds(was), seconds(is)) {
            ("lease", Some(was_secs), Some(is_secs)) if is_secs < was_secs => {
                format!("lease shortened from {was} to {is}")
            }
            ("lease", Some(_), Some(_)) => format!("lease lengthened from {was} to {is}"),
            (_, _, _) => format!("{what} {change} from {was} to {is}"),
        },
        (Some(was), None) => format!("{what} {be} no longer given, before {was}"),
        (None, Some(is)) => format!("{what} {be} now {is}, before not given"),
        (None, None) => format!("{what} {change}"),
    }
}

fn seconds(text: &str) -> Option<u32> {
    if text == "no end" {
        return Some(u32::MAX);
    }
    text.parse::<leasehold_schemas::vocab::Seconds>().ok().map(|seconds| seconds.0)
}

/// A risk with its reach.
pub fn risk_text(risk: &Risk) -> String {
    let sites: Vec<String> = risk.sites.iter().map(ToString::to_string).collect();
    let subnets: Vec<String> = risk.subnets.iter().map(ToString::to_string).collect();
    match (sites.as_slice(), subnets.as_slice()) {
        ([], _) => risk.text.clone(),
        ([site], []) => format!("site {site}: {}", risk.text),
        ([site], [subnet]) => format!("site {site}, subnet {subnet}: {}", risk.text),
        ([site], subnets) => format!("site {site}, subnets {}: {}", list(subnets), risk.text),
        (sites, subnets) => {
            let all = count(sites.len() as u64, "site");
            format!("{all} ({}), {}: {}", list(sites), count(subnets.len() as u64, "subnet"), risk.text)
        }
    }
}

/// Who accepted a risk: `by --acknowledge: REASON`.
pub fn acknowledgement_text(acknowledgement: &Acknowledgement) -> String {
    let Acknowledgement { by, reason, until } = acknowledgement;
    let by = match by {
        AcknowledgedBy::Allow => "allow",
        AcknowledgedBy::Argument => "--acknowledge",
    };
    let until = until.as_ref().map(|until| format!(" (until {until})")).unwrap_or_default();
    format!("acknowledged by {by}{until}: {reason}")
}

/// How a risk may be accepted.
pub fn how_to_accept(risk: &Risk) -> String {
    let slug = &risk.slug;
    let entry = format!("`allow: [{{rule: {slug}, reason: …}}]`");
    match &risk.place {
        Some(place) => {
            format!("if it is meant, add {entry} at {place}, or give `--acknowledge {slug}=REASON`")
        }
        None => format!("if it is meant, give `--acknowledge {slug}=REASON`"),
    }
}

/// `no change`, `12 changes; 1 breaking, 2 acknowledged`
pub fn verdict(plan: &Plan) -> String {
    let summary = &plan.summary;
    let changes = match summary.changes {
        0 => "no changes".to_owned(),
        number => count(u64::from(number), "change"),
    };
    match (summary.breaking, summary.acknowledged) {
        (0, 0) => changes,
        (breaking, 0) => format!("{changes}, {breaking} breaking"),
        (0, acknowledged) => format!("{changes}, {acknowledged} breaking but acknowledged"),
        (breaking, acknowledged) => {
            format!("{changes}, {breaking} breaking, {acknowledged} more acknowledged")
        }
    }
}

/// One side in a line.
pub fn side_text(side: &Side) -> String {
    let digest = side.digest.as_deref().unwrap_or("not compiled");
    format!(
        "{}: {}, {}, {}; {digest}",
        side.source,
        count(u64::from(side.sites), "site"),
        count(u64::from(side.subnets), "subnet"),
        count(u64::from(side.reservations), "reservation")
    )
}

/// The leases a change reaches, behind its line.
pub fn leases_text(change: &Change) -> String {
    let Some(leases) = &change.leases else { return String::new() };
    format!(
        " [{}; by {} if renewed, by {} at the latest]",
        count(u64::from(leases.count), "active lease"),
        leases.by_renewal,
        leases.by_expiry
    )
}

/// The plan for a terminal.
pub fn human(plan: &Plan, look: PlanLook) -> String {
    let paint = |code: &str, text: &str| {
        if look.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    };
    let mut out = String::new();
    let mut line = |text: &str| writeln!(out, "{text}").expect("a string takes every write");
    line(&clean(&format!("before  {}", side_text(&plan.before))));
    line(&clean(&format!("after   {}", side_text(&plan.after))));
    for note in &plan.notes {
        line(&clean(&format!("note: {note}")));
    }
    for risk in &plan.risks {
        line("");
        let (head, color) =
            if risk.acknowledgement.is_some() { ("acknowledged", "1;33") } else { ("breaking", "1;31") };
        let head = paint(color, &format!("{head}[{}]", risk.code));
        line(&format!("{head}: {}", clean(&risk_text(risk))));
        for lease in risk.leases.iter().take(LEASES_MAX) {
            line(&clean(&format!("  - {lease}")));
        }
        more(risk.leases.len(), LEASES_MAX, "lease", &mut line);
        line(&clean(&match &risk.acknowledgement {
            Some(acknowledgement) => format!("  = {}", acknowledgement_text(acknowledgement)),
            None => format!("  = {}", how_to_accept(risk)),
        }));
    }
    let mut heading: Option<String> = None;
    for change in &plan.changes {
        let (section, text) = section_of(change);
        if heading.as_ref() != Some(&section) {
            line("");
            line(&paint("1", &section));
            heading = Some(section);
        }
        line(&clean(&format!("  {text}{}", leases_text(change))));
    }
    if let Some(leases) = &plan.leases {
        impact(leases, &mut line);
    }
    line("");
    line(&paint("1", &verdict(plan)));
    out
}

/// Under which heading a change stands, and what is left to say of it there.
pub fn section_of(change: &Change) -> (String, String) {
    match change.sites.as_slice() {
        [] => ("estate".to_owned(), change.text.clone()),
        [site] => {
            let heading = format!("site {site}");
            let rest = change.text.strip_prefix(&heading);
            let rest = rest.and_then(|rest| rest.strip_prefix(", ").or_else(|| rest.strip_prefix(": ")));
            let text = rest.unwrap_or(&change.text).to_owned();
            (heading, text)
        }
        _ if is_of_client(change.kind) => ("clients of several sites".to_owned(), change.text.clone()),
        _ => ("several sites".to_owned(), change.text.clone()),
    }
}

fn impact(leases: &LeaseImpact, line: &mut impl FnMut(&str)) {
    let LeaseImpact { at, active, outside, outside_before, blocked, affected } = leases;
    line("");
    line(&format!("{} at {at}, {} affected", count(u64::from(*active), "active lease"), affected.len()));
    if let (Some(first), Some(last)) = (
        affected.iter().map(|client| &client.by_renewal).max(),
        affected.iter().map(|client| &client.by_expiry).max(),
    ) {
        line(&format!("  all have the new values by {first} if they renew, by {last} at the latest"));
    }
    for lease in outside.iter().take(LEASES_MAX) {
        let (address, client, until) = (&lease.address, &lease.client, &lease.until);
        line(&clean(&format!("  outside every pool now: {address} {client} until {until}")));
    }
    more(outside.len(), LEASES_MAX, "lease outside", line);
    if *outside_before > 0 {
        line(&format!(
            "  {} outside every pool before this change",
            count(u64::from(*outside_before), "lease")
        ));
    }
    for one in blocked.iter().take(LEASES_MAX) {
        let (address, client, holder, until) = (&one.address, &one.client, &one.holder, &one.until);
        line(&clean(&format!("  {client} waits for {address}: {holder} has it until {until}")));
    }
    more(blocked.len(), LEASES_MAX, "blocked reservation", line);
}

fn more(found: usize, shown: usize, noun: &str, line: &mut impl FnMut(&str)) {
    if found > shown {
        line(&format!("  and {}", count((found - shown) as u64, &format!("more {noun}"))));
    }
}

/// Nothing of an estate or a file of leases steers the terminal.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}
