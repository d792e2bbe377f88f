//! Where a value stands, and whether it stands there at all.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// A file of the estate, by its place in the ordered list of files.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct FileId(pub u32);

/// Bytes `start` to `end` (excluded) of a file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// Offset of the first byte.
    pub start: u32,
    /// Offset behind the last byte.
    pub end: u32,
}

impl Span {
    /// Whether `inner` lies within this span of the same file.
    pub fn contains(self, inner: Span) -> bool {
        self.file == inner.file && self.start <= inner.start && inner.end <= self.end
    }
}

/// A value and where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// A value with its place.
    pub fn new(value: T, span: Span) -> Spanned<T> {
        Spanned { value, span }
    }

    /// The same place with a value made of this one.
    pub fn map<U>(self, convert: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned { value: convert(self.value), span: self.span }
    }
}

/// An inheritable value: not said, taken away, or said.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Said<T> {
    /// The key is not there: the value is inherited.
    #[default]
    Absent,
    /// The key is there with `null`: an inherited value is removed for this scope.
    Unset(Span),
    /// The key is there with a value.
    Set(Spanned<T>),
    /// The key is there, perhaps misspelt, with a value that cannot be read: that was reported, and what holds here is
    /// not known.
    Broken,
}

impl<T> Said<T> {
    /// The value, if one is said.
    pub fn set(&self) -> Option<&Spanned<T>> {
        match self {
            Said::Set(value) => Some(value),
            Said::Absent | Said::Unset(_) | Said::Broken => None,
        }
    }

    /// Where it is said or taken away.
    pub fn span(&self) -> Option<Span> {
        match self {
            Said::Absent | Said::Broken => None,
            Said::Unset(span) => Some(*span),
            Said::Set(value) => Some(value.span),
        }
    }
}

/// What a file's faults took out of its document, so that findings which only the missing part causes stay
/// silent. Everything here was reported.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Gaps {
    /// Something was dropped: that a thing is missing or unused cannot be said.
    pub incomplete: bool,
    /// Blocks of the address space were dropped: a subnet outside the others may lie in one of them.
    pub address_space: bool,
    /// A class definition was dropped, and its name with it: an unknown class may be that one.
    pub classes: bool,
    /// Profiles were dropped: an unknown profile may be one of them.
    pub profiles: bool,
    /// Option definitions were dropped whose names are not known: an unknown option may be one of them.
    pub option_definitions: bool,
    /// Names of option definitions that were dropped: these, and only these, are no unknown options.
    pub option_names: Vec<String>,
}

/// One entry of a mapping whose keys people choose.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Keyed<T> {
    /// The key.
    pub key: Spanned<String>,
    /// Its value.
    pub value: T,
}

/// A mapping whose keys people choose, in the order written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Map<T>(pub Vec<Keyed<T>>);

impl<T> Default for Map<T> {
    fn default() -> Map<T> {
        Map(Vec::new())
    }
}

impl<T: JsonSchema> JsonSchema for Spanned<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }
    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

impl<T: JsonSchema> JsonSchema for Said<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("Said_{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [value, { "type": "null" }] })
    }
}

impl<T: JsonSchema> JsonSchema for Map<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("Map_{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<T>();
        json_schema!({ "type": "object", "additionalProperties": value })
    }
}
