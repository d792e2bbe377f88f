//! L8 secrets: what must not stand in files that many read and no history forgets.
//!
//! Evidence is a shape that only a secret has ([`token`]), or a word that says what follows ([`wording`]). Disorder
//! alone is no proof: serial numbers, UUIDs and addresses are as disorderly as keys. Like every place of this program
//! that speaks of a secret, findings say where it stands and never what it is.

pub mod secret_in_estate;

mod needle;
mod token;
mod wording;
