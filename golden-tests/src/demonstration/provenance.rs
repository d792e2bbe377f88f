//! Which line of YAML gave each value of a reply: the server says who decided, the compiler says where that stands.

use std::net::Ipv4Addr;

use leasehold_compiler::Compilation;
use leasehold_compiler::diag::LineIndex;
use leasehold_compiler::lower::{Parameter, Place, ValueName};
use leasehold_compiler::model::Definition;
use leasehold_compiler::resolve::definitions;
use leasehold_compiler::source::Sources;
use leasehold_schemas::source::{OptionType, Span};
use leasehold_schemas::vocab::{ClassName, OptionCode, Seconds, Space};
use leasehold_server::serve::{Explained, Slot};

use super::packet::Reply;

const HOST_NAME: u8 = 12;
const LEASE_TIME: u8 = 51;

/// One value of a reply.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// Its name.
    pub what: String,
    /// The value, readable.
    pub value: String,
    /// Who decided it: a reservation, a class at a level, a level.
    pub owner: String,
    /// `path:line`, if a line of the estate says it.
    pub place: Option<String>,
    /// That line.
    pub text: Option<String>,
}

/// A row for each value that the server explains.
pub fn rows(
    compilation: &Compilation,
    sources: &Sources,
    explained: &[Explained],
    reply: &Reply,
) -> Vec<Row> {
    let mut own: Vec<Definition> = compilation.estate.definitions.values().cloned().collect();
    own.extend(definitions::standard());
    let row = |value: &Explained| {
        let span = span(compilation, value, reply.address);
        let line = span.map(|span| line(sources, span));
        let (place, text) = line.unzip();
        let (what, shown) = shown(value.slot, &own, reply)?;
        Some(Row { what, value: shown, owner: owner(value), place, text })
    };
    explained.iter().filter_map(row).collect()
}

fn shown(slot: Slot, definitions: &[Definition], reply: &Reply) -> Option<(String, String)> {
    match slot {
        Slot::Address => Some(("address".to_owned(), reply.address.to_string())),
        Slot::Parameter("lease.default") => {
            let octets: [u8; 4] = reply.option(LEASE_TIME)?.try_into().ok()?;
            Some(("lease".to_owned(), Seconds(u32::from_be_bytes(octets)).to_string()))
        }
        Slot::Parameter(_) => None,
        Slot::Option(Space::Dhcp4, code) => {
            let payload = reply.option(code)?;
            let definition =
                definitions.iter().find(|known| (known.space, known.code.0) == (Space::Dhcp4, code));
            let name = definition.map_or_else(|| format!("option {code}"), |known| known.name.clone());
            Some((name, definition.map_or_else(|| hex(payload), |known| readable(known, payload))))
        }
        Slot::Option(Space::Vendor43 | Space::Vendor125(_), _) => None,
    }
}

fn owner(value: &Explained) -> String {
    let layer = value.layer.map(|layer| layer.to_string());
    if value.slot == Slot::Address && value.reservation.is_none() {
        return "pool".to_owned();
    }
    match (&value.reservation, &value.class, layer) {
        (Some(_), _, _) => "reservation".to_owned(),
        (None, Some(class), Some(layer)) => format!("class {class}, said by the {layer}"),
        (None, Some(class), None) => format!("class {class}"),
        (None, None, Some(layer)) => layer,
        (None, None, None) => "protocol".to_owned(),
    }
}

fn span(compilation: &Compilation, value: &Explained, address: Ipv4Addr) -> Option<Span> {
    let origins = compilation.origins();
    let prefix = value.subnet;
    if value.slot == Slot::Address {
        return match &value.reservation {
            Some(identifier) => {
                origins.reservation(prefix, identifier).map(|(whole, address)| address.unwrap_or(whole))
            }
            None => origins.pool(prefix, address),
        };
    }
    if value.slot == Slot::Option(Space::Dhcp4, HOST_NAME)
        && let Some(identifier) = &value.reservation
    {
        return origins.reservation(prefix, identifier).map(|(whole, _)| whole);
    }
    let name = match value.slot {
        Slot::Option(space, code) => ValueName::Option(space, OptionCode(code)),
        Slot::Parameter("lease.default") => ValueName::Parameter(Parameter::LeaseDefault),
        Slot::Parameter(_) | Slot::Address => return None,
    };
    let place = match &value.reservation {
        Some(identifier) => Place::Reservation(prefix, identifier.clone()),
        None => Place::Pool(prefix, address),
    };
    let class: Option<ClassName> = value.class.as_ref().and_then(|class| class.parse().ok());
    let said = |place: &Place| origins.of(place, class.as_ref(), name).first().map(|origin| origin.span);
    said(&place).or_else(|| said(&Place::Subnet(prefix)))
}

fn line(sources: &Sources, span: Span) -> (String, String) {
    let bytes = &sources.file(span.file).bytes;
    let index = LineIndex::new(bytes);
    let number = index.position(span.start, leasehold_compiler::diag::Column::Bytes).line;
    let (start, end) = index.line(number);
    let text = String::from_utf8_lossy(&bytes[start as usize..end as usize]).trim().to_owned();
    (format!("{}:{number}", sources.display_path(span.file)), text)
}

fn readable(definition: &Definition, payload: &[u8]) -> String {
    let parts = |size: usize, show: &dyn Fn(&[u8]) -> String| {
        payload.chunks(size).map(show).collect::<Vec<_>>().join(", ")
    };
    match definition.kind {
        OptionType::String => String::from_utf8_lossy(payload).into_owned(),
        OptionType::Ipv4Address => parts(4, &|octets| {
            <[u8; 4]>::try_from(octets)
                .map_or_else(|_| hex(octets), |octets| Ipv4Addr::from(octets).to_string())
        }),
        OptionType::Uint32 => parts(4, &|octets| {
            <[u8; 4]>::try_from(octets)
                .map_or_else(|_| hex(octets), |octets| u32::from_be_bytes(octets).to_string())
        }),
        OptionType::Uint8 => parts(1, &|octets| octets[0].to_string()),
        OptionType::Binary
        | OptionType::Boolean
        | OptionType::Empty
        | OptionType::Fqdn
        | OptionType::Tuple
        | OptionType::Uint16
        | OptionType::Int8
        | OptionType::Int16
        | OptionType::Int32
        | OptionType::Record
        | OptionType::ClasslessRoute => hex(payload),
    }
}

fn hex(payload: &[u8]) -> String {
    format!("0x{}", leasehold_schemas::vocab::HexBytes(payload.to_vec()))
}
