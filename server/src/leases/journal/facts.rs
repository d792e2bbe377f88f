//! A server's facts as tagged fields, as [`super::codec`] writes bindings.

use super::codec::{Fields, Malformed, number, put, put_number};
use crate::failover::Agreed;
use crate::leases::facts::Facts;

const BOOT: u8 = 1;
const EPOCH: u8 = 2;
const FLAGS: u8 = 3;
const POWERS_FROM: u8 = 4;
const REST_UNTIL: u8 = 5;
const CLOCK: u8 = 6;
const AGREED: u8 = 7;
const PREPARED: u8 = 8;
const ARBITER: u8 = 9;
const PARTNERS_ARBITER: u8 = 10;

const FLAG_SOLE: u64 = 1;
const FLAG_GIVEN_UP: u64 = 2;
const FLAG_AMNESIC: u64 = 4;

pub(super) fn encode(facts: &Facts, out: &mut Vec<u8>) {
    let Facts {
        boot,
        epoch,
        sole,
        powers_from_wall_ms,
        given_up,
        amnesic,
        rest_until_wall_ms,
        clock_wall_ms,
        agreed,
        prepared,
        arbiter,
        partners_arbiter,
    } = facts;
    put_number(out, BOOT, *boot);
    put_number(out, EPOCH, *epoch);
    let flags = (u64::from(*sole) * FLAG_SOLE)
        | (u64::from(*given_up) * FLAG_GIVEN_UP)
        | (u64::from(*amnesic) * FLAG_AMNESIC);
    put_number(out, FLAGS, flags);
    put_number(out, POWERS_FROM, *powers_from_wall_ms);
    put_number(out, REST_UNTIL, *rest_until_wall_ms);
    put_number(out, CLOCK, *clock_wall_ms);
    put_number(out, ARBITER, *arbiter);
    put_number(out, PARTNERS_ARBITER, *partners_arbiter);
    for (tag, known) in [(AGREED, agreed), (PREPARED, prepared)] {
        if let Some(known) = known {
            put(out, tag, &known.to_octets());
        }
    }
}

fn agreed(value: &[u8]) -> Result<Agreed, Malformed> {
    Agreed::from_octets(value).ok_or(Malformed { field: "agreed artefact" })
}

/// Reads facts; unknown fields are skipped.
pub(super) fn decode(body: &[u8]) -> Result<Facts, Malformed> {
    let mut facts = Facts::default();
    for field in Fields(body) {
        let (tag, value) = field?;
        match tag {
            BOOT => facts.boot = number(value, "count of starts")?,
            EPOCH => facts.epoch = number(value, "epoch")?,
            FLAGS => {
                let flags = number(value, "flags")?;
                facts.sole = flags & FLAG_SOLE != 0;
                facts.given_up = flags & FLAG_GIVEN_UP != 0;
                facts.amnesic = flags & FLAG_AMNESIC != 0;
            }
            POWERS_FROM => facts.powers_from_wall_ms = number(value, "begin of the powers")?,
            REST_UNTIL => facts.rest_until_wall_ms = number(value, "end of the rest")?,
            CLOCK => facts.clock_wall_ms = number(value, "clock")?,
            AGREED => facts.agreed = Some(agreed(value)?),
            PREPARED => facts.prepared = Some(agreed(value)?),
            ARBITER => facts.arbiter = number(value, "arbiter's row")?,
            PARTNERS_ARBITER => facts.partners_arbiter = number(value, "partner's arbiter's row")?,
            _ => {}
        }
    }
    Ok(facts)
}

#[cfg(test)]
mod tests {
    use leasehold_schemas::artefact::Digest;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(
            numbers in any::<[u64; 7]>(),
            flags in any::<[bool; 3]>(),
            artefacts in any::<[Option<([u8; 32], u64)>; 2]>(),
        ) {
            let artefacts = artefacts.map(|known| known.map(|(digest, lead_ms)| Agreed { digest: Digest(digest), lead_ms }));
            let [agreed, prepared] = artefacts;
            let [boot, epoch, powers_from_wall_ms, rest_until_wall_ms, clock_wall_ms, arbiter, partners_arbiter] =
                numbers;
            let [sole, given_up, amnesic] = flags;
            let facts = Facts {
                boot,
                epoch,
                sole,
                powers_from_wall_ms,
                given_up,
                amnesic,
                rest_until_wall_ms,
                clock_wall_ms,
                agreed,
                prepared,
                arbiter,
                partners_arbiter,
            };
            let mut body = Vec::new();
            encode(&facts, &mut body);
            prop_assert_eq!(decode(&body), Ok(facts));
        }
    }
}
