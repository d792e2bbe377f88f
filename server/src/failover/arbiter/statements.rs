//! What a question is in SQL: the statements do to the row what [`Held::heed`] says, on the database's own clock.
//!
//! Every value in them is a number of this program, so they are written out whole: that works with any pooler and
//! with one round trip a statement. Tests compare them with [`Held::heed`] on real servers.
//!
//! [`Held::heed`]: super::Held::heed

use super::{Ask, Claim, Half, Row, Wish};
use crate::failover::home::Side;

/// The language of a database.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialect {
    /// PostgreSQL, and what speaks like it.
    Postgres,
    /// MySQL and MariaDB.
    Mysql,
}

/// Columns that [`Dialect::look`] gives, all of them whole numbers.
pub const COLUMNS: usize = 9;

impl Dialect {
    /// Makes the table.
    pub fn create(self) -> String {
        let (moment, end) = match self {
            Dialect::Postgres => ("timestamptz", ""),
            Dialect::Mysql => ("datetime(6)", " ENGINE=InnoDB"),
        };
        format!(
            "CREATE TABLE IF NOT EXISTS leasehold_arbiter (pair bigint NOT NULL PRIMARY KEY, name bigint NOT NULL, \
             epoch bigint NOT NULL, sole smallint NOT NULL, \
             turn0 bigint NOT NULL, life0 bigint NOT NULL, until0 {moment} NOT NULL, \
             turn1 bigint NOT NULL, life1 bigint NOT NULL, until1 {moment} NOT NULL){end}"
        )
    }

    /// Makes the row, unless it is there.
    pub fn make(self, pair: u64, name: u64) -> String {
        let (insert, conflict) = match self {
            Dialect::Postgres => ("INSERT", " ON CONFLICT (pair) DO NOTHING"),
            Dialect::Mysql => ("INSERT IGNORE", ""),
        };
        let never = "'1970-01-01 00:00:00'";
        format!(
            "{insert} INTO leasehold_arbiter \
             (pair, name, epoch, sole, turn0, life0, until0, turn1, life1, until1) \
             VALUES ({}, {name}, 0, -1, 0, 0, {never}, 0, 0, {never}){conflict}",
            pair.cast_signed()
        )
    }

    /// Reads the row.
    pub fn look(self, pair: u64) -> String {
        let left = |at: usize| match self {
            Dialect::Postgres => {
                format!("CAST(CEIL(EXTRACT(EPOCH FROM until{at} - clock_timestamp()) * 1000) AS bigint)")
            }
            Dialect::Mysql => {
                format!(
                    "CAST(CEIL(TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(6), until{at}) / 1000) AS SIGNED)"
                )
            }
        };
        format!(
            "SELECT name, epoch, sole, turn0, life0, {}, turn1, life1, {} FROM leasehold_arbiter WHERE pair = {}",
            left(0),
            left(1),
            pair.cast_signed()
        )
    }

    /// Changes the row, if it may be changed; absent: nothing is to be changed.
    pub fn change(self, ask: &Ask) -> Option<String> {
        let (me, other) = (ask.me.index(), ask.me.other().index());
        let clock = match self {
            Dialect::Postgres => "clock_timestamp()",
            Dialect::Mysql => "UTC_TIMESTAMP(6)",
        };
        let (claim, epoch, sole, lapsed) = match ask.wish {
            Wish::Look { .. } => return None,
            Wish::Renew { claim, sole } => (claim, claim.epoch, sole, String::new()),
            Wish::Take { claim, partners_turn } => {
                let lapsed = format!(
                    " AND until{other} < {clock} AND turn{other} = {partners_turn} AND turn{other} > 0"
                );
                (claim, claim.epoch + 1, true, lapsed)
            }
        };
        let Claim { turn, life, life_before, epoch: known, lease_ms } = claim;
        let lease = match self {
            Dialect::Postgres => format!("{lease_ms} * interval '1 millisecond'"),
            Dialect::Mysql => format!("interval {lease_ms}000 microsecond"),
        };
        let sole = if sole { i64::try_from(me).expect("one of two") } else { -1 };
        Some(format!(
            "UPDATE leasehold_arbiter SET epoch = {epoch}, sole = {sole}, turn{me} = turn{me} + 1, life{me} = {life}, \
             until{me} = {clock} + {lease} \
             WHERE pair = {} AND turn{me} = {turn} AND (life{me} = {life} OR life{me} <= {life_before}) \
             AND (epoch <= {known} OR sole = {me}){lapsed}",
            ask.pair.cast_signed()
        ))
    }
}

/// The row as [`Dialect::look`] gives it.
///
/// # Errors
/// A number that no server wrote.
pub fn row(columns: [i64; COLUMNS]) -> Result<Row, String> {
    let [name, epoch, sole, turn0, life0, left0, turn1, life1, left1] = columns;
    let number = |value: i64| {
        u64::try_from(value).map_err(|_| "the arbiter's row holds what no server wrote; delete it".to_owned())
    };
    let half = |turn: i64, life: i64, left: i64| {
        Ok::<Half, String>(Half {
            turn: number(turn)?,
            life: number(life)?,
            left_ms: u64::try_from(left).unwrap_or(0),
        })
    };
    let sole = match sole {
        0 => Some(Side::Primary),
        1 => Some(Side::Standby),
        _ => None,
    };
    Ok(Row {
        name: number(name)?,
        epoch: number(epoch)?,
        sole,
        halves: [half(turn0, life0, left0)?, half(turn1, life1, left1)?],
    })
}
