//! An option's written value to the octets that go on the wire, as its definition wants it.
//!
//! Invariant: every element that is wrong is reported once, at its own place, and then there are no octets at
//! all. This module does not know where the value is said, nor whether it may be said there.

mod domain_name;
mod scalar;

use std::net::Ipv4Addr;

use leasehold_schemas::source::{Map, OptionType, OptionValue, Span, Spanned};
use leasehold_schemas::vocab::{Cidr, CidrError, HexBytes, Space};

use crate::check::rules::option::bad_option_value;
use crate::diag::{Diagnostic, Rule, Sink};
use crate::model::Definition;

pub use domain_name::{DomainNameError, labels as domain_labels};

/// A value's octets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Encoded {
    /// As they go on the wire.
    pub bytes: Vec<u8>,
    /// Where each element of a list, or field of a record, stands; one entry for a scalar or for octets given in
    /// hexadecimal.
    pub elements: Vec<Span>,
}

/// The octets of `value`, or `None` after reporting each element that is not what `definition` says. `null` is no
/// value: who resolves an unset does not come here.
pub fn encode(definition: &Definition, value: &Spanned<OptionValue>, sink: &mut Sink) -> Option<Encoded> {
    let mut encoder = Encoder {
        definition,
        encoded: Encoded { bytes: Vec::new(), elements: Vec::new() },
        names: domain_name::Compression::default(),
        sound: true,
        sink,
    };
    encoder.value(value);
    encoder.sound.then_some(encoder.encoded)
}

/// What is wrong with one element.
struct Fault {
    rule: &'static Rule,
    message: String,
    label: String,
    help: Option<String>,
}

impl Fault {
    fn value(message: impl Into<String>, label: impl Into<String>) -> Fault {
        Fault { rule: &bad_option_value::RULE, message: message.into(), label: label.into(), help: None }
    }

    fn help(mut self, help: impl Into<String>) -> Fault {
        self.help = Some(help.into());
        self
    }
}

struct Encoder<'a> {
    definition: &'a Definition,
    encoded: Encoded,
    names: domain_name::Compression,
    sound: bool,
    sink: &'a mut Sink,
}

impl Encoder<'_> {
    fn value(&mut self, value: &Spanned<OptionValue>) {
        match (&value.value, self.definition.kind) {
            (OptionValue::Mapping(map), _) if is_octets(map) => self.octets(map, value.span),
            (OptionValue::List(items), OptionType::Record) => self.record(items.iter().collect(), value.span),
            (OptionValue::Mapping(map), OptionType::Record) => self.record_by_position(map, value.span),
            (OptionValue::List(items), kind) if self.definition.array => self.list(kind, items, value.span),
            (_, kind) => self.element(kind, value),
        }
    }

    /// `{hex: 0x0102}`: the octets of any option.
    fn octets(&mut self, map: &Map<Spanned<OptionValue>>, span: Span) {
        let Some(entry) = map.0.first() else { return };
        self.encoded.elements.push(span);
        match &entry.value.value {
            OptionValue::Scalar(text) => self.scalar(OptionType::Binary, text, entry.value.span),
            OptionValue::List(_) | OptionValue::Mapping(_) | OptionValue::Null => {
                let fault =
                    Fault::value("`hex` takes octets in hexadecimal", "expected octets such as `0x0102`");
                self.fault(entry.value.span, fault);
            }
        }
    }

    fn list(&mut self, kind: OptionType, items: &[Spanned<OptionValue>], span: Span) {
        if items.is_empty() {
            let name = &self.definition.name;
            let fault = Fault::value(format!("option `{name}` is given no value"), "the list is empty")
                .help(format!("write `{name}: null` to remove an inherited value"));
            self.fault(span, fault);
        }
        for item in items {
            self.element(kind, item);
        }
        if !self.sound {
            return;
        }
        let paired = self.definition.space == Space::Dhcp4 && matches!(self.definition.code.0, 21 | 33);
        if paired && items.len() % 2 == 1 {
            let message = format!("option `{}` is a list of pairs of addresses", self.definition.name);
            self.fault(span, Fault::value(message, format!("{} given, an odd number", items.len())));
        }
    }

    /// The fields in order; of an array the last field repeats, in place or as a list of its own.
    fn record(&mut self, mut items: Vec<&Spanned<OptionValue>>, span: Span) {
        let fields = &self.definition.fields;
        if self.definition.array
            && items.len() == fields.len()
            && let Some(Spanned { value: OptionValue::List(rest), .. }) = items.last()
        {
            items.pop();
            items.extend(rest);
        }
        let enough =
            if self.definition.array { items.len() >= fields.len() } else { items.len() == fields.len() };
        if !enough {
            let message = format!("option `{}` has {} fields", self.definition.name, fields.len());
            let label =
                format!("{} given, expected {}", items.len(), scalar::expected_record(self.definition));
            return self.fault(span, Fault::value(message, label));
        }
        let last = fields.last().copied().unwrap_or(OptionType::Binary);
        for (at, item) in items.into_iter().enumerate() {
            self.element(fields.get(at).copied().unwrap_or(last), item);
        }
    }

    /// The fields by their position: `{1: true, 2: 10.0.0.1}`.
    fn record_by_position(&mut self, map: &Map<Spanned<OptionValue>>, span: Span) {
        let count = self.definition.fields.len();
        let mut items = vec![None; count];
        let mut known = true;
        for entry in &map.0 {
            let position = entry.key.value.parse::<usize>().ok().filter(|at| (1..=count).contains(at));
            if let Some(at) = position {
                items[at - 1] = Some(&entry.value);
                continue;
            }
            known = false;
            let message = format!("option `{}` has no field `{}`", self.definition.name, entry.key.value);
            self.fault(
                entry.key.span,
                Fault::value(message, format!("fields are numbered from 1 to {count}")),
            );
        }
        if let (true, Some(missing)) = (known, items.iter().position(Option::is_none)) {
            let message = format!("option `{}` lacks field `{}`", self.definition.name, missing + 1);
            let label = format!("expected {}", scalar::expected_record(self.definition));
            return self.fault(span, Fault::value(message, label));
        }
        if known {
            self.record(items.into_iter().flatten().collect(), span);
        }
    }

    fn element(&mut self, kind: OptionType, value: &Spanned<OptionValue>) {
        self.encoded.elements.push(value.span);
        match &value.value {
            OptionValue::Scalar(text) => match kind {
                OptionType::ClasslessRoute => self.route_text(text, value.span),
                _ => self.scalar(kind, text, value.span),
            },
            OptionValue::Mapping(map) if kind == OptionType::ClasslessRoute => self.route(map, value.span),
            OptionValue::Mapping(_) => self.misshapen(kind, "a mapping", value.span),
            OptionValue::List(items) => {
                let fault = self.misshapen_fault(kind, "a list");
                let fault = match items.as_slice() {
                    [Spanned { value: OptionValue::Scalar(text), .. }] => {
                        fault.help(format!("write `{text}`"))
                    }
                    _ => fault,
                };
                self.fault(value.span, fault);
            }
            OptionValue::Null => self.misshapen(kind, "`null`", value.span),
        }
    }

    fn scalar(&mut self, kind: OptionType, text: &str, span: Span) {
        let start = self.encoded.bytes.len();
        let compressed = kind == OptionType::Fqdn && scalar::is_compressed(self.definition);
        let names = compressed.then_some(&mut self.names);
        if let Err(fault) = scalar::append(self.definition, kind, text, names, &mut self.encoded.bytes) {
            self.encoded.bytes.truncate(start);
            self.fault(span, fault);
        }
    }

    /// `{to: 10.0.0.0/8, via: 10.42.8.2}`.
    fn route(&mut self, map: &Map<Spanned<OptionValue>>, span: Span) {
        let (mut to, mut via, mut known) = (None, None, true);
        for entry in &map.0 {
            match entry.key.value.as_str() {
                "to" => to = Some(&entry.value),
                "via" => via = Some(&entry.value),
                other => {
                    known = false;
                    let fault = Fault::value(format!("a route has no `{other}`"), "expected `to` or `via`");
                    self.fault(entry.key.span, fault);
                }
            }
        }
        let (Some(to), Some(via)) = (to, via) else {
            if known {
                let missing = if to.is_none() { "to" } else { "via" };
                let expected = format!("expected {}", scalar::expected(OptionType::ClasslessRoute));
                self.fault(span, Fault::value(format!("a route lacks `{missing}`"), expected));
            }
            return;
        };
        let prefix = self.part(to, destination);
        let router = self.part(via, gateway);
        self.append_route(prefix, router);
    }

    /// `10.0.0.0/8 - 10.42.8.2`, as Kea writes it.
    fn route_text(&mut self, text: &str, span: Span) {
        let Some((to, via)) = text.split_once(" - ") else {
            return self.misfit(OptionType::ClasslessRoute, text, span);
        };
        let ends = destination(to.trim()).and_then(|to| gateway(via.trim()).map(|via| (to, via)));
        match ends {
            Ok((to, via)) => self.append_route(Some(to), Some(via)),
            Err(fault) => self.fault(span, fault),
        }
    }

    fn part<T>(&mut self, part: &Spanned<OptionValue>, read: fn(&str) -> Result<T, Fault>) -> Option<T> {
        let OptionValue::Scalar(text) = &part.value else {
            self.fault(part.span, Fault::value("part of a route is no scalar", "expected a scalar"));
            return None;
        };
        match read(text) {
            Ok(part) => Some(part),
            Err(fault) => {
                self.fault(part.span, fault);
                None
            }
        }
    }

    /// RFC 3442: the prefix's length, only its significant octets, the router.
    fn append_route(&mut self, to: Option<Cidr>, via: Option<Ipv4Addr>) {
        let (Some(to), Some(via)) = (to, via) else { return };
        let significant = usize::from(to.length().div_ceil(8));
        self.encoded.bytes.push(to.length());
        self.encoded.bytes.extend_from_slice(&to.network().octets()[..significant]);
        self.encoded.bytes.extend_from_slice(&via.octets());
    }

    fn misfit(&mut self, kind: OptionType, text: &str, span: Span) {
        let fault = scalar::misfit(self.definition, kind, text);
        self.fault(span, fault);
    }

    fn misshapen(&mut self, kind: OptionType, found: &str, span: Span) {
        let fault = self.misshapen_fault(kind, found);
        self.fault(span, fault);
    }

    fn misshapen_fault(&self, kind: OptionType, found: &str) -> Fault {
        let expected = match kind {
            OptionType::Record => scalar::expected_record(self.definition),
            _ => scalar::expected(kind).to_owned(),
        };
        let message = format!("option `{}` does not take {found} here", self.definition.name);
        Fault::value(message, format!("expected {expected}"))
    }

    fn fault(&mut self, span: Span, fault: Fault) {
        self.sound = false;
        let Fault { rule, message, label, help } = fault;
        let mut diagnostic =
            Diagnostic::new(rule, span, message, label).with_note(scalar::describe(self.definition));
        diagnostic.help = help;
        self.sink.push(diagnostic);
    }
}

fn is_octets(map: &Map<Spanned<OptionValue>>) -> bool {
    matches!(map.0.as_slice(), [only] if only.key.value == "hex")
}

fn destination(text: &str) -> Result<Cidr, Fault> {
    text.parse().map_err(|error| match error {
        CidrError::Malformed => {
            Fault::value(format!("`{text}` is no prefix"), "expected a prefix such as `10.0.0.0/8`")
        }
        CidrError::HostBits(meant) => {
            Fault::value(format!("prefix `{text}` has host bits set"), "bits beyond the prefix are set")
                .help(format!("write `{meant}`"))
        }
    })
}

fn gateway(text: &str) -> Result<Ipv4Addr, Fault> {
    let wrong =
        |_| Fault::value(format!("`{text}` is no IPv4 address"), "expected a router such as `10.42.8.2`");
    text.parse().map_err(wrong)
}

/// The octets that a text in hexadecimal says.
fn hex(text: &str) -> Option<HexBytes> {
    text.parse().ok()
}

#[cfg(test)]
mod tests;
