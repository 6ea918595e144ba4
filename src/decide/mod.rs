//! From evidence to verdict: pure functions that know no file and no index internals.
//!
//! [`evidence`] gathers what the document, its site and the corpus say of each paragraph,
//! [`policy`] judges each paragraph by its own evidence, [`context`] then looks at the document
//! as a whole (orphan headings, doubled ends, the guards). [`rules`] are the patterns that hold
//! on a single document. [`page`] takes the article out of a whole page.

pub mod context;
pub mod evidence;
pub mod found;
pub mod page;
pub mod patterns;
pub mod policy;
pub mod rules;
pub mod score;
mod weight_file;
pub(crate) mod witness;

pub use evidence::{Evidence, Gatherer};
pub use page::{Comments, Profile, ProfileChoice};
pub use patterns::Patterns;
pub use policy::{KeepCopies, Policy, Reason, Scopes, Verdict};
