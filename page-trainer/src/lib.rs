//! Trains the weights of `--profile page` from whole pages and the articles people took out of
//! them by hand.
//!
//! [`labels`] finds which lines of a page are its article, [`examples`] pairs them with the
//! features of the program itself, [`newton`] fits the weights, [`folds`] tests them on sites
//! that took no part in the training, [`score`] counts. Nothing is random.

pub mod examples;
pub mod folds;
pub mod labels;
pub mod newton;
pub mod pages;
pub mod score;
