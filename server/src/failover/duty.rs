//! Whose turn it is to answer. A matter of manners, never of safety: what may be granted is [`super::grant`]'s to say,
//! so a wrong guess costs an answer too many, or a client's patience.
//!
//! Knows of a packet only what [`Asked`] says.

use leasehold_schemas::artefact::HighAvailabilityMode;

use super::home::Side;

/// The half of the hash's buckets that the primary answers under load balancing: those below.
const PRIMARYS_BUCKETS: u8 = 128;

/// What the partner is to whoever waits for its answer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Partner {
    /// Not heard, its connection reset, or it said that it leaves: it answers nobody.
    Silent,
    /// Heard, and not in a state to serve everybody: it has not all records, or its disk does not move.
    Unable,
    /// Heard, and serving.
    Able,
}

/// What of the pair decides whose turn it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Manners {
    /// How answers are shared.
    pub mode: HighAvailabilityMode,
    /// Which server this is.
    pub me: Side,
    /// It serves everybody.
    pub able: bool,
    /// It goes on alone.
    pub sole: bool,
    /// What the partner is.
    pub partner: Partner,
}

/// What of a packet decides whose turn it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asked {
    /// It came to this server alone, past every relay, or names this server.
    ThisServer,
    /// It names another server.
    OtherServer,
    /// It names whatever server offered the address, without saying which (RFC 5107): that is the address's home.
    Home(Side),
    /// Everybody.
    Everybody {
        /// Of its client, by [`super::bucket`].
        bucket: u8,
        /// It is of a new client, in a network where the partner has no address left.
        partner_exhausted: bool,
    },
}

/// What a server does about a packet.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Turn {
    /// It answers.
    Mine,
    /// It answers in the place of the silent partner, that the client named; it denies nothing.
    InItsPlace,
    /// It leaves the packet to the partner, and keeps it for a while in case that the partner falls silent.
    Partners,
    /// It leaves the packet to the partner, whatever becomes of that.
    PartnersAlone,
}

/// Whose turn a packet is.
pub fn turn(manners: Manners, asked: Asked) -> Turn {
    let Manners { mode, me, able, sole, partner } = manners;
    // A copy is promoted by an operator, and by nobody else.
    let follows = mode == HighAvailabilityMode::PassiveBackup && me == Side::Standby && !sole;
    let otherwise = if follows { Turn::PartnersAlone } else { Turn::Partners };
    let whose = match asked {
        Asked::ThisServer => return Turn::Mine,
        Asked::OtherServer => {
            return if partner == Partner::Silent && !follows { Turn::InItsPlace } else { otherwise };
        }
        Asked::Home(side) => side,
        Asked::Everybody { partner_exhausted: true, .. } if !follows => return Turn::Mine,
        Asked::Everybody { bucket, .. } => match mode {
            HighAvailabilityMode::HotStandby | HighAvailabilityMode::PassiveBackup => Side::Primary,
            HighAvailabilityMode::LoadBalancing if bucket < PRIMARYS_BUCKETS => Side::Primary,
            HighAvailabilityMode::LoadBalancing => Side::Standby,
        },
    };
    match (whose == me, able, partner) {
        // Whoever cannot serve everybody leaves it to one who can; two who cannot do what they can.
        (true, true, _) | (true, false, Partner::Silent | Partner::Unable) => Turn::Mine,
        // A mere copy does not answer for it.
        (true, false, Partner::Able) if mode == HighAvailabilityMode::PassiveBackup => Turn::Mine,
        (true, false, Partner::Able) => Turn::Partners,
        (false, _, Partner::Able) => otherwise,
        (false, _, Partner::Silent | Partner::Unable) if follows => otherwise,
        (false, _, Partner::Silent | Partner::Unable) => Turn::Mine,
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    /// Whose turn it is, for each of the two servers, from the code itself.
    #[test]
    fn the_table_of_turns() {
        let bucket = |bucket| Asked::Everybody { bucket, partner_exhausted: false };
        let asked = [
            ("this server", Asked::ThisServer),
            ("other server", Asked::OtherServer),
            ("primary's home", Asked::Home(Side::Primary)),
            ("low bucket", bucket(0)),
            ("high bucket", bucket(255)),
            ("exhausted", Asked::Everybody { bucket: 0, partner_exhausted: true }),
        ];
        let modes = [
            ("hot-standby", HighAvailabilityMode::HotStandby),
            ("load-balancing", HighAvailabilityMode::LoadBalancing),
            ("passive-backup", HighAvailabilityMode::PassiveBackup),
        ];
        let mut table = format!("{:<15} {:<15} {:<8} ", "mode", "asked", "server");
        for (able, partner) in circumstances() {
            write!(table, " {:<14}", format!("{}{partner:?}", if able { "" } else { "unable, " }))
                .expect("a string grows");
        }
        table = format!("{}\n", table.trim_end());
        for (mode_name, mode) in modes {
            for (asked_name, asked) in asked {
                for me in [Side::Primary, Side::Standby] {
                    let mut line = format!("{mode_name:<15} {asked_name:<15} {me:<8?} ");
                    for (able, partner) in circumstances() {
                        let turn = turn(Manners { mode, me, able, sole: false, partner }, asked);
                        write!(line, " {:<14}", format!("{turn:?}")).expect("a string grows");
                    }
                    table = format!("{table}{}\n", line.trim_end());
                }
            }
        }
        assert_eq!(table, include_str!("turns.txt"), "the table is now:\n{table}");
    }

    fn circumstances() -> impl Iterator<Item = (bool, Partner)> {
        let partners = [Partner::Able, Partner::Unable, Partner::Silent];
        [true, false].into_iter().flat_map(move |able| partners.map(|partner| (able, partner)))
    }

    #[test]
    fn somebody_answers_what_everybody_is_asked() {
        for mode in [HighAvailabilityMode::HotStandby, HighAvailabilityMode::LoadBalancing] {
            for bucket in [0, 255] {
                for able in [[true, true], [true, false], [false, true], [false, false]] {
                    let is_mine = |me: Side| {
                        let other = if able[me.other().index()] { Partner::Able } else { Partner::Unable };
                        let manners =
                            Manners { mode, me, able: able[me.index()], sole: false, partner: other };
                        turn(manners, Asked::Everybody { bucket, partner_exhausted: false }) == Turn::Mine
                    };
                    assert!(is_mine(Side::Primary) || is_mine(Side::Standby), "{mode:?} {bucket} {able:?}");
                }
            }
        }
    }
}
