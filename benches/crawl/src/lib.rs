//! A generator of news crawls: any size, invented text, a gold label for every paragraph.
//!
//! It exists to measure a boilerplate and duplicate stripper where no outside data may be used and
//! no labelled data is large enough. The crawl is a pure function of its settings: the same seed
//! and flags give the same bytes on every machine and for ever (a checksum test holds that), and a
//! larger crawl begins with a smaller one.
//!
//! # Use
//!
//! ```text
//! dechaff-crawl --bytes 1G --seed 1 --sites 300 -o crawl.jsonl --gold gold.jsonl
//! dechaff-crawl --bytes 100G --profile unique -o - | dechaff learn - -o crawl.idx
//! ```
//!
//! - `--bytes SIZE`: whole documents until the crawl has so many bytes; K M G T are powers of
//!   1000, Ki Mi Gi Ti of 1024.
//! - `--seed N`: other words, sites and stories. Default 1.
//! - `--sites N`: 1 to 20,000, sizes by Zipf's law. Default 300. Below some 15 documents (60 kB) a
//!   site, "exact site line" loses its meaning: take fewer sites for a small crawl.
//! - `--profile news|unique|twice`: the mixture below; no paragraph ever twice (the worst case for
//!   an index); `unique` and then all of it again, in the same order, under other ids, each second
//!   document as the same page fetched again and the others on another site.
//! - `--vocabulary N`: 4,000 to 1,000,000 words. Default 60,000.
//! - `-o FILE`, `--gold FILE`: `-` is standard output. Files are overwritten, and written in
//!   place.
//!
//! Standard error gets one line: documents, bytes, paragraphs, share of each letter. Exit 0 done,
//! 1 failed, 2 usage; a closed pipe is a quiet end.
//!
//! # The mixture
//!
//! Records are `{"id","url","site","text"}`, 8 to 40 paragraphs joined by newlines, 4.1 kB on
//! average. Gold is `{"id","k","l","f"}`: kind of document, one letter a paragraph, and the family
//! of copies a paragraph belongs to, as the project's `crawl.py` scorer reads it. Shares in
//! percent of the paragraphs and of their bytes (100 MB, seed 1), beside those of the labelled
//! crawl-100 they follow:
//!
//! | letter | what | here | crawl-100 | bytes here | bytes crawl-100 |
//! |---|---|---|---|---|---|
//! | H | exact line of a site | 15.70 | 15.69 | 8.78 | 7.77 |
//! | V | line of a site with changing numbers, dates, names | 11.95 | 11.51 | 4.17 | 2.78 |
//! | R | title of another document, in a list or alone | 8.92 | 9.13 | 3.70 | 3.20 |
//! | S | copy from another document | 6.62 | 5.98 | 9.06 | 8.53 |
//! | I | repeat inside the document | 0.32 | 0.26 | 0.49 | 0.41 |
//! | 1 | near-copy, 2 to 10 % of the words | 0.85 | 0.82 | 1.36 | 1.39 |
//! | 2 | near-copy, above 10 to 20 % | 0.50 | 0.51 | 0.85 | 0.91 |
//! | 3 | near-copy, above 20 to 35 % | 0.49 | 0.51 | 0.87 | 0.94 |
//! | B | body | 50.94 | 52.03 | 70.22 | 73.53 |
//! | K | look-alike with other facts | 0.38 | 0.39 | 0.33 | 0.31 |
//! | b | short natural repeat, not scored | 3.33 | 3.16 | 0.18 | 0.24 |
//!
//! - **Documents**: 88 % original, 8 % syndicated word for word, 2 % syndicated with a third of
//!   the paragraphs lightly edited, 1.7 % the same page fetched again (same address, new
//!   counters). Copies crowd: of each 64 documents the first is copied most, and some stories have
//!   20 copies.
//! - **Sources**: four in five from among the last 8,000 documents, the others from anywhere
//!   before.
//! - **Near-copies** stand in a fifth of the originals: 70 % of the edits substitute a word, 15 %
//!   insert one, 15 % delete one; their number is the word-level edit distance, and it lies in 2
//!   to 10, above 10 to 20, above 20 to 35 % of the words of the source.
//! - **Look-alikes**: eight skeletons of the whole crawl (match reports, market lines, police
//!   notes, results), filled with other names and figures each time.
//! - **Site lines**: per site up to two above the title, four below it, three kinds among the
//!   paragraphs and eight under them, each on 45 to 100 % of the documents; counters, dates,
//!   by-lines and affix templates such as `( Also on X: <headline> )`; headlines are titles of
//!   recent documents of the same site.
//! - **Text**: words of syllables by a Zipf-Mandelbrot law, 4.8 letters on average, 2 % of the
//!   running words with an accent; 11 % of the paragraphs that are not site lines have fewer than
//!   8 words. Every paragraph of a story that is short enough to recur by chance carries a name
//!   made from its number, so that body text is unique by construction.
//!
//! # How it stays small
//!
//! A paragraph is a pure function of seed, document and paragraph number, so a copy from 40
//! million documents ago is written again rather than remembered. What is remembered is the
//! vocabulary, the site templates and the numbers of eight recent documents a site: about 14 MB of
//! memory, whatever the size (64 MB at the largest settings).
//!
//! Left out on purpose: hard-wrapped text, scripts other than Latin, broken records, and
//! paragraphs joined with a lost space. Those are cases for test data, not for measurement.
//!
//! # Example
//!
//! ```
//! use dechaff_crawl::{Profile, Settings, generate};
//!
//! let settings = Settings { seed: 1, sites: 20, words: 10_000, profile: Profile::News };
//! let (mut crawl, mut gold) = (Vec::new(), Vec::new());
//! let totals = generate(settings, 100_000, &mut crawl, Some(&mut gold))?;
//! assert_eq!(totals.bytes, crawl.len() as u64);
//! # anyhow::Ok(())
//! ```

mod crawl;
mod edit;
mod generate;
mod lexicon;
mod natural;
mod random;
mod record;
mod site;
mod story;
mod template;

pub use crate::crawl::{Crawl, Profile, SITES_MAX, Settings};
pub use crate::generate::{Totals, generate};
pub use crate::lexicon::{WORDS_MAX, WORDS_MIN};
pub use crate::record::{Document, Kind};
