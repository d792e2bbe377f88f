//! An option's value as written; its definition decides later what it means.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::span::{Map, Spanned};

/// An option's value as written. Its type comes from the option's definition:
///
/// - a scalar for one value, a list for an array;
/// - a record is a mapping of its fields in any order, or a list of them in order;
/// - `{hex: 0x0102}` gives the octets of any option;
/// - `null` removes an inherited value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OptionValue {
    /// One scalar, as its text.
    Scalar(String),
    /// A list.
    List(Vec<Spanned<OptionValue>>),
    /// A mapping.
    Mapping(Map<Spanned<OptionValue>>),
    /// `null`.
    Null,
}

impl JsonSchema for OptionValue {
    fn schema_name() -> Cow<'static, str> {
        "OptionValue".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let nested = generator.subschema_for::<OptionValue>();
        json_schema!({
            "description": "An option's value, typed by the option's definition: a scalar, a list for an array, \
                            a mapping or list for a record, `{hex: 0x0102}` for octets, `null` to remove an inherited value.",
            "type": ["string", "number", "boolean", "array", "object", "null"],
            "items": nested,
            "additionalProperties": nested,
        })
    }
}
