//! The weights of the features: a small file of data, written by the trainer in this repository.

use super::features::{FeatureRow, NAMES};
use crate::decide::weight_file;
use crate::error::Result;

/// A weight for each feature, and what the score starts from.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    bias: f64,
    weights: FeatureRow,
}

/// How many inputs of a score are shown.
const INPUTS: usize = 5;

impl Model {
    /// The model that comes with the program.
    ///
    /// # Errors
    ///
    /// When its file is not well-formed, which a test rules out.
    pub fn built_in() -> Result<Self> {
        Self::parse(include_str!("weights.toml"), "weights.toml")
    }

    /// The model of a weight file; `name` is for messages.
    ///
    /// # Errors
    ///
    /// When the file is not well-formed, or does not have one finite weight for each feature.
    pub fn parse(file: &str, name: &str) -> Result<Self> {
        let (bias, weights) = weight_file::parse(file, name, &NAMES)?;
        Ok(Self { bias, weights })
    }

    /// The score of a paragraph: above 0 it is the article's.
    pub fn score(&self, row: &FeatureRow) -> f64 {
        self.bias + self.terms(row).sum::<f64>()
    }

    /// What weighs most in the score, the greatest first.
    pub fn inputs(&self, row: &FeatureRow) -> Vec<(&'static str, f64)> {
        let mut inputs: Vec<(&'static str, f64)> = Vec::with_capacity(INPUTS + 1);
        for (name, term) in NAMES.into_iter().zip(self.terms(row)) {
            let is_full = inputs.len() == INPUTS;
            if term == 0.0 || (is_full && inputs[INPUTS - 1].1.abs() >= term.abs()) {
                continue;
            }
            let at = inputs.partition_point(|(_, greater)| greater.abs() >= term.abs());
            inputs.insert(at, (name, term));
            inputs.truncate(INPUTS);
        }
        inputs
    }

    fn terms(&self, row: &FeatureRow) -> impl Iterator<Item = f64> {
        self.weights.iter().zip(row).map(|(weight, value)| weight * value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_model_weighs_every_feature() {
        Model::built_in().unwrap();
    }
}
