//! Weights of the boilerplate score from examples.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use dechaff::decide::score::{FEATURES, NAMES, Weights};

use super::examples::Example;
use super::labels::Label;
use crate::newton::{Fit, Samples, fit};

/// What the training is tuned by.
#[derive(Debug, Clone, Copy)]
pub struct Tuning {
    /// Pull of the weights towards 0.
    pub ridge: f64,
    /// How much a token of content adds to the weight of its paragraph: what is lost counts by its
    /// length.
    pub token_weight: f64,
    /// The weight of a paragraph of the generated crawl.
    pub crawl_weight: f64,
    /// How likely boilerplate must be.
    pub likely_min: f64,
}

impl Default for Tuning {
    fn default() -> Self {
        Self { ridge: 60.0, token_weight: 0.06, crawl_weight: 0.015, likely_min: 0.5 }
    }
}

/// Fits weights to the paragraphs of `news` and `crawl`; of the features that
/// `is_off` names the weight is 0.
///
/// # Panics
///
/// When there are no examples.
pub fn train<'a>(
    news: impl Iterator<Item = &'a Example>,
    crawl: impl Iterator<Item = &'a Example>,
    tuning: Tuning,
    is_off: impl Fn(&str) -> bool,
) -> Fit {
    let on: Vec<bool> = NAMES.iter().map(|name| !is_off(name)).collect();
    let mut samples = Samples::default();
    for example in news {
        add(&mut samples, example, (1.0, tuning.token_weight), &on);
    }
    for example in crawl {
        add(&mut samples, example, (tuning.crawl_weight, tuning.token_weight), &on);
    }
    let mut fit = fit(&samples, FEATURES, tuning.ridge);
    fit.bias -= (tuning.likely_min / (1.0 - tuning.likely_min)).ln();
    for (weight, is_on) in fit.weights.iter_mut().zip(&on) {
        *weight *= f64::from(u8::from(*is_on));
    }
    fit.rounded()
}

fn add(samples: &mut Samples, example: &Example, (weight, of_token): (f64, f64), on: &[bool]) {
    for line in &example.lines {
        let Some(at) = line.paragraph else { continue };
        let (target, weight) = match line.label {
            Label::Content => (0.0, weight * (1.0 + of_token * line.tokens)),
            Label::Boilerplate => (1.0, weight),
            Label::Repeat | Label::Either => continue,
        };
        let values = example.features[at].iter().zip(on);
        samples.values.extend(values.map(|(value, &is_on)| if is_on { *value } else { 0.0 }));
        samples.targets.push(target);
        samples.weights.push(weight);
    }
}

/// The weights of a fit, as the program takes them.
///
/// # Errors
///
/// When the program refuses them.
pub fn weights(fit: &Fit) -> Result<Weights> {
    Weights::parse(&weight_file(fit, ""), "the fit").context("weights")
}

/// The weight file of a fit; `made` says what it was made of.
pub fn weight_file(fit: &Fit, made: &str) -> String {
    let mut file = format!(
        "# What makes a recurring paragraph boilerplate: a score above 0 does. What the features are\n\
         # is written in score.rs. Not edited by hand: `dechaff-trainer article` writes it.\n\
         # {made}\nbias = {:?}\n\n[weights]\n",
        fit.bias
    );
    for (name, weight) in NAMES.iter().zip(&fit.weights) {
        writeln!(file, "{name} = {weight:?}").expect("a string can be written");
    }
    file
}
