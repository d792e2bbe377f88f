//! The rules over small estates made by hand. Every place in them is a number of its own, counted up.

use leasehold_schemas::artefact::Identifier;
use leasehold_schemas::source::{FileId, Said, Span, Spanned};
use leasehold_schemas::vocab::{HexBytes, Layer, OptionCode, Seconds, Space};

use super::*;
use crate::check::rules::LooksAt;
use crate::diag::Sink;
use crate::model::{
    Assignment, Class, Definition, Estate, Id, Meaning, Network, Pool, Reservation, Scope, Site, Subnet,
    Values,
};
use crate::resolve::definitions;

/// An estate of one site with one network.
struct Draft {
    estate: Estate,
    network: Id<Network>,
    next: u32,
}

impl Draft {
    fn new() -> Draft {
        let mut draft = Draft { estate: Estate::default(), network: Id::from_index(0), next: 0 };
        for definition in definitions::standard() {
            draft.estate.definitions.push(definition);
        }
        let root = draft.scope(Layer::Estate, None);
        draft.estate.scope = Some(root);
        let site_scope = draft.scope(Layer::Site, Some(root));
        let network_scope = draft.scope(Layer::Network, Some(site_scope));
        let code = Spanned::new("FITS-0042".parse().unwrap(), draft.span());
        let site = draft.estate.sites.push(Site {
            code,
            name: None,
            profile: None,
            change_limits: None,
            scope: site_scope,
            networks: vec![Id::from_index(0)],
            devices: Vec::new(),
        });
        let name = Spanned::new("user".to_owned(), draft.span());
        draft.network = draft.estate.networks.push(Network {
            site,
            name,
            relays: Vec::new(),
            scope: network_scope,
            subnets: Vec::new(),
        });
        draft
    }

    fn span(&mut self) -> Span {
        self.next += 1;
        Span { file: FileId(0), start: self.next * 10, end: self.next * 10 + 5 }
    }

    fn scope(&mut self, layer: Layer, parent: Option<Id<Scope>>) -> Id<Scope> {
        let span = self.span();
        let (values, meanings, only) = (Values::default(), Vec::new(), Vec::new());
        self.estate.scopes.push(Scope { layer, parent, values, meanings, only, only_partial: false, span })
    }

    fn root(&self) -> Id<Scope> {
        self.estate.scope.unwrap()
    }

    fn subnet(&mut self, prefix: &str) -> (Id<Subnet>, Id<Scope>) {
        let network_scope = self.estate.networks[self.network].scope;
        let scope = self.scope(Layer::Subnet, Some(network_scope));
        let prefix = Spanned::new(prefix.parse().unwrap(), self.span());
        let subnet = self.estate.subnets.push(Subnet {
            network: self.network,
            prefix,
            suspect: false,
            id: None,
            scope,
            pools: Vec::new(),
            exclusions: Vec::new(),
            reservations: Vec::new(),
        });
        self.estate.networks[self.network].subnets.push(subnet);
        (subnet, scope)
    }

    fn pool(&mut self, subnet: Id<Subnet>, range: &str) -> Id<Scope> {
        let parent = self.estate.subnets[subnet].scope;
        let scope = self.scope(Layer::Pool, Some(parent));
        let range = Spanned::new(range.parse().unwrap(), self.span());
        let pool = self.estate.pools.push(Pool { subnet, range, scope });
        self.estate.subnets[subnet].pools.push(pool);
        scope
    }

    fn reservation(&mut self, subnet: Id<Subnet>, values: Values) {
        let identifier = Spanned::new(Identifier::ClientId(HexBytes(vec![0, 1])), self.span());
        let span = self.span();
        let id = self.estate.reservations.push(Reservation {
            subnet,
            identifier,
            address: None,
            hostname: None,
            classes: Vec::new(),
            values,
            span,
        });
        self.estate.subnets[subnet].reservations.push(id);
    }

    fn class(&mut self) -> Id<Class> {
        let name = Spanned::new("pxe".parse().unwrap(), self.span());
        let span = self.span();
        self.estate.classes.push(Class { name, test: None, span })
    }

    fn mean(&mut self, scope: Id<Scope>, class: Id<Class>, values: Values) {
        let (name, span) = (self.span(), self.span());
        self.estate.scopes[scope].meanings.push(Meaning { class, name, values, span });
    }

    fn seconds(&mut self, seconds: u32) -> Said<Seconds> {
        Said::Set(Spanned::new(Seconds(seconds), self.span()))
    }

    fn lease(&mut self, scope: Id<Scope>, seconds: u32) -> Span {
        self.estate.scopes[scope].values.parameters.lease_default = self.seconds(seconds);
        Span { file: FileId(0), start: self.next * 10, end: self.next * 10 + 5 }
    }

    fn option(&mut self, code: u8, bytes: &[u8]) -> Assignment {
        let option = self.estate.definition(Space::Dhcp4, OptionCode(code)).unwrap();
        let (key, span) = (self.span(), self.span());
        Assignment { option, key, span, elements: vec![span], bytes: Some(bytes.to_vec()) }
    }

    /// What the rule finds: the place and the message of each finding.
    fn found(&self, rule: LooksAt) -> Vec<(Span, String)> {
        let mut sink = Sink::default();
        rule.ask(&self.estate, &mut sink);
        sink.into_sorted().into_iter().map(|d| (d.primary.span, d.message)).collect()
    }
}

#[test]
fn a_shorter_lease_is_wrong_against_inherited_timers_once() {
    let mut draft = Draft::new();
    let root = draft.root();
    draft.lease(root, 28_800);
    let (renew, rebind) = (draft.seconds(7_200), draft.seconds(21_600));
    let parameters = &mut draft.estate.scopes[root].values.parameters;
    (parameters.renew_after, parameters.rebind_after) = (renew, rebind);
    let (subnet, scope) = draft.subnet("10.42.8.0/24");
    draft.subnet("10.42.9.0/24");
    let pool = draft.pool(subnet, "10.42.8.20 - 10.42.8.30");
    assert_eq!(draft.found(LooksAt::Lines(timer_order::check)), []);
    let at = draft.lease(scope, 14_400);
    draft.estate.scopes[pool].values.parameters.lease_min = draft.seconds(14_400);
    let message = "`rebind-after` (6h) is not shorter than `lease` (4h)".to_owned();
    assert_eq!(draft.found(LooksAt::Lines(timer_order::check)), [(at, message)]);
    draft.estate.scopes[scope].values.parameters.rebind_after = Said::Unset(at);
    assert_eq!(draft.found(LooksAt::Lines(timer_order::check)), []);
}

#[test]
fn timers_said_in_one_place_are_found_in_every_subnet_but_reported_once() {
    let mut draft = Draft::new();
    let root = draft.root();
    let renew = draft.seconds(28_800);
    let at = renew.span().unwrap();
    draft.estate.scopes[root].values.parameters.renew_after = renew;
    for prefix in ["10.42.8.0/24", "10.42.9.0/24"] {
        draft.subnet(prefix);
    }
    let mut sink = Sink::default();
    LooksAt::Lines(timer_order::check).ask(&draft.estate, &mut sink);
    let found = sink.into_sorted();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].primary.span, at);
    assert!(found[0].notes.contains(&"this holds in 2 subnets".to_owned()));
}

#[test]
fn wider_times_that_nobody_inherits_together_are_no_finding() {
    let mut draft = Draft::new();
    let root = draft.root();
    draft.estate.scopes[root].values.parameters.renew_after = draft.seconds(36_000);
    let (_, scope) = draft.subnet("10.42.8.0/24");
    draft.lease(scope, 86_400);
    assert_eq!(draft.found(LooksAt::Lines(timer_order::check)), []);
}

#[test]
fn classes_and_reservations_win_over_places() {
    let mut draft = Draft::new();
    let root = draft.root();
    let (subnet, scope) = draft.subnet("10.42.8.0/24");
    draft.estate.scopes[scope].values.parameters.renew_after = draft.seconds(7_200);
    let class = draft.class();
    let mut short = Values::default();
    short.parameters.lease_default = draft.seconds(1_800);
    let at_class = short.parameters.lease_default.span().unwrap();
    draft.mean(root, class, short.clone());
    short.parameters.lease_default = draft.seconds(900);
    let at_reservation = short.parameters.lease_default.span().unwrap();
    draft.reservation(subnet, short);
    let places: Vec<Span> =
        draft.found(LooksAt::Lines(timer_order::check)).into_iter().map(|(span, _)| span).collect();
    assert_eq!(places, [at_class, at_reservation]);
}

#[test]
fn lease_bounds_hold_where_they_are_inherited() {
    let mut draft = Draft::new();
    let root = draft.root();
    draft.lease(root, 28_800);
    draft.estate.scopes[root].values.parameters.lease_max = draft.seconds(86_400);
    let (_, scope) = draft.subnet("10.42.8.0/24");
    assert_eq!(draft.found(LooksAt::Lines(lease_order::check)), []);
    let at = draft.lease(scope, 604_800);
    let message = "`lease` (7d) is longer than `lease.max` (1d)".to_owned();
    assert_eq!(draft.found(LooksAt::Lines(lease_order::check)), [(at, message)]);
    assert_eq!(draft.found(LooksAt::Lines(timer_order::check)), []);
    let at = draft.lease(scope, 0);
    assert_eq!(draft.found(LooksAt::Lines(lease_order::check)), []);
    assert_eq!(draft.found(LooksAt::Site(zero_lease::check)), [(at, "lease time is zero".to_owned())]);
}

#[test]
fn a_mask_is_judged_against_every_subnet_that_inherits_it() {
    let mut draft = Draft::new();
    let root = draft.root();
    let mask = draft.option(1, &[255, 255, 255, 0]);
    let broadcast = draft.option(28, &[10, 42, 8, 255]);
    let at = mask.span;
    draft.estate.scopes[root].values.options.push(mask);
    let (first, scope) = draft.subnet("10.42.8.0/24");
    draft.estate.scopes[scope].values.options.push(broadcast);
    assert_eq!(draft.found(LooksAt::Lines(mask_contradicts_subnet::check)), []);
    draft.subnet("10.42.10.0/23");
    draft.subnet("10.42.12.0/23");
    let message = "`subnet-mask` 255.255.255.0 contradicts subnet `10.42.10.0/23`".to_owned();
    assert_eq!(draft.found(LooksAt::Lines(mask_contradicts_subnet::check)), [(at, message)]);
    let own = draft.option(28, &[10, 42, 9, 255]);
    let at_own = own.span;
    draft.reservation(first, Values { options: vec![own], ..Values::default() });
    assert_eq!(draft.found(LooksAt::Lines(mask_contradicts_subnet::check))[1].0, at_own);
}

#[test]
fn options_of_the_protocol() {
    let mut draft = Draft::new();
    let root = draft.root();
    let (lease, routers) = (draft.option(51, &[0, 0, 14, 16]), draft.option(3, &[10, 42, 8, 1]));
    let at = lease.key;
    draft.estate.scopes[root].values.options.extend([lease, routers]);
    let mut sink = Sink::default();
    protocol_option::check(&draft.estate, &mut sink);
    let found = sink.into_sorted();
    assert_eq!(found.iter().map(|d| d.primary.span).collect::<Vec<_>>(), [at]);
    assert_eq!(found[0].help.as_deref(), Some("write `lease: 1h`, beside `options`"));
}

#[test]
fn definitions_of_what_exists() {
    let mut draft = Draft::new();
    let mut define = |name: &str, code, space| {
        let span = draft.span();
        draft.estate.definitions.push(Definition {
            name: name.to_owned(),
            space,
            code: OptionCode(code),
            kind: leasehold_schemas::source::OptionType::Binary,
            array: false,
            fields: Vec::new(),
            span: Some(span),
        });
        span
    };
    define("own", 234, Space::Dhcp4);
    define("own-sub", 234, Space::Vendor43);
    let wanted = [
        (define("boot-servers", 150, Space::Dhcp4), "option code 150 in space `dhcp4` is defined twice"),
        (define("routers", 235, Space::Dhcp4), "option `routers` is defined twice"),
        (define("again", 234, Space::Dhcp4), "option code 234 in space `dhcp4` is defined twice"),
    ];
    let wanted: Vec<(Span, String)> = wanted.map(|(span, message)| (span, message.to_owned())).into();
    assert_eq!(draft.found(LooksAt::Estate(option_defined_twice::check)), wanted);
}

#[test]
fn routes_without_a_default_beside_routers() {
    let mut draft = Draft::new();
    let root = draft.root();
    let (_, scope) = draft.subnet("10.42.8.0/24");
    let routers = draft.option(3, &[10, 42, 8, 1]);
    draft.estate.scopes[scope].values.options.push(routers);
    let routes = draft.option(121, &[8, 10, 10, 42, 8, 2]);
    let at = routes.span;
    draft.estate.scopes[root].values.options.push(routes);
    let message = "clients that take these routes ignore option `routers`".to_owned();
    assert_eq!(draft.found(LooksAt::Lines(router_beside_classless_routes::check)), [(at, message)]);
    let with_default = draft.option(121, &[8, 10, 10, 42, 8, 2, 0, 10, 42, 8, 1]);
    draft.estate.scopes[scope].values.options.push(with_default);
    assert_eq!(draft.found(LooksAt::Lines(router_beside_classless_routes::check)), []);
}

#[test]
fn replies_are_counted_without_what_is_overridden_or_never_sent() {
    let mut draft = Draft::new();
    let root = draft.root();
    let (_, scope) = draft.subnet("10.42.8.0/24");
    let (path, portal) = (draft.option(17, &[b'a'; 200]), draft.option(114, &[b'b'; 71]));
    let at = path.span;
    draft.estate.scopes[root].values.options.extend([path, portal]);
    let message = "a reply takes 549 octets, more than 548".to_owned();
    assert_eq!(draft.found(LooksAt::Lines(reply_too_large::check)), [(at, message)]);
    draft.estate.scopes[root].values.parameters.never_send =
        Said::Set(Spanned::new(vec![OptionCode(114)], at));
    assert_eq!(draft.found(LooksAt::Lines(reply_too_large::check)), []);
    draft.estate.scopes[root].values.parameters.never_send = Said::Absent;
    let shorter = draft.option(17, b"a");
    draft.estate.scopes[scope].values.options.push(shorter);
    assert_eq!(draft.found(LooksAt::Lines(reply_too_large::check)), []);
}

#[test]
fn sub_options_share_one_container() {
    let mut draft = Draft::new();
    let root = draft.root();
    draft.subnet("10.42.8.0/24");
    let mut spans = Vec::new();
    for code in [1, 2] {
        let (key, span) = (draft.span(), draft.span());
        let option = draft.estate.definitions.push(Definition {
            name: format!("sub-{code}"),
            space: Space::Vendor43,
            code: OptionCode(code),
            kind: leasehold_schemas::source::OptionType::String,
            array: false,
            fields: Vec::new(),
            span: Some(span),
        });
        let bytes = Some(vec![b'a'; 125 + usize::from(code)]);
        let assignment = Assignment { option, key, span, elements: vec![span], bytes };
        draft.estate.scopes[root].values.options.push(assignment);
        spans.push(span);
    }
    let message = "options of space `43` take 257 octets together, more than 255".to_owned();
    assert_eq!(draft.found(LooksAt::Lines(encapsulated_too_long::check)), [(spans[1], message)]);
}

#[test]
fn an_empty_estate_has_no_findings() {
    let estate = Estate::default();
    for registered in crate::check::rules::REGISTRY.iter().filter(|entry| entry.rule.code.starts_with("L5")) {
        let mut sink = Sink::default();
        registered.looks_at.ask(&estate, &mut sink);
        assert!(sink.is_empty());
    }
}
