//! An outline to text.
//!
//! Invariant: what an element looks like depends on what it says, where it stands, and the comments in it, and not on how it
//! was laid out. So formatted text stays as it is.

use std::borrow::Cow;

use super::outline::{Content, Element, Outline};
use super::scalar;
use super::trivia::Comment;
use crate::grammar::{Mapping, Names, Value};

/// Columns of a line, beyond which brackets become a block.
const WIDTH: usize = 120;

/// The same for what stands in a list with a note for people in it, reservations above all: such a list is read, compared
/// and searched as a table.
const ROW_WIDTH: usize = 200;

/// Most options that stand in brackets: more are easier to read and to review one a line.
const OPTIONS_IN_BRACKETS_MAX: usize = 2;

/// Spaces of a level.
const STEP: usize = 2;

/// Writes a whole file.
pub(super) fn write(outline: &Outline<'_>) -> String {
    let mut writer = Writer { elements: &outline.elements, out: String::new(), fresh: true, kept: false };
    writer.document();
    writer.out
}

struct Writer<'o, 'a> {
    elements: &'o [Element<'a>],
    out: String,
    /// Nothing stands in this block yet: no empty line may.
    fresh: bool,
    /// The last scalar keeps the empty lines behind it.
    kept: bool,
}

/// How an element's value is laid out.
enum Layout<'a> {
    /// On the rest of the line.
    Line(Cow<'a, str>),
    /// A scalar of several lines.
    Lines,
    /// Its children in lines of their own.
    Block,
}

impl<'a> Writer<'_, 'a> {
    fn document(&mut self) {
        let children = self.ordered(0);
        match &self.elements[0].content {
            Content::Mapping(written) if !written.is_empty() => {
                let introduced = self.introduction(written[0]);
                for entry in children {
                    let skip = if entry == written[0] { introduced } else { 0 };
                    self.lead(&[entry], skip, 0);
                    self.entry(entry, 0);
                }
            }
            Content::Sequence(_) if !children.is_empty() => {
                children.iter().for_each(|item| self.item(*item, 0));
            }
            Content::Scalar(_) | Content::Sequence(_) | Content::Mapping(_) => {
                self.lead(&[0], 0, 0);
                match self.layout(0, 0) {
                    // A file without content may have comments.
                    Layout::Line(text) if text.is_empty() && self.elements[0].trailing.is_empty() => {}
                    layout => self.value(0, layout, 0),
                }
            }
        }
        self.end(0, 0);
    }

    /// What introduces the file stays at its beginning, whatever its first key is; returns how many comments of the element
    /// that was written first that is: up to the last line for an editor, or those that an empty line parts from the rest.
    fn introduction(&mut self, first: usize) -> usize {
        let elements = self.elements;
        let Element { leading, blank, .. } = &elements[first];
        let is_for_editor = |comment: &Comment<'_>| comment.text.contains("yaml-language-server:");
        let for_editor = leading.iter().rposition(is_for_editor).map_or(0, |at| at + 1);
        let last_apart = leading.iter().rposition(|comment| comment.blank).unwrap_or(0);
        let count = for_editor.max(if *blank { leading.len() } else { last_apart });
        for comment in &leading[..count] {
            self.above(0, comment.blank, comment.text);
        }
        if count > 0 {
            let is_apart = leading.get(count).map_or(*blank, |next| next.blank);
            self.empty_line(is_apart);
            self.fresh = true;
        }
        count
    }

    /// The children of an element in the order in which they are written.
    fn ordered(&self, at: usize) -> Vec<usize> {
        let element = &self.elements[at];
        match &element.content {
            Content::Scalar(_) => Vec::new(),
            Content::Sequence(children) => children.clone(),
            Content::Mapping(children) => {
                let mut children = children.clone();
                if let Some(mapping) = element.value.mapping() {
                    let rank = |child: &usize| {
                        let key = self.elements[*child].key.as_ref().map_or("", |key| key.text);
                        mapping.rank(key).unwrap_or(usize::MAX)
                    };
                    children.sort_by_cached_key(rank);
                }
                children
            }
        }
    }

    /// An element of a sequence whose dash stands at `indent`.
    fn item(&mut self, at: usize, indent: usize) {
        let layout = self.layout(at, indent + STEP);
        // What stands on the dash's line has its comments above the dash.
        let mut line = vec![at];
        let mut is_block = matches!(layout, Layout::Block);
        while is_block && let Some(first) = line.last().and_then(|last| self.ordered(*last).first().copied())
        {
            let inside = indent + STEP * (line.len() + 1);
            is_block =
                self.elements[first].key.is_none() && matches!(self.layout(first, inside), Layout::Block);
            line.push(first);
        }
        self.lead(&line, 0, indent);
        self.spaces(indent);
        self.behind_dash(at, indent, layout);
    }

    /// A dash at `indent`, and what stands behind it.
    fn behind_dash(&mut self, at: usize, indent: usize, layout: Layout<'a>) {
        self.out.push('-');
        if !matches!(layout, Layout::Block) {
            return self.value(at, layout, indent);
        }
        self.out.push(' ');
        let inside = indent + STEP;
        for (number, child) in self.ordered(at).into_iter().enumerate() {
            let is_entry = self.elements[child].key.is_some();
            match (number, is_entry) {
                (0, true) => self.entry_begun(child, inside),
                (0, false) => {
                    let layout = self.layout(child, inside + STEP);
                    self.behind_dash(child, inside, layout);
                }
                (_, true) => {
                    self.lead(&[child], 0, inside);
                    self.entry(child, inside);
                }
                (_, false) => self.item(child, inside),
            }
        }
        self.end(at, inside);
    }

    fn entry(&mut self, at: usize, indent: usize) {
        self.spaces(indent);
        self.entry_begun(at, indent);
    }

    /// An entry of a mapping whose keys stand at `indent`, from its key on.
    fn entry_begun(&mut self, at: usize, indent: usize) {
        let key = self.key(at, false);
        self.out.push_str(&key);
        self.out.push(':');
        let layout = self.layout(at, indent + key.chars().count() + 2);
        if !matches!(layout, Layout::Block) {
            return self.value(at, layout, indent);
        }
        self.trailing(at);
        self.fresh = true;
        let inside = indent + STEP;
        for child in self.ordered(at) {
            if self.elements[child].key.is_some() {
                self.lead(&[child], 0, inside);
                self.entry(child, inside);
            } else {
                self.item(child, inside);
            }
        }
        self.end(at, inside);
    }

    fn key(&self, at: usize, in_brackets: bool) -> Cow<'a, str> {
        self.elements[at].key.as_ref().map_or(Cow::Borrowed(""), |key| scalar::key(key, in_brackets))
    }

    /// A value that is no block of children, and the comment behind it.
    fn value(&mut self, at: usize, layout: Layout<'a>, indent: usize) {
        let element = &self.elements[at];
        match layout {
            Layout::Line(text) => {
                let follows = !self.out.is_empty() && !self.out.ends_with('\n');
                if follows && !text.is_empty() {
                    self.out.push(' ');
                }
                self.out.push_str(&text);
                self.trailing(at);
            }
            Layout::Lines => {
                let Content::Scalar(word) = &element.content else { return };
                if !self.out.is_empty() && !self.out.ends_with('\n') {
                    self.out.push(' ');
                }
                if let Some((sign, lines, keeps)) = scalar::lines(word) {
                    self.out.push_str(&sign);
                    self.trailing(at);
                    for line in lines {
                        self.continuation(indent + STEP, line);
                        self.out.push('\n');
                    }
                    self.kept = keeps;
                    return;
                }
                for (number, line) in scalar::continued(word).into_iter().enumerate() {
                    if number == 0 {
                        self.out.push_str(line);
                    } else {
                        self.out.push('\n');
                        self.continuation(indent + STEP, line);
                    }
                }
                self.trailing(at);
            }
            Layout::Block => {}
        }
    }

    fn continuation(&mut self, indent: usize, line: &str) {
        if !line.is_empty() {
            self.spaces(indent);
            self.out.push_str(line);
        }
    }

    /// The comment behind something, and the end of its line.
    fn trailing(&mut self, at: usize) {
        if let Some(comment) = self.elements[at].trailing.last() {
            self.out.push(' ');
            self.out.push_str(comment);
        }
        self.out.push('\n');
        (self.fresh, self.kept) = (false, false);
    }

    /// The comments above a line on which these elements begin, outermost first; `skip` of the first one's are written.
    fn lead(&mut self, line: &[usize], skip: usize, indent: usize) {
        let elements = self.elements;
        let mut blank = false;
        for (number, at) in line.iter().enumerate() {
            let element = &elements[*at];
            let skip = if number == 0 { skip } else { 0 };
            for (at, comment) in element.leading.iter().enumerate().skip(skip) {
                // The empty line behind what introduces the file stays there.
                let is_apart = comment.blank && (skip == 0 || at > skip);
                self.above(indent, is_apart || std::mem::take(&mut blank), comment.text);
            }
            // Behind a dash there is no line that could be empty.
            blank |= element.blank && number == 0 && (skip == 0 || skip < element.leading.len());
            // A line holds one comment: the one of what begins last on it.
            let fitting = usize::from(number + 1 == line.len());
            for text in &element.trailing[..element.trailing.len().saturating_sub(fitting)] {
                self.above(indent, std::mem::take(&mut blank), text);
            }
        }
        self.empty_line(blank);
    }

    /// The comments at a block's end.
    fn end(&mut self, at: usize, indent: usize) {
        let elements = self.elements;
        for Comment { text, blank, .. } in &elements[at].end {
            self.above(indent, *blank, text);
        }
    }

    /// A comment on its own line.
    fn above(&mut self, indent: usize, blank: bool, text: &str) {
        self.empty_line(blank);
        self.spaces(indent);
        self.out.push_str(text);
        self.out.push('\n');
        (self.fresh, self.kept) = (false, false);
    }

    fn empty_line(&mut self, wanted: bool) {
        if wanted && !self.fresh && !self.kept {
            self.out.push('\n');
        }
    }

    fn spaces(&mut self, count: usize) {
        self.out.extend(std::iter::repeat_n(' ', count));
    }

    /// How the value of an element is laid out that begins in this column.
    fn layout(&self, at: usize, column: usize) -> Layout<'a> {
        let element = &self.elements[at];
        match &element.content {
            Content::Scalar(word) => match scalar::one_line(word, element.value, false) {
                Some(text) => Layout::Line(text),
                None => Layout::Lines,
            },
            Content::Sequence(children) if children.is_empty() => Layout::Line(Cow::Borrowed("[]")),
            Content::Mapping(children) if children.is_empty() => Layout::Line(Cow::Borrowed("{}")),
            Content::Sequence(_) | Content::Mapping(_) => {
                let Some(width) = self.width(at) else { return Layout::Block };
                let mut text = String::new();
                let room = width.saturating_sub(column);
                if self.brackets(at, room, &mut text) {
                    Layout::Line(Cow::Owned(text))
                } else {
                    Layout::Block
                }
            }
        }
    }

    /// The width into which a collection must fit to stand in brackets; `None` if it never does.
    fn width(&self, at: usize) -> Option<usize> {
        let element = &self.elements[at];
        let flat = |at: &usize| self.is_flat(*at);
        match (&element.content, element.value) {
            (Content::Scalar(_), _) => None,
            (Content::Mapping(_), Value::Mapping(Mapping::Reservation | Mapping::Device)) => Some(ROW_WIDTH),
            (
                Content::Mapping(children),
                Value::Mapping(Mapping::Allow) | Value::Either(_, Mapping::Exclusion),
            ) => children.iter().all(flat).then_some(ROW_WIDTH),
            (
                Content::Mapping(_),
                Value::Mapping(
                    Mapping::Estate
                    | Mapping::Site
                    | Mapping::ClassDefinition
                    | Mapping::HighAvailability
                    | Mapping::Network
                    | Mapping::Subnet,
                )
                | Value::Names(Names::OptionDefinitions | Names::Profiles),
            ) => None,
            (Content::Mapping(children), Value::Names(Names::Options)) => {
                let is_document = at == 0 || element.parent == 0;
                let is_short = children.len() <= OPTIONS_IN_BRACKETS_MAX && children.iter().all(flat);
                (is_short && !is_document).then_some(WIDTH)
            }
            (Content::Mapping(_) | Content::Sequence(_), Value::OptionValue) => Some(WIDTH),
            (Content::Sequence(children), _) => {
                let is_scalar = |child: &usize| matches!(self.elements[*child].content, Content::Scalar(_));
                children.iter().all(is_scalar).then_some(WIDTH)
            }
            (
                Content::Mapping(children),
                Value::Mapping(
                    Mapping::OptionDefinition
                    | Mapping::Profile
                    | Mapping::Server
                    | Mapping::Pool
                    | Mapping::Exclusion
                    | Mapping::ClassMeaning
                    | Mapping::LeaseTimes
                    | Mapping::ChangeLimits,
                )
                | Value::Either(..)
                | Value::Unknown
                | Value::Scalar(_)
                | Value::List(_),
            ) => children.iter().all(flat).then_some(WIDTH),
        }
    }

    /// A scalar, or a list of scalars.
    fn is_flat(&self, at: usize) -> bool {
        match &self.elements[at].content {
            Content::Scalar(_) => true,
            Content::Mapping(children) => children.is_empty(),
            Content::Sequence(children) => {
                children.iter().all(|child| matches!(self.elements[*child].content, Content::Scalar(_)))
            }
        }
    }

    /// Writes a collection in brackets, if it fits and nothing in it needs a line of its own.
    fn brackets(&self, at: usize, room: usize, out: &mut String) -> bool {
        let element = &self.elements[at];
        if !element.end.is_empty() {
            return false;
        }
        let (open, close) = match &element.content {
            Content::Scalar(word) => match scalar::one_line(word, element.value, true) {
                Some(text) => {
                    out.push_str(&text);
                    return is_within(out, room);
                }
                None => return false,
            },
            Content::Sequence(_) => ('[', ']'),
            Content::Mapping(_) => ('{', '}'),
        };
        out.push(open);
        for (number, child) in self.ordered(at).into_iter().enumerate() {
            let below = &self.elements[child];
            if !below.leading.is_empty() || !below.trailing.is_empty() {
                return false;
            }
            if number > 0 {
                out.push_str(", ");
            }
            if below.key.is_some() {
                out.push_str(&self.key(child, true));
                out.push_str(": ");
            }
            if !self.brackets(child, room, out) {
                return false;
            }
        }
        out.push(close);
        is_within(out, room)
    }
}

fn is_within(text: &str, room: usize) -> bool {
    text.len() <= room || (text.len() <= 4 * room && text.chars().count() <= room)
}
