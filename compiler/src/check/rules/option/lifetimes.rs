//! The lease times and timers that one view of the estate ends up with, defaults included.

use std::fmt;

use leasehold_schemas::source::{Said, Span};
use leasehold_schemas::vocab::Seconds;

use crate::model::{Parameters, Values, View};

/// The lease time where nobody says one (`lease` in the manual).
const LEASE_DEFAULT: Seconds = Seconds(8 * 3_600);

/// One time: what it is called, how long it is, and who said it.
#[derive(Clone, Copy, Debug)]
pub struct Time {
    /// Its key.
    pub name: &'static str,
    /// How long.
    pub seconds: Seconds,
    /// Where it is said and how near; `None`: a default.
    pub said: Option<(usize, Span)>,
}

/// Two times in the wrong order: the first must be shorter.
#[derive(Clone, Copy, Debug)]
pub struct Disorder {
    /// Should be the shorter.
    pub shorter: Time,
    /// Should be the longer.
    pub longer: Time,
}

/// All times of a view.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    default: Time,
    min: Time,
    max: Time,
    renew: Time,
    rebind: Time,
}

/// Whether any time is said: only then may a class, reservation or device have times of its own.
pub fn any(values: &Values) -> bool {
    let Parameters { lease_default, lease_min, lease_max, renew_after, rebind_after, .. } =
        &*values.parameters;
    [lease_default, lease_min, lease_max, renew_after, rebind_after].iter().any(|said| **said != Said::Absent)
}

impl Lifetimes {
    /// The times of a view; `None` where the lease time or a bound is zero, which is a finding of its own.
    pub fn of(view: &View<'_>) -> Option<Lifetimes> {
        let time = |name, of: fn(&Parameters) -> &Said<Seconds>, default| match view.parameter(of) {
            Some(ranked) => {
                Time { name, seconds: ranked.said.value, said: Some((ranked.rank, ranked.said.span)) }
            }
            None => Time { name, seconds: default, said: None },
        };
        let default = time("lease", |p| &p.lease_default, LEASE_DEFAULT);
        let lease = default.seconds;
        let min = time("lease.min", |p| &p.lease_min, lease);
        let max = time("lease.max", |p| &p.lease_max, lease);
        let seven_eighths = Seconds(lease.0 - lease.0.div_ceil(8));
        let renew = time("renew-after", |p| &p.renew_after, Seconds(lease.0 / 2));
        let rebind = time("rebind-after", |p| &p.rebind_after, seven_eighths);
        let zero = [default, min, max].iter().any(|time| time.seconds == Seconds(0));
        (!zero).then_some(Lifetimes { default, min, max, renew, rebind })
    }

    /// Shortest, default and longest lease time out of order.
    pub fn lease_disorder(&self) -> Option<Disorder> {
        let pairs = [(self.min, self.default), (self.default, self.max)];
        let wrong = |pair: &&(Time, Time)| pair.0.seconds > pair.1.seconds;
        pairs.iter().find(wrong).map(|(shorter, longer)| Disorder { shorter: *shorter, longer: *longer })
    }

    /// The timers that are said and do not fit into the lease time.
    pub fn late_timers(&self) -> Vec<&'static str> {
        let late = |time: &&Time| time.said.is_some() && time.seconds >= self.default.seconds;
        [self.renew, self.rebind].iter().filter(late).map(|time| time.name).collect()
    }

    /// T1, T2 and lease time out of order (RFC 2131 section 4.4.5), where a timer is said.
    pub fn timer_disorder(&self) -> Option<Disorder> {
        let (t1, t2, lease) = (self.renew, self.rebind, self.default);
        let unsaid = t1.said.is_none() && t2.said.is_none();
        if unsaid {
            return None;
        }
        // A default T2 gives way to a T1 that is said: the lease is what such a T1 is wrong against.
        let late_t1 = t2.said.is_none() && t1.seconds >= lease.seconds;
        let pairs = if late_t1 { [(t1, lease), (t2, lease)] } else { [(t1, t2), (t2, lease)] };
        let wrong = |pair: &&(Time, Time)| pair.0.seconds >= pair.1.seconds;
        pairs.iter().find(wrong).map(|(shorter, longer)| Disorder { shorter: *shorter, longer: *longer })
    }
}

impl Disorder {
    /// The nearest of the two that is said, and the other: what the nearest says is wrong against what it
    /// inherits. Said at the same place: the one that is not the lease time itself.
    pub fn culprit(&self) -> Option<(Time, Time, Span)> {
        let rank = |time: &Time| time.said.map_or(usize::MAX, |(rank, _)| rank);
        let plain = |time: &Time| time.name == "lease";
        let key = |time: &Time| (rank(time), plain(time));
        let (culprit, other) = if key(&self.shorter) <= key(&self.longer) {
            (self.shorter, self.longer)
        } else {
            (self.longer, self.shorter)
        };
        culprit.said.map(|(_, span)| (culprit, other, span))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ({})", self.name, self.seconds)
    }
}
