//! The crawl: which document is what, and how its paragraphs are put together.
//!
//! Invariant: the plan of a document (kind, source, site) and its story are pure functions of the
//! seed and its number. Only the lists of recent headlines, one short list a site, remember
//! anything, and they remember document numbers, not text.

use crate::edit::{EDITABLE_WORDS_MIN, Grade, near_copy};
use crate::lexicon::{Lexicon, WORDS_MAX, WORDS_MIN};
use crate::natural;
use crate::random::{Random, Zipf};
use crate::record::{Document, Kind};
use crate::site::{Line, Role, Site};
use crate::story::Stories;
use crate::template::Filler;
use std::fmt::Write as _;

const PURPOSE_KIND: u64 = 4;
const PURPOSE_SITE_OF: u64 = 5;
const PURPOSE_SOURCE: u64 = 6;
const PURPOSE_DOCUMENT: u64 = 7;

/// The most sites a crawl may have; each takes about 2 kB of memory.
pub const SITES_MAX: u32 = 20_000;

/// Headlines a site remembers for its lists.
const RECENT_MAX: usize = 8;
/// A repeat inside a document has at least as many words.
const REPEAT_WORDS_MIN: usize = 6;
/// Copies crowd on the first stories of each block of so many documents.
const BLOCK: u64 = 64;
/// Paragraphs of a document; its site adds no line beyond them.
const PAGE_MAX: usize = 40;
/// Entries after which nothing more is added to a story.
const ENTRIES_MAX: usize = 28;

/// What the documents of a crawl have to do with each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// A news crawl: site lines, copies, near-copies, look-alikes.
    News,
    /// No paragraph comes twice; the worst case for an index.
    Unique,
    /// The crawl of `Unique` and then all of it again under other ids.
    Twice,
}

/// What a crawl is a function of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Other seeds give other words, sites and stories.
    pub seed: u64,
    /// Number of sites, 1 to [`SITES_MAX`]; sizes follow Zipf's law.
    pub sites: u32,
    /// Number of words, [`WORDS_MIN`] to [`WORDS_MAX`].
    pub words: u32,
    /// What recurs.
    pub profile: Profile,
}

/// One entry of a document's story, in the order it is read.
#[derive(Debug, Clone, Copy)]
enum Entry {
    /// A paragraph of the document's own or copied story.
    Own(u32),
    /// A paragraph of the story a second time.
    Repeat(u32),
    /// An edited paragraph of another story.
    Near(Grade, u64, u32),
    /// A whole paragraph of another story.
    Quoted(u64, u32),
    /// A skeleton with other facts.
    Lookalike,
    /// A short line people really repeat.
    Natural,
}

/// Generates the documents of one crawl, one after the other.
#[derive(Debug)]
pub struct Crawl {
    settings: Settings,
    stories: Stories,
    sites: Vec<Site>,
    sizes: Zipf,
    recent: Vec<Vec<u64>>,
    next: u64,
    entries: Vec<Entry>,
    scratch: String,
}

impl Crawl {
    /// Prepares a crawl: vocabulary and sites are invented here, no document yet.
    ///
    /// # Errors
    /// When the number of sites or words is out of its range.
    pub fn new(settings: Settings) -> anyhow::Result<Self> {
        let Settings { seed, sites, words, profile } = settings;
        anyhow::ensure!((1..=SITES_MAX).contains(&sites), "sites must be from 1 to {SITES_MAX}");
        anyhow::ensure!(
            (WORDS_MIN..=WORDS_MAX).contains(&words),
            "the vocabulary must have from {WORDS_MIN} to {WORDS_MAX} words"
        );
        let lexicon = Lexicon::new(seed, words);
        let (low, top) = if profile == Profile::News { (8, 26) } else { (8, 40) };
        Ok(Self {
            settings,
            sites: (0..sites).map(|number| Site::new(seed, number, &lexicon)).collect(),
            stories: Stories::new(seed, lexicon, low, top),
            sizes: Zipf::new(sites, 60),
            recent: vec![Vec::with_capacity(RECENT_MAX); sites as usize],
            next: 0,
            entries: Vec::new(),
            scratch: String::new(),
        })
    }

    /// Writes the next document into `document`, whatever that held before.
    pub fn next_document(&mut self, document: &mut Document) {
        let number = self.next;
        self.next += 1;
        if self.settings.profile == Profile::News {
            self.news(number, document);
        } else {
            self.bare(number, number, document);
        }
    }

    /// Writes document `number`, made by [`Self::next_document`] before, once more as a copy with a
    /// new id: each second one as the same page fetched again, the others on another site.
    pub fn copy_document(&mut self, number: u64, document: &mut Document) {
        let copy = self.next;
        self.next += 1;
        self.bare(number, copy, document);
    }

    /// A story and nothing else; `copy` is its number where it comes first.
    fn bare(&self, number: u64, copy: u64, document: &mut Document) {
        let kind = match (copy == number, number.is_multiple_of(2)) {
            (true, _) => Kind::Original,
            (false, true) => Kind::Recrawled,
            (false, false) => Kind::Syndicated,
        };
        let site = if kind == Kind::Syndicated {
            self.other_site(copy, self.site_of(number))
        } else {
            self.site_of(number)
        };
        let address = if kind == Kind::Recrawled { number } else { copy };
        self.head(document, kind, (copy, address), site);
        let letter = if copy == number { 'B' } else { 'S' };
        for paragraph in 0..self.stories.paragraphs(number) {
            document.begin(letter, Some(Stories::family(number, paragraph)));
            self.stories.write(number, paragraph, &mut document.text);
        }
    }

    fn news(&mut self, number: u64, document: &mut Document) {
        let random = &mut Random::keyed(self.settings.seed, PURPOSE_DOCUMENT, number, 0);
        let kind = self.kind(number);
        let source = if kind == Kind::Original { number } else { self.source(number) };
        let site = match kind {
            Kind::Original => self.site_of(number),
            Kind::Recrawled => self.site_of(source),
            Kind::Syndicated | Kind::Edited => self.other_site(number, self.site_of(source)),
        };
        let address = if kind == Kind::Recrawled { source } else { number };
        self.head(document, kind, (number, address), site);
        let lines = std::mem::take(&mut self.sites[site as usize]);
        let mut page = Page {
            crawl: self,
            document,
            site: &lines,
            random,
            number,
            source,
            at: site,
            pending: 0,
        };
        page.lines(&lines.above_title);
        page.story();
        page.lines(&lines.tail);
        self.sites[site as usize] = lines;
        let recent = &mut self.recent[site as usize];
        if !recent.contains(&source) {
            if recent.len() == RECENT_MAX {
                recent.remove(0);
            }
            recent.push(source);
        }
    }

    /// Id, address and site of a document, `(its number, the number in its address)`.
    fn head(&self, document: &mut Document, kind: Kind, (number, address): (u64, u64), site: u32) {
        document.clear();
        document.kind = kind;
        document.site.push_str(&self.sites[site as usize].masthead.host);
        let (year, month) = (2011 + address / 7 % 14, 1 + address % 12);
        let id = write!(document.id, "d{number:07}");
        let host = &self.sites[site as usize].masthead.host;
        let url = write!(document.url, "https://{host}/{year}/{month:02}/{address}");
        debug_assert!(id.is_ok() && url.is_ok(), "a String takes all that is written to it");
    }

    /// What document `number` is: a pure function, so that a source can be told from a copy.
    fn kind(&self, number: u64) -> Kind {
        match Random::keyed(self.settings.seed, PURPOSE_KIND, number, 0).below(1000) {
            _ if number == 0 => Kind::Original,
            0..80 => Kind::Syndicated,
            80..100 => Kind::Edited,
            100..117 => Kind::Recrawled,
            _ => Kind::Original,
        }
    }

    fn site_of(&self, number: u64) -> u32 {
        self.sizes.draw(&mut Random::keyed(self.settings.seed, PURPOSE_SITE_OF, number, 0))
    }

    /// A site for a copy; with one site only there is no other.
    fn other_site(&self, number: u64, site: u32) -> u32 {
        let mut random = Random::keyed(self.settings.seed, PURPOSE_SITE_OF, number, 1);
        let other = self.sizes.draw(&mut random);
        if other == site { (site + 1) % self.settings.sites } else { other }
    }

    /// The document that document `number`, a copy, copies: copies crowd on some stories.
    fn source(&self, number: u64) -> u64 {
        let mut random = Random::keyed(self.settings.seed, PURPOSE_SOURCE, number, 0);
        let drawn = earlier(number, &mut random);
        // A product of three even draws: one copy in five falls on the first story of a block.
        let within = (0..3).fold(BLOCK, |bound, _| random.below_u64(bound.max(1)));
        let crowded = drawn - drawn % BLOCK + within;
        self.original_at(if crowded < number { crowded } else { drawn })
    }

    /// An original before `number`: mostly among the last 8,000 documents, at times from anywhere.
    fn earlier_original(&self, number: u64, random: &mut Random) -> u64 {
        self.original_at(earlier(number, random))
    }

    /// The document itself or the nearest original before it; document 0 is always one.
    fn original_at(&self, mut number: u64) -> u64 {
        while self.kind(number) != Kind::Original {
            number -= 1;
        }
        number
    }

    /// A paragraph of an earlier document that has enough words to be edited.
    fn editable(&mut self, number: u64, random: &mut Random) -> Option<(u64, u32)> {
        let source = self.earlier_original(number, random);
        let count = self.stories.paragraphs(source);
        let first = random.below(count);
        (0..count).map(|turn| (first + turn) % count).find_map(|paragraph| {
            self.scratch.clear();
            self.stories.write(source, paragraph, &mut self.scratch);
            (words(&self.scratch) >= EDITABLE_WORDS_MIN).then_some((source, paragraph))
        })
    }

    /// Lists the entries of a story: its own paragraphs, and what is put among them.
    fn plan(&mut self, number: u64, source: u64, random: &mut Random) {
        self.entries.clear();
        self.entries.extend((1..self.stories.paragraphs(source)).map(Entry::Own));
        if source == number {
            if random.chance(92) {
                self.repeat(number, random);
            }
            if number > 0 && random.chance(220) {
                for _ in 0..random.between(1, 3) {
                    if let Some((from, paragraph)) = self.editable(number, random) {
                        let grade = random.pick(&Grade::ALL);
                        self.put(Entry::Near(grade, from, paragraph), random);
                    }
                }
            }
            if number > 0
                && random.chance(25)
                && let Some((from, paragraph)) = self.editable(number, random)
            {
                self.put(Entry::Quoted(from, paragraph), random);
            }
            if random.chance(70) {
                for _ in 0..random.between(1, 2) {
                    self.put(Entry::Lookalike, random);
                }
            }
        }
        let naturals = match random.below(1000) {
            0..120 => random.between(3, 6),
            120..340 => random.between(1, 2),
            _ => 0,
        };
        for _ in 0..naturals {
            self.put(Entry::Natural, random);
        }
    }

    /// Says one paragraph of the story, and no mere heading, again within the next five.
    fn repeat(&mut self, number: u64, random: &mut Random) {
        let count = count(&self.entries);
        let first = random.below(count);
        let chosen = (0..count).map(|turn| (first + turn) % count).find(|at| {
            self.scratch.clear();
            self.stories.write(number, at + 1, &mut self.scratch);
            words(&self.scratch) >= REPEAT_WORDS_MIN
        });
        if let Some(at) = chosen {
            let after = (at + random.between(1, 5)).min(count);
            self.entries.insert(after as usize, Entry::Repeat(at + 1));
        }
    }

    fn put(&mut self, entry: Entry, random: &mut Random) {
        if self.entries.len() < ENTRIES_MAX {
            let at = 1 + random.below(count(&self.entries));
            self.entries.insert(at as usize, entry);
        }
    }
}

/// One document of the mixture being written.
struct Page<'a> {
    crawl: &'a mut Crawl,
    document: &'a mut Document,
    site: &'a Site,
    random: &'a mut Random,
    number: u64,
    source: u64,
    at: u32,
    /// Paragraphs of the story that are still to come.
    pending: usize,
}

impl Page<'_> {
    /// Title, the lines below it, and the paragraphs with the site's lines among them.
    fn story(&mut self) {
        let site = self.site;
        let copied = if self.source == self.number { 'B' } else { 'S' };
        self.document.begin(copied, Some(Stories::family(self.source, 0)));
        self.crawl.stories.write(self.source, 0, &mut self.document.text);
        self.lines(&site.below_title);
        self.crawl.plan(self.number, self.source, self.random);
        let entries = std::mem::take(&mut self.crawl.entries);
        let every = self.random.between(5, 9) as usize;
        for (turn, entry) in entries.iter().enumerate() {
            self.entry(*entry, copied);
            self.pending = entries.len() - turn - 1;
            let line =
                turn.checked_rem(every).and_then(|phase| site.middle.get(phase.wrapping_sub(2)));
            if let (Some(line), true) = (line, turn + 1 < entries.len()) {
                self.line(line);
            }
        }
        self.crawl.entries = entries;
    }

    fn entry(&mut self, entry: Entry, copied: char) {
        match entry {
            Entry::Own(paragraph) => self.own(paragraph, copied),
            Entry::Repeat(paragraph) => self.copy('I', self.source, paragraph),
            Entry::Quoted(source, paragraph) => self.copy('S', source, paragraph),
            Entry::Near(grade, source, paragraph) => self.near(grade, source, paragraph),
            Entry::Lookalike => {
                self.document.begin('K', None);
                let skeleton = natural::lookalike(self.random);
                self.fill(skeleton);
            }
            Entry::Natural => {
                self.document.begin('b', None);
                self.document.text.push_str(natural::short(self.random));
            }
        }
    }

    fn own(&mut self, paragraph: u32, copied: char) {
        let edited = self.document.kind == Kind::Edited && self.random.chance(350);
        if edited {
            self.near(Grade::Light, self.source, paragraph);
        } else {
            self.copy(copied, self.source, paragraph);
        }
    }

    fn copy(&mut self, letter: char, source: u64, paragraph: u32) {
        self.document.begin(letter, Some(Stories::family(source, paragraph)));
        self.crawl.stories.write(source, paragraph, &mut self.document.text);
    }

    /// A near-copy, or an exact one of a paragraph too short to be edited.
    fn near(&mut self, grade: Grade, source: u64, paragraph: u32) {
        let Crawl { scratch, stories, .. } = &mut *self.crawl;
        scratch.clear();
        stories.write(source, paragraph, scratch);
        let letter = if words(scratch) < EDITABLE_WORDS_MIN { 'S' } else { grade.letter() };
        self.document.begin(letter, Some(Stories::family(source, paragraph)));
        near_copy(scratch, grade, stories.lexicon(), self.random, &mut self.document.text);
    }

    /// Paragraphs the document may still get from its site.
    fn room(&self) -> usize {
        PAGE_MAX.saturating_sub(self.document.letters.len() + self.pending)
    }

    fn lines(&mut self, lines: &[Line]) {
        for line in lines {
            self.line(line);
        }
    }

    fn line(&mut self, line: &Line) {
        if !self.random.chance(line.per_mille) || self.room() == 0 {
            return;
        }
        match line.role {
            Role::Exact => {
                self.document.begin('H', None);
                self.document.text.push_str(&line.template);
            }
            Role::Varying => self.headed('V', &line.template),
            Role::Single => self.headed('R', &line.template),
            Role::ListBelowExact => self.list('H', &line.template),
            Role::ListBelowVarying => self.list('V', &line.template),
        }
    }

    /// A line that may name another story; on the very first document there is none to name.
    fn headed(&mut self, letter: char, template: &str) {
        self.crawl.scratch.clear();
        if template.contains("{headline}") {
            let Some(other) = self.other_story() else { return };
            self.crawl.stories.write(other, 0, &mut self.crawl.scratch);
        }
        self.document.begin(letter, None);
        self.fill(template);
    }

    /// A heading and the titles of up to five recent stories of the site.
    fn list(&mut self, letter: char, heading: &str) {
        let wanted = self.random.pick(&[1, 2, 3, 3, 3, 5, 5]).min(self.room() - 1);
        if wanted == 0 {
            return;
        }
        let recent = &self.crawl.recent[self.at as usize];
        let mut stories: Vec<u64> =
            recent.iter().rev().copied().filter(|&story| story != self.source).collect();
        let spare = stories.len().saturating_sub(wanted);
        stories.drain(..self.random.below(u32::try_from(spare).unwrap_or(0) + 1) as usize);
        stories.truncate(wanted);
        if stories.is_empty() {
            stories.extend(self.other_story());
        }
        if stories.is_empty() {
            return;
        }
        self.headed(letter, heading);
        for story in stories {
            self.document.begin('R', None);
            self.crawl.stories.write(story, 0, &mut self.document.text);
        }
    }

    /// A story of the same site where there is one, and another than this.
    fn other_story(&mut self) -> Option<u64> {
        let recent = &self.crawl.recent[self.at as usize];
        let chosen = match recent.is_empty() {
            false => Some(self.random.pick(recent)),
            true if self.number > 0 => Some(self.crawl.earlier_original(self.number, self.random)),
            true => None,
        };
        chosen.filter(|&story| story != self.source)
    }

    /// Fills a template; the headline is in the scratch text.
    fn fill(&mut self, template: &str) {
        let filler = Filler {
            lexicon: self.crawl.stories.lexicon(),
            masthead: &self.site.masthead,
            headline: &self.crawl.scratch,
        };
        filler.fill(template, self.random, &mut self.document.text);
    }
}

/// A document before `number`, original or not.
fn earlier(number: u64, random: &mut Random) -> u64 {
    if random.chance(200) {
        return random.below_u64(number);
    }
    let reach = random.between(1, 8192);
    number.saturating_sub(1 + u64::from(random.below(reach)))
}

fn words(text: &str) -> usize {
    text.split(' ').count()
}

fn count<T>(items: &[T]) -> u32 {
    u32::try_from(items.len()).unwrap_or(u32::MAX)
}
