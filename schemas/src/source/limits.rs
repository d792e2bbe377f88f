//! How large a change may be before `leasehold plan` asks for an acknowledgement.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::span::{Span, Spanned};

/// How large a change may be before `leasehold plan` calls it breaking. What a site says goes before what the estate
/// says, key by key.
#[derive(Clone, PartialEq, Eq, Debug, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ChangeLimits {
    /// The share of a site's reservations that may go at once: `many-reservations-removed`. Default 20 %. Fewer than 3
    /// are never too many.
    #[schemars(default, with = "Percent")]
    pub reservations_removed: Option<Spanned<Percent>>,
    /// The share of itself by which a lease time may be shortened: `lease-cut`. Default 50 %.
    #[schemars(default, with = "Percent")]
    pub lease_cut: Option<Spanned<Percent>>,
    /// Where this entry stands.
    #[schemars(skip)]
    pub span: Span,
}

/// A share from 0 to 100 percent, in whole percent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Percent(pub u8);

impl JsonSchema for Percent {
    fn schema_name() -> Cow<'static, str> {
        "Percent".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^(100|[1-9]?[0-9]) ?%$",
            "description": "A share in whole percent, from 0 % to 100 %: `20%`.",
        })
    }
}
