//! How well verdicts agree with labels, and how well they do on sites left out of the training.

use std::collections::BTreeMap as Map;
use std::fmt;

use anyhow::Result;
use dechaff::decide::score::Weights;
use dechaff::decide::{KeepCopies, Policy, Reason, context};

use super::examples::Example;
use super::fit::{Tuning, train, weights};
use super::labels::Label;
use crate::folds::fold_of;

/// Counts of verdicts and labels.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures {
    /// Boilerplate and repeats that went.
    pub right: u32,
    /// Content that went.
    pub wrong: u32,
    /// Boilerplate and repeats that stayed.
    pub left: u32,
    /// Repeats.
    pub repeats: u32,
    /// Repeats that went.
    pub repeats_gone: u32,
    /// Tokens of content.
    pub tokens: f64,
    /// Tokens of content that went.
    pub tokens_lost: f64,
    /// What went by each reason: rightly and wrongly.
    pub reasons: Map<Reason, (u32, u32)>,
}

impl Figures {
    /// Share of what went that should go.
    pub fn precision(&self) -> f64 {
        f64::from(self.right) / f64::from(self.right + self.wrong).max(1.0)
    }

    /// Share of what should go that went.
    pub fn recall(&self) -> f64 {
        f64::from(self.right) / f64::from(self.right + self.left).max(1.0)
    }

    /// Percent of the content's tokens that went.
    pub fn lost(&self) -> f64 {
        100.0 * self.tokens_lost / self.tokens.max(1.0)
    }

    fn add(&mut self, example: &Example, reasons: &[Option<Reason>]) {
        for line in &example.lines {
            let reason = line.paragraph.and_then(|at| reasons[at]);
            let is_gone = u32::from(reason.is_some());
            match line.label {
                Label::Content => {
                    self.wrong += is_gone;
                    self.tokens += line.tokens;
                    self.tokens_lost += f64::from(is_gone) * line.tokens;
                }
                Label::Boilerplate | Label::Repeat => {
                    self.right += is_gone;
                    self.left += 1 - is_gone;
                }
                Label::Either => {}
            }
            if let Some(reason) = reason.filter(|_| line.label != Label::Either) {
                let (right, wrong) = self.reasons.entry(reason).or_default();
                *(if line.label == Label::Content { wrong } else { right }) += 1;
            }
            if line.label == Label::Repeat {
                self.repeats += 1;
                self.repeats_gone += is_gone;
            }
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let all = self.right + self.left;
        write!(
            f,
            "precision {:.3}  recall {:.3}  lost {:.3} %  gone {}/{all}  repeats {}/{}",
            self.precision(),
            self.recall(),
            self.lost(),
            self.right,
            self.repeats_gone,
            self.repeats
        )
    }
}

/// Why each paragraph of an example goes under `policy`.
pub fn verdicts(example: &Example, policy: &Policy) -> Vec<Option<Reason>> {
    let mut evidence = example.evidence.clone();
    for (evidence, features) in evidence.iter_mut().zip(&example.features) {
        evidence.score = policy.weights.score(features);
    }
    let verdicts = context::judge(&evidence, policy).verdicts;
    verdicts.into_iter().map(dechaff::decide::Verdict::reason).collect()
}

/// The policy that labelled articles are judged by: copies in other documents stay.
pub fn policy(weights: Weights) -> Policy {
    Policy { keep_copies: KeepCopies::All, weights, ..Policy::default() }
}

/// The figures of a policy, over all examples and by language.
pub fn figures(examples: &[Example], policy: &Policy) -> Map<String, Figures> {
    let mut groups = Map::new();
    for example in examples {
        add(&mut groups, example, &verdicts(example, policy));
    }
    groups
}

fn add(groups: &mut Map<String, Figures>, example: &Example, reasons: &[Option<Reason>]) {
    for group in ["all", example.language.as_str()] {
        groups.entry(group.to_owned()).or_default().add(example, reasons);
    }
}

/// How sites are left out, and what the rest is fitted by.
#[derive(Debug, Clone, Copy)]
pub struct LeaveOut<'a> {
    /// Parts that the sites are cut into.
    pub folds: u64,
    /// What the training is tuned by.
    pub tuning: Tuning,
    /// The generated crawl, which takes part in every training.
    pub crawl: &'a [Example],
}

/// The figures of examples that are each judged by weights trained on the sites of the other parts,
/// after `change` is made to the policy.
///
/// # Errors
///
/// When the program refuses the weights.
pub fn leave_sites_out(
    examples: &[Example],
    how: LeaveOut,
    is_off: impl Fn(&str) -> bool,
    change: impl Fn(&mut Policy),
) -> Result<Vec<Vec<Option<Reason>>>> {
    let mut reasons = vec![Vec::new(); examples.len()];
    for left_out in 0..how.folds {
        let is_left_out = |example: &Example| fold_of(&example.site, how.folds) == left_out;
        let others = examples.iter().filter(|example| !is_left_out(example));
        let fit = train(others, how.crawl.iter(), how.tuning, &is_off);
        let mut policy = policy(weights(&fit)?);
        change(&mut policy);
        for (example, reasons) in examples.iter().zip(&mut reasons) {
            if is_left_out(example) {
                *reasons = verdicts(example, &policy);
            }
        }
    }
    Ok(reasons)
}

/// The figures of `reasons`, over all examples and by language.
pub fn figures_of<'a>(
    examples: impl Iterator<Item = (&'a Example, &'a Vec<Option<Reason>>)>,
) -> Map<String, Figures> {
    let mut groups = Map::new();
    for (example, reasons) in examples {
        add(&mut groups, example, reasons);
    }
    groups
}
