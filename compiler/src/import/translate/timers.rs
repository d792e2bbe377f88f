//! T1 and T2.
//!
//! Kea sends a timer only where it is shorter than the lease, and T1 only where it is shorter than T2; an estate wants
//! them in that order. Kea may make them parts of the lease time; an estate does so by itself, by half and seven eighths,
//! and says them where Kea has other parts. Where Kea sends none, a client takes half and seven eighths (RFC 2131
//! section 4.4.5), which is what it is told here.

use leasehold_schemas::vocab::Seconds;

use super::{At, LEASE_DEFAULT, Tree};
use crate::import::draft::Key;
use crate::import::kea::scope::Scope;
use crate::import::listing::Fate;
use crate::import::yaml::Yaml;

/// T1 and T2 that are said.
type Timers = [Option<u32>; 2];

/// The keys of both.
const KEYS: [Key; 2] = [Key::RenewAfter, Key::RebindAfter];

/// Says the timers wherever they differ from what is inherited, for everybody and for classes with lease times of their
/// own.
pub fn fill(tree: &mut Tree<'_, '_>) {
    let scopes = || tree.places().into_iter().map(|at| tree.scope(at));
    if !scopes()
        .any(|scope| scope.renew.is_some() || scope.rebind.is_some() || scope.tee.calculate == Some(true))
    {
        return;
    }
    for at in tree.places() {
        if matches!(at, At::Pool(..)) {
            continue;
        }
        let here = timers(tree, at, lease(tree, at));
        let around = at.around().map_or([None, None], |around| timers(tree, around, lease(tree, around)));
        for (key, (value, inherited)) in KEYS.into_iter().zip(here.into_iter().zip(around)) {
            if value != inherited {
                tree.draft_mut(at).say(key, written(value));
            }
        }
        note_bounds(tree, at);
    }
    let differs = KEYS.map(|key| any_class_differs(tree, key));
    for at in tree.places().into_iter().filter(|at| !matches!(at, At::Pool(..))) {
        for class in 0..tree.classes.kea.len() {
            of_class(tree, at, class, differs);
        }
    }
}

/// The lease time of a class, where it says one that counts.
fn class_lease(tree: &Tree<'_, '_>, class: usize) -> Option<u32> {
    let kea = tree.classes.kea[class].as_ref().filter(|kea| !kea.only_additional)?;
    kea.scope.lease.filled().map(|[default, _, _]| default)
}

/// Which of the two timers is told.
fn of(timers: Timers, key: Key) -> Option<u32> {
    if key == Key::RenewAfter { timers[0] } else { timers[1] }
}

/// Whether members of a class with a lease time of its own are told another timer somewhere than everybody else. Then
/// all such classes say theirs: a client may be in several, and the class that gives the lease time has to give both.
fn any_class_differs(tree: &Tree<'_, '_>, key: Key) -> bool {
    let leases: Vec<u32> = (0..tree.classes.kea.len()).filter_map(|class| class_lease(tree, class)).collect();
    tree.places().into_iter().any(|at| {
        let place = of(timers(tree, at, lease(tree, at)), key);
        leases.iter().any(|lease| of(timers(tree, at, *lease), key) != place)
    })
}

/// What a class with a lease time of its own is told in a place.
fn of_class(tree: &mut Tree<'_, '_>, at: At, class: usize, differs: [bool; 2]) {
    let Some(lease) = class_lease(tree, class) else { return };
    let wanted = timers(tree, at, lease);
    for (key, differs) in KEYS.into_iter().zip(differs) {
        let value = written(of(wanted, key));
        let said = at.chain().find_map(|at| tree.draft(at).says.get(&(Some(class), key)));
        if differs && said != Some(&value) {
            tree.draft_mut(at).says.insert((Some(class), key), value);
        }
    }
}

fn written(timer: Option<u32>) -> Yaml {
    timer.map_or(Yaml::Null, |seconds| Yaml::text(Seconds(seconds).to_string()))
}

/// The nearest word on something.
fn said<'b, T>(tree: &Tree<'_, 'b>, at: At, read: impl Fn(&Scope<'b>) -> Option<T>) -> Option<T> {
    at.chain().find_map(|at| read(tree.scope(at)))
}

fn lease(tree: &Tree<'_, '_>, at: At) -> u32 {
    said(tree, at, |scope| scope.lease.default).unwrap_or(LEASE_DEFAULT)
}

/// The timers that an estate has to say so that a client with this lease time is told what Kea would tell it.
fn timers(tree: &Tree<'_, '_>, at: At, lease: u32) -> Timers {
    let calculated = said(tree, at, |scope| scope.tee.calculate).unwrap_or(false);
    let part = |said: Option<f64>, default: f64| {
        let part = said.unwrap_or(default);
        let differs = (part - default).abs() > f64::EPSILON;
        (calculated && differs && (0.0..1.0).contains(&part)).then(|| seconds(f64::from(lease) * part))
    };
    let rebind =
        said(tree, at, |scope| scope.rebind).or_else(|| part(said(tree, at, |scope| scope.tee.t2), 0.875));
    let rebind = rebind.filter(|t2| (1..lease).contains(t2));
    let end = rebind.unwrap_or_else(|| seconds(f64::from(lease) * 0.875));
    let renew =
        said(tree, at, |scope| scope.renew).or_else(|| part(said(tree, at, |scope| scope.tee.t1), 0.5));
    let renew = renew.filter(|t1| (1..end).contains(t1));
    // Without a T1, half the lease time has to come before T2.
    let renew = renew.or_else(|| rebind.filter(|t2| *t2 <= lease / 2).map(|t2| (t2 / 2).max(1)));
    [renew, rebind]
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a number of seconds")]
fn seconds(seconds: f64) -> u32 {
    seconds as u32
}

/// Parts of a lease time are parts of the default one.
fn note_bounds(tree: &Tree<'_, '_>, at: At) {
    let scope = tree.scope(at);
    let bounded = scope.lease.min.is_some() || scope.lease.max.is_some();
    let [t1, t2] = [scope.tee.t1, scope.tee.t2];
    let differs = t1.is_some_and(|part| (part - 0.5).abs() > f64::EPSILON)
        || t2.is_some_and(|part| (part - 0.875).abs() > f64::EPSILON);
    if bounded && differs && scope.tee.calculate == Some(true) && at == At::Estate {
        let reason = "T1 and T2 are parts of the default lease time, also for a client that asks for another";
        if let Some(network) = tree.server.subnets().next() {
            network.view.note(Fate::Changed, reason, "");
        }
    }
}
