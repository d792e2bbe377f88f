//! A YAML file as the tools of other people see it: JSON, plain scalars typed by YAML 1.2's core schema (section
//! 10.3.2). Editors check a file in this form against our JSON Schemas, so the tests do too.

use leasehold_compiler::parse::{NodeId, NodeKind, Tree};
use serde_json::{Map, Value};

/// The document; `None` if a part of it could not be read.
pub fn to_json(tree: &Tree) -> Option<Value> {
    node(tree, tree.root())
}

fn node(tree: &Tree, id: NodeId) -> Option<Value> {
    match &tree.node(id).kind {
        NodeKind::Poisoned => None,
        NodeKind::Scalar { text, quoted: true } => Some(Value::String(text.to_string())),
        NodeKind::Scalar { text, quoted: false } => Some(scalar(text)),
        NodeKind::Sequence(elements) => elements.iter().map(|id| node(tree, *id)).collect(),
        NodeKind::Mapping(entries) => {
            let field = |key: &str, value| Some((key.to_owned(), node(tree, value)?));
            let fields: Option<Map<String, Value>> =
                entries.iter().map(|entry| field(&entry.key, entry.value)).collect();
            fields.map(Value::Object)
        }
    }
}

/// Whether another reader saw the same document. Readers of older YAML take a plain `007` for text, so their text
/// is typed again where we see no text.
pub fn is_same(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| is_same(ours, theirs))
        }
        (Value::Object(ours), Value::Object(theirs)) => {
            let same =
                |(key, value): (&String, &Value)| theirs.get(key).is_some_and(|other| is_same(value, other));
            ours.len() == theirs.len() && ours.iter().all(same)
        }
        (Value::Number(_), Value::String(text)) => *ours == scalar(text),
        _ => ours == theirs,
    }
}

/// A plain scalar by the core schema. What JSON cannot say (`.inf`, `.nan`, integers beyond 64 bits) stays text.
fn scalar(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    if let Some(integer) = integer(text) {
        return integer;
    }
    match float(text) {
        Some(float) => Value::from(float),
        None => Value::String(text.to_owned()),
    }
}

fn integer(text: &str) -> Option<Value> {
    let radix = |digits: &str, base: u32| {
        let well_formed = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(base));
        well_formed.then(|| u64::from_str_radix(digits, base).ok()).flatten().map(Value::from)
    };
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8);
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let unsigned = text.strip_prefix('+').unwrap_or(text);
    unsigned.parse::<i64>().map(Value::from).or_else(|_| unsigned.parse::<u64>().map(Value::from)).ok()
}

/// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
fn float(text: &str) -> Option<f64> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = exponent.map(|exponent| exponent.strip_prefix(['-', '+']).unwrap_or(exponent));
    let well_formed = digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent));
    well_formed.then(|| text.parse().ok()).flatten().filter(|float: &f64| float.is_finite())
}

#[cfg(test)]
mod tests {
    use leasehold_compiler::diag::Sink;
    use leasehold_schemas::source::FileId;
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Option<Value> {
        to_json(&leasehold_compiler::parse::parse(FileId(0), text.as_bytes(), &mut Sink::default()))
    }

    #[test]
    fn plain_scalars_are_typed_by_the_core_schema_and_quoted_ones_are_text() {
        let text = "[1, -7, 0x10, 0o17, 007, 1e3, .5, 5., ~, yes, true, \"1\", 10.0.0.1, 8h, '', 1.2.3, 1e]";
        let expected = json!([
            1, -7, 16, 15, 7, 1e3, 0.5, 5.0, null, "yes", true, "1", "10.0.0.1", "8h", "", "1.2.3", "1e"
        ]);
        assert_eq!(read(text), Some(expected));
    }

    #[test]
    fn a_broken_document_is_none() {
        assert_eq!(read("a: ["), None);
        assert_eq!(read("a: 1\n"), Some(json!({"a": 1})));
    }
}
