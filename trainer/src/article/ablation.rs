//! Each kind of evidence switched off in turn.

use dechaff::decide::Policy;

/// A kind of evidence.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// What it is.
    pub name: &'static str,
    /// What the features begin or end with that rest on it.
    features: &'static [&'static str],
    /// How the policy does without it.
    pub change: fn(&mut Policy),
}

impl Kind {
    /// Whether a feature rests on this kind of evidence.
    pub fn has(&self, feature: &str) -> bool {
        self.features.iter().any(|part| match part.strip_suffix('*') {
            Some(start) => feature.starts_with(start),
            None => feature == *part,
        })
    }
}

fn nothing(_: &mut Policy) {}

/// All kinds that can be switched off.
pub const KINDS: [Kind; 1] = [
    Kind { name: "nothing", features: &[], change: nothing },
];
