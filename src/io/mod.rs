//! Files in and out: the only place, with [`crate::index`], that knows bytes outside the program.
//!
//! [`source`] finds inputs, [`read`] turns their bytes into batches of raw records and these into
//! documents, [`mod@write`] stages outputs until the whole run is done. [`lock`] keeps two runs off one
//! output, [`resume`] keeps what a run has done for the one that continues it, [`space`] tells what is free on disk.

pub mod compress;
pub mod lock;
pub mod read;
pub mod resume;
pub mod source;
pub mod space;
pub mod write;
