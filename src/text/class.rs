//! What a character is, as far as tokens go: one byte of a table for each of the first 65,536.
//!
//! The standard library and the normalizer search several tables for every question; in scripts
//! other than Latin that was a third of the whole run.

use std::sync::OnceLock;

use unicode_normalization::char::{canonical_combining_class, is_combining_mark};
use unicode_normalization::{IsNormalized, is_nfc_quick};

use super::tokenize::{is_invisible, is_spaceless};

/// What a character is: a set of the facts below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Class(u8);

const ALPHANUMERIC: u8 = 1;
const NUMERIC: u8 = 1 << 1;
const SPACELESS: u8 = 1 << 2;
const MARK: u8 = 1 << 3;
const INVISIBLE: u8 = 1 << 4;
const PLAIN: u8 = 1 << 5;
const UPPER: u8 = 1 << 6;
const LOWER: u8 = 1 << 7;

/// Characters of a page of the table. A page is made when its first character is met: all of them
/// take 25 ms, and most texts need three.
const PAGE: usize = 256;

static PAGES: [OnceLock<[Class; PAGE]>; 256] = [const { OnceLock::new() }; 256];

impl Class {
    /// What `character` is.
    #[inline]
    pub(super) fn of(character: char) -> Self {
        let code = character as usize;
        match PAGES.get(code / PAGE) {
            Some(page) => page.get_or_init(|| Self::page(code / PAGE))[code % PAGE],
            None => Self::search(character),
        }
    }

    #[cold]
    fn page(number: usize) -> [Self; PAGE] {
        std::array::from_fn(|at| {
            let character = u32::try_from(number * PAGE + at).ok().and_then(char::from_u32);
            character.map_or(Self(0), Self::search)
        })
    }

    fn search(character: char) -> Self {
        let folds_to_itself = || {
            let mut lower = character.to_lowercase();
            // ASCII is in lower case before anyone looks.
            character.is_ascii() || (lower.next() == Some(character) && lower.next().is_none())
        };
        let is_plain = || {
            let one = std::iter::once(character);
            folds_to_itself()
                && canonical_combining_class(character) == 0
                && is_nfc_quick(one) == IsNormalized::Yes
        };
        let facts = [
            (character.is_alphanumeric(), ALPHANUMERIC),
            (character.is_numeric(), NUMERIC),
            (is_spaceless(character), SPACELESS),
            (is_combining_mark(character), MARK),
            (is_invisible(character), INVISIBLE),
            (character.is_alphanumeric() && is_plain(), PLAIN),
            (character.is_uppercase(), UPPER),
            (character.is_lowercase(), LOWER),
        ];
        Self(facts.iter().fold(0, |all, (is, fact)| if *is { all | fact } else { all }))
    }

    /// A letter or digit.
    #[inline]
    pub(super) fn is_alphanumeric(self) -> bool {
        self.0 & ALPHANUMERIC != 0
    }

    /// A digit or another sign for a number.
    #[inline]
    pub(super) fn is_numeric(self) -> bool {
        self.0 & NUMERIC != 0
    }

    /// Of a script that is written without spaces.
    #[inline]
    pub(super) fn is_spaceless(self) -> bool {
        self.0 & SPACELESS != 0
    }

    /// A mark on the letter before it.
    #[inline]
    pub(super) fn is_mark(self) -> bool {
        self.0 & MARK != 0
    }

    /// Not seen inside a word.
    #[inline]
    pub(super) fn is_invisible(self) -> bool {
        self.0 & INVISIBLE != 0
    }

    /// A letter or digit that folding and normalization leave as it is, whatever stands beside it.
    #[inline]
    pub(super) fn is_plain(self) -> bool {
        self.0 & PLAIN != 0
    }

    /// In upper case.
    #[inline]
    pub(super) fn is_uppercase(self) -> bool {
        self.0 & UPPER != 0
    }

    /// In lower case.
    #[inline]
    pub(super) fn is_lowercase(self) -> bool {
        self.0 & LOWER != 0
    }
}
