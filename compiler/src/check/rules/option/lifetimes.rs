//! The lease times and timers that one view of the estate ends up with, defaults included.

use std::fmt;

use leasehold_schemas::source::{FileId, Said, Span, Spanned};
use leasehold_schemas::vocab::Seconds;

use crate::model::{Estate, Parameters, Ranked, Values, View};

/// The lease time where nobody says one (`lease` in the manual).
const LEASE_DEFAULT: Seconds = Seconds(8 * 3_600);

/// One time: what it is called, how long it is, and who said it.
#[derive(Clone, Copy, Debug)]
pub struct Time {
    /// Its key.
    pub name: &'static str,
    /// How long.
    pub seconds: Seconds,
    /// Who said it; `None`: a default.
    pub said: Option<Saying>,
}

/// Who said a time.
#[derive(Clone, Copy, Debug)]
pub struct Saying {
    /// How near: 0 wins over 1, and so on.
    pub rank: usize,
    /// Where.
    pub span: Span,
    /// Where the first of the times stands that are said together with it. Times said together are one statement,
    /// and one mistake.
    pub statement: Span,
}

/// Two times in the wrong order: the first must be shorter.
#[derive(Clone, Copy, Debug)]
pub struct Disorder {
    /// Should be the shorter.
    pub shorter: Time,
    /// Should be the longer.
    pub longer: Time,
}

/// The file of what is common to all sites.
pub fn common_file(estate: &Estate) -> Option<FileId> {
    estate.scope.map(|scope| estate.scopes[scope].span.file)
}

/// All times of a view. `None`: not known, because what is said cannot be read or is zero, which was reported.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    default: Option<Time>,
    min: Option<Time>,
    max: Option<Time>,
    renew: Option<Time>,
    rebind: Option<Time>,
}

/// The times that can be said.
fn all(values: &Values) -> [&Said<Seconds>; 5] {
    let Parameters { lease_default, lease_min, lease_max, renew_after, rebind_after, .. } =
        &*values.parameters;
    [lease_default, lease_min, lease_max, renew_after, rebind_after]
}

/// Whether any time is said: only then may a class, reservation or device have times of its own.
pub fn any(values: &Values) -> bool {
    all(values).iter().any(|said| **said != Said::Absent)
}

impl Lifetimes {
    /// The times of a view.
    pub fn of(view: &View<'_>) -> Lifetimes {
        let time = |name, of: fn(&Parameters) -> &Said<Seconds>, default: Option<Seconds>| {
            let unsaid = default.map(|seconds| Time { name, seconds, said: None });
            let Some(Ranked { rank, said }) = view.nearest(of) else { return unsaid };
            match said {
                Said::Absent | Said::Unset(_) => unsaid,
                Said::Broken => None,
                Said::Set(Spanned { value, span }) => {
                    let together = all(view.said_at(rank)).into_iter().filter_map(Said::span);
                    let statement = together.min().unwrap_or(*span);
                    Some(Time { name, seconds: *value, said: Some(Saying { rank, span: *span, statement }) })
                }
            }
        };
        let above_zero = |time: &Time| time.seconds != Seconds(0);
        let default = time("lease", |p| &p.lease_default, Some(LEASE_DEFAULT)).filter(above_zero);
        let lease = default.map(|time| time.seconds);
        let half = lease.map(|lease| Seconds(lease.0 / 2));
        let seven_eighths = lease.map(|lease| Seconds(lease.0 - lease.0.div_ceil(8)));
        Lifetimes {
            default,
            min: time("lease.min", |p| &p.lease_min, lease).filter(above_zero),
            max: time("lease.max", |p| &p.lease_max, lease).filter(above_zero),
            renew: time("renew-after", |p| &p.renew_after, half),
            rebind: time("rebind-after", |p| &p.rebind_after, seven_eighths),
        }
    }

    /// Shortest, default and longest lease time out of order.
    pub fn lease_disorder(&self) -> Option<Disorder> {
        let said = |time: &Time| time.said.is_some();
        let bounds = (self.min.filter(said), self.max.filter(said));
        let pairs = [bounds, (self.min, self.default), (self.default, self.max)];
        let known = pairs.into_iter().filter_map(|(shorter, longer)| shorter.zip(longer));
        known
            .into_iter()
            .find(|(shorter, longer)| shorter.seconds > longer.seconds)
            .map(|(shorter, longer)| Disorder { shorter, longer })
    }

    /// The timers that are said and do not fit into the lease time.
    pub fn late_timers(&self) -> Vec<&'static str> {
        let Some(lease) = self.default else { return Vec::new() };
        let late = |time: &Time| time.said.is_some() && time.seconds >= lease.seconds;
        [self.renew, self.rebind].into_iter().flatten().filter(late).map(|time| time.name).collect()
    }

    /// T1, T2 and lease time out of order (RFC 2131 section 4.4.5), where a timer is said.
    pub fn timer_disorder(&self) -> Option<Disorder> {
        let (t1, t2, lease) = (self.renew, self.rebind, self.default);
        let said = |time: Option<Time>| time.is_some_and(|time| time.said.is_some());
        if !said(t1) && !said(t2) {
            return None;
        }
        // A default T2 gives way to a T1 that is said: the lease is what such a T1 is wrong against.
        let late = |(t1, lease): (Time, Time)| t1.seconds >= lease.seconds;
        let late_t1 = !said(t2) && t1.zip(lease).is_some_and(late);
        let pairs = if late_t1 { [(t1, lease), (t2, lease)] } else { [(t1, t2), (t2, lease)] };
        let known = pairs.into_iter().filter_map(|(shorter, longer)| shorter.zip(longer));
        let wrong = |(shorter, longer): &(Time, Time)| shorter.seconds >= longer.seconds;
        known.into_iter().find(wrong).map(|(shorter, longer)| Disorder { shorter, longer })
    }
}

impl Disorder {
    /// Whether one statement says both.
    pub fn is_one_statement(&self) -> bool {
        let statement = |time: &Time| time.said.map(|said| said.statement);
        self.shorter.said.is_some() && statement(&self.shorter) == statement(&self.longer)
    }

    /// The nearest of the two that is said, and the other: what the nearest says is wrong against what it
    /// inherits. What a site's file says is nearer than what `common`, the estate's file, says of a class. Said at the
    /// same place: the one that is not the lease time itself.
    pub fn culprit(&self, common: Option<FileId>) -> Option<(Time, Time, Saying)> {
        let rank = |time: &Time| time.said.map_or(usize::MAX, |said| said.rank);
        let of_all = |time: &Time| time.said.is_none_or(|said| Some(said.span.file) == common);
        let plain = |time: &Time| time.name == "lease";
        let key = |time: &Time| (of_all(time), rank(time), plain(time));
        let (culprit, other) = if key(&self.shorter) <= key(&self.longer) {
            (self.shorter, self.longer)
        } else {
            (self.longer, self.shorter)
        };
        culprit.said.map(|said| (culprit, other, said))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ({})", self.name, self.seconds)
    }
}
