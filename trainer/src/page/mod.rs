//! Trains the weights of `--profile page` from whole pages and the articles people took out of
//! them by hand.
//!
//! [`labels`] finds which lines of a page are its article, [`examples`] pairs them with the
//! features of the program itself, [`leave_out`] tests them on sites that took no part in the
//! training, [`score`] counts.

pub mod examples;
pub mod labels;
pub mod leave_out;
pub mod pages;
pub mod score;
