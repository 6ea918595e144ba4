//! The built-in rules: data in `rules.toml`, per language, for paragraphs that need no corpus.

use serde::Deserialize;

use super::patterns::Patterns;
use crate::error::{Error, Result};
use crate::hash::HashMap;
use crate::text::Fingerprint;
use crate::text::affix::{AFFIX_LENGTHS, affixes, pieces_of};

/// The built-in rules together with what the user allows and denies.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// Paragraphs that go whatever they are, with the rule's name.
    built_in: Vec<(String, Patterns)>,
    /// Headings over links and calls.
    markers: Patterns,
    /// Heads and tails that call for something else, sorted.
    calls: Vec<Fingerprint>,
    /// Paragraphs that always stay.
    pub allow: Patterns,
    /// Paragraphs that always go.
    pub deny: Patterns,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    rule: Vec<Rule>,
    marker: Vec<Marker>,
    call: Vec<Call>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    id: String,
    language: String,
    patterns: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Marker {
    #[serde(rename = "language")]
    _language: String,
    patterns: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    #[serde(rename = "language")]
    _language: String,
    #[serde(default)]
    heads: Vec<String>,
    #[serde(default)]
    tails: Vec<String>,
}

/// A paragraph longer than this is no counter, prompt or marker.
pub const RULE_TOKENS_MAX: u32 = 12;

impl Rules {
    /// The rules that come with the program.
    ///
    /// # Errors
    ///
    /// When the rule file is not well-formed, which a test rules out.
    pub fn built_in() -> Result<Self> {
        let file: File = toml::from_str(include_str!("rules.toml"))
            .map_err(|error| Error::settings(format!("rules.toml: {error}")))?;
        let mut rules = Self::default();
        let mut places: HashMap<String, usize> = HashMap::default();
        for rule in file.rule {
            let name = format!("{}-{}", rule.id, rule.language);
            let at = *places.entry(name.clone()).or_insert(rules.built_in.len());
            if at == rules.built_in.len() {
                rules.built_in.push((name, Patterns::default()));
            }
            rules.built_in[at].1.extend(&rule.patterns);
        }
        for marker in file.marker {
            rules.markers.extend(&marker.patterns);
        }
        for call in file.call {
            for (side, texts) in [call.heads, call.tails].iter().enumerate() {
                for text in texts {
                    let found = call_fingerprint(text, side).ok_or_else(|| {
                        Error::settings(format!("rules.toml: the call {text:?} has a wrong length"))
                    })?;
                    rules.calls.push(found);
                }
            }
        }
        rules.calls.sort_unstable();
        Ok(rules)
    }

    /// All patterns, list by list, in an order that is the same each time.
    pub(crate) fn lines(&self) -> Vec<Vec<&str>> {
        let lists = self.built_in.iter().map(|(_, list)| list);
        let lists = lists.chain([&self.markers, &self.allow, &self.deny]);
        lists.map(Patterns::lines).collect()
    }

    /// The name of the rule that takes this paragraph out.
    pub fn rule(&self, masked: Fingerprint, tokens: u32, text: &str) -> Option<&str> {
        if tokens > RULE_TOKENS_MAX {
            return None;
        }
        let found =
            self.built_in.iter().find(|(_, list)| list.find_paragraph(masked, text).is_some());
        found.map(|(name, _)| name.as_str())
    }

    /// Whether a head or tail calls for something else, as `See also` does.
    pub fn is_call(&self, affix: Fingerprint) -> bool {
        self.calls.binary_search(&affix).is_ok()
    }

    /// Whether this paragraph is a heading over links or calls.
    pub fn is_marker(&self, masked: Fingerprint, tokens: u32, text: &str) -> bool {
        tokens <= RULE_TOKENS_MAX && self.markers.find_paragraph(masked, text).is_some()
    }
}

/// The fingerprint of the head (side 0) or tail (side 1) that `text` is; nothing where affixes have
/// another length.
fn call_fingerprint(text: &str, side: usize) -> Option<Fingerprint> {
    let at = AFFIX_LENGTHS.iter().position(|&length| length == pieces_of(text))?;
    let paragraph = if side == 0 { format!("{text} # # #") } else { format!("# # # {text}") };
    affixes(&paragraph)[side * AFFIX_LENGTHS.len() + at].fingerprint
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{shingle::paragraph_fingerprints, tokenize::tokenize};

    fn check(text: &str, rule: Option<&str>, is_marker: bool) {
        let rules = Rules::built_in().unwrap();
        let mut tokens = Vec::new();
        tokenize(text, &mut tokens);
        let masked = paragraph_fingerprints(&tokens).1;
        assert_eq!(rules.rule(masked, 3, text), rule, "{text:?}");
        assert_eq!(rules.is_marker(masked, 3, text), is_marker, "{text:?}");
    }

    #[test]
    fn counters_and_markers_are_known() {
        check("26 views", Some("counter-en"), false);
        check("1,204 Views", Some("counter-en"), false);
        check("5 min read", Some("reading-time-en"), false);
        check("You may also like:", None, true);
        check("His views on this were clear.", None, false);
        check("26", None, false);
    }

    #[test]
    fn calls_are_known_by_their_heads_and_tails() {
        let rules = Rules::built_in().unwrap();
        let is_call = |text: &str| {
            affixes(text).into_iter().any(|a| a.fingerprint.is_some_and(|f| rules.is_call(f)))
        };
        assert!(is_call("SEE ALSO: The harbour wall is to be raised"));
        assert!(is_call("The harbour wall is to be raised Read more"));
        assert!(is_call("اقرأ أيضًا: سور الميناء الجديد"));
        assert!(is_call("延伸阅读：港口的新墙"));
        assert!(!is_call("We see the harbour wall, and we read more than we did."));
        assert!(!is_call("Related"));
    }
}
