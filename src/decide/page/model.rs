//! The weights of the features: a small file of data, written by the trainer in this repository.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::features::{FEATURES, FeatureRow, NAMES};
use crate::error::{Error, Result};

/// A weight for each feature, and what the score starts from.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    bias: f64,
    weights: FeatureRow,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    bias: f64,
    weights: BTreeMap<String, f64>,
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
        let file: File = toml::from_str(file).map_err(|e| Error::malformed(name, e))?;
        let mut weights = [0.0; FEATURES];
        for (weight, feature) in weights.iter_mut().zip(NAMES) {
            *weight = *file
                .weights
                .get(feature)
                .ok_or_else(|| Error::malformed(name, format!("has no weight for {feature}")))?;
        }
        if let Some(other) = file.weights.keys().find(|key| !NAMES.contains(&key.as_str())) {
            return Err(Error::malformed(name, format!("weighs {other}, which is no feature")));
        }
        if !file.bias.is_finite() || weights.iter().any(|weight| !weight.is_finite()) {
            return Err(Error::malformed(name, "has a weight that is no number"));
        }
        Ok(Self { bias: file.bias, weights })
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

    #[test]
    fn a_file_that_does_not_fit_is_refused_by_name() {
        let check = |file: &str, what: &str| {
            let error = Model::parse(file, "w.toml").unwrap_err().to_string();
            assert!(error.starts_with("w.toml: ") && error.contains(what), "{error}");
        };
        check("bias = 1.0\n[weights]\n", "has no weight for ended");
        let mut all = NAMES.map(|name| name.to_owned() + " = 0.0\n").concat();
        check(&format!("bias = nan\n[weights]\n{all}"), "is no number");
        all.push_str("color = 1.0\n");
        check(&format!("bias = 1.0\n[weights]\n{all}"), "weighs color");
    }
}
