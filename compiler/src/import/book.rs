//! What has been read of a document, and what became of the rest.
//!
//! Invariant: every value is read, or told of, or listed at the end as unknown; so nothing is dropped in silence. That is
//! no promise of the code that reads, but of the way it reads: a value can be had only through a [`View`], which marks
//! it.

use std::cell::RefCell;

use super::json::{Document, NodeId, Place, Value};
use super::listing::{Fate, Item};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mark {
    Unread,
    Read,
    Told,
}

/// A document and the marks on its values.
#[derive(Debug)]
pub struct Book<'d> {
    document: &'d Document,
    marks: RefCell<Vec<Mark>>,
    items: RefCell<Vec<Item>>,
}

/// A value that can be read.
#[derive(Clone, Copy, Debug)]
pub struct View<'b> {
    book: &'b Book<'b>,
    node: NodeId,
}

/// A map that can be read.
#[derive(Clone, Copy, Debug)]
pub struct MapView<'b> {
    /// The map itself.
    pub view: View<'b>,
}

impl<'d> Book<'d> {
    /// Nothing of the document is read.
    pub fn new(document: &'d Document) -> Book<'d> {
        let marks = vec![Mark::Unread; document.len()];
        Book { document, marks: RefCell::new(marks), items: RefCell::default() }
    }

    /// The outermost value.
    pub fn root(&self) -> View<'_> {
        View { book: self, node: self.document.root() }
    }

    /// Everything told, and every value that nobody read, in the order of the source.
    pub fn close(self) -> Vec<Item> {
        for (later, earlier) in &self.document.repeated {
            let reason = format!(
                "the key is given twice, first in line {}; the last value counts, and Kea 2 refuses such a file",
                earlier.line
            );
            self.write(*later, Fate::Changed, reason, Some("remove one of the two".to_owned()));
        }
        self.leftovers(self.document.root());
        let mut items = self.items.into_inner();
        items.sort_by(|a, b| (&a.file, a.line, a.column, a.fate).cmp(&(&b.file, b.line, b.column, b.fate)));
        items.dedup();
        items
    }

    fn leftovers(&self, node: NodeId) {
        match self.mark(node) {
            Mark::Told => {}
            Mark::Unread => self.write(
                node,
                Fate::Lost,
                "this key is not known here".to_owned(),
                Some("check its spelling and its place; a hook library may have read it".to_owned()),
            ),
            Mark::Read => match self.document.value(node) {
                Value::List(items) => items.iter().for_each(|item| self.leftovers(*item)),
                Value::Map(members) => members.iter().for_each(|(_, value)| self.leftovers(*value)),
                Value::Null | Value::Boolean(_) | Value::Integer(_) | Value::Real(_) | Value::Text(_) => {}
            },
        }
    }

    fn mark(&self, node: NodeId) -> Mark {
        self.marks.borrow()[node.index()]
    }

    fn set(&self, node: NodeId, mark: Mark) {
        self.marks.borrow_mut()[node.index()] = mark;
    }

    fn write(&self, node: NodeId, fate: Fate, reason: String, advice: Option<String>) {
        let Place { file, line, column } = self.document.place(node);
        let file = self.document.files.get(usize::from(file)).cloned().unwrap_or_default();
        let path = self.document.path(node);
        self.items.borrow_mut().push(Item { fate, file, line, column, path, reason, advice });
    }
}

impl<'b> View<'b> {
    /// Tells what became of this value and of everything in it.
    pub fn tell(self, fate: Fate, reason: impl Into<String>, advice: &str) {
        self.book.set(self.node, Mark::Told);
        self.note(fate, reason, advice);
    }

    /// Tells something of this value, which is read all the same.
    pub fn note(self, fate: Fate, reason: impl Into<String>, advice: &str) {
        let advice = Some(advice.to_owned()).filter(|advice| !advice.is_empty());
        self.book.write(self.node, fate, reason.into(), advice);
    }

    /// Says that this value and everything in it is dealt with.
    pub fn done(self) {
        self.book.set(self.node, Mark::Told);
    }

    /// The value, unread.
    pub fn peek(self) -> &'b Value {
        self.book.document.value(self.node)
    }

    /// The value as JSON on one line; all of it is read by that.
    pub fn json(self) -> String {
        self.done();
        self.book.document.text(self.node)
    }

    fn read(self) -> &'b Value {
        if self.book.mark(self.node) == Mark::Unread {
            self.book.set(self.node, Mark::Read);
        }
        self.peek()
    }

    fn wrong<T>(self, expected: &str) -> Option<T> {
        let found = self.peek().kind();
        self.tell(
            Fate::Lost,
            format!("expected {expected}, found {found}"),
            "Kea refuses this file as well; mend it",
        );
        None
    }

    /// Text.
    pub fn text(self) -> Option<&'b str> {
        match self.read() {
            Value::Text(text) => Some(text),
            _ => self.wrong("text"),
        }
    }

    /// A whole number from 0 to 4294967295.
    pub fn number(self) -> Option<u32> {
        match self.read() {
            Value::Integer(number) => match u32::try_from(*number) {
                Ok(number) => Some(number),
                Err(_) => self.wrong("a number from 0 to 4294967295"),
            },
            _ => self.wrong("a whole number"),
        }
    }

    /// Any number.
    pub fn real(self) -> Option<f64> {
        match self.read() {
            Value::Real(number) => Some(*number),
            #[expect(clippy::cast_precision_loss, reason = "a share of a lease time, of few digits")]
            Value::Integer(number) => Some(*number as f64),
            _ => self.wrong("a number"),
        }
    }

    /// `true` or `false`.
    pub fn boolean(self) -> Option<bool> {
        match self.read() {
            Value::Boolean(value) => Some(*value),
            _ => self.wrong("`true` or `false`"),
        }
    }

    /// The elements of a list; none if it is none.
    pub fn list(self) -> Vec<View<'b>> {
        let View { book, .. } = self;
        match self.read() {
            Value::List(items) => items.iter().map(|node| View { book, node: *node }).collect(),
            _ => self.wrong("a list").unwrap_or_default(),
        }
    }

    /// A map.
    pub fn map(self) -> Option<MapView<'b>> {
        match self.read() {
            Value::Map(_) => Some(MapView { view: self }),
            _ => self.wrong("a map"),
        }
    }
}

impl<'b> MapView<'b> {
    /// The value of a key, unread.
    pub fn get(self, key: &str) -> Option<View<'b>> {
        let Value::Map(members) = self.view.peek() else { return None };
        let (_, node) = members.iter().find(|(known, _)| known == key)?;
        Some(View { book: self.view.book, node: *node })
    }

    /// Every key with its value, unread.
    pub fn members(self) -> impl Iterator<Item = (&'b str, View<'b>)> {
        let book = self.view.book;
        let members: &[(String, NodeId)] = match self.view.peek() {
            Value::Map(members) => members,
            _ => &[],
        };
        members.iter().map(move |(key, node)| (key.as_str(), View { book, node: *node }))
    }

    /// Text.
    pub fn text(self, key: &str) -> Option<&'b str> {
        self.get(key)?.text()
    }

    /// Text that says something: an empty one is as good as none in Kea.
    pub fn some_text(self, key: &str) -> Option<(&'b str, View<'b>)> {
        let view = self.get(key)?;
        view.text().filter(|text| !text.is_empty()).map(|text| (text, view))
    }

    /// A whole number.
    pub fn number(self, key: &str) -> Option<u32> {
        self.get(key)?.number()
    }

    /// A boolean.
    pub fn boolean(self, key: &str) -> Option<bool> {
        self.get(key)?.boolean()
    }

    /// The elements of a list.
    pub fn list(self, key: &str) -> Vec<View<'b>> {
        self.get(key).map(View::list).unwrap_or_default()
    }

    /// The maps in a list.
    pub fn maps(self, key: &str) -> Vec<MapView<'b>> {
        self.list(key).into_iter().filter_map(View::map).collect()
    }

    /// A map.
    pub fn map(self, key: &str) -> Option<MapView<'b>> {
        self.get(key)?.map()
    }

    /// Tells what became of each of these keys that is there.
    pub fn tell(self, keys: &[&str], fate: Fate, reason: &str, advice: &str) {
        for key in keys {
            if let Some(view) = self.get(key) {
                view.tell(fate, reason, advice);
            }
        }
    }
}
