//! Typed indices into vectors that come in parts.
//!
//! What the whole estate shares is the common part, number 0; each site file has a part of its own. Parts are shared, not
//! copied, so that an estate in which one file was edited is put together from the parts of the others. An arena that
//! shows one part finds the common one as well, but walks its own alone: a rule that looks at one site is asked part by
//! part.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::ops::{Index, IndexMut};
use std::sync::Arc;

/// A place in an [`Arena`] of the same type. Ids are in the order of their parts.
pub struct Id<T> {
    part: u32,
    at: u32,
    of: PhantomData<fn() -> T>,
}

impl<T> Id<T> {
    /// The id of the entry at `index` of the common part.
    pub fn from_index(index: usize) -> Id<T> {
        Id::new(0, index)
    }

    fn new(part: u32, index: usize) -> Id<T> {
        let at = u32::try_from(index).expect("an estate has fewer than 2^32 of anything");
        Id { part, at, of: PhantomData }
    }

    /// The place in its part.
    pub fn index(self) -> usize {
        self.at as usize
    }

    /// The number of its part; 0 is the common one.
    pub fn part(self) -> u32 {
        self.part
    }
}

impl<T> Clone for Id<T> {
    fn clone(&self) -> Id<T> {
        *self
    }
}
impl<T> Copy for Id<T> {}
impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Id<T>) -> bool {
        (self.part, self.at) == (other.part, other.at)
    }
}
impl<T> Eq for Id<T> {}
impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Id<T>) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Id<T>) -> std::cmp::Ordering {
        (self.part, self.at).cmp(&(other.part, other.at))
    }
}
impl<T> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.part, self.at).hash(state);
    }
}
impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}.{}", self.part, self.at)
    }
}

/// Values of one kind: those of the common part, then those of the parts it shows, each in the order in which they were
/// added.
#[derive(Clone, Debug)]
pub struct Arena<T> {
    common: Arc<Vec<T>>,
    /// Parts from number `first` on.
    parts: Vec<Arc<Vec<T>>>,
    first: u32,
    walks_common: bool,
    walks_parts: bool,
}

impl<T> Default for Arena<T> {
    fn default() -> Arena<T> {
        let common = Arc::new(Vec::new());
        Arena { common, parts: Vec::new(), first: 1, walks_common: true, walks_parts: true }
    }
}

impl<T> Arena<T> {
    /// With an empty part of this number, to which is added from now on, and which alone is walked.
    pub fn begin_part(&self, number: u32) -> Arena<T> {
        let (common, parts) = (Arc::clone(&self.common), vec![Arc::new(Vec::new())]);
        Arena { common, parts, first: number, walks_common: false, walks_parts: true }
    }

    /// All parts together. `self` has the common one, and the parts follow one another from number 1 on.
    pub fn join<'a>(&self, parts: impl Iterator<Item = &'a Arena<T>>) -> Arena<T>
    where
        T: 'a,
    {
        let parts: Vec<Arc<Vec<T>>> = parts.flat_map(|part| &part.parts).map(Arc::clone).collect();
        Arena { common: Arc::clone(&self.common), parts, first: 1, walks_common: true, walks_parts: true }
    }

    /// Adds values that can be looked up as part 1 and are not walked.
    pub fn hold_ready(&mut self, values: Vec<T>) {
        (self.parts, self.first, self.walks_parts) = (vec![Arc::new(values)], 1, false);
    }

    /// The id of the value at `index` of those that are held ready.
    pub fn ready(&self, index: usize) -> Id<T> {
        Id::new(self.first, index)
    }

    /// Every value with its id, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (Id<T>, &T)> + Clone {
        self.walked().flat_map(|(number, part)| {
            part.iter().enumerate().map(move |(index, value)| (Id::new(number, index), value))
        })
    }

    /// Every value, in order.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &T> + Clone {
        self.walked().flat_map(|(_, part)| part.iter())
    }

    /// Every value that can be looked up here, with its id, in order: those of the common part too.
    pub fn in_sight(&self) -> impl Iterator<Item = (Id<T>, &T)> + Clone {
        let common = self.common.iter().enumerate().map(|(index, value)| (Id::new(0, index), value));
        common.chain(self.iter().filter(|(id, _)| id.part != 0))
    }

    /// Count of values.
    pub fn len(&self) -> usize {
        self.walked().map(|(_, part)| part.len()).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn walked(&self) -> impl DoubleEndedIterator<Item = (u32, &Vec<T>)> + Clone {
        let parts = self.parts.iter().enumerate().map(|(at, part)| {
            let number = u32::try_from(at).expect("an estate has fewer than 2^32 files");
            (self.first + number, &**part)
        });
        let common = self.walks_common.then_some((0, &*self.common));
        common.into_iter().chain(parts.take(if self.walks_parts { usize::MAX } else { 0 }))
    }
}

impl<T: Clone> Arena<T> {
    /// Adds a value to the last part.
    pub fn push(&mut self, value: T) -> Id<T> {
        let (number, part) = match self.parts.len().checked_sub(1) {
            Some(last) => {
                let number = u32::try_from(last).expect("an estate has fewer than 2^32 files");
                (self.first + number, Arc::make_mut(&mut self.parts[last]))
            }
            None => (0, Arc::make_mut(&mut self.common)),
        };
        part.push(value);
        Id::new(number, part.len() - 1)
    }
}

impl<T> Index<Id<T>> for Arena<T> {
    type Output = T;
    fn index(&self, id: Id<T>) -> &T {
        match id.part {
            0 => &self.common[id.index()],
            part => &self.parts[(part - self.first) as usize][id.index()],
        }
    }
}

impl<T: Clone> IndexMut<Id<T>> for Arena<T> {
    fn index_mut(&mut self, id: Id<T>) -> &mut T {
        match id.part {
            0 => &mut Arc::make_mut(&mut self.common)[id.index()],
            part => &mut Arc::make_mut(&mut self.parts[(part - self.first) as usize])[id.index()],
        }
    }
}
