//! Labelled paragraphs with the features of the program itself.

use anyhow::{Context, Result};
use dechaff::decide::page::{FEATURES, NAMES, PageFeatures, Recurrence, page_features};
use dechaff::text::sketch::Recipe;
use dechaff::text::{Sketch, Sketcher};
use dechaff::{Config, Document, learn};

use crate::newton::{Fit, Samples, fit};
use crate::page::labels::labels;
use crate::page::pages::Page;

/// A page with the features of its paragraphs and what they are.
#[derive(Debug)]
pub struct Example {
    /// Whether each paragraph is the article's.
    pub labels: Vec<bool>,
    /// How much each paragraph counts.
    pub weights: Vec<f64>,
    /// The features when an index knows the other pages of the site.
    pub indexed: PageFeatures,
    /// The features when the page is alone.
    pub alone: PageFeatures,
}

/// A paragraph counts by its tokens to this power: long ones matter more, yet not in proportion.
const LENGTH_POWER: f64 = 0.8;
/// Pull of the weights towards 0.
const RIDGE: f64 = 30.0;

/// The examples that `pages` make.
///
/// # Errors
///
/// When the pages cannot be counted.
pub fn examples(pages: &[Page]) -> Result<Vec<Example>> {
    let documents: Vec<Document> = pages.iter().map(|page| page.document.clone()).collect();
    let index = learn(&documents, &Config::new()?)?;
    let mut sketcher = Sketcher::new(Recipe::default());
    let example = |page: &Page| {
        let sketch = sketcher.sketch(&page.document);
        let own = index.numbers_of(sketch.identity).first().copied();
        let known = Recurrence::new(&index, &page.document, &sketch, own);
        Example {
            labels: labels_of(page, &sketch),
            weights: sketch.paragraphs.iter().map(|p| weight(p.tokens)).collect(),
            indexed: page_features(&page.document, &sketch, &known),
            alone: page_features(&page.document, &sketch, &Recurrence::default()),
        }
    };
    Ok(pages.iter().map(example).collect())
}

fn labels_of(page: &Page, sketch: &Sketch) -> Vec<bool> {
    let text = &page.document.text;
    let lines: Vec<&str> = sketch.paragraphs.iter().map(|p| p.span.of(text)).collect();
    labels(&lines, &page.gold)
}

fn weight(tokens: u32) -> f64 {
    f64::from(tokens).max(1.0).powf(LENGTH_POWER)
}

/// Fits all paragraphs of the examples, each with an index and without: a model that has seen
/// only one of the two does badly on the other.
///
/// # Panics
///
/// When there are no examples.
pub fn train<'a>(examples: impl Iterator<Item = &'a Example> + Clone) -> Fit {
    let mut samples = Samples::default();
    for example in examples.clone() {
        samples.add(example, &example.indexed);
    }
    for example in examples {
        samples.add(example, &example.alone);
    }
    fit(&samples, FEATURES, RIDGE).rounded()
}

impl Samples {
    fn add(&mut self, example: &Example, features: &PageFeatures) {
        self.values.extend(features.rows.iter().flatten());
        self.targets.extend(example.labels.iter().map(|&label| f64::from(u8::from(label))));
        self.weights.extend(&example.weights);
    }
}

/// The weight file of a fit.
pub fn weight_file(fit: &Fit, pages: usize) -> String {
    let mut file = format!(
        "# What makes a paragraph of a whole page part of its article: a score above 0 does.\n\
         # Trained by dechaff-trainer on {pages} pages; not edited by hand. What the features\n\
         # are is written in docs/pages.md.\n\
         bias = {:?}\n\n[weights]\n",
        fit.bias
    );
    let weights = NAMES.iter().zip(&fit.weights);
    file.extend(weights.map(|(name, weight)| format!("{name} = {weight:?}\n")));
    file
}

/// The program's settings with this fit as its model.
///
/// # Errors
///
/// When the program refuses the weights.
pub fn config_with(fit: &Fit, pages: usize) -> Result<Config> {
    let mut config = Config::new()?;
    let file = weight_file(fit, pages);
    config.page_model = dechaff::decide::page::Model::parse(&file, "the fit").context("weights")?;
    config.policy.profile = dechaff::decide::ProfileChoice::Page;
    Ok(config)
}
