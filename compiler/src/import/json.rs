//! Kea's dialect of JSON: text to a tree in which every value knows where it stands.
//!
//! Beyond JSON there are comments (`//`, `#`, `/* */`), one comma behind the last element, and `<?include "file"?>`
//! wherever a token may stand. A key that is given twice has its last value, and the earlier ones are remembered.
//!
//! Invariant: text, depth and includes are bounded, so that no input exhausts memory or stack. This module knows no key
//! of Kea's.

mod lexer;

use std::fmt;

use lexer::{Lexer, Token};

/// Most bytes of all files together: forty times an estate of 14,000 reservations.
pub const BYTES_MAX: usize = 64 << 20;

/// Most values: thirty times an estate of 14,000 reservations.
pub const VALUES_MAX: usize = 4_000_000;

/// Deepest nesting of lists and maps; Kea's own keys need 10.
pub const DEPTH_MAX: usize = 64;

/// Deepest nesting of included files; Kea stops at 10 as well.
pub const INCLUDES_MAX: usize = 10;

/// A value of a [`Document`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NodeId(u32);

impl NodeId {
    /// Its place in a list with one entry a value.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Where something stands: file (by its place in [`Document::files`]), line and column, both counted from 1, the
/// column in characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Place {
    /// The file.
    pub file: u16,
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

/// A value.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Real(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<NodeId>),
    /// A map, its keys in the order written, each once.
    Map(Vec<(String, NodeId)>),
}

impl Value {
    /// What it is, in words.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Null => "`null`",
            Value::Boolean(_) => "a boolean",
            Value::Integer(_) => "a whole number",
            Value::Real(_) => "a number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }
}

/// How a value is reached from the one around it.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Step {
    Key(String),
    Index(usize),
}

#[derive(Clone, PartialEq, Debug)]
struct Node {
    value: Value,
    around: Option<(NodeId, Step)>,
    place: Place,
}

/// A configuration as it was read.
#[derive(Clone, PartialEq, Debug)]
pub struct Document {
    nodes: Vec<Node>,
    /// The files that were read, as messages name them; the first is the one that was asked for.
    pub files: Vec<String>,
    /// Keys that were given again: the later value's node, and where the earlier one stood.
    pub repeated: Vec<(NodeId, Place)>,
}

/// A file that was loaded: what tells it from others (its canonical path), how messages name it, and its bytes.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What tells it from every other file.
    pub identity: String,
    /// How messages name it.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// How included files are had: by the name that is written and the identity of the file it is written in. An error is
/// the reason why it cannot be had.
pub type Load<'l> = dyn FnMut(&str, &str) -> Result<Loaded, String> + 'l;

/// Why a text is no configuration, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// The file's name.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// What is wrong, one clause.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)
    }
}

impl Document {
    /// Reads a file and what it includes.
    pub fn read(file: Loaded, load: &mut Load<'_>) -> Result<Document, Fault> {
        let mut parser = Parser {
            document: Document { nodes: Vec::new(), files: Vec::new(), repeated: Vec::new() },
            lexer: Lexer::new(load),
        };
        parser.lexer.open(file)?;
        let parsed = parser.whole();
        let Parser { mut document, lexer } = parser;
        document.files = lexer.into_files();
        parsed.map(|()| document)
    }

    /// The outermost value.
    pub fn root(&self) -> NodeId {
        NodeId(0)
    }

    /// Count of values.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether nothing was read; never so after [`Document::read`].
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// A value.
    pub fn value(&self, id: NodeId) -> &Value {
        &self.nodes[id.index()].value
    }

    /// Where it stands.
    pub fn place(&self, id: NodeId) -> Place {
        self.nodes[id.index()].place
    }

    /// Its path from the root: `Dhcp4.subnet4[3].pools[0].pool`. A key that is no plain word is quoted.
    pub fn path(&self, id: NodeId) -> String {
        let mut steps = Vec::new();
        let mut at = id;
        while let Some((around, step)) = &self.nodes[at.index()].around {
            steps.push(step);
            at = *around;
        }
        let mut path = String::new();
        for step in steps.into_iter().rev() {
            match step {
                Step::Index(index) => path.push_str(&format!("[{index}]")),
                Step::Key(key) => {
                    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
                    if !path.is_empty() {
                        path.push('.');
                    }
                    if !key.is_empty() && key.chars().all(plain) {
                        path.push_str(key);
                    } else {
                        path.push_str(&format!("\"{}\"", key.escape_debug()));
                    }
                }
            }
        }
        path
    }

    /// The value as JSON on one line.
    pub fn text(&self, id: NodeId) -> String {
        self.plain(id).to_string()
    }

    fn plain(&self, id: NodeId) -> serde_json::Value {
        match self.value(id) {
            Value::Null => serde_json::Value::Null,
            Value::Boolean(value) => (*value).into(),
            Value::Integer(value) => (*value).into(),
            Value::Real(value) => (*value).into(),
            Value::Text(text) => text.as_str().into(),
            Value::List(items) => items.iter().map(|item| self.plain(*item)).collect(),
            Value::Map(members) => {
                members.iter().map(|(key, value)| (key.clone(), self.plain(*value))).collect()
            }
        }
    }

    fn push(&mut self, place: Place, around: Option<(NodeId, Step)>) -> NodeId {
        let id = NodeId(u32::try_from(self.nodes.len()).expect("there are fewer values than bytes"));
        self.nodes.push(Node { value: Value::Null, around, place });
        id
    }
}

struct Parser<'l, 'c> {
    document: Document,
    lexer: Lexer<'l, 'c>,
}

impl Parser<'_, '_> {
    fn whole(&mut self) -> Result<(), Fault> {
        let (token, place) = self.lexer.next()?;
        if matches!(token, Token::End) {
            return Err(self.lexer.fault(place, "the file is empty; name a configuration of Kea's"));
        }
        self.value(token, place, None, 0)?;
        match self.lexer.next()? {
            (Token::End, _) => Ok(()),
            (token, place) => {
                let message = format!("expected the end of the file, found {}", token.name());
                Err(self.lexer.fault(place, message))
            }
        }
    }

    fn value(
        &mut self,
        token: Token,
        place: Place,
        around: Option<(NodeId, Step)>,
        depth: usize,
    ) -> Result<NodeId, Fault> {
        if depth > DEPTH_MAX {
            let message = format!("lists and maps stand more than {DEPTH_MAX} deep in each other");
            return Err(self.lexer.fault(place, message));
        }
        if self.document.len() >= VALUES_MAX {
            let message = format!("the configuration has more than {VALUES_MAX} values");
            return Err(self.lexer.fault(place, message));
        }
        let id = self.document.push(place, around);
        let value = match token {
            Token::Null => Value::Null,
            Token::Boolean(value) => Value::Boolean(value),
            Token::Integer(value) => Value::Integer(value),
            Token::Real(value) => Value::Real(value),
            Token::Text(text) => Value::Text(text),
            Token::OpenList => self.list(id, place, depth)?,
            Token::OpenMap => self.map(id, place, depth)?,
            Token::CloseList | Token::CloseMap | Token::Comma | Token::Colon | Token::End => {
                let message = format!("expected a value, found {}", token.name());
                return Err(self.lexer.fault(place, message));
            }
        };
        self.document.nodes[id.index()].value = value;
        Ok(id)
    }

    fn list(&mut self, id: NodeId, opened: Place, depth: usize) -> Result<Value, Fault> {
        let mut items = Vec::new();
        loop {
            let (token, place) = self.lexer.next()?;
            match token {
                Token::CloseList => return Ok(Value::List(items)),
                Token::End => return Err(self.unclosed(opened, "list", "]")),
                token => {
                    let around = Some((id, Step::Index(items.len())));
                    items.push(self.value(token, place, around, depth + 1)?);
                }
            }
            match self.lexer.next()? {
                (Token::Comma, _) => {}
                (Token::CloseList, _) => return Ok(Value::List(items)),
                (Token::End, _) => return Err(self.unclosed(opened, "list", "]")),
                (token, place) => {
                    let message = format!("expected `,` or `]`, found {}", token.name());
                    return Err(self.lexer.fault(place, message));
                }
            }
        }
    }

    fn map(&mut self, id: NodeId, opened: Place, depth: usize) -> Result<Value, Fault> {
        let mut members = Members::default();
        loop {
            let key = match self.lexer.next()? {
                (Token::CloseMap, _) => return Ok(Value::Map(members.entries)),
                (Token::End, _) => return Err(self.unclosed(opened, "map", "}")),
                (Token::Text(key), _) => key,
                (token, place) => {
                    let message = format!("expected a key in double quotes, found {}", token.name());
                    return Err(self.lexer.fault(place, message));
                }
            };
            match self.lexer.next()? {
                (Token::Colon, _) => {}
                (Token::End, _) => return Err(self.unclosed(opened, "map", "}")),
                (token, place) => {
                    let message = format!("expected `:` behind key `{key}`, found {}", token.name());
                    return Err(self.lexer.fault(place, message));
                }
            }
            let (token, place) = self.lexer.next()?;
            if matches!(token, Token::End) {
                return Err(self.unclosed(opened, "map", "}"));
            }
            let value = self.value(token, place, Some((id, Step::Key(key.clone()))), depth + 1)?;
            if let Some(earlier) = members.put(key, value) {
                let earlier = self.document.place(earlier);
                self.document.repeated.push((value, earlier));
            }
            match self.lexer.next()? {
                (Token::Comma, _) => {}
                (Token::CloseMap, _) => return Ok(Value::Map(members.entries)),
                (Token::End, _) => return Err(self.unclosed(opened, "map", "}")),
                (token, place) => {
                    let message = format!("expected `,` or `}}`, found {}", token.name());
                    return Err(self.lexer.fault(place, message));
                }
            }
        }
    }

    fn unclosed(&self, opened: Place, what: &str, end: &str) -> Fault {
        let message =
            format!("the {what} that begins here is not closed by `{end}`: the file may be cut short");
        self.lexer.fault(opened, message)
    }
}

/// A map's members; of two with one key the later counts, at the earlier one's place.
#[derive(Default)]
struct Members {
    entries: Vec<(String, NodeId)>,
    /// Where keys stand, once there are too many to look through.
    index: std::collections::BTreeMap<String, usize>,
}

impl Members {
    fn put(&mut self, key: String, value: NodeId) -> Option<NodeId> {
        const FEW: usize = 64;
        let known = if self.entries.len() < FEW {
            self.entries.iter().position(|(known, _)| *known == key)
        } else {
            if self.index.is_empty() {
                let keys = self.entries.iter().enumerate().map(|(at, (key, _))| (key.clone(), at));
                self.index = keys.collect();
            }
            self.index.get(&key).copied()
        };
        match known {
            Some(at) => Some(std::mem::replace(&mut self.entries[at].1, value)),
            None => {
                if !self.index.is_empty() {
                    self.index.insert(key.clone(), self.entries.len());
                }
                self.entries.push((key, value));
                None
            }
        }
    }
}

#[cfg(test)]
mod tests;
