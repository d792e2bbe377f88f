//! `estate.yaml`.

use leasehold_schemas::artefact::{HighAvailabilityMode, PeerRole};
use leasehold_schemas::source::{
    ClassDefinition, EXPRESSION_CHARS_MAX, EstateFile, HighAvailability, Keyed, Map, NAME_CHARS_MAX,
    OptionDefinition, OptionType, PlaceSettings, Profile, Server, Share, Spanned,
};
use leasehold_schemas::vocab::{Millis, OptionCode, Seconds};

use super::faults;
use super::mapping::{At, Decoder, Fields};
use crate::check::rules::form::{unknown_version, wrong_value};
use crate::diag::{Diagnostic, Sink};
use crate::parse::{Entry, NodeKind, Tree};

/// The only version of the language there is.
const VERSION: u32 = 1;

const TYPES: &[(&str, OptionType)] = &[
    ("binary", OptionType::Binary),
    ("boolean", OptionType::Boolean),
    ("empty", OptionType::Empty),
    ("fqdn", OptionType::Fqdn),
    ("ipv4-address", OptionType::Ipv4Address),
    ("string", OptionType::String),
    ("tuple", OptionType::Tuple),
    ("uint8", OptionType::Uint8),
    ("uint16", OptionType::Uint16),
    ("uint32", OptionType::Uint32),
    ("int8", OptionType::Int8),
    ("int16", OptionType::Int16),
    ("int32", OptionType::Int32),
    ("record", OptionType::Record),
    ("classless-route", OptionType::ClasslessRoute),
];

const MODES: &[(&str, HighAvailabilityMode)] = &[
    ("hot-standby", HighAvailabilityMode::HotStandby),
    ("load-balancing", HighAvailabilityMode::LoadBalancing),
    ("passive-backup", HighAvailabilityMode::PassiveBackup),
];

const ROLES: &[(&str, PeerRole)] = &[
    ("primary", PeerRole::Primary),
    ("standby", PeerRole::Standby),
    ("secondary", PeerRole::Secondary),
    ("backup", PeerRole::Backup),
];

/// Reads `estate.yaml`. `None` where nothing of it can be read: the file is broken, empty, or of another version.
pub fn estate(tree: &Tree<'_>, sink: &mut Sink) -> Option<EstateFile> {
    let mut decoder = Decoder::new(tree, sink);
    let d = &mut decoder;
    let mut fields = d.document("an estate", "begin with `version: 1` and `estate: NAME`")?;
    let version = d.version(&mut fields)?;
    let name =
        d.required(&mut fields, "estate", "estate: NAME", |d, at| d.line(at, NAME_CHARS_MAX, "a name"));
    let sound = !std::mem::take(&mut d.gaps.incomplete);
    let address_space = d.list(&mut fields, "address-space", "prefixes", |d, at| {
        d.spanned(at, Decoder::prefix).map(|prefix| prefix.map(|prefix| prefix.cidr))
    });
    d.gaps.address_space = d.gaps.incomplete;
    d.gaps.incomplete |= !sound;
    let option_definitions = d.option_definitions(&mut fields);
    let classes = d.class_definitions(&mut fields);
    let profiles = d.profiles(&mut fields);
    let high_availability = fields.take("high-availability").and_then(|at| d.high_availability(at));
    let subnet_selection_sources =
        d.list(&mut fields, "subnet-selection-sources", "addresses or prefixes", |d, at| {
            d.spanned(at, Decoder::range)
        });
    let reservations = d.list(&mut fields, "reservations", "reservations", Decoder::device);
    let change_limits = d.change_limits(&mut fields);
    let mut settings = d.place_settings(&mut fields);
    let meant = d.finish_settings(&fields, &mut settings.client);
    let mut gaps = decoder.gaps;
    gaps.address_space |= meant.contains(&"address-space");
    gaps.classes |= meant.contains(&"classes");
    gaps.profiles |= meant.contains(&"profiles");
    gaps.option_definitions |= meant.contains(&"option-definitions");
    Some(EstateFile {
        version,
        estate: name.unwrap_or_else(|| Spanned::new("unnamed".to_owned(), fields.place)),
        address_space,
        option_definitions,
        classes,
        profiles,
        high_availability,
        subnet_selection_sources,
        reservations,
        change_limits,
        settings,
        gaps,
        span: tree.node(tree.root()).span,
    })
}

impl<'t> Decoder<'t, '_> {
    /// The whole document as a mapping.
    pub fn document(&mut self, what: &'static str, begin: &str) -> Option<Fields<'t>> {
        let root = self.tree.root();
        let node = self.tree.node(root);
        let fault = match &node.kind {
            NodeKind::Mapping(_) | NodeKind::Poisoned => None,
            NodeKind::Scalar { .. } if self.tree.is_null(root) => Some("the file is empty"),
            NodeKind::Scalar { .. } => Some("the file holds a text, not a mapping"),
            NodeKind::Sequence(_) => Some("the file holds a list, not a mapping"),
        };
        let Some(message) = fault else {
            return self.fields(At { key: "", key_span: node.span, node: root }, what);
        };
        let label = format!("{what} is expected here");
        self.fault(Diagnostic::new(&wrong_value::RULE, node.span, message, label).with_help(begin));
        None
    }

    /// The version: nothing is read of a file whose version is another, because its keys may mean anything. A
    /// version that is missing or no number is taken to be ours.
    pub fn version(&mut self, fields: &mut Fields<'t>) -> Option<Spanned<u32>> {
        let read = |d: &mut Self, at| d.integer(at, 0, u32::MAX);
        match self.required(fields, "version", "version: 1", read) {
            Some(version) if version.value == VERSION => Some(version),
            Some(version) => {
                self.fault(unknown_version::report(version.span, version.value, VERSION));
                None
            }
            None => Some(Spanned::new(VERSION, fields.place)),
        }
    }

    /// Reports an empty list where there must be something.
    pub fn empty_list(&mut self, at: At<'t>, expected: &str, help: &str) {
        let place = self.place(at);
        let message = format!("`{}` is an empty list", at.key);
        self.fault(
            Diagnostic::new(&wrong_value::RULE, place, message, format!("not {expected}")).with_help(help),
        );
    }

    fn class_definitions(&mut self, fields: &mut Fields<'t>) -> Vec<ClassDefinition> {
        let Some(at) = fields.take("classes") else { return Vec::new() };
        let classes = self.elements(at, "classes", Self::class_definition).unwrap_or_default();
        let complete = matches!(&self.tree.node(at.node).kind, NodeKind::Sequence(nodes) if nodes.len() == classes.len());
        self.gaps.classes |= !complete;
        classes
    }

    fn class_definition(&mut self, at: At<'t>) -> Option<ClassDefinition> {
        let mut fields = self.fields(at, "a class")?;
        let name = self.required(&mut fields, "name", "name: win10", Self::class_name);
        let r#match =
            self.optional(&mut fields, "match", |d, at| d.lines(at, EXPRESSION_CHARS_MAX, "an expression"));
        let mut client = self.client_settings(&mut fields);
        self.finish_settings(&fields, &mut client);
        Some(ClassDefinition { name: name?, r#match, client, span: self.tree.node(at.node).span })
    }

    fn profiles(&mut self, fields: &mut Fields<'t>) -> Map<Profile> {
        let Some(at) = fields.take("profiles") else { return Map::default() };
        self.gaps.profiles |= !matches!(self.tree.node(at.node).kind, NodeKind::Mapping(_));
        let entries = self.entries(at, "a mapping of names to profiles");
        Map(entries.iter().filter_map(|entry| self.profile(entry)).collect())
    }

    /// A profile whose content is broken keeps its name, so that the sites which name it stay quiet.
    fn profile(&mut self, entry: &'t Entry<'t>) -> Option<Keyed<Profile>> {
        let at = At { key: &entry.key, key_span: entry.key_span, node: entry.value };
        if entry.key.is_empty() || entry.key.chars().count() > NAME_CHARS_MAX {
            let message = format!("a profile's name has 1 to {NAME_CHARS_MAX} characters");
            self.fault(Diagnostic::new(&wrong_value::RULE, entry.key_span, message, "not such a name"));
            return None;
        }
        let mut profile =
            Profile { classes: Vec::new(), settings: PlaceSettings::default(), span: self.place(at) };
        if let Some(mut fields) = self.fields(at, "a profile") {
            profile.classes = self.meanings(&mut fields);
            profile.settings = self.place_settings(&mut fields);
            self.finish_settings(&fields, &mut profile.settings.client);
        }
        Some(Keyed { key: Spanned::new(entry.key.to_string(), entry.key_span), value: profile })
    }

    fn option_definitions(&mut self, fields: &mut Fields<'t>) -> Map<OptionDefinition> {
        let Some(at) = fields.take("option-definitions") else { return Map::default() };
        self.gaps.option_definitions |= !matches!(self.tree.node(at.node).kind, NodeKind::Mapping(_));
        let entries = self.entries(at, "a mapping of names to option definitions");
        let mut definitions = Vec::with_capacity(entries.len());
        for entry in entries {
            match self.option_definition(entry) {
                Some(value) => {
                    let key = Spanned::new(entry.key.to_string(), entry.key_span);
                    definitions.push(Keyed { key, value });
                }
                None => self.gaps.option_names.push(entry.key.to_string()),
            }
        }
        Map(definitions)
    }

    fn option_definition(&mut self, entry: &'t Entry<'t>) -> Option<OptionDefinition> {
        let at = At { key: &entry.key, key_span: entry.key_span, node: entry.value };
        let named = is_word(&entry.key);
        if !named {
            let message = format!("{} cannot name an option", faults::quote(&entry.key));
            self.fault(
                Diagnostic::new(&wrong_value::RULE, entry.key_span, message, "not a name for an option")
                    .with_help(
                        "begin with a letter; go on with letters, digits, `.`, `_` and `-`, 64 in all",
                    ),
            );
        }
        let mut fields = self.fields(at, "an option definition")?;
        let code = self.required(&mut fields, "code", "code: 234", |d, at| {
            d.integer(at, 1, 254).and_then(|code| u8::try_from(code).ok()).map(OptionCode)
        });
        let kind = self.required(&mut fields, "type", "type: string", |d, at| d.choice(at, TYPES));
        let array = self.optional(&mut fields, "array", Self::boolean);
        let record = fields.take("fields");
        let types = record
            .and_then(|at| self.elements(at, "types", |d, at| d.spanned(at, |d, at| d.choice(at, TYPES))));
        let mut in_known_space = true;
        let space = self.optional(&mut fields, "space", |d, at| {
            let space = d.parsed(at, "`dhcp4`, `43` or `125/ENTERPRISE`", "43");
            in_known_space = space.is_some();
            space
        });
        self.finish(&fields);
        // A code means something else in each space.
        let (code, kind) = (code.filter(|_| in_known_space)?, kind?);
        let types = self.record_fields(&fields, kind.value, record, types)?;
        let span = self.tree.node(at.node).span;
        let definition = OptionDefinition { code, r#type: kind, array, fields: types, space, span };
        named.then_some(definition)
    }

    /// The fields of a record, and of nothing but a record. `None` if they are not as they must be.
    fn record_fields(
        &mut self,
        fields: &Fields<'t>,
        kind: OptionType,
        written: Option<At<'t>>,
        types: Option<Vec<Spanned<OptionType>>>,
    ) -> Option<Vec<Spanned<OptionType>>> {
        match (written, kind == OptionType::Record) {
            (None, false) => Some(Vec::new()),
            (None, true) => {
                let missing = [("fields", "fields: [uint8, string]")];
                self.fault(faults::missing_keys(fields.place, "a record's definition", &missing));
                None
            }
            (Some(at), false) => {
                let message = "`fields` stands only with `type: record`";
                self.fault(
                    Diagnostic::new(&wrong_value::RULE, at.key_span, message, "this option is no record")
                        .with_help("write `type: record`, or remove `fields`"),
                );
                None
            }
            (Some(at), true) => {
                let types = types?;
                let NodeKind::Sequence(nodes) = &self.tree.node(at.node).kind else { return None };
                if nodes.is_empty() {
                    self.empty_list(
                        at,
                        "a list of at least one type",
                        "write the types of the record's fields",
                    );
                }
                // With a field missing, every value would be judged wrongly.
                (!types.is_empty() && types.len() == nodes.len()).then_some(types)
            }
        }
    }

    fn high_availability(&mut self, at: At<'t>) -> Option<HighAvailability> {
        let mut fields = self.fields(at, "a pair of servers")?;
        let fields = &mut fields;
        let mode = self.required(fields, "mode", "mode: hot-standby", |d, at| d.choice(at, MODES));
        let servers =
            self.required(fields, "servers", "servers: [{name: …, role: …, peer-address: …}, …]", {
                |d, at| d.servers(at)
            });
        let heartbeat_delay = self.optional(fields, "heartbeat-delay", Self::duration::<Millis>);
        let max_response_delay = self.optional(fields, "max-response-delay", Self::duration::<Millis>);
        let peer_ack_wait = self.optional(fields, "peer-ack-wait", Self::duration::<Millis>);
        let mclt = self.optional(fields, "mclt", Self::duration::<Seconds>);
        let standby_share = self.optional(fields, "standby-share", Self::share);
        self.finish(fields);
        Some(HighAvailability {
            mode: mode?,
            servers: servers?.value,
            heartbeat_delay,
            max_response_delay,
            peer_ack_wait,
            mclt,
            standby_share,
            span: self.tree.node(at.node).span,
        })
    }

    fn servers(&mut self, at: At<'t>) -> Option<Vec<Server>> {
        let servers = self.elements(at, "two servers", Self::server)?;
        let NodeKind::Sequence(nodes) = &self.tree.node(at.node).kind else { return None };
        if nodes.len() != 2 {
            let message = format!("a pair has two servers, not {}", nodes.len());
            let place = self.place(at);
            self.fault(Diagnostic::new(&wrong_value::RULE, place, message, "not two servers"));
        }
        // Half a pair would be taken for something it is not.
        (servers.len() == 2).then_some(servers)
    }

    fn server(&mut self, at: At<'t>) -> Option<Server> {
        let mut fields = self.fields(at, "a server")?;
        let name = self.required(&mut fields, "name", "name: primary", |d, at| {
            const EXPECTED: &str = "a name of letters, digits, `.`, `_` and `-`";
            let (text, _) = d.scalar(at, EXPECTED, "primary")?;
            if is_word(text) {
                return Some(text.to_owned());
            }
            d.wrong(at, EXPECTED, "primary");
            None
        });
        let role = self.required(&mut fields, "role", "role: primary", |d, at| d.choice(at, ROLES));
        let peer_address = self.required(
            &mut fields,
            "peer-address",
            "peer-address: dhcp-a.example.internal:8647",
            Self::host_port,
        );
        self.finish(&fields);
        let span = self.tree.node(at.node).span;
        Some(Server { name: name?, role: role?, peer_address: peer_address?, span })
    }

    fn host_port(&mut self, at: At<'t>) -> Option<String> {
        const EXPECTED: &str = "a host and its port";
        const EXAMPLE: &str = "dhcp-a.example.internal:8647";
        let (text, _) = self.scalar(at, EXPECTED, EXAMPLE)?;
        let good = text.rsplit_once(':').is_some_and(|(host, port)| is_host(host) && is_port(port));
        if !good {
            self.wrong(at, EXPECTED, EXAMPLE);
        }
        good.then(|| text.to_owned())
    }

    fn share(&mut self, at: At<'t>) -> Option<Share> {
        const EXPECTED: &str = "a share from `1/2` to `1/64`";
        let (text, _) = self.scalar(at, EXPECTED, "1/8")?;
        let plain = |digits: &&str| !digits.starts_with(['0', '+']);
        let k = text.strip_prefix("1/").filter(plain).and_then(|digits| digits.parse().ok());
        let share = k.filter(|k| (2..=64).contains(k)).map(|k| Share { k });
        if share.is_none() {
            self.wrong(at, EXPECTED, "1/8");
        }
        share
    }
}

/// A name that machines use: a letter, then letters, digits, `.`, `_` and `-`, at most 64.
fn is_word(text: &str) -> bool {
    text.len() <= leasehold_schemas::source::WORD_CHARS_MAX
        && text.bytes().next().is_some_and(|b| b.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// A host name, an IPv4 address, or an IPv6 address in brackets.
fn is_host(host: &str) -> bool {
    if let Some(inner) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return inner.parse::<std::net::Ipv6Addr>().is_ok();
    }
    let ends = |text: &str| {
        let alphanumeric = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_alphanumeric());
        alphanumeric(text.bytes().next()) && alphanumeric(text.bytes().last())
    };
    host.len() <= 253
        && ends(host)
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
}

fn is_port(port: &str) -> bool {
    !port.starts_with(['0', '+']) && port.parse::<u16>().is_ok()
}
