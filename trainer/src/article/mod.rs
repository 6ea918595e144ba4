//! Trains the boilerplate score from articles that people labelled paragraph by paragraph.
//!
//! [`labels`] reads what people said, [`examples`] pairs it with the evidence the program gathers,
//! [`fit`] makes weights of both, [`figures`] counts how well verdicts agree with the labels, with
//! whole sites left out of the training, and [`ablation`] does so with one kind of evidence
//! switched off at a time.

pub mod ablation;
pub mod examples;
pub mod figures;
pub mod fit;
pub mod labels;
