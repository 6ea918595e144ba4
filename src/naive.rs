//! The engine once more, too simple to be wrong: no index, no samples, every document compared
//! with every other. Tests, fuzzing and benches hold the real one against it.
//!
//! It says what the verdicts mean. Only what is not in question is shared with the engine: the
//! split into paragraphs, the tokens, the rules, and the policy that turns evidence into verdicts.
//! It judges every document as an article, as the engine does with `--profile article`. The
//! engine samples documents, so the two agree where a site holds a paragraph on at most
//! [`crate::index::SAMPLE`] documents.

use std::collections::BTreeSet;

use crate::config::Config;
use crate::decide::evidence::{AffixEvidence, COVERAGE_MIN, SiteEvidence, Witness};
use crate::decide::witness::{PHRASE_SITES_MIN, is_story};
use crate::decide::{Evidence, context, score};
use crate::document::{Document, Span, without};
use crate::text::affix::{AFFIXES, affixes};
use crate::text::repeat::{Repeat, ratio};
use crate::text::shingle::{Fingerprint, paragraph_fingerprints, winnow};
use crate::text::sketch::{CONTEXTS, LONG_TOKENS, Shape, context_hash, ending};
use crate::text::split::{paragraphs, removal_spans};
use crate::text::tokenize::{Token, tokenize};

/// The texts of `documents` without what they themselves show to be boilerplate or repetition:
/// what [`crate::clean`] gives where every document is judged as an article.
///
/// # Examples
///
/// ```
/// use dechaff::{Config, Document, naive};
/// let page = Document::new("1", "", "Rain fell all night.\n26 views\nThe river rose.");
/// assert_eq!(naive::clean(&[page], &Config::default()), ["Rain fell all night.\nThe river rose."]);
/// ```
pub fn clean(documents: &[Document], config: &Config) -> Vec<String> {
    let pages: Vec<Page> = documents.iter().map(|document| Page::new(document, config)).collect();
    let corpus = Corpus { pages, config };
    (0..documents.len()).map(|number| corpus.strip(number)).collect()
}

struct Corpus<'a> {
    /// By position.
    pages: Vec<Page<'a>>,
    config: &'a Config,
}

/// A document with its paragraphs.
struct Page<'a> {
    document: &'a Document,
    paragraphs: Vec<Paragraph<'a>>,
    /// The least of its long paragraphs' hashes.
    contexts: BTreeSet<u32>,
}

struct Paragraph<'a> {
    text: &'a str,
    span: Span,
    tokens: Vec<Token>,
    strict: Fingerprint,
    masked: Fingerprint,
}

impl<'a> Page<'a> {
    fn new(document: &'a Document, config: &Config) -> Self {
        let spans = paragraphs(&document.text, config.recipe.paragraph);
        let paragraphs: Vec<Paragraph> =
            spans.into_iter().map(|span| Paragraph::new(span, &document.text)).collect();
        let long = paragraphs.iter().filter(|paragraph| paragraph.tokens.len() >= LONG_TOKENS);
        let hashes: BTreeSet<u32> = long.map(|paragraph| context_hash(paragraph.masked)).collect();
        // The greatest value stands for nothing in a sketch.
        let contexts = hashes.into_iter().filter(|&hash| hash != u32::MAX).take(CONTEXTS).collect();
        Self { document, paragraphs, contexts }
    }

    fn holds(&self, is_it: impl Fn(&Paragraph) -> bool) -> bool {
        self.paragraphs.iter().any(|paragraph| !paragraph.tokens.is_empty() && is_it(paragraph))
    }

    /// Its first paragraph that has a word.
    fn head(&self) -> Option<usize> {
        self.paragraphs.iter().position(|paragraph| !paragraph.tokens.is_empty())
    }

    /// All that winnowing keeps of its shingles.
    fn winnowed(&self, config: &Config) -> BTreeSet<Vec<u64>> {
        let all = self.paragraphs.iter();
        all.flat_map(|paragraph| paragraph.winnowed(config)).map(|(_, shingle)| shingle).collect()
    }
}

impl<'a> Paragraph<'a> {
    fn new(span: Span, text: &'a str) -> Self {
        let mut tokens = Vec::new();
        tokenize(span.of(text), &mut tokens);
        let (strict, masked) = paragraph_fingerprints(&tokens);
        Self { text: span.of(text), span, tokens, strict, masked }
    }

    /// Every run of w tokens, as the hashes of the tokens.
    fn shingles(&self, config: &Config) -> Vec<Vec<u64>> {
        let runs = self.tokens.windows(config.recipe.shingle_len);
        runs.map(|run| run.iter().map(|token| token.hash).collect()).collect()
    }

    /// The shingles that winnowing keeps, with the number of their first token.
    fn winnowed(&self, config: &Config) -> Vec<(usize, Vec<u64>)> {
        let mut dense = Vec::new();
        crate::text::shingle::shingles(&self.tokens, config.recipe.shingle_len, &mut dense);
        let mut picks = Vec::new();
        winnow(&dense, config.recipe.window, &mut picks);
        let shingles = self.shingles(config);
        picks.into_iter().map(|at| (at as usize, shingles[at as usize].clone())).collect()
    }

    /// Share of its tokens that lie in runs of `shingle_len` tokens that begin at `starts`.
    fn coverage(&self, starts: &[usize], shingle_len: usize) -> f64 {
        ratio(self.covered(starts, shingle_len), self.tokens.len())
    }

    fn covered(&self, starts: &[usize], shingle_len: usize) -> usize {
        (0..self.tokens.len()).filter(|&at| is_covered(at, starts, shingle_len)).count()
    }
}

/// Whether token `at` lies in a run of `shingle_len` tokens that begins at one of `starts`.
fn is_covered(at: usize, starts: &[usize], shingle_len: usize) -> bool {
    starts.iter().any(|start| (*start..start + shingle_len).contains(&at))
}

impl Corpus<'_> {
    fn strip(&self, number: usize) -> String {
        let page = &self.pages[number];
        let mut evidence: Vec<Evidence> =
            (0..page.paragraphs.len()).map(|at| self.evidence(number, at)).collect();
        let features = score::features(&evidence);
        for (evidence, features) in evidence.iter_mut().zip(features) {
            evidence.score = self.config.policy.weights.score(&features);
        }
        let judgment = context::judge(&evidence, &self.config.policy);
        let gone: Vec<bool> = judgment.verdicts.iter().map(|v| v.reason().is_some()).collect();
        let spans: Vec<Span> = page.paragraphs.iter().map(|paragraph| paragraph.span).collect();
        let text = &page.document.text;
        without(text, &removal_spans(&spans, &gone, text.len()))
    }

    fn evidence(&self, number: usize, at: usize) -> Evidence {
        let page = &self.pages[number];
        let paragraph = &page.paragraphs[at];
        let rules = &self.config.rules;
        let (masked, text) = (paragraph.masked, paragraph.text);
        let tokens = u32::try_from(paragraph.tokens.len()).unwrap_or(u32::MAX);
        let slots = paragraph.tokens.iter().filter(|token| token.is_slot).count();
        let mut evidence = Evidence {
            bytes: paragraph.span.len(),
            tokens,
            slots: u32::try_from(slots).unwrap_or(u32::MAX),
            ending: ending(text),
            shape: Shape::of(text),
            before: u32::try_from(at).unwrap_or(u32::MAX),
            behind: u32::try_from(page.paragraphs.len() - 1 - at).unwrap_or(u32::MAX),
            is_head: page.head() == Some(at),
            rule: rules.rule(masked, tokens, text).map(Into::into),
            denied: rules.deny.find_paragraph(masked, text).map(Into::into),
            is_allowed: rules.allow.find_paragraph(masked, text).is_some(),
            is_marker: rules.is_marker(masked, tokens, text),
            repeat: self.repeat(page, at),
            ..Evidence::default()
        };
        if tokens > 0 {
            evidence.affixes = self.affixes(&page.document.site, text, 0);
            evidence.site = self.site_evidence(number, paragraph);
            if !self.config.policy.is_template(u32::MAX, evidence.site.contexts) {
                let site = &page.document.site;
                evidence.site.template = self.template(number, site, paragraph, 0);
            }
            let near = |refused| self.near_witness(number, paragraph, &refused);
            evidence.witness = self.exact_witness(number, paragraph).map_or_else(near, Some);
        }
        evidence
    }

    /// What the page said before: all of it in one place, or its shingles anywhere.
    fn repeat(&self, page: &Page, at: usize) -> Option<Repeat> {
        let paragraph = &page.paragraphs[at];
        let before = &page.paragraphs[..at];
        if paragraph.tokens.is_empty() {
            return None;
        }
        let of = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        if let Some(same) = before.iter().position(|other| other.strict == paragraph.strict) {
            return Some(Repeat { of: of(same), containment: 1.0 });
        }
        let shingles = paragraph.shingles(self.config);
        let first_with = |shingle: &Vec<u64>| {
            before.iter().position(|other| other.shingles(self.config).contains(shingle))
        };
        let hits: Vec<(usize, usize)> = (0..shingles.len())
            .filter_map(|start| Some((start, first_with(&shingles[start])?)))
            .collect();
        let starts: Vec<usize> = hits.iter().map(|&(start, _)| start).collect();
        let count = |source: usize| hits.iter().filter(|&&(_, of)| of == source).count();
        let best = (0..at).rev().max_by_key(|&source| count(source))?;
        let containment = paragraph.coverage(&starts, self.config.recipe.shingle_len);
        (!hits.is_empty()).then(|| Repeat { of: of(best), containment })
    }

    fn site_evidence(&self, number: usize, paragraph: &Paragraph) -> SiteEvidence {
        let site = &self.pages[number].document.site;
        let masked = |p: &Paragraph| p.masked == paragraph.masked;
        let strict = |p: &Paragraph| p.strict == paragraph.strict;
        let holders = self.holders(site, masked);
        let heads = holders.iter().filter(|&&other| {
            let page = &self.pages[other];
            page.head().is_some_and(|head| masked(&page.paragraphs[head]))
        });
        let sites: BTreeSet<&str> = (self.pages.iter())
            .filter(|page| page.document.site != *site && page.holds(masked))
            .map(|page| page.document.site.as_str())
            .collect();
        let contexts = self.distinct(number, paragraph, &holders);
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let elsewhere = self.pages.iter().filter(|p| p.document.site != *site);
        let begins = |page: &&Page| page.head().is_some_and(|h| masked(&page.paragraphs[h]));
        let all_heads = self.pages.iter().filter(begins).count();
        let own_heads = usize::from(begins(&&self.pages[number]));
        SiteEvidence {
            documents: count(holders.len()),
            of_documents: self.pages.iter().filter(|p| p.document.site == *site).count() as u64,
            heads: count(heads.count()),
            sampled: count(holders.len()),
            contexts,
            strict_documents: count(self.holders(site, strict).len()),
            other_sites: count(sites.len()),
            elsewhere: count(elsewhere.clone().filter(|page| page.holds(masked)).count()),
            heads_elsewhere: count(all_heads - own_heads),
            of_elsewhere: elsewhere.count() as u64,
            template: 0.0,
        }
    }

    /// The documents of `site` that hold such a paragraph.
    fn holders(&self, site: &str, is_it: impl Fn(&Paragraph) -> bool) -> Vec<usize> {
        let holds = |&number: &usize| {
            self.pages[number].document.site == site && self.pages[number].holds(&is_it)
        };
        (0..self.pages.len()).filter(holds).collect()
    }

    /// How many of `holders` and the judged document are otherwise different, in this order:
    /// the judged one, then by position.
    fn distinct(&self, number: usize, paragraph: &Paragraph, holders: &[usize]) -> u32 {
        let others = holders.iter().copied().filter(|&other| other != number);
        let all: Vec<usize> = std::iter::once(number).chain(others).collect();
        self.distinct_among(paragraph, &all)
    }

    /// How many of these documents are different from those before them.
    fn distinct_among(&self, paragraph: &Paragraph, all: &[usize]) -> u32 {
        let own = context_hash(paragraph.masked);
        let is_new = |&at: &usize| !all[..at].iter().any(|&o| self.is_same_story(o, all[at], own));
        u32::try_from((0..all.len()).filter(is_new).count()).unwrap_or(u32::MAX)
    }

    /// How many of these documents are different from each other and from one made of nothing long.
    fn distinct_with_content(&self, paragraph: &Paragraph, all: &[usize]) -> u32 {
        let own = context_hash(paragraph.masked);
        let has_content = |&&at: &&usize| self.pages[at].contexts.iter().any(|&hash| hash != own);
        self.distinct_among(paragraph, &all.iter().filter(has_content).copied().collect::<Vec<_>>())
    }

    /// Whether two documents share two thirds of what the one with less is made of, or have nothing
    /// long.
    fn is_same_story(&self, one: usize, other: usize, own: u32) -> bool {
        let known = |number: usize| {
            let mut contexts = self.pages[number].contexts.clone();
            contexts.remove(&own);
            contexts
        };
        let (one, other) = (known(one), known(other));
        let least = one.len().min(other.len());
        one.len() + other.len() == 0
            || (least > 0 && one.intersection(&other).count() * 3 >= least * 2)
    }

    fn is_witness(&self, number: usize, other: usize) -> bool {
        if self.config.policy.any_copy_goes() { other != number } else { other < number }
    }

    /// The first document that says the same and is on a site where it is no boilerplate; else the
    /// sites on which it stands.
    fn exact_witness(
        &self,
        number: usize,
        paragraph: &Paragraph,
    ) -> Result<Witness, BTreeSet<&str>> {
        let strict = |p: &Paragraph| p.strict == paragraph.strict;
        let masked = |p: &Paragraph| p.masked == paragraph.masked;
        let stays = |other: &usize| {
            let holders = self.holders(&self.pages[*other].document.site, masked);
            let documents = u32::try_from(holders.len()).unwrap_or(u32::MAX);
            let contexts = self.distinct(number, paragraph, &holders);
            !self.may_be_boilerplate(number, *other, paragraph, (documents, contexts))
        };
        let all = (0..self.pages.len()).filter(|&other| self.pages[other].holds(strict));
        let documents = u32::try_from(all.clone().count()).unwrap_or(u32::MAX);
        let all = all.filter(|&other| self.is_witness(number, other));
        let site = |other: usize| self.pages[other].document.site.as_str();
        let Some(witness) = all.clone().find(stays) else { return Err(all.map(site).collect()) };
        let number = u32::try_from(witness).unwrap_or(u32::MAX);
        Ok(Witness { number, containment: 1.0, numbers: 1.0, documents })
    }

    /// Whether there is ground to call the paragraph boilerplate on the site of `other`, where one
    /// more document would hold it.
    fn may_be_boilerplate(
        &self,
        number: usize,
        other: usize,
        paragraph: &Paragraph,
        (documents, contexts): (u32, u32),
    ) -> bool {
        let site = &self.pages[other].document.site;
        let of = self.pages.iter().filter(|page| page.document.site == *site).count() as u64;
        let site_evidence = SiteEvidence {
            documents,
            contexts,
            of_documents: of,
            of_elsewhere: self.pages.len() as u64 - of,
            template: self.template(number, site, paragraph, 1),
            ..SiteEvidence::default()
        };
        let evidence = Evidence {
            tokens: u32::try_from(paragraph.tokens.len()).unwrap_or(u32::MAX),
            ending: ending(paragraph.text),
            affixes: self.affixes(site, paragraph.text, 1),
            site: site_evidence,
            ..Evidence::default()
        };
        self.config.policy.scopes.site && score::has_ground(&evidence)
    }

    /// How the heads and tails of `text` recur on `site` and elsewhere, `more` documents added.
    fn affixes(&self, site: &str, text: &str, more: u32) -> [AffixEvidence; AFFIXES] {
        let mut found = [AffixEvidence::default(); AFFIXES];
        for (at, affix) in affixes(text).iter().enumerate() {
            if affix.fingerprint.is_none() {
                continue;
            }
            let holds =
                |page: &&Page| page.holds(|p| affixes(p.text)[at].fingerprint == affix.fingerprint);
            let holders = self.pages.iter().filter(holds);
            let (here, elsewhere): (Vec<&Page>, Vec<&Page>) =
                holders.partition(|page| page.document.site == site);
            let count = |pages: &[&Page]| u32::try_from(pages.len()).unwrap_or(u32::MAX);
            found[at] = AffixEvidence {
                is_marked: affix.is_marked,
                documents: count(&here) + more,
                elsewhere: count(&elsewhere),
                is_call: affix.fingerprint.is_some_and(|f| self.config.rules.is_call(f)),
            };
        }
        found
    }

    /// The first of the documents that cover most of the paragraph, those on `refused` sites aside.
    fn near_witness(
        &self,
        number: usize,
        paragraph: &Paragraph,
        refused: &BTreeSet<&str>,
    ) -> Option<Witness> {
        let shingles = paragraph.winnowed(self.config);
        let known_starts = |other: usize| -> Vec<usize> {
            let known = self.pages[other].winnowed(self.config);
            let starts = shingles.iter().filter(|(_, shingle)| known.contains(shingle));
            starts.map(|&(start, _)| start).collect()
        };
        let shingle_len = self.config.recipe.shingle_len;
        let is_phrase = |start: &usize| {
            let shingle = shingles.iter().find(|(at, _)| at == start);
            shingle.is_some_and(|(_, shingle)| self.is_phrase(shingle))
        };
        let counted = |other: usize| {
            let mut starts = known_starts(other);
            if !is_story(paragraph.covered(&starts, shingle_len), paragraph.tokens.len()) {
                starts.retain(|start| !is_phrase(start));
            }
            starts
        };
        let covered = |other: usize| paragraph.coverage(&counted(other), shingle_len);
        let others = (0..self.pages.len()).filter(|&other| self.is_witness(number, other));
        let others =
            others.filter(|&other| !refused.contains(self.pages[other].document.site.as_str()));
        let all = others.map(|other| (covered(other), other));
        let best = all.rev().max_by(|one, other| one.0.total_cmp(&other.0))?;
        let starts = counted(best.1);
        let slots = paragraph.tokens.iter().enumerate().filter(|(_, token)| token.is_slot);
        let slots: Vec<usize> = slots.map(|(at, _)| at).collect();
        let is_known = |at: &&usize| is_covered(**at, &starts, shingle_len);
        let known = slots.iter().filter(is_known).count();
        let numbers = if slots.is_empty() { 1.0 } else { ratio(known, slots.len()) };
        let number = u32::try_from(best.1).ok()?;
        (best.0 >= COVERAGE_MIN).then_some(Witness {
            number,
            containment: best.0,
            numbers,
            documents: 1,
        })
    }

    /// Whether so many sites have a shingle that it speaks for no witness by itself.
    fn is_phrase(&self, shingle: &Vec<u64>) -> bool {
        let holders = self.pages.iter().filter(|page| page.winnowed(self.config).contains(shingle));
        let sites: BTreeSet<&str> = holders.map(|page| page.document.site.as_str()).collect();
        sites.len() > PHRASE_SITES_MIN as usize
    }

    /// Share of the tokens in shingles that stand on several different documents of `site`, `more`
    /// different ones added.
    fn template(&self, number: usize, site: &str, paragraph: &Paragraph, more: u32) -> f64 {
        let recurs = |shingle: &Vec<u64>| {
            let holds = |&other: &usize| {
                self.pages[other].document.site == site
                    && self.pages[other].winnowed(self.config).contains(shingle)
            };
            let holders: Vec<usize> = (0..self.pages.len()).filter(holds).collect();
            let documents = u32::try_from(holders.len()).unwrap_or(u32::MAX);
            if holders.is_empty() {
                return false;
            }
            let contexts = match more {
                0 => self.distinct(number, paragraph, &holders),
                more => more + self.distinct_with_content(paragraph, &holders),
            };
            self.config.policy.is_template(documents + more, contexts)
        };
        let shingles = paragraph.winnowed(self.config);
        let starts = shingles.iter().filter(|(_, shingle)| recurs(shingle));
        let starts: Vec<usize> = starts.map(|&(start, _)| start).collect();
        let coverage = paragraph.coverage(&starts, self.config.recipe.shingle_len);
        if coverage < COVERAGE_MIN { 0.0 } else { coverage }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::KeepCopies;
    use proptest::prelude::*;

    /// Paragraphs that collide: templates with numbers, near-copies of each other, short ones.
    fn paragraph() -> impl Strategy<Value = String> {
        let pool = prop_oneof![
            Just("the ferry left the harbor before dawn with a piano and two goats on board today"),
            Just("nobody in the upper town had seen the river rise so fast in forty years or more"),
            Just(
                "masons looked at the pillars of the bridge and found them sound on monday morning"
            ),
            Just(
                "subscribe to the letter of our valley paper and read it every morning at breakfast"
            ),
            Just("page 1 of 26 was read 318 times"),
            Just("all rights reserved by the post"),
            Just("thank you"),
            Just("you may also like"),
            Just("26 views"),
        ];
        (pool, 0_usize..6, 0_usize..15, "[a-c0-9]{1,2}").prop_map(|(text, change, at, word)| {
            let mut words: Vec<&str> = text.split(' ').collect();
            let at = at % words.len();
            match change {
                0 => words[at] = &word,
                1 => words.insert(at, &word),
                2 => drop(words.remove(at)),
                _ => {}
            }
            words.join(" ")
        })
    }

    fn documents() -> impl Strategy<Value = Vec<Document>> {
        let page = (0_usize..2, proptest::collection::vec(paragraph(), 0..6));
        proptest::collection::vec(page, 0..8).prop_map(|pages| {
            let document = |(number, (site, paragraphs)): (usize, (usize, Vec<String>))| {
                let site = ["a.example", "b.example"][site];
                Document::new(number.to_string(), site, paragraphs.join("\n"))
            };
            pages.into_iter().enumerate().map(document).collect()
        })
    }

    /// Found by fuzzing: a paragraph without words has no affixes, whatever marks it ends in.
    #[test]
    fn marks_without_words_are_evidence_for_neither() {
        let texts = [
            "g>>\n>>>\u{11}\n\u{8}^",
            "g>>\n>\u{11}>>\n7\u{11}\u{11}",
            "g>>\n>>>\u{11}\n7\u{11}\u{11}\nE\u{7}E\u{7}&\u{11}\n7\u{11}\u{11}\n+E\u{7}E$\u{7}A",
            "one",
            "two",
        ];
        let documents: Vec<Document> = (0..)
            .zip(texts)
            .map(|(number, text): (u32, _)| Document::new(number.to_string(), "", text))
            .collect();
        let config = Config::default();
        assert_eq!(crate::clean(&documents, &config).unwrap(), clean(&documents, &config));
    }

    /// A story that many sites took over has near-copies like any other; a phrase that they share makes
    /// none.
    #[test]
    fn a_near_copy_of_a_story_on_many_sites_goes_and_what_shares_a_phrase_stays() {
        let story = "the ferry left the harbor before dawn with a piano and two goats on board today \
            while nobody in the upper town had seen the river rise so fast in forty years";
        let near = story.replace("piano", "harmonium");
        let phrase =
            "masons looked at the pillars of the bridge when the ferry left the harbor before dawn";
        let copies = (0..20).map(|site| (format!("site-{site}.example"), story.to_owned()));
        let others = [("x.example".to_owned(), near), ("y.example".to_owned(), phrase.to_owned())];
        let documents: Vec<Document> = (0..)
            .zip(copies.chain(others))
            .map(|(number, (site, text)): (u32, _)| {
                Document::new(number.to_string(), site, format!("own {number}\n{text}"))
            })
            .collect();
        let config = Config::default();
        let cleaned = crate::clean(&documents, &config).unwrap();
        assert_eq!(cleaned, clean(&documents, &config));
        assert_eq!(cleaned[20], "own 20");
        assert_eq!(cleaned[21], documents[21].text);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn the_engine_equals_the_oracle(documents in documents(), copies in 0_usize..3) {
            let mut config = Config::default();
            let all = [KeepCopies::First, KeepCopies::All, KeepCopies::None];
            config.policy.keep_copies = all[copies];
            config.memory_bytes = 0;
            let engine = crate::clean(&documents, &config).unwrap();
            prop_assert_eq!(engine, clean(&documents, &config));
        }
    }
}
