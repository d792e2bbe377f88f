//! Sets of values, ready to be asked for one code.

use leasehold_schemas::artefact::{OptionValue, Parameters, ValueSet};
use leasehold_schemas::vocab::{Layer, Space};

use super::error::TableError;
use crate::wire::CodeSet;

/// A set of values, by its index in the artefact.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ValuesId(pub u32);

/// What was said together. Options stand in the order of space and code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Values {
    options: Box<[OptionValue]>,
    /// Codes of the plain options: most questions end here.
    codes: CodeSet,
    /// Count of plain options, which stand first.
    plain: usize,
    /// Everything that is no option.
    pub parameters: Parameters,
}

impl Values {
    pub(super) fn build(at: u32, set: &ValueSet) -> Result<Values, TableError> {
        let ValueSet { options, parameters } = set;
        let mut options = options.clone();
        options.sort_by_key(|option| (option.space, option.code));
        if options.windows(2).any(|two| (two[0].space, two[0].code) == (two[1].space, two[1].code)) {
            return Err(TableError::DuplicateOption(at));
        }
        let plain = options.partition_point(|option| option.space == Space::Dhcp4);
        let mut codes = CodeSet::default();
        options[..plain].iter().for_each(|option| codes.insert(option.code.0));
        Ok(Values { options: options.into(), codes, plain, parameters: parameters.clone() })
    }

    /// What is said of a plain option; a null value is said too.
    pub fn option(&self, code: u8) -> Option<&OptionValue> {
        if !self.codes.contains(code) {
            return None;
        }
        let plain = &self.options[..self.plain];
        plain.binary_search_by_key(&code, |option| option.code.0).ok().map(|at| &plain[at])
    }

    /// The level at which an option or sub-option is said, and whether that takes it away.
    pub fn said(&self, space: Space, code: u8) -> Option<(Layer, bool)> {
        let at = self.options.binary_search_by_key(&(space, code), |option| (option.space, option.code.0));
        at.ok().map(|at| (self.options[at].layer, self.options[at].value.is_none()))
    }

    /// What is said of plain options, by code.
    pub fn plain(&self) -> &[OptionValue] {
        &self.options[..self.plain]
    }

    /// What is said of sub-options, by space and code.
    pub fn encapsulated(&self) -> &[OptionValue] {
        &self.options[self.plain..]
    }
}
