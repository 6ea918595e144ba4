//! Training on some sites and cleaning the pages of the others, by the program itself.

use anyhow::Result;
use dechaff::{Document, clean, learn, strip};

use crate::folds::{fold_of, hash};
use crate::page::examples::{Example, config_with, train};
use crate::page::pages::Page;

/// What is known of a page's site when it is cleaned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum View {
    /// All its other pages.
    Indexed,
    /// Nothing: each page is cleaned alone.
    Alone,
    /// Pages of other sites under its name: what an index gives that knows nothing.
    Shuffled,
}

/// The pages, each cleaned by weights that were trained on the sites of the other folds.
///
/// # Errors
///
/// When the pages cannot be counted.
pub fn leave_sites_out(
    pages: &[Page],
    examples: &[Example],
    folds: u64,
    view: View,
) -> Result<Vec<String>> {
    let documents = documents(pages, view);
    let fold: Vec<u64> = pages.iter().map(|page| fold_of(&page.document.site, folds)).collect();
    let index = learn(&documents, &dechaff::Config::new()?)?;
    let mut cleaned = vec![String::new(); pages.len()];
    for left_out in 0..folds {
        let others = examples.iter().zip(&fold).filter(|(_, fold)| **fold != left_out);
        let fit = train(others.map(|(example, _)| example));
        let config = config_with(&fit, pages.len())?;
        for (at, document) in documents.iter().enumerate().filter(|(at, _)| fold[*at] == left_out) {
            let document = std::slice::from_ref(document);
            let mut texts = match view {
                View::Alone => clean(document, &config)?,
                View::Indexed | View::Shuffled => strip(document, &index, &config),
            };
            cleaned[at] = texts.pop().unwrap_or_default();
        }
    }
    Ok(cleaned)
}

/// The documents to clean; shuffled, each has the site name of another one.
fn documents(pages: &[Page], view: View) -> Vec<Document> {
    let mut documents: Vec<Document> = pages.iter().map(|page| page.document.clone()).collect();
    if view == View::Shuffled {
        let mut order: Vec<usize> = (0..pages.len()).collect();
        order.sort_by_key(|&at| hash(&pages[at].document.id));
        for (document, from) in documents.iter_mut().zip(order) {
            document.site.clone_from(&pages[from].document.site);
        }
    }
    documents
}
