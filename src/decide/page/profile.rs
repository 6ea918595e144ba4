//! Whether a document is judged as an article that was taken out of its page, or as a whole page.
//!
//! The documents of a site come out of one extractor, so they are decided together: by what most
//! of them look like, else by what nearly all that is counted looks like, and only then by the
//! document alone. Tallies add up in the index, so that neither order nor grouping matters.

use serde::{Deserialize, Serialize};

use crate::index::Index;
use crate::text::look::Look;

/// How a document is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Profile {
    /// It is an article: what the site, the document itself or others repeat goes.
    Article,
    /// It is a whole page: what does not look like its article goes as well.
    Page,
}

impl Profile {
    /// The profile as the command line and the summary spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Article => "article",
            Self::Page => "page",
        }
    }
}

/// Which profile the user wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProfileChoice {
    /// What the documents look like decides.
    #[default]
    Auto,
    /// Every document is an article.
    Article,
    /// Every document is a page.
    Page,
}

/// The profile of each document under an index.
#[derive(Debug, Clone, Copy)]
pub struct Profiles<'a> {
    index: &'a Index,
    choice: ProfileChoice,
    /// What nearly all counted documents are.
    corpus: Option<Profile>,
    /// No counted document can be a page.
    has_articles_only: bool,
}

/// A site of fewer documents does not speak for them.
const SITE_DOCUMENTS_MIN: u64 = 3;
/// Fewer documents do not speak for all.
const CORPUS_DOCUMENTS_MIN: u64 = 20;

impl<'a> Profiles<'a> {
    /// The profiles by what `index` counted, as the user chose.
    pub fn new(index: &'a Index, choice: ProfileChoice) -> Self {
        let (documents, pages) = index.sites().iter().fold((0, 0), |(documents, pages), site| {
            (documents + site.documents, pages + site.pages)
        });
        let corpus = by_corpus(documents, pages);
        let is_article = |number: usize| {
            let site = &index.sites()[number];
            by_site(site.documents, site.pages).or(corpus) == Some(Profile::Article)
        };
        let has_articles_only = match choice {
            ProfileChoice::Article => true,
            ProfileChoice::Page => false,
            ProfileChoice::Auto => pages == 0 || (0..index.sites().len()).all(is_article),
        };
        Self { index, choice, corpus, has_articles_only }
    }

    /// How a document of `site` with this look is judged; one that the index has not counted
    /// votes as well.
    pub fn of(&self, site: Option<u32>, look: Look, counted: Counted) -> Profile {
        match self.choice {
            ProfileChoice::Article => return Profile::Article,
            ProfileChoice::Page => return Profile::Page,
            ProfileChoice::Auto => {}
        }
        let new = u64::from(counted == Counted::No);
        let new_page = if look == Look::Article { 0 } else { new };
        let tally = site.map(|site| &self.index.sites()[site as usize]);
        let (documents, pages) = tally.map_or((0, 0), |site| (site.documents, site.pages));
        by_site(documents + new, pages + new_page).or(self.corpus).unwrap_or(match look {
            Look::Page => Profile::Page,
            Look::Article | Look::Doubtful => Profile::Article,
        })
    }

    /// Whether document `number` of the index is surely judged as an article, so that no part of
    /// it goes for reasons that its counts do not show.
    pub fn is_surely_article(&self, number: u32) -> bool {
        if self.has_articles_only {
            return true;
        }
        let Some(row) = self.index.document(number) else { return false };
        let site = self.index.sites().get(row.site as usize);
        let by_site = site.and_then(|site| by_site(site.documents, site.pages));
        self.choice == ProfileChoice::Auto && by_site.or(self.corpus) == Some(Profile::Article)
    }
}

/// Whether the index has counted a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// It has.
    Yes,
    /// It has not.
    No,
}

/// What most documents of a site look like.
fn by_site(documents: u64, pages: u64) -> Option<Profile> {
    (documents >= SITE_DOCUMENTS_MIN).then_some(if 2 * pages > documents {
        Profile::Page
    } else {
        Profile::Article
    })
}

/// What at least four of five counted documents look like.
fn by_corpus(documents: u64, pages: u64) -> Option<Profile> {
    match documents {
        ..CORPUS_DOCUMENTS_MIN => None,
        _ if 5 * pages >= 4 * documents => Some(Profile::Page),
        _ if 5 * pages <= documents => Some(Profile::Article),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, Document, learn};

    const PAGE: &str = "Home\nNews\nSports\nLocal\nAbout\nHelp\nShop\nJobs\nLogin\nTerms\n";

    fn check(sites: &[(&str, usize, usize)], (site, look): (&str, Look), expected: Profile) {
        let documents: Vec<Document> = sites
            .iter()
            .flat_map(|&(site, articles, pages)| {
                let texts = (0..articles + pages).map(move |at| (at, at >= articles));
                texts.map(move |(at, is_page)| {
                    let text = if is_page { PAGE } else { "The river rose." };
                    Document::new(format!("{site}/{at}"), site, text)
                })
            })
            .collect();
        let index = learn(&documents, &Config::default()).unwrap();
        let profiles = Profiles::new(&index, ProfileChoice::Auto);
        assert_eq!(profiles.of(index.site(site), look, Counted::No), expected, "{sites:?}");
    }

    #[test]
    fn a_site_is_decided_by_most_of_its_documents() {
        check(&[("a", 2, 3)], ("a", Look::Article), Profile::Article);
        check(&[("a", 2, 4)], ("a", Look::Article), Profile::Page);
        check(&[("a", 4, 2)], ("a", Look::Page), Profile::Article);
    }

    #[test]
    fn a_small_site_goes_with_what_nearly_all_documents_are() {
        check(&[("a", 1, 0), ("b", 30, 3)], ("a", Look::Page), Profile::Article);
        check(&[("a", 1, 0), ("b", 3, 30)], ("a", Look::Article), Profile::Page);
    }

    #[test]
    fn a_document_alone_is_a_page_only_when_it_looks_much_like_one() {
        check(&[], ("a", Look::Page), Profile::Page);
        check(&[], ("a", Look::Doubtful), Profile::Article);
        check(&[("b", 15, 15)], ("a", Look::Page), Profile::Page);
        check(&[("b", 15, 15)], ("a", Look::Doubtful), Profile::Article);
    }
}
