//! What the document, its site and the corpus say of a paragraph, in numbers.

use super::found::{FoundRows, ParagraphRows};
use super::page::profile::Counted;
use super::page::{Model, PageEvidence, Profile, Profiles, Recurrence};
use super::page::{page_evidence, page_features};
use super::policy::Policy;
use super::rules::Rules;
use super::score;
use super::witness::{PHRASE_SITES_MIN, Vote, best_witness, is_story};
use crate::document::Document;
use crate::index::row::Sample;
use crate::index::{Finder, Index, Row, SAMPLE, SiteCount};
use crate::text::affix::AFFIXES;
use crate::text::repeat::{Repeat, covered_tokens, ratio};
use crate::text::sketch::{CONTEXTS, Ending, Shape, context_hash};
use crate::text::{Fingerprint, ParagraphSketch, Sketch};

/// All that is known of one paragraph when it is judged.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Evidence {
    /// Bytes of the paragraph.
    pub bytes: usize,
    /// Tokens of the paragraph.
    pub tokens: u32,
    /// How many of them hold a digit.
    pub slots: u32,
    /// How it ends.
    pub ending: Ending,
    /// How it is written.
    pub shape: Shape,
    /// How many paragraphs stand before it.
    pub before: u32,
    /// How many paragraphs stand behind it.
    pub behind: u32,
    /// How its heads and tails recur.
    pub affixes: [AffixEvidence; AFFIXES],
    /// Whether it is the first paragraph of its document.
    pub is_head: bool,
    /// The built-in rule it matches.
    pub rule: Option<String>,
    /// The user's pattern that takes it out.
    pub denied: Option<String>,
    /// Whether a pattern of the user keeps it.
    pub is_allowed: bool,
    /// Whether it is a heading over links or calls.
    pub is_marker: bool,
    /// What it says again within its document.
    pub repeat: Option<Repeat>,
    /// How it recurs on its site; 0 documents where that was not looked up.
    pub site: SiteEvidence,
    /// Another document that says it.
    pub witness: Option<Witness>,
    /// How much it looks like boilerplate: see [`super::score`]; 0 where it has no ground.
    pub score: f64,
    /// What the page says of it, where the document is judged as a whole page.
    pub page: Option<PageEvidence>,
}

/// How a paragraph recurs over the documents of its site, numbers masked.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct SiteEvidence {
    /// Documents of the site that hold it, this one included.
    pub documents: u32,
    /// Documents of the site.
    pub of_documents: u64,
    /// Documents of the site that begin with it.
    pub heads: u32,
    /// Documents looked at to see whether they are otherwise different.
    pub sampled: u32,
    /// How many otherwise different documents these are.
    pub contexts: u32,
    /// Documents of the site that hold it with the same numbers.
    pub strict_documents: u32,
    /// Other sites that hold it.
    pub other_sites: u32,
    /// Documents of other sites that hold it.
    pub elsewhere: u32,
    /// Documents that begin with it, on any site, this one left out.
    pub heads_elsewhere: u32,
    /// Documents of other sites.
    pub of_elsewhere: u64,
    /// Share of its tokens in shingles that stand on several different documents of the site.
    pub template: f64,
}

/// Of the sites that hold a phrase, so many are looked at for those that propose witnesses, and so many
/// propose them: a phrase may stand on all sites of a crawl.
const PHRASE_SITES_READ: usize = 256;
const PHRASE_SITES_PROPOSING: usize = PHRASE_SITES_MIN as usize;

/// How a head or tail recurs on the site and elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct AffixEvidence {
    /// Whether it holds a mark that prose seldom has there.
    pub is_marked: bool,
    /// Documents of the site with it, this one included; 0 where there is none.
    pub documents: u32,
    /// Documents of other sites with it.
    pub elsewhere: u32,
    /// Whether it is one of the built-in list of calls, such as `See also` or `... Read more`.
    pub is_call: bool,
}

/// Another document that says what a paragraph says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Witness {
    /// Its number in the index.
    pub number: u32,
    /// Share of the paragraph's tokens that lie in shingles of this one document.
    pub containment: f64,
    /// Share of the paragraph's numbers that lie there too; 1 where it has none.
    pub numbers: f64,
    /// Documents that hold the paragraph word for word, this one included.
    pub documents: u32,
}

/// Looks evidence up in an index.
#[derive(Debug, Clone, Copy)]
pub struct Gatherer<'a> {
    index: &'a Index,
    rules: &'a Rules,
    policy: &'a Policy,
    model: &'a Model,
    profiles: Profiles<'a>,
}

/// A paragraph with the rows of it and of its shingles, by their first token.
#[derive(Clone, Copy)]
struct Found<'s, 'a> {
    paragraph: &'s ParagraphSketch,
    rows: &'s ParagraphRows<'a>,
    shingles: &'s [(u32, Row<'a>)],
    /// How many of its tokens are in these shingles.
    covered: usize,
}

impl Found<'_, '_> {
    /// Whether the shingles cover so much of the paragraph that it is worth a look at where they
    /// stand; most of a text is nowhere else, and what is not looked at costs nothing.
    fn may_cover(&self) -> bool {
        self.share(self.covered) >= COVERAGE_MIN
    }

    /// Whether so many of its tokens are of a story, phrases counted.
    fn may_be_story(&self) -> bool {
        is_story(self.covered, self.paragraph.tokens as usize)
    }

    /// So many tokens as a share of the paragraph.
    fn share(&self, covered: usize) -> f64 {
        ratio(covered, self.paragraph.tokens as usize)
    }
}

/// No number of otherwise different documents is enough: all are looked at.
const ALL: u32 = u32::MAX;

/// Less of a paragraph than this in the shingles of a witness, or of a template, counts as nothing.
pub const COVERAGE_MIN: f64 = 0.2;

/// The document that is judged, as the index sees it.
struct Subject {
    /// Whether the rows at hand were found for it, and not for another document.
    is_asked_for: bool,
    /// Its number, when the index has counted it.
    own: Option<u32>,
    site: Option<u32>,
    contexts: [u32; CONTEXTS],
    /// Masked fingerprint of the paragraph that it begins with.
    head: Option<Fingerprint>,
}

impl Subject {
    /// Documents of its site that hold what `row` is of.
    fn documents(&self, row: &Row) -> u32 {
        if self.is_asked_for {
            return row.documents_here(self.site);
        }
        self.site.and_then(|site| row.on_site(site)).map_or(0, |count| count.documents)
    }
}

impl<'a> Gatherer<'a> {
    /// Evidence from `index`, gathered as `config` needs it.
    pub fn new(index: &'a Index, rules: &'a Rules, policy: &'a Policy, model: &'a Model) -> Self {
        Self { index, rules, policy, model, profiles: Profiles::new(index, policy.profile) }
    }

    /// The index that is looked into.
    pub fn index(&self) -> &'a Index {
        self.index
    }

    /// The evidence for each paragraph of `document`, which is record `record` of input `key`.
    ///
    /// `finder` finds the rows of the index. What that has counted of this very document is taken
    /// off first: a document is never its own witness.
    pub fn gather(
        &self,
        document: &Document,
        sketch: &Sketch,
        (key, record): (&str, u64),
        finder: &mut Finder<'a>,
    ) -> Vec<Evidence> {
        let own = self.own_number(sketch.identity, key, record);
        let rows = FoundRows::new(sketch, own, finder);
        let subject = Subject {
            is_asked_for: true,
            own,
            site: self.index.site(&document.site),
            contexts: sketch.contexts,
            head: sketch.head().map(|head| head.masked),
        };
        let is_page =
            self.policy.scopes.document && self.profile(&subject, sketch) == Profile::Page;
        let mut pages = if is_page {
            self.look_at_page(&subject, document, sketch, &rows).into_iter()
        } else {
            Vec::new().into_iter()
        };
        let mut is_head = true;
        let count = u32::try_from(sketch.paragraphs.len()).unwrap_or(u32::MAX);
        let shingle_len = self.index.recipe().shingle_len;
        let all = || {
            sketch.paragraphs.iter().zip(&rows.paragraphs).map(|(paragraph, of_paragraph)| {
                let shingles = rows.shingles_of(of_paragraph);
                let starts = shingles.iter().map(|&(token, _)| token as usize);
                let covered = covered_tokens(starts, shingle_len);
                Found { paragraph, rows: of_paragraph, shingles, covered }
            })
        };
        let paragraphs = (0..).zip(all()).map(|(at, found)| {
            let paragraph = found.paragraph;
            let text = paragraph.span.of(&document.text);
            let mut evidence = Evidence {
                bytes: paragraph.span.len(),
                tokens: paragraph.tokens,
                slots: paragraph.slots,
                ending: paragraph.ending,
                shape: paragraph.shape,
                before: at,
                behind: count - 1 - at,
                affixes: self.affix_evidence(&subject, found),
                is_head: is_head && paragraph.tokens > 0,
                rule: self.rule(paragraph, text),
                denied: self.rules.deny.find_paragraph(paragraph.masked, text).map(Into::into),
                is_allowed: self.rules.allow.find_paragraph(paragraph.masked, text).is_some(),
                is_marker: self.rules.is_marker(paragraph.masked, paragraph.tokens, text),
                repeat: paragraph.repeat,
                page: pages.next(),
                ..Evidence::default()
            };
            if paragraph.tokens > 0 {
                is_head = false;
                // What the page itself speaks against needs no other document to do so.
                if evidence.page.as_ref().is_none_or(PageEvidence::may_stay) {
                    self.look_up(&subject, found, &mut evidence);
                }
            }
            evidence
        });
        let mut evidence: Vec<Evidence> = paragraphs.collect();
        score::score_grounded(&mut evidence, &self.policy.weights);
        for (evidence, found) in evidence.iter_mut().zip(all()) {
            if self.policy.wants_witness(evidence) {
                let exact = self.exact_witness(&subject, found);
                let near = |refused: Vec<u32>| self.near_witness(&subject, found, &refused);
                evidence.witness = exact.map_or_else(near, Some);
            }
        }
        evidence
    }

    fn profile(&self, subject: &Subject, sketch: &Sketch) -> Profile {
        let counted = if subject.own.is_some() { Counted::Yes } else { Counted::No };
        self.profiles.of(subject.site, sketch.look, counted)
    }

    fn look_at_page(
        &self,
        subject: &Subject,
        document: &Document,
        sketch: &Sketch,
        rows: &FoundRows,
    ) -> Vec<PageEvidence> {
        let site = subject.site.filter(|_| self.policy.scopes.site);
        let recurrence = site.map_or_else(Recurrence::default, |site| {
            Recurrence::from_rows((self.index, site), sketch, rows, subject.own)
        });
        let features = page_features(document, sketch, &recurrence);
        page_evidence(&features, self.model, self.policy.comments)
    }

    fn rule(&self, paragraph: &ParagraphSketch, text: &str) -> Option<String> {
        self.rules.rule(paragraph.masked, paragraph.tokens, text).map(Into::into)
    }

    /// The document's number; of several equal ones that which stood in the same place.
    fn own_number(&self, identity: u64, key: &str, record: u64) -> Option<u32> {
        let numbers = self.index.numbers_of(identity);
        let place = |number: &&u32| {
            let row = self.index.document(**number)?;
            let input = self.index.inputs().get(row.input as usize)?;
            Some((row.record == record, input.key == key))
        };
        let same = numbers.iter().find(|n| place(n) == Some((true, true)));
        let alike = || numbers.iter().find(|n| place(n).is_some_and(|(record, _)| record));
        same.or_else(alike).or(numbers.first()).copied()
    }

    fn look_up(&self, subject: &Subject, found: Found<'_, 'a>, evidence: &mut Evidence) {
        evidence.site = self.site_evidence(subject, found);
        // Where the whole paragraph recurs, its parts say no more.
        if !self.policy.is_template(u32::MAX, evidence.site.contexts) && found.may_cover() {
            evidence.site.template = self.template_coverage(subject, found);
        }
    }

    fn site_evidence(&self, subject: &Subject, found: Found) -> SiteEvidence {
        let Found { paragraph, rows: &ParagraphRows { masked, strict, .. }, .. } = found;
        let here = |row: Option<Row>| row?.on_site(subject.site?);
        let new = u32::from(subject.own.is_none());
        let count = here(masked);
        let of_documents =
            subject.site.map_or(0, |site| self.index.sites()[site as usize].documents);
        let (sampled, contexts) = count.as_ref().map_or((1, 1), |count| {
            self.distinct_contexts(subject, context_hash(paragraph.masked), &count.sample, ALL)
        });
        let totals = masked.map(|row| row.totals()).unwrap_or_default();
        let documents = count.as_ref().map_or(0, |count| count.documents);
        let is_own_head = subject.own.is_some() && subject.head == Some(paragraph.masked);
        SiteEvidence {
            // An index without singletons does not know the document that alone holds it.
            documents: (documents + new).max(1),
            of_documents: of_documents + u64::from(new),
            heads: count.as_ref().map_or(0, |count| count.heads),
            sampled,
            contexts,
            strict_documents: (strict.map_or(0, |row| subject.documents(&row)) + new).max(1),
            other_sites: totals.sites - u32::from(count.is_some()),
            elsewhere: totals.documents.saturating_sub(documents),
            heads_elsewhere: totals.heads.saturating_sub(u32::from(is_own_head)),
            of_elsewhere: self.index.documents() as u64 - of_documents,
            template: 0.0,
        }
    }

    fn affix_evidence(&self, subject: &Subject, found: Found) -> [AffixEvidence; AFFIXES] {
        let mut rows = found.rows.affixes.into_iter();
        found.paragraph.affixes.map(|affix| {
            let row = rows.next().flatten();
            let Some(fingerprint) = affix.fingerprint else { return AffixEvidence::default() };
            let new = u32::from(subject.own.is_none());
            let all = row.map_or(0, |row| row.documents());
            let here = row.map_or(0, |row| subject.documents(&row));
            AffixEvidence {
                is_marked: affix.is_marked,
                documents: here + new,
                elsewhere: all.saturating_sub(here),
                is_call: self.rules.is_call(fingerprint),
            }
        })
    }

    /// How many documents of the sample, the judged one included, were looked at, and how many
    /// of them are otherwise different: copies of one story are one. None is looked at when `enough`
    /// are found.
    fn distinct_contexts(
        &self,
        subject: &Subject,
        own: u32,
        sample: &[u32],
        enough: u32,
    ) -> (u32, u32) {
        let mut all = [Contexts::default(); SAMPLE + 2];
        let (mut sampled, mut distinct) = (0, 0);
        let others = sample.iter().filter(|&&number| Some(number) != subject.own);
        let others = others.filter_map(|&number| self.index.contexts(number));
        for contexts in std::iter::once(subject.contexts).chain(others) {
            let contexts = Contexts::without(contexts, own);
            let is_new = !all[..sampled].iter().any(|other| other.is_same_story(&contexts));
            distinct += u32::from(is_new);
            all[sampled] = contexts;
            sampled += 1;
            if distinct == enough {
                break;
            }
        }
        (u32::try_from(sampled).unwrap_or(u32::MAX), distinct)
    }

    /// The first document that says the paragraph word for word and in which it surely stays; else
    /// the sites on which it stands, but may go.
    fn exact_witness(&self, subject: &Subject, found: Found<'_, 'a>) -> Result<Witness, Vec<u32>> {
        let Some(strict) = found.rows.strict else { return Err(Vec::new()) };
        if subject.own.is_some() && strict.documents() < 2 {
            return Err(Vec::new());
        }
        let is_witness = |number: u32| {
            self.is_witness(subject, number) && self.profiles.is_surely_article(number)
        };
        let first = |count: &SiteCount| count.sample.iter().copied().find(|&n| is_witness(n));
        let mut candidates: Vec<(u32, SiteCount)> =
            strict.sites().filter_map(|count| Some((first(&count)?, count))).collect();
        candidates.sort_unstable_by_key(|(number, _)| *number);
        let own = context_hash(found.paragraph.masked);
        let stays = |count: &SiteCount| {
            let template = found.rows.masked.and_then(|row| row.on_site(count.site));
            let template = template.as_ref().unwrap_or(count);
            let (_, contexts) = self.distinct_contexts(subject, own, &template.sample, ALL);
            !self.may_be_boilerplate(found, template, contexts)
        };
        let Some(&(number, _)) = candidates.iter().find(|(_, count)| stays(count)) else {
            return Err(candidates.iter().map(|(_, count)| count.site).collect());
        };
        let documents = strict.documents() + u32::from(subject.own.is_none());
        Ok(Witness { number, containment: 1.0, numbers: 1.0, documents })
    }

    /// Whether there is ground to call the paragraph boilerplate on another site.
    fn may_be_boilerplate(&self, found: Found, count: &SiteCount, contexts: u32) -> bool {
        if !self.policy.scopes.site {
            return false;
        }
        let site = SiteEvidence { documents: count.documents, contexts, ..SiteEvidence::default() };
        // Mostly enough, and nothing more to look up.
        if score::has_ground(&Evidence { site, ..Evidence::default() }) {
            return true;
        }
        let there = Subject {
            is_asked_for: false,
            own: None,
            site: Some(count.site),
            contexts: [u32::MAX; CONTEXTS],
            head: None,
        };
        let of_documents = self.index.sites()[count.site as usize].documents;
        let site = SiteEvidence {
            of_documents,
            of_elsewhere: self.index.documents() as u64 - of_documents,
            template: self.template_coverage(&there, found),
            ..site
        };
        score::has_ground(&Evidence {
            tokens: found.paragraph.tokens,
            ending: found.paragraph.ending,
            affixes: self.affix_evidence(&there, found),
            site,
            ..Evidence::default()
        })
    }

    /// Whether document `number` may speak against the judged one.
    fn is_witness(&self, subject: &Subject, number: u32) -> bool {
        match subject.own {
            None => true,
            Some(own) if self.policy.any_copy_goes() => number != own,
            Some(own) => number < own,
        }
    }

    /// The one document that shares most of the paragraph's shingles and is on no site where the
    /// paragraph stands and may go.
    fn near_witness(&self, subject: &Subject, found: Found, refused: &[u32]) -> Option<Witness> {
        if !found.may_cover() {
            return None;
        }
        let shingle_len = self.index.recipe().shingle_len;
        // Of a few documents are no more sites, and how many these are is known without the row.
        let is_phrase =
            |row: &Row| row.documents() > PHRASE_SITES_MIN && row.totals().sites > PHRASE_SITES_MIN;
        let shingles = found.shingles.iter().map(|(token, row)| (*token, row, is_phrase(row)));
        let mut counted: Vec<(u32, &Row, bool)> = shingles.collect();
        if !found.may_be_story() {
            counted.retain(|(_, _, is_phrase)| !is_phrase);
            let starts = counted.iter().map(|&(token, ..)| token as usize);
            if found.share(covered_tokens(starts, shingle_len)) < COVERAGE_MIN {
                return None;
            }
        }
        let mut votes = Vec::new();
        for (token, row, is_phrase) in counted {
            let (mut read, mut proposing) = (usize::MAX, usize::MAX);
            if is_phrase {
                (read, proposing) = (PHRASE_SITES_READ, PHRASE_SITES_PROPOSING);
            }
            for count in row.sites().take(read) {
                let before = votes.len();
                let numbers = count.sample.iter().copied();
                let numbers = numbers.filter(|&number| self.is_witness(subject, number));
                votes.extend(numbers.map(|number| Vote { number, token, is_phrase }));
                proposing -= usize::from(votes.len() > before);
                if proposing == 0 {
                    break;
                }
            }
        }
        let is_refused = |number: u32| {
            !refused.is_empty()
                && self.index.document(number).is_none_or(|row| refused.contains(&row.site))
        };
        let may_speak = |number| self.profiles.is_surely_article(number) && !is_refused(number);
        best_witness(&mut votes, (found.paragraph, shingle_len), may_speak)
    }

    /// Share of the tokens that lie in shingles of several otherwise different documents here.
    fn template_coverage(&self, subject: &Subject, found: Found) -> f64 {
        let own = context_hash(found.paragraph.masked);
        let new = u32::from(subject.own.is_none());
        let least = |documents: u32| self.policy.is_template(documents + new, u32::MAX);
        let shingle_len = self.index.recipe().shingle_len;
        let covered = |counts: &[(u32, SiteCount)]| {
            let starts = counts.iter().map(|&(token, _)| token as usize);
            found.share(covered_tokens(starts, shingle_len))
        };
        let on_site = |&(token, row): &(u32, Row)| Some((token, row.on_site(subject.site?)?));
        let common = found.shingles.iter().filter(|(_, row)| least(row.documents()));
        let common = common.filter(|(_, row)| least(subject.documents(row)));
        let mut counts: Vec<(u32, SiteCount)> = common.filter_map(on_site).collect();
        if covered(&counts) < COVERAGE_MIN {
            return 0.0;
        }
        let enough = self.policy.template_contexts_min;
        // Neighbors mostly stand in the same documents.
        let mut neighbor: Option<(Sample, u32)> = None;
        counts.retain(|(_, count)| {
            let same = neighbor.filter(|(sample, _)| *sample == count.sample);
            let (_, contexts) = same.unwrap_or_else(|| {
                (count.sample, self.distinct_contexts(subject, own, &count.sample, enough).1)
            });
            neighbor = Some((count.sample, contexts));
            self.policy.is_template(count.documents + new, contexts)
        });
        Some(covered(&counts)).filter(|&covered| covered >= COVERAGE_MIN).unwrap_or(0.0)
    }
}

/// What a document is made of, one paragraph left out.
#[derive(Clone, Copy)]
struct Contexts {
    hashes: [u32; CONTEXTS],
    known: u32,
    /// A bit for each hash that is known, by its last six bits.
    bits: u64,
}

impl Default for Contexts {
    fn default() -> Self {
        Self { hashes: [u32::MAX; CONTEXTS], known: 0, bits: 0 }
    }
}

impl Contexts {
    fn without(mut hashes: [u32; CONTEXTS], own: u32) -> Self {
        for hash in &mut hashes {
            *hash |= if *hash == own { u32::MAX } else { 0 };
        }
        let (mut known, mut bits) = (0, 0);
        for hash in hashes {
            let is_known = hash != u32::MAX;
            known += u32::from(is_known);
            bits |= u64::from(is_known) << (hash % 64);
        }
        Self { hashes, known, bits }
    }

    /// Whether two documents agree in at least two thirds of what they are made of; two that are
    /// made of nothing long are not known to differ.
    ///
    /// Documents of a site share its long boilerplate, copies of a story nearly all of it.
    fn is_same_story(&self, other: &Self) -> bool {
        let least = self.known.min(other.known);
        // Most documents have little in common, and one bit for each hash is enough to see that; those
        // of a document that share a bit may all be shared.
        let sharing = self.known - self.bits.count_ones();
        let may_be_shared = (self.bits & other.bits).count_ones() + sharing;
        if least > 0 && may_be_shared * 3 < least * 2 {
            return false;
        }
        let mut shared = 0;
        for hash in self.hashes {
            // Counted, not searched, so that all eight are compared at once.
            let equal = other.hashes.iter().filter(|&&other| other == hash).count();
            shared += u32::from(hash != u32::MAX && equal > 0);
        }
        self.known + other.known == 0 || (least > 0 && shared * 3 >= least * 2)
    }
}
