//! Near-copies: a paragraph with a known share of its words substituted, inserted or deleted.

use crate::lexicon::{Lexicon, capitalize};
use crate::random::Random;

/// A paragraph shorter than this many words has no whole number of edits for every grade.
pub(crate) const EDITABLE_WORDS_MIN: usize = 14;

/// How much of a near-copy differs from its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grade {
    /// From 2 % up to 10 % of the words.
    Light,
    /// Above 10 % up to 20 % of the words.
    Middle,
    /// Above 20 % up to 35 % of the words.
    Heavy,
}

impl Grade {
    /// All grades, lightest first.
    pub(crate) const ALL: [Self; 3] = [Self::Light, Self::Middle, Self::Heavy];

    /// The letter of the grade in the gold labels.
    pub(crate) fn letter(self) -> char {
        match self {
            Self::Light => '1',
            Self::Middle => '2',
            Self::Heavy => '3',
        }
    }

    /// The fewest and most edits a source of `words` words may get; empty for very few words.
    pub(crate) fn edits(self, words: usize) -> std::ops::RangeInclusive<usize> {
        match self {
            Self::Light => (2 * words).div_ceil(100).max(1)..=words / 10,
            Self::Middle => words / 10 + 1..=words / 5,
            Self::Heavy => words / 5 + 1..=words * 35 / 100,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    Substitute,
    Insert,
    Delete,
}

/// Appends `source` with edits of the grade and says how many words were edited (the word-level
/// edit distance); a source without enough words is appended unchanged and gives 0.
pub(crate) fn near_copy(
    source: &str,
    grade: Grade,
    lexicon: &Lexicon,
    random: &mut Random,
    out: &mut String,
) -> usize {
    let words: Vec<&str> = source.split(' ').collect();
    let range = grade.edits(words.len());
    let edits = if words.len() < EDITABLE_WORDS_MIN || range.is_empty() {
        0
    } else {
        *range.start() + random.below(count(range.end() - range.start() + 1)) as usize
    };
    let (mut left, mut run, begin) = (edits, None, out.len());
    for (position, word) in words.iter().enumerate() {
        let rest = words.len() - position;
        if (random.below(count(rest)) as usize) >= left {
            run = None;
            push_word(word, begin, out);
            continue;
        }
        left -= 1;
        let last = rest == 1;
        match operation(random, &mut run, last) {
            Operation::Substitute => {
                let other = other_word(&words, position, lexicon, random);
                if word.starts_with(char::is_uppercase) {
                    push_word("", begin, out);
                    capitalize(other, out);
                } else {
                    push_word(other, begin, out);
                }
                out.push_str(stops(word));
            }
            Operation::Insert => {
                push_word(other_word(&words, position, lexicon, random), begin, out);
                push_word(word, begin, out);
            }
            Operation::Delete => {}
        }
    }
    edits
}

/// Inside a run of neighboring edits only insertions or only deletions: a deletion beside an
/// insertion is a substitution, which would make two edits count as one.
fn operation(random: &mut Random, run: &mut Option<Operation>, last: bool) -> Operation {
    let wanted = match random.below(100) {
        0..70 => Operation::Substitute,
        70..85 => Operation::Insert,
        _ => Operation::Delete,
    };
    if wanted == Operation::Substitute || last || run.is_some_and(|kind| kind != wanted) {
        return Operation::Substitute;
    }
    *run = Some(wanted);
    wanted
}

fn other_word<'l>(
    words: &[&str],
    position: usize,
    lexicon: &'l Lexicon,
    random: &mut Random,
) -> &'l str {
    let near = &words[position.saturating_sub(4)..(position + 5).min(words.len())];
    loop {
        let word = lexicon.rare(random);
        if near.iter().all(|other| !other.starts_with(word)) {
            return word;
        }
    }
}

fn push_word(word: &str, begin: usize, out: &mut String) {
    if out.len() > begin {
        out.push(' ');
    }
    out.push_str(word);
}

/// The punctuation at the end of a word, which a substituted word inherits.
fn stops(word: &str) -> &str {
    let bare = word.trim_end_matches(|letter: char| !letter.is_alphanumeric());
    word.strip_prefix(bare).unwrap_or_default()
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::Stories;

    /// Word-level edit distance, the plain quadratic way.
    fn distance(one: &[&str], other: &[&str]) -> usize {
        let mut row: Vec<usize> = (0..=other.len()).collect();
        for (i, word) in one.iter().enumerate() {
            let mut corner = row[0];
            row[0] = i + 1;
            for (j, candidate) in other.iter().enumerate() {
                let cost =
                    (corner + usize::from(word != candidate)).min(row[j] + 1).min(row[j + 1] + 1);
                corner = std::mem::replace(&mut row[j + 1], cost);
            }
        }
        row[other.len()]
    }

    #[test]
    fn every_grade_lies_in_its_range() {
        let stories = Stories::new(3, Lexicon::new(3, 60_000), 8, 40);
        let mut random = Random::keyed(1, 2, 3, 4);
        let mut seen = [0; 3];
        for document in 0..400 {
            for paragraph in 1..stories.paragraphs(document) {
                let (mut source, mut copy) = (String::new(), String::new());
                stories.write(document, paragraph, &mut source);
                let words: Vec<&str> = source.split(' ').collect();
                if words.len() < EDITABLE_WORDS_MIN {
                    continue;
                }
                let which = random.below(3) as usize;
                let grade = Grade::ALL[which];
                let edits = near_copy(&source, grade, stories.lexicon(), &mut random, &mut copy);
                let changed = distance(&words, &copy.split(' ').collect::<Vec<_>>());
                assert_eq!(changed, edits, "{source}\n{copy}");
                let low = [2.0, 10.0, 20.0][which];
                let top = [10.0, 20.0, 35.0][which];
                #[expect(clippy::cast_precision_loss, reason = "small counts")]
                let percent = 100.0 * changed as f64 / words.len() as f64;
                assert!(percent >= low && percent <= top, "{percent} % in grade {grade:?}");
                seen[which] += 1;
            }
        }
        assert!(seen.iter().all(|&times| times > 1_000), "{seen:?}");
    }

    #[test]
    fn too_few_words_are_left_alone() {
        let lexicon = Lexicon::new(1, 4_000);
        let (mut random, mut out) = (Random::keyed(1, 1, 1, 1), String::new());
        assert_eq!(near_copy("one two three", Grade::Heavy, &lexicon, &mut random, &mut out), 0);
        assert_eq!(out, "one two three");
    }
}
