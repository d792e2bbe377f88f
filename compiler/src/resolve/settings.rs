//! What a place, class or reservation says: options and parameters.

use leasehold_schemas::source::{
    Address, Allow as SourceAllow, ClassMeaning, ClientSettings, Lease, LeaseTimes, Map, OptionValue,
    PlaceSettings, Said, Span, Spanned,
};
use leasehold_schemas::vocab::{ClassName, OptionCode, Seconds, Space};

use super::{Named, Resolver, definitions, is_built_in, option_bytes};
use crate::check::rules::identity::duplicate_option;
use crate::check::rules::reference::unknown_class;
use crate::check::rules::secret::secret_in_estate;
use crate::diag::Diagnostic;
use crate::model::{Allow, Assignment, Definition, Id, Meaning, Parameters, Values};

impl Resolver<'_> {
    /// What a place says, its `allow:` entries noted for `element`.
    pub(super) fn place(&mut self, settings: &PlaceSettings, element: Option<Span>) -> Values {
        let PlaceSettings {
            client,
            authoritative,
            identity,
            rapid_commit,
            decline_probation,
            reply_to,
            reply_port,
            allow,
        } = settings;
        let (options, mut parameters) = self.client_parts(client);
        parameters.authoritative.clone_from(authoritative);
        parameters.identity.clone_from(identity);
        parameters.rapid_commit.clone_from(rapid_commit);
        parameters.decline_probation.clone_from(decline_probation);
        parameters.reply_to.clone_from(reply_to);
        parameters.reply_port.clone_from(reply_port);
        self.allow(allow, element);
        Values { options, parameters: parameters.into() }
    }

    /// What a client is told.
    pub(super) fn client(&mut self, settings: &ClientSettings) -> Values {
        let (options, parameters) = self.client_parts(settings);
        Values { options, parameters: parameters.into() }
    }

    fn client_parts(&mut self, settings: &ClientSettings) -> (Vec<Assignment>, Parameters) {
        let ClientSettings {
            options,
            lease,
            renew_after,
            rebind_after,
            next_server,
            server_hostname,
            boot_file_name,
            always_send,
            never_send,
        } = settings;
        let [lease_default, lease_min, lease_max] = lease_times(lease);
        let parameters = Parameters {
            lease_default,
            lease_min,
            lease_max,
            renew_after: renew_after.clone(),
            rebind_after: rebind_after.clone(),
            next_server: said(next_server, |Address(address)| *address),
            server_hostname: server_hostname.clone(),
            boot_file_name: boot_file_name.clone(),
            always_send: self.option_codes(always_send),
            never_send: self.option_codes(never_send),
            ..Parameters::default()
        };
        (self.options(options), parameters)
    }

    /// What classes mean in a place.
    pub(super) fn meanings(&mut self, meanings: &[ClassMeaning]) -> Vec<Meaning> {
        let mut resolved = Vec::with_capacity(meanings.len());
        for ClassMeaning { class, client, span } in meanings {
            if self.names.class(&class.value).is_none() && is_built_in(&class.value) {
                self.report_built_in(class);
                continue;
            }
            let Some(id) = self.estate_class(class) else { continue };
            resolved.push(Meaning { class: id, name: class.span, values: self.client(client), span: *span });
        }
        resolved
    }

    /// A built-in class has no place in the estate's order, so nobody could say over which other class it wins.
    fn report_built_in(&mut self, class: &Spanned<ClassName>) {
        let name = &class.value;
        let message = format!("built-in class `{name}` is given a meaning");
        let label = "this class has no place in the estate's order of classes";
        let help =
            format!("define a class with `match: member('{name}')` in `estate.yaml`, and name that one here");
        self.sink.push(Diagnostic::new(&unknown_class::RULE, class.span, message, label).with_help(help));
    }

    /// Notes the findings silenced in `element`; `None` is the whole estate.
    pub(super) fn allow(&mut self, allow: &[SourceAllow], element: Option<Span>) {
        for SourceAllow { rule, reason, until, span } in allow {
            let (rule, reason, until) = (rule.clone(), reason.clone(), until.clone());
            self.estate.allows.push(Allow { rule, reason, until, element, span: *span });
        }
    }

    fn options(&mut self, options: &Map<Spanned<OptionValue>>) -> Vec<Assignment> {
        let mut assignments: Vec<Assignment> = Vec::with_capacity(options.0.len());
        for entry in &options.0 {
            let Some(option) = self.option(&entry.key) else { continue };
            if let Some(first) = assignments.iter().find(|assignment| assignment.option == option) {
                let name = &self.estate.definitions[option].name;
                let message = format!("option `{name}` is given twice");
                self.sink.push(
                    Diagnostic::new(
                        &duplicate_option::RULE,
                        entry.key.span,
                        message,
                        "the same option again",
                    )
                    .with_secondary(first.key, "first given here"),
                );
                continue;
            }
            self.look_for_a_secret(option, &entry.key, &entry.value);
            assignments.extend(self.assignment(option, &entry.key, &entry.value));
        }
        assignments
    }

    /// An option may be called what it must not hold, and be named by its number here.
    fn look_for_a_secret(
        &mut self,
        option: Id<Definition>,
        key: &Spanned<String>,
        value: &Spanned<OptionValue>,
    ) {
        let definition = &self.estate.definitions[option];
        let by_number = definition.span.is_some() && key.value != definition.name;
        if !by_number || value.value == OptionValue::Null {
            return;
        }
        let bytes = &self.sources.file(value.span.file).bytes;
        let text = bytes.get(value.span.start as usize..value.span.end as usize).unwrap_or_default();
        let text = String::from_utf8_lossy(text);
        self.sink.extend(secret_in_estate::under_number(&definition.name, key.span, value.span, &text));
    }

    fn assignment(
        &mut self,
        option: Id<Definition>,
        key: &Spanned<String>,
        value: &Spanned<OptionValue>,
    ) -> Option<Assignment> {
        let (key, span) = (key.span, value.span);
        if value.value == OptionValue::Null {
            return Some(Assignment { option, key, span, elements: Vec::new(), bytes: None });
        }
        let encoded = option_bytes::encode(&self.estate.definitions[option], value, &mut self.sink)?;
        Some(Assignment { option, key, span, elements: encoded.elements, bytes: Some(encoded.bytes) })
    }

    fn option_codes(&mut self, names: &Said<Vec<Spanned<String>>>) -> Said<Vec<OptionCode>> {
        match names {
            Said::Absent => Said::Absent,
            Said::Broken => Said::Broken,
            Said::Unset(span) => Said::Unset(*span),
            Said::Set(list) => {
                let mut codes: Vec<OptionCode> = Vec::with_capacity(list.value.len());
                for name in &list.value {
                    let code = self.option(name).map(|option| self.code_on_the_wire(option));
                    codes.extend(code.filter(|code| !codes.contains(code)));
                }
                Said::Set(Spanned::new(codes, list.span))
            }
        }
    }

    /// A sub-option is sent in its container, so that it is the container which is always or never sent.
    fn code_on_the_wire(&self, option: Id<Definition>) -> OptionCode {
        let definition = &self.estate.definitions[option];
        match definition.space {
            Space::Dhcp4 => definition.code,
            Space::Vendor43 => OptionCode(43),
            Space::Vendor125(_) => OptionCode(125),
        }
    }

    /// The option of this name or code; an unknown one is reported.
    fn option(&mut self, name: &Spanned<String>) -> Option<Id<Definition>> {
        if let Some(found) = self.names.option(&name.value) {
            return Some(found);
        }
        if let Some(code) = option_code(&name.value) {
            return self.names.option_by_code(Space::Dhcp4, code);
        }
        let nearest = self.names.nearest_option(&name.value).map(str::to_owned);
        let meant = nearest.as_deref().and_then(|name| self.names.option(name));
        self.estate.probable_uses.definitions.extend(meant);
        self.unknown(Named::Option, &name.value, name.span, nearest);
        None
    }
}

/// A code that an option can have, as text.
fn option_code(text: &str) -> Option<OptionCode> {
    let plain = text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|code| plain && definitions::CODES.contains(code)).map(OptionCode)
}

/// Default, shortest and longest lease time; a bare duration is the default alone, `null` takes all three away.
fn lease_times(lease: &Said<Lease>) -> [Said<Seconds>; 3] {
    match lease {
        Said::Absent => [Said::Absent, Said::Absent, Said::Absent],
        Said::Broken => [Said::Broken, Said::Broken, Said::Broken],
        Said::Unset(span) => [Said::Unset(*span), Said::Unset(*span), Said::Unset(*span)],
        Said::Set(Spanned { value: Lease::Default(seconds), span }) => {
            [Said::Set(Spanned::new(*seconds, *span)), Said::Absent, Said::Absent]
        }
        Said::Set(Spanned { value: Lease::Times(LeaseTimes { default, min, max }), .. }) => {
            [default.clone(), min.clone(), max.clone()]
        }
    }
}

/// The same thing said of another type.
fn said<T, U>(value: &Said<T>, convert: impl FnOnce(&T) -> U) -> Said<U> {
    match value {
        Said::Absent => Said::Absent,
        Said::Broken => Said::Broken,
        Said::Unset(span) => Said::Unset(*span),
        Said::Set(value) => Said::Set(Spanned::new(convert(&value.value), value.span)),
    }
}
