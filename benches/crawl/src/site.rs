//! The sites: a masthead each, and the lines its templates put around and into every story.

use crate::lexicon::{Lexicon, capitalize};
use crate::random::Random;
use crate::template::{Filler, Masthead};

const PURPOSE_SITE: u64 = 3;

const PAPERS: [&str; 12] = [
    "Courier", "Gazette", "Herald", "Echo", "Tribune", "Star", "Record", "Dispatch", "Mercury",
    "Argus", "Sentinel", "Post",
];

/// Exact lines some sites share with others.
const SHARED: [&str; 8] = [
    "Skip to main content",
    "Share this on Facebook Share this on Twitter Send by email",
    "Terms of use | Privacy | Cookies | Accessibility | Contact | Advertise",
    "Story continues after the advertisement",
    "Advertisement - please scroll on",
    "Print Email Facebook Twitter",
    "Your browser cannot play this video.",
    "Loading ...",
];

/// Exact lines of one site, its slots filled once.
const EXACT_HEAD: [&str; 4] = [
    "{site} - the voice of {town} since {year}",
    "Subscribe to {site} from ${rate} a month",
    "Home News World Politics Business Sport Culture Opinion Jobs Property",
    "Get the {site} app for the latest news from {town} and around",
];
const EXACT_TAIL: [&str; 10] = [
    "Copyright {year} {site}. All rights reserved. This material may not be published, broadcast, rewritten or redistributed.",
    "{site} is part of the {Word} {Word} Media group. Registered office: {few} {street}, {town}. Company number {phone}.",
    "Sign up for our newsletter {Word} {Word} and get the best of {site} in your inbox every morning.",
    "Do you know more about this story? Write to the {town} desk at tips@{host} or call {phone}.",
    "Follow {site} on Facebook and Twitter for {words}.",
    "{site} follows the code of the press council. To complain about {words}, write to {person}, {few} {street}, {town}.",
    "Comments are open to registered readers of {site} and are {words}. Please keep to the house rules.",
    "{Word} {words}, {words}. {Word} {words}.",
    "Buy a copy of {site} at your {town} newsagent, {words}.",
    "Terms and conditions of {site} apply, {words}, {words}.",
];
const EXACT_MIDDLE: [&str; 3] = [
    "Read all of {site} for just ${rate} a week. Cancel at any time.",
    "Sign up: the {Word} newsletter from {site}",
    "Advertisement - story goes on below",
];

/// Lines whose numbers, dates or names change from document to document.
const VARYING_HEAD: [&str; 16] = [
    "{views} views",
    "{views} shares",
    "{views} comments",
    "{few} min read",
    "Reading time: {few} minutes",
    "Updated {date} at {time}",
    "First published {time} {date} | Changed {time} {date}",
    "By {staff}, {site}",
    "{section} | {date}",
    "Home / {section}",
    "Picture: {agency}",
    "Hear this story {few} min",
    "{date} {time}",
    "Words by {staff} in {place}",
    "Posted on {date} by {staff}",
    "Image rights {agency}",
];
const VARYING_MIDDLE: [&str; 6] = [
    "( Also on {site}: {headline} )",
    "Related: {headline}",
    "See also: {headline}",
    "{headline} ... Read on",
    "{few} free stories left this month. Sign in to read all of {site}.",
    "Watch: {headline} ({few}:{percent})",
];
const VARYING_TAIL: [&str; 8] = [
    "This story has been read {views} times since it was published on {date}.",
    "{views} readers have commented on this story. Comments are moderated by {site} staff and close after {few} days.",
    "This article is tagged under: {section}, {word}, {section}, {word}",
    "Weather in {town} tonight: {few} degrees, wind {few} miles an hour, humidity {percent} per cent.",
    "{staff} writes about {section} for {site}. Write to desk@{host}.",
    "Page made {date} {time} - request {code}",
    "{few} of {views} readers found this helpful",
    "Article {phone}, last checked {date}",
];

/// Headings of lists of other stories: exact ones, then those that vary.
const LIST_EXACT: [&str; 4] =
    ["Related stories", "You may also like", "More from {site}", "Recommended for you"];
const LIST_VARYING: [&str; 2] = ["Most read in {section}", "More {section} on {date}"];
/// A single related headline among the paragraphs.
const SINGLE: [&str; 2] = ["Read more: {headline}", "Read next: {headline}"];

/// What a line of a site is, and thereby its letter in the gold labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The same bytes each time: H.
    Exact,
    /// Changing slots: V.
    Varying,
    /// One headline of another document: R.
    Single,
    /// An exact heading, H, and below it headlines, R.
    ListBelowExact,
    /// A varying heading, V, and below it headlines, R.
    ListBelowVarying,
}

/// One line of a site's template.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// What it is.
    pub role: Role,
    /// Its text; slots that change from document to document are still open.
    pub template: String,
    /// On how many documents of a thousand it stands.
    pub per_mille: u32,
}

/// A site: who it is and the lines it adds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Site {
    /// Name, host, town and staff.
    pub masthead: Masthead,
    /// Lines above the title.
    pub above_title: Vec<Line>,
    /// Lines between the title and the story.
    pub below_title: Vec<Line>,
    /// Lines among the paragraphs, each once every few paragraphs.
    pub middle: Vec<Line>,
    /// Lines under the story.
    pub tail: Vec<Line>,
}

impl Site {
    /// Invents site number `number` of a crawl.
    pub(crate) fn new(seed: u64, number: u32, lexicon: &Lexicon) -> Self {
        let random = &mut Random::keyed(seed, PURPOSE_SITE, u64::from(number), 0);
        let mut masthead = Masthead::default();
        lexicon.place(random, &mut masthead.town);
        let paper = random.pick(&PAPERS);
        masthead.name = format!("{} {paper}", masthead.town);
        masthead.host = host(lexicon, paper, number, random);
        masthead.staff = (0..random.between(4, 16))
            .map(|_| {
                let mut name = String::new();
                lexicon.person(random, &mut name);
                name
            })
            .collect();
        let mut site = Self { masthead, ..Self::default() };
        site.choose_head(random, lexicon);
        site.choose_middle(random, lexicon);
        site.choose_tail(random, lexicon);
        site
    }

    fn choose_head(&mut self, random: &mut Random, lexicon: &Lexicon) {
        if random.chance(350) {
            let pool = if random.chance(300) { &SHARED[..1] } else { &EXACT_HEAD[..] };
            let line = self.exact(random.pick(pool), random, lexicon);
            self.above_title.push(line);
        }
        if random.chance(150) {
            let line = varying(random.pick(&VARYING_HEAD), random);
            self.above_title.push(line);
        }
        for template in some_of(&VARYING_HEAD, random, [0, 1, 1, 1, 2, 2]) {
            let line = varying(template, random);
            self.below_title.push(line);
        }
        if random.chance(250) {
            let line = self.exact(SHARED[1 + 4 * random.below(2) as usize], random, lexicon);
            self.below_title.push(line);
        }
    }

    fn choose_middle(&mut self, random: &mut Random, lexicon: &Lexicon) {
        if random.chance(400) {
            let shared = random.chance(500);
            let pool = if shared { &SHARED[3..5] } else { &EXACT_MIDDLE[..] };
            let line = self.exact(random.pick(pool), random, lexicon);
            self.middle.push(line);
        }
        if random.chance(300) {
            let line = varying(random.pick(&VARYING_MIDDLE), random);
            self.middle.push(line);
        }
        if random.chance(300) {
            let template = (random.pick(&SINGLE)).to_owned();
            self.middle.push(Line {
                role: Role::Single,
                template,
                per_mille: random.between(600, 1000),
            });
        }
    }

    fn choose_tail(&mut self, random: &mut Random, lexicon: &Lexicon) {
        for template in some_of(&EXACT_TAIL, random, [1, 1, 2, 3, 3, 4]) {
            let line = self.exact(template, random, lexicon);
            self.tail.push(line);
        }
        for template in some_of(&VARYING_TAIL, random, [0, 1, 1, 1, 2, 2]) {
            let at = random.below(len(&self.tail) + 1) as usize;
            self.tail.insert(at, varying(template, random));
        }
        if random.chance(250) {
            let line = self.exact(random.pick(&SHARED), random, lexicon);
            self.tail.push(line);
        }
        if random.chance(650) {
            let mut line = if random.chance(750) {
                let heading = self.exact(random.pick(&LIST_EXACT), random, lexicon);
                Line { role: Role::ListBelowExact, ..heading }
            } else {
                let heading = varying(random.pick(&LIST_VARYING), random);
                Line { role: Role::ListBelowVarying, ..heading }
            };
            line.per_mille = random.between(700, 1000);
            let at = random.below(len(&self.tail) + 1) as usize;
            self.tail.insert(at, line);
        }
    }

    /// A line whose slots are filled now and for ever.
    fn exact(&self, template: &str, random: &mut Random, lexicon: &Lexicon) -> Line {
        let mut text = String::new();
        let filler = Filler { lexicon, masthead: &self.masthead, headline: "" };
        filler.fill(template, random, &mut text);
        let per_mille = random.pick(&[1000, 1000, 1000, 950, 800, 450]);
        Line { role: Role::Exact, template: text, per_mille }
    }
}

fn varying(template: &str, random: &mut Random) -> Line {
    let per_mille = random.pick(&[1000, 1000, 950, 850, 600]);
    Line { role: Role::Varying, template: template.to_owned(), per_mille }
}

/// A few different templates of a pool, in the order of the pool but begun anywhere.
fn some_of<'a>(
    pool: &'a [&'static str],
    random: &mut Random,
    counts: [usize; 6],
) -> impl Iterator<Item = &'static str> + use<'a> {
    let first = random.below(len(pool)) as usize;
    let step = if pool.len().is_multiple_of(3) { 5 } else { 3 };
    let count = random.pick(&counts);
    (0..count).map(move |turn| pool[(first + turn * step) % pool.len()])
}

/// The number makes the host unique; a capital or accent has no place in it.
fn host(lexicon: &Lexicon, paper: &str, number: u32, random: &mut Random) -> String {
    let mut name = String::new();
    capitalize(lexicon.rare(random), &mut name);
    let plain: String = name.chars().filter(char::is_ascii).collect();
    format!("{}{}{number}.example", plain.to_lowercase(), paper.to_lowercase())
}

fn len<T>(items: &[T]) -> u32 {
    u32::try_from(items.len()).unwrap_or(u32::MAX)
}

/// All templates of this module, for the test that knows all slots.
#[cfg(test)]
pub(crate) fn templates() -> impl Iterator<Item = &'static str> {
    let exact = EXACT_HEAD.into_iter().chain(EXACT_TAIL).chain(EXACT_MIDDLE).chain(SHARED);
    let varying = VARYING_HEAD.into_iter().chain(VARYING_MIDDLE).chain(VARYING_TAIL);
    exact.chain(varying).chain(LIST_EXACT).chain(LIST_VARYING).chain(SINGLE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn sites_differ_and_every_document_keeps_a_line() {
        let lexicon = Lexicon::new(1, 4_000);
        let mut hosts = BTreeSet::new();
        for number in 0..500 {
            let site = Site::new(1, number, &lexicon);
            assert!(site.masthead.host.is_ascii());
            assert!(hosts.insert(site.masthead.host.clone()));
            assert!(!site.tail.is_empty());
            let exact = site.tail.iter().filter(|line| line.role == Role::Exact);
            assert!(exact.into_iter().all(|line| !line.template.contains('{')));
        }
    }

    #[test]
    fn some_of_gives_different_templates() {
        let mut random = Random::keyed(1, 1, 1, 1);
        for pool in [&VARYING_HEAD[..], &EXACT_TAIL, &VARYING_TAIL] {
            for _ in 0..50 {
                let chosen: Vec<_> = some_of(pool, &mut random, [4; 6]).collect();
                assert_eq!(chosen.iter().collect::<BTreeSet<_>>().len(), 4, "{chosen:?}");
            }
        }
    }
}
