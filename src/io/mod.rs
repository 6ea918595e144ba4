//! Files in and out: the only place, with [`crate::index`], that knows bytes outside the program.
//!
//! [`source`] finds inputs, [`read`] turns their bytes into batches of raw records and these into
//! documents, [`mod@write`] stages outputs until the whole run is done.

pub mod compress;
pub mod read;
pub mod source;
pub mod write;
