//! A binding as tagged fields: tag, length, value.
//!
//! Numbers are little-endian without leading zeros; what is zero, empty or absent is left out. A reader skips tags
//! it does not know, so a later release may add fields. Times are absolute: milliseconds since 1970 UTC.

use std::net::Ipv4Addr;

use leasehold_schemas::vocab::MacAddr;

use crate::leases::client::{Client, ClientKey};
use crate::leases::record::{Binding, Details, State, Version};

const ADDRESS: u8 = 1;
const EPOCH: u8 = 2;
const VERSION_PRIMARY: u8 = 3;
const VERSION_STANDBY: u8 = 4;
const STATE: u8 = 5;
const KEY_IDENTIFIER: u8 = 6;
const KEY_HARDWARE: u8 = 7;
const IDENTIFIER: u8 = 8;
const HARDWARE_TYPE: u8 = 9;
const HARDWARE: u8 = 10;
const FLAGS: u8 = 11;
const DECLINED_UNTIL: u8 = 12;
const TOLD: u8 = 13;
const PARTNER_TOLD: u8 = 14;
const POTENTIAL: u8 = 15;
const PROMISED: u8 = 16;
const BORN_PRIMARY: u8 = 17;
const BORN_STANDBY: u8 = 18;
const HOSTNAME: u8 = 19;
const TRANSACTION: u8 = 20;
const TRANSACTION_TIME: u8 = 21;
const GIADDR: u8 = 22;
const AGENT_OPTIONS: u8 = 23;

const STATE_BOUND: u64 = 1;
const STATE_DECLINED: u64 = 2;
const FLAG_RELEASED: u64 = 1;
const FLAG_ENDING: u64 = 2;

/// Why octets with a right checksum are no binding: a fault of the program that wrote them, or a later format.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Malformed {
    /// The field at fault.
    pub field: &'static str,
}

/// Appends the binding's fields.
pub(crate) fn encode(binding: &Binding, out: &mut Vec<u8>) {
    let Binding {
        address,
        epoch,
        version: Version([primary, standby]),
        state,
        released,
        ending,
        told_wall_ms,
        partner_told_wall_ms,
        potential_wall_ms,
        promised_wall_ms,
        born: Version([born_primary, born_standby]),
        details,
    } = binding;
    put(out, ADDRESS, &address.octets());
    put_number(out, EPOCH, *epoch);
    put_number(out, VERSION_PRIMARY, *primary);
    put_number(out, VERSION_STANDBY, *standby);
    match state {
        State::Free { last_client } => {
            if let Some(client) = last_client {
                put_client(out, client);
            }
        }
        State::Bound(client) => {
            put_number(out, STATE, STATE_BOUND);
            put_client(out, client);
        }
        State::Declined { until_wall_ms } => {
            put_number(out, STATE, STATE_DECLINED);
            put_number(out, DECLINED_UNTIL, *until_wall_ms);
        }
    }
    put_number(out, FLAGS, (u64::from(*released) * FLAG_RELEASED) | (u64::from(*ending) * FLAG_ENDING));
    put_number(out, TOLD, *told_wall_ms);
    put_number(out, PARTNER_TOLD, *partner_told_wall_ms);
    put_number(out, POTENTIAL, *potential_wall_ms);
    put_number(out, PROMISED, *promised_wall_ms);
    put_number(out, BORN_PRIMARY, *born_primary);
    put_number(out, BORN_STANDBY, *born_standby);
    put_details(out, details);
}

fn put_client(out: &mut Vec<u8>, client: &Client) {
    let Client { key, identifier, hardware_type, hardware } = client;
    match key {
        ClientKey::Identifier(octets) => put(out, KEY_IDENTIFIER, octets),
        ClientKey::Hardware(kind, address) => {
            let mut octets = vec![*kind];
            octets.extend_from_slice(address.octets());
            put(out, KEY_HARDWARE, &octets);
        }
    }
    if let Some(identifier) = identifier {
        put(out, IDENTIFIER, identifier);
    }
    put_number(out, HARDWARE_TYPE, u64::from(*hardware_type));
    if let Some(hardware) = hardware {
        put(out, HARDWARE, hardware.octets());
    }
}

fn put_details(out: &mut Vec<u8>, details: &Details) {
    let Details { hostname, transaction, transaction_wall_ms, giaddr, agent_options } = details;
    if let Some(hostname) = hostname {
        put(out, HOSTNAME, hostname.as_bytes());
    }
    put_number(out, TRANSACTION, u64::from(*transaction));
    put_number(out, TRANSACTION_TIME, *transaction_wall_ms);
    if let Some(giaddr) = giaddr {
        put(out, GIADDR, &giaddr.octets());
    }
    if let Some(agent_options) = agent_options {
        put(out, AGENT_OPTIONS, agent_options);
    }
}

/// Appends one field. Lengths of 255 and more take three octets.
pub(crate) fn put(out: &mut Vec<u8>, tag: u8, value: &[u8]) {
    out.push(tag);
    match u8::try_from(value.len()) {
        Ok(short) if short < u8::MAX => out.push(short),
        Ok(_) | Err(_) => {
            let length =
                u16::try_from(value.len()).expect("a field comes from one datagram or a bounded name");
            out.push(u8::MAX);
            out.extend_from_slice(&length.to_le_bytes());
        }
    }
    out.extend_from_slice(value);
}

/// Appends a number, unless it is 0.
pub(crate) fn put_number(out: &mut Vec<u8>, tag: u8, value: u64) {
    let octets = value.to_le_bytes();
    let length = 8 - value.leading_zeros() as usize / 8;
    if length > 0 {
        put(out, tag, &octets[..length]);
    }
}

/// The fields of a body, in their order.
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u8, &'a [u8]), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        let (&tag, rest) = self.0.split_first()?;
        let field = split_value(rest);
        self.0 = field.map_or(&[], |(_, rest)| rest);
        Some(field.map(|(value, _)| (tag, value)).ok_or(Malformed { field: "length of a field" }))
    }
}

fn split_value(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&short, rest) = rest.split_first()?;
    if short < u8::MAX {
        return rest.split_at_checked(usize::from(short));
    }
    let (length, rest) = rest.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))
}

/// A number of at most eight octets.
pub(crate) fn number(value: &[u8], field: &'static str) -> Result<u64, Malformed> {
    let mut octets = [0; 8];
    octets.get_mut(..value.len()).ok_or(Malformed { field })?.copy_from_slice(value);
    Ok(u64::from_le_bytes(octets))
}

fn small<T: TryFrom<u64>>(value: &[u8], field: &'static str) -> Result<T, Malformed> {
    T::try_from(number(value, field)?).map_err(|_| Malformed { field })
}

fn address(value: &[u8], field: &'static str) -> Result<Ipv4Addr, Malformed> {
    <[u8; 4]>::try_from(value).map(Ipv4Addr::from).map_err(|_| Malformed { field })
}

fn hardware(value: &[u8], field: &'static str) -> Result<MacAddr, Malformed> {
    MacAddr::new(value).ok_or(Malformed { field })
}

/// Reads a binding's fields; unknown ones are skipped.
pub(crate) fn decode(body: &[u8]) -> Result<Binding, Malformed> {
    let mut binding = Binding::unused(Ipv4Addr::UNSPECIFIED);
    let mut found = Found::default();
    for field in Fields(body) {
        let (tag, value) = field?;
        match tag {
            ADDRESS => {
                binding.address = address(value, "address")?;
                found.address = true;
            }
            EPOCH => binding.epoch = number(value, "epoch")?,
            VERSION_PRIMARY => binding.version.0[0] = number(value, "version")?,
            VERSION_STANDBY => binding.version.0[1] = number(value, "version")?,
            STATE => found.state = number(value, "state")?,
            KEY_IDENTIFIER => found.key = Some(ClientKey::Identifier(value.into())),
            KEY_HARDWARE => {
                let (&kind, octets) = value.split_first().ok_or(Malformed { field: "client key" })?;
                found.key = Some(ClientKey::Hardware(kind, hardware(octets, "client key")?));
            }
            IDENTIFIER => found.identifier = Some(value.into()),
            HARDWARE_TYPE => found.hardware_type = small(value, "hardware type")?,
            HARDWARE => found.hardware = Some(hardware(value, "hardware address")?),
            FLAGS => {
                let flags = number(value, "flags")?;
                binding.released = flags & FLAG_RELEASED != 0;
                binding.ending = flags & FLAG_ENDING != 0;
            }
            DECLINED_UNTIL => found.declined_until = number(value, "end of a decline")?,
            TOLD => binding.told_wall_ms = number(value, "told expiry")?,
            PARTNER_TOLD => binding.partner_told_wall_ms = number(value, "expiry the partner told")?,
            POTENTIAL => binding.potential_wall_ms = number(value, "potential expiry")?,
            PROMISED => binding.promised_wall_ms = number(value, "promised expiry")?,
            BORN_PRIMARY => binding.born.0[0] = number(value, "born")?,
            BORN_STANDBY => binding.born.0[1] = number(value, "born")?,
            _ => detail(&mut binding.details, tag, value)?,
        }
    }
    if !found.address {
        return Err(Malformed { field: "address" });
    }
    binding.state = found.into_state()?;
    Ok(binding)
}

fn detail(details: &mut Details, tag: u8, value: &[u8]) -> Result<(), Malformed> {
    match tag {
        HOSTNAME => {
            let text = std::str::from_utf8(value).map_err(|_| Malformed { field: "host name" })?;
            details.hostname = Some(text.into());
        }
        TRANSACTION => details.transaction = small(value, "transaction")?,
        TRANSACTION_TIME => details.transaction_wall_ms = number(value, "time of the transaction")?,
        GIADDR => details.giaddr = Some(address(value, "giaddr")?),
        AGENT_OPTIONS => details.agent_options = Some(value.into()),
        _ => {}
    }
    Ok(())
}

/// What a body says about state and client, before it is put together.
#[derive(Default)]
struct Found {
    address: bool,
    state: u64,
    declined_until: u64,
    key: Option<ClientKey>,
    identifier: Option<Box<[u8]>>,
    hardware_type: u8,
    hardware: Option<MacAddr>,
}

impl Found {
    fn into_state(self) -> Result<State, Malformed> {
        let Found { address: _, state, declined_until, key, identifier, hardware_type, hardware } = self;
        let client = key.map(|key| Client { key, identifier, hardware_type, hardware });
        match state {
            0 => Ok(State::Free { last_client: client }),
            STATE_BOUND => client.map(State::Bound).ok_or(Malformed { field: "client" }),
            STATE_DECLINED => Ok(State::Declined { until_wall_ms: declined_until }),
            _ => Err(Malformed { field: "state" }),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::option::of;
    use proptest::prelude::*;

    use super::*;

    fn octets(most: usize) -> impl Strategy<Value = Box<[u8]>> {
        vec(any::<u8>(), 0..most).prop_map(Vec::into_boxed_slice)
    }

    fn mac() -> impl Strategy<Value = MacAddr> {
        vec(any::<u8>(), 1..=16).prop_map(|octets| MacAddr::new(&octets).expect("1 to 16 octets"))
    }

    fn client() -> impl Strategy<Value = Client> {
        let key = prop_oneof![
            octets(300).prop_map(ClientKey::Identifier),
            (any::<u8>(), mac()).prop_map(|(kind, address)| ClientKey::Hardware(kind, address)),
        ];
        (key, of(octets(300)), any::<u8>(), of(mac())).prop_map(
            |(key, identifier, hardware_type, hardware)| Client { key, identifier, hardware_type, hardware },
        )
    }

    fn state() -> impl Strategy<Value = State> {
        prop_oneof![
            of(client()).prop_map(|last_client| State::Free { last_client }),
            client().prop_map(State::Bound),
            any::<u64>().prop_map(|until_wall_ms| State::Declined { until_wall_ms }),
        ]
    }

    fn details() -> impl Strategy<Value = Details> {
        let giaddr = of(any::<u32>().prop_map(Ipv4Addr::from_bits));
        (of(".{0,80}"), any::<u32>(), any::<u64>(), giaddr, of(octets(300))).prop_map(
            |(hostname, transaction, transaction_wall_ms, giaddr, agent_options)| Details {
                hostname: hostname.map(String::into_boxed_str),
                transaction,
                transaction_wall_ms,
                giaddr,
                agent_options,
            },
        )
    }

    fn binding() -> impl Strategy<Value = Binding> {
        let numbers = any::<[u64; 9]>();
        (any::<u32>(), numbers, state(), any::<[bool; 2]>(), details()).prop_map(
            |(address, numbers, state, [released, ending], details)| {
                let [epoch, primary, standby, told, partner_told, potential, promised, born, born_standby] =
                    numbers;
                Binding {
                    address: Ipv4Addr::from_bits(address),
                    epoch,
                    version: Version([primary, standby]),
                    state,
                    released,
                    ending,
                    told_wall_ms: told,
                    partner_told_wall_ms: partner_told,
                    potential_wall_ms: potential,
                    promised_wall_ms: promised,
                    born: Version([born, born_standby]),
                    details,
                }
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(binding in binding()) {
            let mut body = Vec::new();
            encode(&binding, &mut body);
            prop_assert_eq!(decode(&body), Ok(binding));
        }

        #[test]
        fn fields_of_a_later_release_are_skipped(binding in binding(), field in octets(300)) {
            let mut body = Vec::new();
            put(&mut body, 200, &field);
            encode(&binding, &mut body);
            put(&mut body, 201, &field);
            prop_assert_eq!(decode(&body), Ok(binding));
        }

        #[test]
        fn any_octets_are_read_or_refused(body in octets(400)) {
            let _ = decode(&body);
        }

        #[test]
        fn a_changed_record_is_read_or_refused(binding in binding(), at in any::<prop::sample::Index>(), octet: u8) {
            let mut body = Vec::new();
            encode(&binding, &mut body);
            *at.get_mut(&mut body) = octet;
            let _ = decode(&body);
        }
    }
}
