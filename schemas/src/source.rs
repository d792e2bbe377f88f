//! What an estate may say: the YAML that people edit. The doc comments here are the manual; they become the
//! descriptions in `estate.schema.json` and `site.schema.json`.
//!
//! Every value keeps its span. `null` is a value of its own ([`Said::Unset`]): it removes what would be
//! inherited. These types hold what was written, not what it means: no defaults, no resolved names.

mod estate;
mod limits;
mod option_value;
mod settings;
mod site;
mod span;
mod text;

pub use estate::{
    ClassDefinition, EstateFile, HighAvailability, OptionDefinition, OptionType, Profile, Server, Share,
};
pub use limits::{ChangeLimits, Percent};
pub use option_value::OptionValue;
pub use settings::{Address, Allow, ClassMeaning, ClientSettings, Lease, LeaseTimes, PlaceSettings};
pub use site::{
    Device, Exclusion, IdentifierText, Identifiers, Network, Pool, Reservation, SiteFile, Subnet,
};
pub use span::{FileId, Gaps, Keyed, Map, Said, Span, Spanned};
pub use text::{
    EXPRESSION_CHARS_MAX, FILE_OCTETS_MAX, HOSTNAME_CHARS_MAX, IDENTIFIER_OCTETS_MAX, NAME_CHARS_MAX,
    NOTE_CHARS_MAX, SNAME_OCTETS_MAX, WORD_CHARS_MAX,
};
