//! Each kind of evidence switched off in turn.

use dechaff::decide::Policy;

/// A kind of evidence.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// What it is.
    pub name: &'static str,
    /// The features that rest on it; `*` stands for any ending.
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
pub const KINDS: [Kind; 11] = [
    Kind { name: "nothing", features: &[], change: nothing },
    Kind {
        name: "recurrence on the site",
        features: &["different*", "documents", "rate", "numbers_differ*", "heads"],
        change: nothing,
    },
    Kind {
        name: "other sites",
        features: &["specific", "elsewhere", "different_elsewhere", "title_elsewhere"],
        change: nothing,
    },
    Kind { name: "parts of templates", features: &["template*"], change: nothing },
    Kind {
        name: "heads and tails",
        features: &[
            "head_affix*",
            "tail_affix*",
            "head_share*",
            "tail_share*",
            "head_marked",
            "tail_marked",
        ],
        change: nothing,
    },
    Kind {
        name: "calls",
        features: &["head_call", "tail_call", "call_*", "before_call", "behind_call"],
        change: nothing,
    },
    Kind {
        name: "markers",
        features: &["marker", "before_marker", "behind_marker"],
        change: nothing,
    },
    Kind {
        name: "neighbors",
        features: &["before_*", "behind_*", "around", "all_behind", "all_before"],
        change: nothing,
    },
    Kind { name: "shape", features: SHAPE, change: nothing },
    Kind { name: "place", features: &["first", "near_head", "last", "tail"], change: nothing },
    Kind {
        name: "rules, repeats, orphans",
        features: &[],
        change: |policy| policy.scopes.document = false,
    },
];

/// The features that a paragraph has by the way it is written.
const SHAPE: &[&str] = &[
    "short",
    "long",
    "very_long",
    "wordless",
    "one_word",
    "slots",
    "sentence",
    "question",
    "colon",
    "capitals",
    "quote",
    "end_mark",
    "small",
];

#[cfg(test)]
mod tests {
    use super::*;
    use dechaff::decide::score::NAMES;

    #[test]
    fn every_kind_but_the_last_and_first_has_features() {
        let count = |kind: &Kind| NAMES.iter().filter(|name| kind.has(name)).count();
        assert!(KINDS[1..KINDS.len() - 1].iter().all(|kind| count(kind) > 0));
        assert_eq!(count(&KINDS[0]), 0);
    }
}
