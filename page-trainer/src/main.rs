//! `dechaff-page-trainer`: from pages and their articles to a weight file.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use dechaff_page_trainer::examples::{examples, train, weight_file};
use dechaff_page_trainer::folds::{View, leave_sites_out};
use dechaff_page_trainer::{pages, score};

/// Trains the weights of `dechaff --profile page`, or tests them on sites left out.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Whole pages: {"id", "site", "text"} a line, also .zst
    pages: PathBuf,
    /// Their articles: {"id", "text"} a line, also .zst
    gold: PathBuf,
    /// Where the weights go
    #[arg(short, long, value_name = "FILE", required_unless_present = "leave_sites_out")]
    output: Option<PathBuf>,
    /// Train on some sites and clean the pages of the others, and print how well that went
    #[arg(long)]
    leave_sites_out: bool,
    /// What is known of the site of a page that is cleaned
    #[arg(long, value_name = "VIEW", default_value = "indexed", requires = "leave_sites_out")]
    view: View,
    /// Parts that the sites are cut into
    #[arg(long, value_name = "N", default_value_t = 5, requires = "leave_sites_out")]
    folds: u64,
    /// Where the pages cleaned with their sites left out go: {"id", "text"} a line
    #[arg(long, value_name = "FILE", requires = "leave_sites_out")]
    cleaned: Option<PathBuf>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let pages = pages::read(&arguments.pages, &arguments.gold)?;
    ensure!(!pages.is_empty(), "{} holds no page", arguments.pages.display());
    let examples = examples(&pages)?;
    if let Some(path) = &arguments.output {
        let file = weight_file(&train(examples.iter()), pages.len());
        std::fs::write(path, file).with_context(|| format!("cannot write {}", path.display()))?;
    }
    if !arguments.leave_sites_out {
        return Ok(());
    }
    ensure!(arguments.folds > 1, "sites can be left out only of two folds or more");
    let cleaned = leave_sites_out(&pages, &examples, arguments.folds, arguments.view)?;
    if let Some(path) = &arguments.cleaned {
        let mut out = std::io::BufWriter::new(std::fs::File::create(path)?);
        for (page, text) in pages.iter().zip(&cleaned) {
            let row = serde_json::json!({ "id": page.document.id, "text": text });
            writeln!(out, "{row}")?;
        }
        out.flush()?;
    }
    let mut out = std::io::stdout().lock();
    for (group, overlap) in score::overlaps(&pages, &cleaned) {
        let precision = overlap.shared / overlap.kept.max(1.0);
        let recall = overlap.shared / overlap.wanted.max(1.0);
        let (pages, f1) = (overlap.pages, overlap.f1());
        writeln!(
            out,
            "{group:10} pages {pages:5}  precision {precision:.3}  recall {recall:.3}  F1 {f1:.3}"
        )?;
    }
    Ok(())
}
