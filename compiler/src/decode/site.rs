//! One site's file, and the reservations that `estate.yaml` may have, too.

use leasehold_schemas::artefact::Digest;
use leasehold_schemas::source::{
    ClientSettings, Device, Exclusion, HOSTNAME_CHARS_MAX, Identifiers, NAME_CHARS_MAX, NOTE_CHARS_MAX,
    Network, PlaceSettings, Pool, Reservation, SiteFile, Span, Spanned, Subnet,
};
use leasehold_schemas::vocab::{ClassName, SiteCode};

use super::faults;
use super::mapping::{At, Decoder, Fields};
use crate::check::rules::form::{missing_key, wrong_value};
use crate::diag::{Diagnostic, Sink};
use crate::parse::{NodeKind, Tree};

/// Reads a site; `path` is its file's. `None` where nothing of it can be read: the file is broken, empty, or of another version.
pub fn site(path: &str, tree: &Tree<'_>, sink: &mut Sink) -> Option<SiteFile> {
    let mut decoder = Decoder::new(tree, sink);
    let d = &mut decoder;
    let mut fields = d.document("a site", "begin with `version: 1` and `site: CODE`")?;
    let version = d.version(&mut fields)?;
    let code = d.required(&mut fields, "site", "site: FITS-0042", |d, at| {
        d.parsed::<SiteCode>(at, "a code of letters, digits, `.`, `_` and `-`", "FITS-0042")
    });
    let name = d.optional(&mut fields, "name", |d, at| d.line(at, NAME_CHARS_MAX, "a name"));
    let profile = d.optional(&mut fields, "profile", |d, at| d.line(at, NAME_CHARS_MAX, "a profile's name"));
    let networks = d.list(&mut fields, "networks", "networks", Decoder::network);
    let reservations = d.list(&mut fields, "reservations", "reservations", Decoder::device);
    let classes = d.meanings(&mut fields);
    let change_limits = d.change_limits(&mut fields);
    let mut settings = d.place_settings(&mut fields);
    d.finish_settings(&fields, &mut settings.client);
    let site = code.unwrap_or_else(|| Spanned::new(stand_in(path), fields.place));
    let span = tree.node(tree.root()).span;
    let gaps = decoder.gaps;
    Some(SiteFile {
        version,
        site,
        name,
        profile,
        networks,
        reservations,
        classes,
        change_limits,
        settings,
        gaps,
        span,
    })
}

/// Characters of a path that a stand-in shows.
const SHOWN_CHARS_MAX: usize = 40;

/// A code for a site whose own is missing or broken, so that what stands in the site is checked nevertheless: of the
/// file's path, which stays when other files come and go. Nothing is ever compiled from it.
fn stand_in(path: &str) -> SiteCode {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let shown = path.chars().map(|c| if plain(c) { c } else { '-' });
    let mut code = format!("unnamed-site-{}", shown.take(SHOWN_CHARS_MAX).collect::<String>());
    // What is not shown as it is may look like another.
    if path.len() > SHOWN_CHARS_MAX || !path.chars().all(plain) {
        let digest = Digest::of(path.as_bytes()).to_string();
        code.push_str(&digest.replace("sha256:", "-")[..9]);
    }
    code.parse().expect("at most 64 letters, digits, `.`, `_` and `-`, a letter first, make a code")
}

impl<'t> Decoder<'t, '_> {
    fn network(&mut self, at: At<'t>) -> Option<Network> {
        let mut fields = self.fields(at, "a network")?;
        let fields = &mut fields;
        let name = self.required(fields, "name", "name: user", |d, at| d.line(at, NAME_CHARS_MAX, "a name"));
        let relays = self.list(fields, "relays", "addresses", |d, at| d.spanned(at, Self::address));
        let subnets = match fields.take("subnets") {
            Some(at) => self.elements(at, "subnets", Self::subnet),
            None => {
                fields.need("subnets", "subnets: [{subnet: 10.42.8.0/23}]");
                None
            }
        };
        let only = self.guard(fields);
        let classes = self.meanings(fields);
        let mut settings = self.place_settings(fields);
        self.finish_settings(fields, &mut settings.client);
        // Without its name a network still has addresses that others may claim, too.
        let name =
            name.unwrap_or_else(|| Spanned::new(format!("unnamed-{}", fields.place.start), fields.place));
        let (subnets, span) = (subnets.unwrap_or_default(), self.tree.node(at.node).span);
        Some(Network { name, relays, subnets, only, classes, settings, span })
    }

    fn subnet(&mut self, at: At<'t>) -> Option<Subnet> {
        let mut fields = self.fields(at, "a subnet")?;
        let fields = &mut fields;
        let prefix = self.required(fields, "subnet", "subnet: 10.42.8.0/23", Self::prefix);
        let id = self.optional(fields, "id", |d, at| d.integer(at, 1, u32::MAX - 1));
        let pools = self.list(fields, "pools", "ranges", Self::pool);
        let exclude = self.list(fields, "exclude", "ranges", Self::exclusion);
        let reservations = self.list(fields, "reservations", "reservations", Self::reservation);
        let only = self.guard(fields);
        let classes = self.meanings(fields);
        let mut settings = self.place_settings(fields);
        self.finish_settings(fields, &mut settings.client);
        let prefix = prefix?;
        Some(Subnet {
            suspect: prefix.value.suspect,
            subnet: prefix.map(|prefix| prefix.cidr),
            id,
            pools,
            exclude,
            reservations,
            only,
            classes,
            settings,
            span: self.tree.node(at.node).span,
        })
    }

    fn pool(&mut self, at: At<'t>) -> Option<Pool> {
        let span = self.tree.node(at.node).span;
        if !matches!(self.tree.node(at.node).kind, NodeKind::Mapping(_)) {
            let range = self.spanned(at, Self::range)?;
            return Some(Pool {
                range,
                only: Vec::new(),
                classes: Vec::new(),
                settings: PlaceSettings::default(),
                span,
            });
        }
        let mut fields = self.fields(at, "a pool")?;
        let range = self.required(&mut fields, "range", "range: 10.42.8.20 - 10.42.9.250", Self::range);
        let only = self.guard(&mut fields);
        let classes = self.meanings(&mut fields);
        let mut settings = self.place_settings(&mut fields);
        self.finish_settings(&fields, &mut settings.client);
        Some(Pool { range: range?, only, classes, settings, span })
    }

    fn exclusion(&mut self, at: At<'t>) -> Option<Exclusion> {
        let span = self.tree.node(at.node).span;
        if !matches!(self.tree.node(at.node).kind, NodeKind::Mapping(_)) {
            let range = self.spanned(at, Self::range)?;
            return Some(Exclusion { range, reason: None, allow: Vec::new(), span });
        }
        let mut fields = self.fields(at, "an exclusion")?;
        let range = self.required(&mut fields, "range", "range: 10.42.8.110 - 10.42.8.119", Self::range);
        let reason = self.optional(&mut fields, "reason", |d, at| d.lines(at, NOTE_CHARS_MAX, "a reason"));
        let allow = self.allows(&mut fields);
        self.finish(&fields);
        Some(Exclusion { range: range?, reason, allow, span })
    }

    fn reservation(&mut self, at: At<'t>) -> Option<Reservation> {
        let mut fields = self.fields(at, "a reservation")?;
        let fields = &mut fields;
        let identifiers = self.identifiers(fields);
        let ip = self.optional(fields, "ip", Self::address);
        let (hostname, description) = self.notes(fields);
        let classes = self.memberships(fields);
        let mut client = self.own_settings(fields);
        let allow = self.allows(fields);
        self.finish_known(fields, &identifiers, client.as_deref_mut());
        let identifiers = identifiers.kept?;
        let span = self.tree.node(at.node).span;
        Some(Reservation { identifiers, ip, hostname, description, classes, client, allow, span })
    }

    /// A reservation of a site or the estate: without an address.
    pub fn device(&mut self, at: At<'t>) -> Option<Device> {
        let mut fields = self.fields(at, "a reservation outside a subnet")?;
        let fields = &mut fields;
        let identifiers = self.identifiers(fields);
        let (hostname, description) = self.notes(fields);
        let classes = self.memberships(fields);
        let mut client = self.own_settings(fields);
        let allow = self.allows(fields);
        self.finish_known(fields, &identifiers, client.as_deref_mut());
        let identifiers = identifiers.kept?;
        let span = self.tree.node(at.node).span;
        Some(Device { identifiers, hostname, description, classes, client, allow, span })
    }

    fn notes(&mut self, fields: &mut Fields<'t>) -> (Option<Spanned<String>>, Option<Spanned<String>>) {
        let hostname =
            self.optional(fields, "hostname", |d, at| d.line(at, HOSTNAME_CHARS_MAX, "a host name"));
        let description =
            self.optional(fields, "description", |d, at| d.lines(at, NOTE_CHARS_MAX, "a description"));
        (hostname, description)
    }

    fn memberships(&mut self, fields: &mut Fields<'t>) -> Vec<Spanned<ClassName>> {
        self.list(fields, "classes", "classes", |d, at| d.spanned(at, Self::class_name))
    }

    fn identifiers(&mut self, fields: &mut Fields<'t>) -> Named {
        let [mac, client_id, circuit_id, remote_id, duid] = IDENTIFIER_KEYS.map(|key| fields.take(key));
        let written: Vec<At<'t>> =
            [mac, client_id, circuit_id, remote_id, duid].into_iter().flatten().collect();
        if let [first, second, ..] = written.as_slice() {
            let keys = faults::listed(written.iter().map(|at| at.key), "and");
            self.fault(
                Diagnostic::new(
                    &wrong_value::RULE,
                    second.key_span,
                    format!("{} takes one identifier, not {keys} together", fields.what),
                    "a second identifier",
                )
                .with_secondary(first.key_span, "the first one")
                .with_help("keep one of them, or write a reservation for each"),
            );
        }
        let kept = Identifiers {
            mac: mac.and_then(|at| self.spanned(at, Self::mac)),
            client_id: client_id.and_then(|at| self.spanned(at, Self::identifier)),
            circuit_id: circuit_id.and_then(|at| self.spanned(at, Self::identifier)),
            remote_id: remote_id.and_then(|at| self.spanned(at, Self::identifier)),
            duid: duid.and_then(|at| self.spanned(at, Self::identifier)),
        };
        Named { kept: only_first(kept), missing: written.is_empty().then_some(fields.place) }
    }

    /// Ends a reservation: if it names no client, that is a fault, unless a misspelt key was to do so.
    fn finish_known(&mut self, fields: &Fields<'t>, named: &Named, client: Option<&mut ClientSettings>) {
        let meant = match client {
            Some(client) => self.finish_settings(fields, client),
            None => self.finish(fields),
        };
        let Some(place) = named.missing else { return };
        if meant.iter().any(|key| IDENTIFIER_KEYS.contains(key)) {
            return;
        }
        self.fault(
            Diagnostic::new(
                &missing_key::RULE,
                place,
                format!("missing identifier in {}", fields.what),
                "nothing says which client this is",
            )
            .with_help("add one of `mac`, `client-id`, `circuit-id`, `remote-id` and `duid`"),
        );
    }
}

const IDENTIFIER_KEYS: [&str; 5] = ["mac", "client-id", "circuit-id", "remote-id", "duid"];

/// What a reservation's client is known by.
struct Named {
    /// Exactly one identifier; `None` where it is missing or broken.
    kept: Option<Identifiers>,
    /// Where it is missing.
    missing: Option<Span>,
}

/// Of several identifiers the first: that there are more was reported.
fn only_first(all: Identifiers) -> Option<Identifiers> {
    let Identifiers { mac, client_id, circuit_id, remote_id, duid } = all;
    let none = Identifiers::default();
    if mac.is_some() {
        Some(Identifiers { mac, ..none })
    } else if client_id.is_some() {
        Some(Identifiers { client_id, ..none })
    } else if circuit_id.is_some() {
        Some(Identifiers { circuit_id, ..none })
    } else if remote_id.is_some() {
        Some(Identifiers { remote_id, ..none })
    } else if duid.is_some() {
        Some(Identifiers { duid, ..none })
    } else {
        None
    }
}
