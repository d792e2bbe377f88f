//! The two contracts of Leasehold, and nothing else: no decoder, no defaults, no policy.
//!
//! [`source`] is what an estate may say (read by people, written in YAML); [`artefact`] is what a server
//! loads. [`vocab`] holds the words both speak. Whoever decodes, defaults or judges lives elsewhere.

pub mod vocab;

#[cfg(feature = "source")]
pub mod source;

pub mod artefact;

#[cfg(feature = "source")]
pub mod report;
#[cfg(feature = "source")]
pub mod why;

#[cfg(feature = "source")]
pub mod plan;

#[cfg(feature = "source")]
pub mod documents;
