//! `dechaff inspect`.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fmt::Write;

use serde::Serialize;

use super::args::SortName;
use super::{Outcome, args};
use crate::decide::patterns::pattern_of;
use crate::error::{Error, Result};
use crate::index::{Index, PARTITIONS, TEXT_BYTES_MAX};
use crate::report::summary::one_line;
use crate::text::plain::escaped_json;
use crate::text::shingle::Kind;

pub(super) fn run(command: &args::Inspect) -> Result<Outcome> {
    let index = Index::open(&command.index)?;
    let shown = match &command.site {
        Some(site) => site_shown(&index, site, command)?,
        None => overview(&index, command)?,
    };
    super::print(&shown)?;
    Ok(Outcome::Done)
}

/// What is said of an index that was pruned, or added to one that was.
const PRUNED: &str = "pruned: what stood in one document alone is not in it, or not all of it";

/// What recurs on a site.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Template {
    /// Documents of the site that hold it.
    documents: u32,
    /// How many of them begin with it.
    heads: u32,
    /// Other sites that hold it.
    other_sites: usize,
    /// Where it first stood, cut short.
    text: String,
}

impl Template {
    /// Whether the index may have cut its text short.
    fn is_cut(&self) -> bool {
        self.text.len() + 4 > TEXT_BYTES_MAX
    }

    /// The pattern that it makes; of a cut text all paragraphs that begin so.
    fn pattern(&self) -> Option<String> {
        let text = if self.is_cut() {
            self.text.rsplit_once(char::is_whitespace).map_or(self.text.as_str(), |(head, _)| head)
        } else {
            &self.text
        };
        let pattern = pattern_of(text, TEXT_BYTES_MAX)?;
        let is_open = self.is_cut() && !pattern.ends_with('*');
        Some(if is_open { pattern + " *" } else { pattern })
    }

    fn rate(&self, of_documents: u64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "document counts lie below 2^52")]
        let rate = f64::from(self.documents) / of_documents.max(1) as f64;
        (rate * 10_000.0).round() / 10_000.0
    }

    /// What orders templates: least first.
    fn rank(&self, sort: SortName) -> (Reverse<u64>, Reverse<u32>, String) {
        let first = match sort {
            SortName::Documents => u64::from(self.documents),
            SortName::Length => self.text.len() as u64,
            SortName::Name => 0,
        };
        let second = if sort == SortName::Name { 0 } else { self.documents };
        (Reverse(first), Reverse(second), self.text.clone())
    }
}

fn overview(index: &Index, command: &args::Inspect) -> Result<String> {
    let recipe = index.recipe();
    let mut sites: Vec<_> = index.sites().iter().collect();
    match command.sort {
        SortName::Documents => sites.sort_by_key(|site| (Reverse(site.documents), &site.name)),
        SortName::Length => sites.sort_by_key(|site| (Reverse(site.name.len()), &site.name)),
        SortName::Name => sites.sort_by_key(|site| &site.name),
    }
    sites.truncate(command.top);
    if command.json {
        return json(&serde_json::json!({
            "documents": index.documents(), "sites": index.sites().len(), "top": sites,
            "inputs": index.inputs(), "recipe": recipe, "pruned": !index.has_singletons(),
        }));
    }
    let mut shown = format!(
        "{} documents of {} sites from {} inputs\n\
         paragraphs: {:?}, shingles of {} tokens, windows of {}\n",
        index.documents(),
        index.sites().len(),
        index.inputs().len(),
        recipe.paragraph,
        recipe.shingle_len,
        recipe.window
    );
    if !index.has_singletons() {
        line(&mut shown, PRUNED);
    }
    for site in sites {
        line(&mut shown, &format!("  {:>9}  {}", site.documents, one_line(&site.name, 80)));
    }
    Ok(shown)
}

fn site_shown(index: &Index, site: &str, command: &args::Inspect) -> Result<String> {
    let number = index
        .site(site)
        .ok_or_else(|| Error::settings(format!("the index has counted no site {site:?}")))?;
    let of_documents = index.sites()[number as usize].documents;
    let templates = templates(index, number, command);
    if command.json {
        let rows = templates.iter().map(|template| {
            serde_json::json!({
                "documents": template.documents, "rate": template.rate(of_documents),
                "heads": template.heads, "other_sites": template.other_sites,
                "text": template.text, "pattern": template.pattern(),
            })
        });
        let rows: serde_json::Value = rows.collect();
        return json(&serde_json::json!({
            "site": site, "documents": of_documents, "templates": rows,
        }));
    }
    Ok(if command.patterns {
        patterns(site, of_documents, &templates)
    } else {
        listed(of_documents, &templates)
    })
}

/// What recurs on a site, by the wanted order; the index is read once and only the first kept.
fn templates(index: &Index, number: u32, command: &args::Inspect) -> Vec<Template> {
    let mut found = BTreeSet::new();
    for (fingerprint, row) in (0..PARTITIONS).flat_map(|partition| index.rows(partition)) {
        if fingerprint.kind() != Kind::Paragraph {
            continue;
        }
        let Some(count) = row.on_site(number) else { continue };
        if let (true, Some(text)) = (count.documents > 1, index.text(fingerprint)) {
            let template = Template {
                documents: count.documents,
                heads: count.heads,
                other_sites: row.totals().sites as usize - 1,
                text: text.to_owned(),
            };
            found.insert((template.rank(command.sort), template));
            if found.len() > command.top {
                found.pop_last();
            }
        }
    }
    found.into_iter().map(|(_, template)| template).collect()
}

fn listed(of_documents: u64, templates: &[Template]) -> String {
    let mut shown = format!("documents     rate  template (of {of_documents} documents)\n");
    for template in templates {
        let percent = 100.0 * template.rate(of_documents);
        let text = one_line(&template.text, 110);
        line(&mut shown, &format!("{:>9}  {percent:>5.1} %  {text}", template.documents));
    }
    shown
}

/// A list that `--deny` and `--allow` read, each pattern below a comment with its counts.
fn patterns(site: &str, of_documents: u64, templates: &[Template]) -> String {
    let mut shown = format!(
        "// Templates of {}, {of_documents} documents.\n\
         // A pattern holds on all sites: take out what is not to go (--deny) or stay (--allow).\n",
        one_line(site, 80)
    );
    for template in templates {
        let Some(pattern) = template.pattern() else { continue };
        let percent = 100.0 * template.rate(of_documents);
        line(&mut shown, &format!("\n// {} documents, {percent:.1} %", template.documents));
        line(&mut shown, &pattern);
    }
    shown
}

fn json(value: &serde_json::Value) -> Result<String> {
    let json = serde_json::to_string(value).map_err(|e| Error::malformed("index", e))?;
    Ok(escaped_json(&json) + "\n")
}

fn line(shown: &mut String, text: &str) {
    let written = writeln!(shown, "{text}");
    debug_assert!(written.is_ok(), "writing to a string cannot fail");
}
