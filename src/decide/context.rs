//! The document as a whole: orphan headings, doubled ends, and the guards.

use super::evidence::Evidence;
use super::policy::{KeepCopies, NEAR_TOKENS_MIN, Policy, Reason, Verdict};
use super::score::CONTEXTS_GROUND;
use crate::text::sketch::{Ending, LONG_TOKENS};

/// The verdicts on all paragraphs of a document, and whether a guard kept it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgment {
    /// One verdict a paragraph.
    pub verdicts: Vec<Verdict>,
    /// The document would have lost more than it may and was kept, duplicates aside.
    pub is_guarded: bool,
}

/// Judges a document: each paragraph by its evidence, then all of them together.
///
/// # Examples
///
/// ```
/// use dechaff::decide::{Evidence, Policy, context::judge};
/// let body = Evidence { tokens: 50, bytes: 300, ..Evidence::default() };
/// assert!(judge(&[body], &Policy::default()).verdicts[0].reason().is_none());
/// ```
pub fn judge(evidence: &[Evidence], policy: &Policy) -> Judgment {
    let mut verdicts: Vec<Verdict> = evidence.iter().map(|e| policy.judge(e)).collect();
    keep_subheadings(evidence, &mut verdicts);
    keep_mentions(evidence, &mut verdicts);
    if policy.scopes.document {
        remove_doubled_end(evidence, &mut verdicts);
        remove_orphans(evidence, &mut verdicts);
    }
    keep_lone_sentence(evidence, &mut verdicts);
    if evidence.iter().any(|e| e.page.is_some()) {
        keep_article(evidence, &mut verdicts);
    }
    let is_guarded = guard(evidence, &mut verdicts, policy);
    debug_assert!(policy.keep_copies != KeepCopies::All || !verdicts.contains(&DUPLICATE));
    Judgment { verdicts, is_guarded }
}

/// Longer paragraphs are no standing sub-headings.
const SUBHEADING_TOKENS_MAX: u32 = 4;
/// What more of a site's documents have than this is no sub-heading of a column or series.
const SUBHEADING_RATE_MAX: f64 = 0.05;

/// A few words without marks that few of the site's documents have are the sub-heading of a column,
/// however often it comes back: between a paragraph that stays and prose that stays, or between a
/// sentence and a rest of the document that is all its own.
fn keep_subheadings(evidence: &[Evidence], verdicts: &mut [Verdict]) {
    let prose = |e: &Evidence| e.tokens as usize >= LONG_TOKENS && e.ending == Ending::Sentence;
    let stays_and_is_own = |at: &usize| verdicts[*at] == Verdict::Keep && is_own(&evidence[*at]);
    let own_to_the_end = (0..evidence.len()).rev().take_while(stays_and_is_own).count();
    let own_from = evidence.len() - own_to_the_end;
    for (at, around) in evidence.windows(3).enumerate() {
        let stays = |of: usize| verdicts[at + of] == Verdict::Keep;
        let leads_to_prose = stays(2) && prose(&around[2]);
        let leads_to_own = around[0].ending == Ending::Sentence && own_from == at + 2;
        if stays(0) && (leads_to_prose || leads_to_own) && is_subheading(&around[1]) {
            let verdict = &mut verdicts[at + 1];
            if *verdict == Verdict::Remove(Reason::Boilerplate) {
                *verdict = Verdict::Keep;
            }
        }
    }
}

/// Whether no other document of the site has a paragraph, nor any at its head.
fn is_own(e: &Evidence) -> bool {
    e.site.documents <= 1 && (e.is_head || e.site.heads_elsewhere == 0)
}

/// A sentence on the fewest documents of its site that make boilerplate may be its writer's habit: it
/// stays where nothing else of the document is the site's.
fn keep_lone_sentence(evidence: &[Evidence], verdicts: &mut [Verdict]) {
    let goes = |verdict: &&mut Verdict| !matches!(**verdict, Verdict::Keep | DUPLICATE);
    let mut gone = evidence.iter().zip(verdicts).filter(|(_, verdict)| goes(verdict));
    let (Some((e, verdict)), None) = (gone.next(), gone.next()) else { return };
    let site = &e.site;
    let is_habit =
        site.documents == CONTEXTS_GROUND && u64::from(site.documents) * 2 < site.of_documents;
    let is_plain = e.ending == Ending::Sentence && !e.affixes.iter().any(|affix| affix.is_call);
    if *verdict == Verdict::Remove(Reason::Boilerplate) && is_habit && is_plain {
        *verdict = Verdict::Keep;
    }
}

/// A few words that an earlier paragraph has among others are a name or a phrase that comes again;
/// a repeat of so few is the whole of an earlier one.
fn keep_mentions(evidence: &[Evidence], verdicts: &mut [Verdict]) {
    for (e, verdict) in evidence.iter().zip(verdicts) {
        let is_mention = |of: u32| evidence[of as usize].tokens > e.tokens;
        let is_mentioned = e.repeat.is_some_and(|repeat| is_mention(repeat.of));
        let is_name = (e.tokens as usize) < LONG_TOKENS && e.ending == Ending::Open;
        let is_few = e.tokens < NEAR_TOKENS_MIN || is_name;
        if *verdict == Verdict::Remove(Reason::Repeat) && is_few && is_mentioned {
            *verdict = Verdict::Keep;
        }
    }
}

fn is_subheading(e: &Evidence) -> bool {
    let site = &e.site;
    let ends_in_colon = e.ending == Ending::Colon;
    let of = f64::from(u32::try_from(site.of_documents).unwrap_or(u32::MAX));
    e.tokens <= SUBHEADING_TOKENS_MAX
        && e.slots == 0
        && e.ending != Ending::Sentence
        && !e.is_marker
        && !e.affixes.iter().any(|affix| affix.is_call || (affix.is_marked && !ends_in_colon))
        && f64::from(site.documents) <= SUBHEADING_RATE_MAX * of
}

const DUPLICATE: Verdict = Verdict::Remove(Reason::Duplicate);

/// A block that stands twice at the very end, below a heading over links or calls, is the site's:
/// both copies go.
fn remove_doubled_end(evidence: &[Evidence], verdicts: &mut [Verdict]) {
    let Some(marker) = evidence.iter().rposition(|e| e.is_marker) else { return };
    let section = marker + 1..evidence.len();
    let is_copy = |at: &usize| {
        verdicts[*at] == Verdict::Remove(Reason::Repeat)
            && evidence[*at].repeat.is_some_and(|repeat| repeat.of as usize > marker)
    };
    let copies = section.clone().rev().take_while(is_copy).count();
    let (said, again) = section.clone().partition::<Vec<_>, _>(|&at| at + copies < section.end);
    let tokens = |of: &[usize]| of.iter().map(|&at| evidence[at].tokens).sum::<u32>();
    let is_doubled = copies > 0 && !said.is_empty() && 3 * tokens(&again) >= 2 * tokens(&said);
    if is_doubled && section.clone().all(|at| !evidence[at].is_allowed) {
        verdicts[section].fill(Verdict::Remove(Reason::Boilerplate));
    }
}

/// A heading over links or calls goes when all that stood under it went, or nothing stands there.
fn remove_orphans(evidence: &[Evidence], verdicts: &mut [Verdict]) {
    for at in (0..evidence.len()).rev() {
        if !evidence[at].is_marker || verdicts[at] != Verdict::Keep || evidence[at].is_allowed {
            continue;
        }
        let is_bare = match verdicts.get(at + 1) {
            None => at > 0,
            Some(next) => {
                matches!(next, Verdict::Remove(Reason::Boilerplate | Reason::Rule | Reason::Orphan))
            }
        };
        if is_bare {
            verdicts[at] = Verdict::Remove(Reason::Orphan);
        }
    }
}

const PAGE: Verdict = Verdict::Remove(Reason::Page);

/// Takes out of a page all that its score speaks against; what the other evidence takes out of
/// the rest goes too, but for repeats of what has gone.
///
/// Where the score speaks against everything, the best stretch of prose stays, or the best
/// paragraph.
fn keep_article(evidence: &[Evidence], verdicts: &mut [Verdict]) {
    let score = |at: usize| evidence[at].page.as_ref().map_or(f64::INFINITY, |page| page.score);
    let is_in_segment = |at: usize| evidence[at].page.as_ref().is_some_and(|p| p.is_in_segment);
    let best = (0..evidence.len()).rev().max_by(|&a, &b| score(a).total_cmp(&score(b)));
    let has_article = best.is_some_and(|best| score(best) > 0.0);
    let has_segment = (0..evidence.len()).any(is_in_segment);
    for at in 0..evidence.len() {
        let is_article = match (has_article, has_segment) {
            (true, _) => score(at) > 0.0,
            (false, true) => is_in_segment(at),
            (false, false) => Some(at) == best,
        };
        if !is_article && !evidence[at].is_allowed && evidence[at].denied.is_none() {
            verdicts[at] = PAGE;
        }
    }
    for at in 0..evidence.len() {
        let said_in = evidence[at].repeat.map(|repeat| repeat.of as usize);
        let is_repeat = verdicts[at] == Verdict::Remove(Reason::Repeat);
        if is_repeat && said_in.is_none_or(|of| verdicts[of] != Verdict::Keep) {
            verdicts[at] = Verdict::Keep;
        }
    }
}

/// Takes all removals but duplicates and those of a page back where they would empty the document or take too much.
fn guard(evidence: &[Evidence], verdicts: &mut [Verdict], policy: &Policy) -> bool {
    let bytes = |wanted: &dyn Fn(Verdict) -> bool| -> usize {
        let chosen = evidence.iter().zip(verdicts.iter()).filter(|(_, verdict)| wanted(**verdict));
        chosen.map(|(evidence, _)| evidence.bytes).sum()
    };
    let counts = |verdict| verdict != DUPLICATE && verdict != PAGE;
    let all = bytes(&|_| true);
    let removed = bytes(&|verdict| counts(verdict) && verdict != Verdict::Keep);
    let share = crate::text::repeat::ratio(removed, all);
    let is_too_much = removed > 0 && (removed == all || share > policy.removed_max);
    if is_too_much {
        for verdict in verdicts.iter_mut().filter(|verdict| counts(**verdict)) {
            *verdict = Verdict::Keep;
        }
    }
    is_too_much
}

#[cfg(test)]
mod tests {
    use super::super::evidence::SiteEvidence;
    use super::*;

    fn prose() -> Evidence {
        Evidence { tokens: 40, bytes: 240, ending: Ending::Sentence, ..Evidence::default() }
    }

    /// A paragraph that looks like boilerplate, on so many documents out of 200.
    fn standing(documents: u32, tokens: u32, ending: Ending) -> Evidence {
        let site = SiteEvidence {
            documents,
            of_documents: 200,
            contexts: documents.min(9),
            sampled: documents.min(9),
            ..SiteEvidence::default()
        };
        Evidence {
            tokens,
            bytes: 6 * tokens as usize,
            score: 1.0,
            site,
            ending,
            ..Evidence::default()
        }
    }

    #[test]
    fn a_standing_heading_over_a_last_word_of_the_articles_own_stays() {
        let check = |last: Evidence, expected: Verdict| {
            let evidence = [prose(), standing(9, 2, Ending::Colon), last];
            assert_eq!(judge(&evidence, &Policy::default()).verdicts[1], expected);
        };
        let own = Evidence { tokens: 6, bytes: 36, ..Evidence::default() };
        check(own.clone(), Verdict::Keep);
        let gone = Verdict::Remove(Reason::Boilerplate);
        let listed = SiteEvidence { heads_elsewhere: 1, ..SiteEvidence::default() };
        check(Evidence { site: listed, ..own }, gone);
        check(standing(40, 6, Ending::Open), gone);
    }

    #[test]
    fn a_sentence_on_three_documents_stays_where_nothing_else_goes() {
        let check = |rest: &[Evidence], line: Evidence, expected: Verdict| {
            let evidence = [&[prose(), line], rest].concat();
            assert_eq!(judge(&evidence, &Policy::default()).verdicts[1], expected);
        };
        let gone = Verdict::Remove(Reason::Boilerplate);
        let sentence = || standing(3, 5, Ending::Sentence);
        check(&[], sentence(), Verdict::Keep);
        check(&[standing(40, 6, Ending::Open)], sentence(), gone);
        check(&[], standing(4, 5, Ending::Sentence), gone);
        check(&[], standing(3, 5, Ending::Open), gone);
    }

    #[test]
    fn a_name_that_prose_has_among_other_words_is_no_repeat() {
        let check = |of: Evidence, tokens: u32, ending: Ending, expected: Verdict| {
            let repeat = Some(crate::text::repeat::Repeat { of: 0, containment: 1.0 });
            let line = Evidence { tokens, bytes: 40, ending, repeat, ..Evidence::default() };
            let evidence = [of, line];
            assert_eq!(judge(&evidence, &Policy::default()).verdicts[1], expected, "{tokens}");
        };
        let repeat = Verdict::Remove(Reason::Repeat);
        check(prose(), 6, Ending::Sentence, Verdict::Keep);
        check(prose(), 10, Ending::Open, Verdict::Keep);
        check(prose(), 10, Ending::Sentence, repeat);
        check(prose(), 14, Ending::Open, repeat);
        check(Evidence { tokens: 6, bytes: 200, ..Evidence::default() }, 6, Ending::Open, repeat);
    }

    #[test]
    fn a_standing_subheading_between_prose_stays_and_a_frequent_line_goes() {
        let check = |documents: u32, next: &Evidence, expected: Verdict| {
            let line = standing(documents, 2, Ending::Open);
            let evidence = [prose(), line, next.clone(), prose()];
            assert_eq!(judge(&evidence, &Policy::default()).verdicts[1], expected, "{documents}");
        };
        let gone = Verdict::Remove(Reason::Boilerplate);
        check(9, &prose(), Verdict::Keep);
        check(30, &prose(), gone);
        // The line above is no sentence: what is below it may be a list of links.
        let short = Evidence { tokens: 5, ..prose() };
        let line = standing(9, 2, Ending::Open);
        let evidence = [Evidence { ending: Ending::Open, ..prose() }, line, short, prose()];
        assert_eq!(judge(&evidence, &Policy::default()).verdicts[1], gone);
    }
}
