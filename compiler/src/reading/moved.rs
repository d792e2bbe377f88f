//! What was read of a file, when the file has another place in the list: files were added or removed before it.
//!
//! Invariant: what is moved is what reading the file in its new place would give. The destructuring names every field, so
//! that a new one stops the build.

use leasehold_schemas::artefact::{Identity, ReplyPort, ReplyTo};
use leasehold_schemas::source::{
    Address, Allow, ChangeLimits, ClassMeaning, ClientSettings, Device, Exclusion, FileId, Gaps,
    IdentifierText, Identifiers, Keyed, Lease, LeaseTimes, Map, Network, OptionValue, Percent, PlaceSettings,
    Pool, Reservation, Said, SiteFile, Span, Spanned, Subnet,
};
use leasehold_schemas::vocab::{AddrRange, Cidr, ClassName, MacAddr, Seconds, SiteCode};

use crate::diag::{Diagnostic, Edit, Fix, Label, Redundant, Rule, Severity};

/// Something with places in one file.
pub trait Moved {
    /// Makes that file another one.
    fn move_to(&mut self, file: FileId);
}

impl Moved for Span {
    fn move_to(&mut self, file: FileId) {
        self.file = file;
    }
}

impl<T: Moved> Moved for Vec<T> {
    fn move_to(&mut self, file: FileId) {
        self.iter_mut().for_each(|one| one.move_to(file));
    }
}

impl<T: Moved> Moved for Option<T> {
    fn move_to(&mut self, file: FileId) {
        self.iter_mut().for_each(|one| one.move_to(file));
    }
}

impl<T: Moved> Moved for Box<T> {
    fn move_to(&mut self, file: FileId) {
        (**self).move_to(file);
    }
}

impl<T: Moved> Moved for Spanned<T> {
    fn move_to(&mut self, file: FileId) {
        let Spanned { value, span } = self;
        value.move_to(file);
        span.move_to(file);
    }
}

impl<T: Moved> Moved for Said<T> {
    fn move_to(&mut self, file: FileId) {
        match self {
            Said::Absent | Said::Broken => {}
            Said::Unset(span) => span.move_to(file),
            Said::Set(value) => value.move_to(file),
        }
    }
}

impl<T: Moved> Moved for Map<T> {
    fn move_to(&mut self, file: FileId) {
        for Keyed { key, value } in &mut self.0 {
            key.move_to(file);
            value.move_to(file);
        }
    }
}

impl Moved for OptionValue {
    fn move_to(&mut self, file: FileId) {
        match self {
            OptionValue::Scalar(_) | OptionValue::Null => {}
            OptionValue::List(values) => values.move_to(file),
            OptionValue::Mapping(values) => values.move_to(file),
        }
    }
}

impl Moved for Lease {
    fn move_to(&mut self, file: FileId) {
        match self {
            Lease::Default(_) => {}
            Lease::Times(times) => times.move_to(file),
        }
    }
}

/// Values without a place of their own.
macro_rules! placeless {
    ($($value:ty),+ $(,)?) => {
        $(impl Moved for $value {
            fn move_to(&mut self, _: FileId) {}
        })+
    };
}

placeless!(
    bool,
    u32,
    String,
    Address,
    AddrRange,
    Cidr,
    ClassName,
    Gaps,
    Identity,
    IdentifierText,
    MacAddr,
    Percent,
    ReplyPort,
    ReplyTo,
    Seconds,
    SiteCode,
    &'static Rule,
    Severity,
    Redundant,
);

/// Values with places in their fields.
macro_rules! with_places {
    ($($value:ident { $($field:ident),+ $(,)? })+) => {
        $(impl Moved for $value {
            fn move_to(&mut self, file: FileId) {
                let $value { $($field),+ } = self;
                $($field.move_to(file);)+
            }
        })+
    };
}

with_places! {
    SiteFile { version, site, name, profile, networks, reservations, classes, change_limits, settings, gaps, span }
    Network { name, relays, subnets, only, classes, settings, span }
    Subnet { subnet, suspect, id, pools, exclude, reservations, only, classes, settings, span }
    Pool { range, only, classes, settings, span }
    Exclusion { range, reason, allow, span }
    Identifiers { mac, client_id, circuit_id, remote_id, duid }
    Reservation { identifiers, ip, hostname, description, classes, client, allow, span }
    Device { identifiers, hostname, description, classes, client, allow, span }
    ClientSettings {
        options, lease, renew_after, rebind_after, next_server, server_hostname, boot_file_name, always_send,
        never_send,
    }
    PlaceSettings { client, authoritative, identity, rapid_commit, decline_probation, reply_to, reply_port, allow }
    LeaseTimes { default, min, max }
    ClassMeaning { class, client, span }
    Allow { rule, reason, until, span }
    ChangeLimits { reservations_removed, lease_cut, span }
    Diagnostic { rule, severity, message, primary, secondary, notes, help, fix, redundant }
    Label { span, text }
    Fix { title, safe, edits }
    Edit { span, text }
}
