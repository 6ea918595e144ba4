//! Trains and measures the weights of both scores of the program.
//!
//! [`article`] fits the boilerplate score to labelled articles, [`page`] the score that takes the
//! article out of a whole page. Both take their features from the program itself, fit them with
//! [`newton`] and test them on sites that took no part, as [`folds`] splits them. Nothing is random.

pub mod article;
pub mod folds;
pub mod newton;
pub mod page;
mod read;
