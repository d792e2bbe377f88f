//! What a name in a document means: classes, profiles and options by name, options also by code.
//!
//! Invariant: of two things with one name the first has it (a rule reports the second). Lookups never report; who
//! asks knows the place.

use std::collections::BTreeMap;

use leasehold_schemas::vocab::{ClassName, OptionCode, Space};

use super::{definitions, expression};
use crate::diag::{nearest, only_slip};
use crate::model::{Class, Definition, Estate, Id, Profile};

/// Classes that can be named without being defined, beside `VENDOR_CLASS_` with a vendor class identifier (option
/// 60) behind it. DROP is here because its name alone is its use: its members get no answer.
pub const BUILT_IN_CLASSES: [&str; 4] = ["ALL", "KNOWN", "UNKNOWN", "DROP"];

/// Our name for an option that other programs, or people, call so.
const FOREIGN_OPTIONS: &[(&str, &str)] = &[
    ("bootfile", "boot-file-name"),
    ("bootfile-name", "boot-file-name"),
    ("broadcast", "broadcast-address"),
    ("classless-static-routes", "classless-static-route"),
    ("default-gateway", "routers"),
    ("dns", "domain-name-servers"),
    ("dns-server", "domain-name-servers"),
    ("dns-servers", "domain-name-servers"),
    ("domain", "domain-name"),
    ("domain-search-list", "domain-search"),
    ("filename", "boot-file-name"),
    ("gateway", "routers"),
    ("gateways", "routers"),
    ("mtu", "interface-mtu"),
    ("nameservers", "domain-name-servers"),
    ("netmask", "subnet-mask"),
    ("ntp", "ntp-servers"),
    ("ntp-server", "ntp-servers"),
    ("rfc3442-classless-static-routes", "classless-static-route"),
    ("search-domains", "domain-search"),
    ("syslog-servers", "log-servers"),
    ("tftp-server", "tftp-server-name"),
    ("vendor-specific", "vendor-encapsulated-options"),
    ("wins-servers", "netbios-name-servers"),
];

/// Whether the server knows the class by its name.
pub fn is_built_in(class: &ClassName) -> bool {
    class.as_str() == "DROP" || expression::is_built_in(class.as_str())
}

/// Everything that can be named.
#[derive(Debug, Default)]
pub struct Names {
    classes: BTreeMap<ClassName, Id<Class>>,
    profiles: BTreeMap<String, Id<Profile>>,
    options: BTreeMap<String, Id<Definition>>,
    codes: BTreeMap<(Space, OptionCode), Id<Definition>>,
}

impl Names {
    /// The names of what an estate defines.
    pub fn of(estate: &Estate) -> Names {
        let mut names = Names::default();
        for (id, class) in estate.classes.iter() {
            names.classes.entry(class.name.value.clone()).or_insert(id);
        }
        for (id, profile) in estate.profiles.iter() {
            names.profiles.entry(profile.name.value.clone()).or_insert(id);
        }
        for (id, definition) in estate.definitions.iter() {
            names.options.entry(definition.name.clone()).or_insert(id);
            names.codes.entry((definition.space, definition.code)).or_insert(id);
        }
        for code in definitions::CODES {
            let nameless = estate.definitions.ready(definitions::nameless_at(code));
            names.codes.entry((Space::Dhcp4, OptionCode(code))).or_insert(nameless);
        }
        names
    }

    /// A class of the estate.
    pub fn class(&self, name: &ClassName) -> Option<Id<Class>> {
        self.classes.get(name).copied()
    }

    /// A profile.
    pub fn profile(&self, name: &str) -> Option<Id<Profile>> {
        self.profiles.get(name).copied()
    }

    /// An option by its name.
    pub fn option(&self, name: &str) -> Option<Id<Definition>> {
        self.options.get(name).copied()
    }

    /// An option by its code.
    pub fn option_by_code(&self, space: Space, code: OptionCode) -> Option<Id<Definition>> {
        self.codes.get(&(space, code)).copied()
    }

    /// The class whose name is most like this one.
    pub fn nearest_class(&self, wanted: &str) -> Option<&str> {
        nearest(wanted, self.classes.keys().map(ClassName::as_str).chain(BUILT_IN_CLASSES))
    }

    /// The profile whose name is most like this one.
    pub fn nearest_profile(&self, wanted: &str) -> Option<&str> {
        nearest(wanted, self.profiles.keys().map(String::as_str))
    }

    /// The option that others call so, or whose name is most like this one.
    pub fn nearest_option(&self, wanted: &str) -> Option<&str> {
        if let Some((_, ours)) = FOREIGN_OPTIONS.iter().find(|(foreign, _)| *foreign == wanted) {
            return Some(ours);
        }
        let code = wanted.strip_prefix("option-").or_else(|| wanted.strip_prefix("opt"));
        if let Some(code) = code.and_then(|code| code.trim_start_matches('-').parse().ok()) {
            let meant = self.option_by_code(Space::Dhcp4, OptionCode(code));
            let mut named = self.options.iter().filter(|(_, id)| Some(**id) == meant);
            return named.next().map(|(name, _)| name.as_str());
        }
        nearest(wanted, self.options.keys().map(String::as_str))
    }

    /// Whether the word can only be a slip for one class.
    pub fn is_class_slip(&self, wanted: &str) -> bool {
        only_slip(wanted, self.classes.keys().map(ClassName::as_str).chain(BUILT_IN_CLASSES)).is_some()
    }

    /// Whether the word can only be a slip for one profile.
    pub fn is_profile_slip(&self, wanted: &str) -> bool {
        only_slip(wanted, self.profiles.keys().map(String::as_str)).is_some()
    }

    /// Whether the word can only be a slip for one option.
    pub fn is_option_slip(&self, wanted: &str) -> bool {
        only_slip(wanted, self.options.keys().map(String::as_str)).is_some()
    }
}
