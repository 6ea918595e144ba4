//! Pages and the articles in them, read from JSON lines.

use std::collections::BTreeMap as Map;
use std::path::Path;

use anyhow::{Result, bail};
use dechaff::Document;
use serde::Deserialize;

use crate::read::rows;

/// A page and its article.
#[derive(Debug, Clone)]
pub struct Page {
    /// Its id, site and whole text.
    pub document: Document,
    /// Its language, for the figures only.
    pub language: String,
    /// How many pages of its site the gold set holds, for the figures only.
    pub pages_of_site: u64,
    /// The article, as a person took it out.
    pub gold: String,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    #[serde(default)]
    site: String,
    #[serde(default)]
    lang: String,
    text: String,
    pages_of_site: Option<u64>,
}

/// The pages of `pages` with the articles of `gold`, in the order of the pages; a page without
/// gold is refused.
///
/// # Errors
///
/// When a file cannot be read, or the two do not fit together.
pub fn read(pages: &Path, gold: &Path) -> Result<Vec<Page>> {
    let article = |row: Result<Row>| row.map(|row| (row.id.clone(), row));
    let gold: Map<String, Row> = rows(gold)?.map(article).collect::<Result<_>>()?;
    rows::<Row>(pages)?
        .map(|row| {
            let row = row?;
            let Some(article) = gold.get(&row.id) else { bail!("page {} has no gold", row.id) };
            Ok(Page {
                document: Document::new(row.id, row.site, row.text),
                language: row.lang,
                pages_of_site: article.pages_of_site.unwrap_or(3),
                gold: article.text.clone(),
            })
        })
        .collect()
}
