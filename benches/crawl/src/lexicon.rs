//! The vocabulary: invented words, short ones frequent and long ones rare, and names among them.
//!
//! A word is spelled from its rank alone. Syllables are consonant and vowel, with or without a
//! closing consonant, so a spelling parses in one way only; within one pattern of syllables the
//! rank is mapped by a bijection. No two ranks share a spelling, and no table of words is needed.

use crate::random::{Random, Zipf, mix};

const CONSONANTS: &[u8; 16] = b"bdfghklmnprstvwz";
const VOWELS: [char; 5] = ['a', 'e', 'i', 'o', 'u'];
const ACCENTED: [char; 5] = ['à', 'é', 'í', 'ö', 'ü'];
const CLOSINGS: &[u8; 8] = b"nrsltmkd";

/// Patterns by rank: the first bound above the rank applies. `o` is an open syllable, `c` a closed
/// one. /// Every pattern spells more words than the bound of the last row it stands in.
const PATTERNS: &[(u32, &[&str])] = &[
    (60, &["o", "c", "c", "oo"]),
    (600, &["c", "oo", "oc"]),
    (6_000, &["oo", "oc", "co", "ooo", "ooc"]),
    (50_000, &["oc", "ooo", "ooc", "oooo", "cooc", "oooc"]),
    (u32::MAX, &["ooc", "coo", "oooo", "oooc", "cooc"]),
];

/// Ranks from which given names, family names and places are taken; they set [`WORDS_MIN`].
const GIVEN: (u32, u32) = (800, 1199);
const FAMILY: (u32, u32) = (1200, 2399);
const PLACES: (u32, u32) = (2400, 2799);

/// The smallest vocabulary that can be asked for, in words; names need that many.
pub const WORDS_MIN: u32 = 4_000;
/// The largest vocabulary that can be asked for, in words.
pub const WORDS_MAX: u32 = 1_000_000;

/// The words of one crawl and their frequencies.
#[derive(Debug, Clone)]
pub(crate) struct Lexicon {
    letters: String,
    starts: Vec<u32>,
    zipf: Zipf,
    words: u32,
}

impl Lexicon {
    /// Spells `words` words from the seed; the count is brought into [`WORDS_MIN`]..=[`WORDS_MAX`].
    pub(crate) fn new(seed: u64, words: u32) -> Self {
        let words = words.clamp(WORDS_MIN, WORDS_MAX);
        let mut letters = String::new();
        let mut starts = vec![0];
        for rank in 0..words {
            spell(seed, rank, &mut letters);
            starts.push(u32::try_from(letters.len()).unwrap_or(u32::MAX));
        }
        Self { letters, starts, zipf: Zipf::new(words, 27), words }
    }

    /// The spelling of a rank; empty beyond the last.
    pub(crate) fn word(&self, rank: u32) -> &str {
        match (self.starts.get(rank as usize), self.starts.get(rank as usize + 1)) {
            (Some(&start), Some(&end)) => {
                self.letters.get(start as usize..end as usize).unwrap_or_default()
            }
            _ => "",
        }
    }

    /// A word by its frequency.
    pub(crate) fn draw(&self, random: &mut Random) -> &str {
        self.word(self.zipf.draw(random))
    }

    /// A word from outside the commonest two hundred, all equally likely.
    pub(crate) fn rare(&self, random: &mut Random) -> &str {
        self.word(random.between(200, self.words - 1))
    }

    /// Appends a person's name, given and family name.
    pub(crate) fn person(&self, random: &mut Random, out: &mut String) {
        capitalize(self.word(random.between(GIVEN.0, GIVEN.1)), out);
        out.push(' ');
        capitalize(self.word(random.between(FAMILY.0, FAMILY.1)), out);
    }

    /// Appends the name of a place.
    pub(crate) fn place(&self, random: &mut Random, out: &mut String) {
        capitalize(self.word(random.between(PLACES.0, PLACES.1)), out);
    }
}

/// Appends a word with its first letter in upper case.
pub(crate) fn capitalize(word: &str, out: &mut String) {
    let mut letters = word.chars();
    out.extend(letters.next().into_iter().flat_map(char::to_uppercase));
    out.push_str(letters.as_str());
}

/// Appends a capitalized name that no other serial number and no word of any vocabulary shares.
///
/// Short paragraphs carry one, so that they can be proved unique instead of hoped to be.
pub(crate) fn serial_name(serial: u64, out: &mut String) {
    const FIVE: u64 = 80_u64.pow(5);
    let (syllables, mut code) =
        if serial < FIVE { (5, (serial * 73_687_787 + 1_234_567_891) % FIVE) } else { (9, serial) };
    for position in 0..syllables {
        let (consonant, vowel) = (CONSONANTS[index(code % 16)], VOWELS[index(code / 16 % 5)]);
        let consonant = if position == 0 { consonant.to_ascii_uppercase() } else { consonant };
        out.push(char::from(consonant));
        out.push(vowel);
        code /= 80;
    }
}

fn spell(seed: u64, rank: u32, out: &mut String) {
    let patterns = PATTERNS
        .iter()
        .find(|(bound, _)| rank < *bound)
        .map_or(&["ooc"][..], |(_, patterns)| patterns);
    let shape = mix(seed ^ mix(u64::from(rank)));
    let choice = u32::try_from(shape % 64).unwrap_or(0) as usize % patterns.len();
    let pattern = patterns[choice];
    let size: u64 = pattern.bytes().map(|kind| if kind == b'o' { 80 } else { 640 }).product();
    // The factor is odd and no multiple of 5, sizes are products of 2 and 5: a bijection.
    let mut code = (u64::from(rank) * 7_368_787 + mix(seed) % size) % size;
    // About one word in 30 outside the commonest carries an accent: 2 % of the running words.
    let accented = rank >= 60 && (shape >> 32) % 1000 < 33;
    for (position, kind) in pattern.bytes().enumerate() {
        out.push(char::from(CONSONANTS[index(code % 16)]));
        let vowels = if accented && position == 0 { &ACCENTED } else { &VOWELS };
        out.push(vowels[index(code / 16 % 5)]);
        code /= 80;
        if kind == b'c' {
            out.push(char::from(CLOSINGS[index(code % 8)]));
            code /= 8;
        }
    }
}

fn index(small: u64) -> usize {
    usize::try_from(small).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_two_words_are_spelled_alike() {
        for (seed, words) in [(1, WORDS_MAX), (7, 60_000)] {
            let lexicon = Lexicon::new(seed, words);
            let spellings: BTreeSet<&str> = (0..words).map(|rank| lexicon.word(rank)).collect();
            assert_eq!(spellings.len(), words as usize, "seed {seed}");
            assert!(!spellings.contains(""));
        }
    }

    #[test]
    fn serial_names_differ_from_each_other_and_from_words() {
        let (mut names, mut name) = (BTreeSet::new(), String::new());
        for serial in (0..100_000).chain(80_u64.pow(5) - 50_000..80_u64.pow(5) + 50_000) {
            name.clear();
            serial_name(serial, &mut name);
            assert!(matches!(name.len(), 10 | 18));
            assert!(names.insert(name.clone()), "{name} comes twice");
        }
    }

    #[test]
    fn running_words_look_like_news() {
        let lexicon = Lexicon::new(1, 60_000);
        let mut random = Random::keyed(1, 0, 0, 0);
        let (mut letters, mut accented) = (0, 0);
        for _ in 0..100_000 {
            let word = lexicon.draw(&mut random);
            letters += word.chars().count();
            accented += usize::from(!word.is_ascii());
        }
        assert!((430_000..540_000).contains(&letters), "letters in 100,000 words: {letters}");
        assert!((1_200..2_800).contains(&accented), "accented in 100,000 words: {accented}");
    }
}
