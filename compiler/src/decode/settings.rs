//! What may be said at several levels.

use leasehold_schemas::artefact::{Identity, ReplyPort, ReplyTo};
use leasehold_schemas::source::{
    Allow, ChangeLimits, ClassMeaning, ClientSettings, FILE_OCTETS_MAX, Keyed, Lease, LeaseTimes, Map,
    NOTE_CHARS_MAX, OptionValue, Percent, PlaceSettings, SNAME_OCTETS_MAX, Said, Spanned, WORD_CHARS_MAX,
};
use leasehold_schemas::vocab::{ClassName, Date, Seconds};

use super::mapping::{At, Decoder, Fields};
use crate::parse::NodeKind;

const IDENTITIES: &[(&str, Identity)] = &[("client-id", Identity::ClientId), ("mac", Identity::Mac)];
const REPLY_TO: &[(&str, ReplyTo)] = &[("giaddr", ReplyTo::Giaddr), ("source", ReplyTo::Source)];
const REPLY_PORT: &[(&str, ReplyPort)] = &[("relay", ReplyPort::Relay), ("source", ReplyPort::Source)];

impl<'t> Decoder<'t, '_> {
    /// What a place, class or reservation tells clients.
    pub fn client_settings(&mut self, fields: &mut Fields<'t>) -> ClientSettings {
        ClientSettings {
            options: self.options(fields),
            lease: self.said(fields, "lease", Self::lease),
            renew_after: self.said(fields, "renew-after", Self::duration::<Seconds>),
            rebind_after: self.said(fields, "rebind-after", Self::duration::<Seconds>),
            next_server: self.said(fields, "next-server", Self::address),
            server_hostname: self
                .said(fields, "server-hostname", |d, at| d.field(at, SNAME_OCTETS_MAX, "a host name")),
            boot_file_name: self
                .said(fields, "boot-file-name", |d, at| d.field(at, FILE_OCTETS_MAX, "a file name")),
            always_send: self.said(fields, "always-send", Self::option_names),
            never_send: self.said(fields, "never-send", Self::option_names),
        }
    }

    /// What a reservation tells its client: usually nothing, and then nothing is made.
    pub fn own_settings(&mut self, fields: &mut Fields<'t>) -> Option<Box<ClientSettings>> {
        (!fields.is_exhausted()).then(|| Box::new(self.client_settings(fields)))
    }

    /// Finishes a mapping with settings. A time whose key is misspelt is not known here, which is not the same as
    /// not said: whatever is inherited in its stead is not to be judged.
    pub fn finish_settings(&mut self, fields: &Fields<'t>, client: &mut ClientSettings) -> Vec<&'static str> {
        let meant = self.finish(fields);
        for key in &meant {
            match *key {
                "lease" => client.lease = Said::Broken,
                "renew-after" => client.renew_after = Said::Broken,
                "rebind-after" => client.rebind_after = Said::Broken,
                _ => {}
            }
        }
        meant
    }

    /// What holds in a place.
    pub fn place_settings(&mut self, fields: &mut Fields<'t>) -> PlaceSettings {
        PlaceSettings {
            client: self.client_settings(fields),
            authoritative: self.said(fields, "authoritative", Self::boolean),
            identity: self.said(fields, "identity", |d, at| d.choice(at, IDENTITIES)),
            rapid_commit: self.said(fields, "rapid-commit", Self::boolean),
            decline_probation: self.said(fields, "decline-probation", Self::duration::<Seconds>),
            reply_to: self.said(fields, "reply-to", |d, at| d.choice(at, REPLY_TO)),
            reply_port: self.said(fields, "reply-port", |d, at| d.choice(at, REPLY_PORT)),
            allow: self.allows(fields),
        }
    }

    /// `allow:`, findings silenced.
    pub fn allows(&mut self, fields: &mut Fields<'t>) -> Vec<Allow> {
        self.list(fields, "allow", "mappings such as `{rule: NAME, reason: TEXT}`", Self::allow)
    }

    fn allow(&mut self, at: At<'t>) -> Option<Allow> {
        let mut fields = self.fields(at, "a silenced finding")?;
        let rule = self.required(&mut fields, "rule", "rule: reservation-in-pool", |d, at| {
            d.line(at, WORD_CHARS_MAX, "a rule's name")
        });
        let reason = self.required(&mut fields, "reason", "reason: why it is right here", |d, at| {
            d.lines(at, NOTE_CHARS_MAX, "a reason")
        });
        let until = self.optional(&mut fields, "until", |d, at| {
            let (text, _) = d.scalar(at, "a date", "2027-03-31")?;
            d.parsed::<Date>(at, "a date", "2027-03-31").map(|_| text.to_owned())
        });
        self.finish(&fields);
        Some(Allow { rule: rule?, reason: reason?, until, span: self.tree.node(at.node).span })
    }

    /// How large a change may be.
    pub fn change_limits(&mut self, fields: &mut Fields<'t>) -> Option<ChangeLimits> {
        let at = fields.take("change-limits")?;
        let mut fields = self.fields(at, "limits of a change")?;
        let reservations_removed = self.optional(&mut fields, "reservations-removed", Self::percent);
        let lease_cut = self.optional(&mut fields, "lease-cut", Self::percent);
        self.finish(&fields);
        Some(ChangeLimits { reservations_removed, lease_cut, span: self.tree.node(at.node).span })
    }

    fn percent(&mut self, at: At<'t>) -> Option<Percent> {
        const EXPECTED: &str = "a share from `0%` to `100%`";
        let (text, _) = self.scalar(at, EXPECTED, "20%")?;
        let digits = text.strip_suffix('%').map(|text| text.strip_suffix(' ').unwrap_or(text));
        let plain = |digits: &&str| *digits == "0" || !digits.starts_with(['0', '+']);
        let share = digits.filter(plain).and_then(|digits| digits.parse().ok()).filter(|share| *share <= 100);
        if share.is_none() {
            self.wrong(at, EXPECTED, "20%");
        }
        share.map(Percent)
    }

    /// `classes:`, what classes mean in a place.
    pub fn meanings(&mut self, fields: &mut Fields<'t>) -> Vec<ClassMeaning> {
        self.list(fields, "classes", "mappings such as `{class: NAME, options: {…}}`", Self::meaning)
    }

    fn meaning(&mut self, at: At<'t>) -> Option<ClassMeaning> {
        let mut fields = self.fields(at, "a class's meaning")?;
        let class = self.required(&mut fields, "class", "class: win10", Self::class_name);
        let mut client = self.client_settings(&mut fields);
        self.finish_settings(&fields, &mut client);
        Some(ClassMeaning { class: class?, client, span: self.tree.node(at.node).span })
    }

    /// A class's name.
    pub fn class_name(&mut self, at: At<'t>) -> Option<ClassName> {
        self.parsed(at, "a class name of letters, digits, `.`, `_` and `-`", "win10")
    }

    /// `only:`, a guard: at least one class.
    pub fn guard(&mut self, fields: &mut Fields<'t>) -> Vec<Spanned<ClassName>> {
        let Some(at) = fields.take("only") else { return Vec::new() };
        if matches!(&self.tree.node(at.node).kind, NodeKind::Sequence(nodes) if nodes.is_empty()) {
            self.empty_list(at, "a list of at least one class", "remove the key to let every client in");
        }
        self.elements(at, "classes", |d, at| d.spanned(at, Self::class_name)).unwrap_or_default()
    }

    fn option_names(&mut self, at: At<'t>) -> Option<Vec<Spanned<String>>> {
        self.elements(at, "option names", |d, at| {
            d.spanned(at, |d, at| d.line(at, WORD_CHARS_MAX, "an option's name"))
        })
    }

    fn lease(&mut self, at: At<'t>) -> Option<Lease> {
        match self.tree.node(at.node).kind {
            NodeKind::Scalar { .. } => self.duration(at).map(Lease::Default),
            NodeKind::Mapping(_) => {
                let mut fields = self.fields(at, "a lease")?;
                let default = self.said(&mut fields, "default", Self::duration::<Seconds>);
                let min = self.said(&mut fields, "min", Self::duration::<Seconds>);
                let max = self.said(&mut fields, "max", Self::duration::<Seconds>);
                let mut times = LeaseTimes { default, min, max };
                for key in self.finish(&fields) {
                    match key {
                        "default" => times.default = Said::Broken,
                        "min" => times.min = Said::Broken,
                        "max" => times.max = Said::Broken,
                        _ => {}
                    }
                }
                Some(Lease::Times(times))
            }
            NodeKind::Sequence(_) | NodeKind::Poisoned => {
                self.wrong(at, "a duration or `{default, min, max}`", "");
                None
            }
        }
    }

    fn options(&mut self, fields: &mut Fields<'t>) -> Map<Spanned<OptionValue>> {
        let Some(at) = fields.take("options") else { return Map::default() };
        let entries = self.entries(at, "a mapping of options to values");
        let mut options = Vec::with_capacity(entries.len());
        for entry in entries {
            let at = At { key: &entry.key, key_span: entry.key_span, node: entry.value };
            let Some(mut value) = self.option_value(at) else { continue };
            if value.value == OptionValue::Null {
                value.span = self.place(at);
            }
            options.push(Keyed { key: Spanned::new(entry.key.to_string(), entry.key_span), value });
        }
        Map(options)
    }

    /// An option's value, whatever its shape: the option's definition judges it. Nothing if a part is broken.
    fn option_value(&mut self, at: At<'t>) -> Option<Spanned<OptionValue>> {
        let node = self.tree.node(at.node);
        let value = match &node.kind {
            NodeKind::Poisoned => {
                self.gaps.incomplete = true;
                return None;
            }
            NodeKind::Scalar { .. } if self.tree.is_null(at.node) => OptionValue::Null,
            NodeKind::Scalar { text, .. } => OptionValue::Scalar(text.to_string()),
            NodeKind::Sequence(nodes) => {
                let elements = nodes.iter().map(|node| self.option_value(At { node: *node, ..at }));
                OptionValue::List(elements.collect::<Option<_>>()?)
            }
            NodeKind::Mapping(entries) => {
                let fields = entries.iter().map(|entry| {
                    let at = At { key: &entry.key, key_span: entry.key_span, node: entry.value };
                    let key = Spanned::new(entry.key.to_string(), entry.key_span);
                    self.option_value(at).map(|value| Keyed { key, value })
                });
                OptionValue::Mapping(Map(fields.collect::<Option<_>>()?))
            }
        };
        Some(Spanned::new(value, node.span))
    }
}
