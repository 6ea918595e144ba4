//! `dechaff-trainer`: from labelled text to a weight file, and to figures.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::{Args, Parser, Subcommand};
use dechaff::Index;
use dechaff::decide::page::NAMES as PAGE_NAMES;
use dechaff::decide::score::{NAMES, Weights};
use dechaff_trainer::article::examples::Example;
use dechaff_trainer::article::figures::{Figures, LeaveOut};
use dechaff_trainer::article::fit::Tuning;
use dechaff_trainer::article::{ablation, examples, figures, fit, labels};
use dechaff_trainer::page::examples::{self as page_examples, Example as PageExample};
use dechaff_trainer::page::leave_out::{View, leave_sites_out};
use dechaff_trainer::page::pages::{self, Page};
use dechaff_trainer::page::score;

/// Trains the weights of dechaff, or tests them on sites left out.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The weights of the boilerplate score, from labelled articles
    Article(ArticleArguments),
    /// The weights of --profile page, from whole pages and their articles
    Page(PageArguments),
}

#[derive(Debug, Args)]
struct ArticleArguments {
    /// The articles: {"id", "site", "text"} a line, also .zst
    corpus: PathBuf,
    /// What `dechaff learn` made of the corpus
    #[arg(long, value_name = "INDEX")]
    index: PathBuf,
    /// Labels: {"id", "lang", "labels"} a line, a letter for each line that is not blank; repeatable
    #[arg(long, value_name = "FILE", required = true)]
    labels: Vec<PathBuf>,
    /// A generated crawl that takes part in the training
    #[arg(long, value_name = "FILE", requires_all = ["crawl_index", "crawl_gold"])]
    crawl: Option<PathBuf>,
    /// What `dechaff learn` made of the crawl
    #[arg(long, value_name = "INDEX", requires = "crawl")]
    crawl_index: Option<PathBuf>,
    /// The gold of the crawl
    #[arg(long, value_name = "FILE", requires = "crawl")]
    crawl_gold: Option<PathBuf>,
    /// Where the weights go
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Parts that the sites are cut into for the figures with sites left out
    #[arg(long, value_name = "N", default_value_t = 10)]
    folds: u64,
    /// Switch off each kind of evidence in turn
    #[arg(long)]
    ablation: bool,
    /// Where the features of every labelled paragraph go, tab-separated
    #[arg(long, value_name = "FILE")]
    table: Option<PathBuf>,
    /// Pull of the weights towards 0
    #[arg(long, value_name = "X", default_value_t = Tuning::default().ridge)]
    ridge: f64,
    /// How much a token adds to the weight of content
    #[arg(long, value_name = "X", default_value_t = Tuning::default().token_weight)]
    token_weight: f64,
    /// The weight of a paragraph of the crawl
    #[arg(long, value_name = "X", default_value_t = Tuning::default().crawl_weight)]
    crawl_weight: f64,
    /// How likely boilerplate must be
    #[arg(long, value_name = "X", default_value_t = Tuning::default().likely_min)]
    likely_min: f64,
}

#[derive(Debug, Args)]
struct PageArguments {
    /// Whole pages: {"id", "site", "text"} a line, also .zst
    pages: PathBuf,
    /// Their articles: {"id", "text"} a line, also .zst
    gold: PathBuf,
    /// Where the weights go
    #[arg(short, long, value_name = "FILE", required_unless_present_any = ["leave_sites_out", "table"])]
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
    /// Where the features of every paragraph go, with an index and alone, tab-separated
    #[arg(long, value_name = "FILE")]
    table: Option<PathBuf>,
}

fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Article(arguments) => article(&arguments),
        Command::Page(arguments) => page(&arguments),
    }
}

/// Of the generated crawl every document with this step takes part: it has far more of them than
/// there are labelled ones.
const CRAWL_STEP: u64 = 5;

fn article(arguments: &ArticleArguments) -> Result<()> {
    ensure!(arguments.folds > 1, "sites can be left out only of two folds or more");
    let tuning = Tuning {
        ridge: arguments.ridge,
        token_weight: arguments.token_weight,
        crawl_weight: arguments.crawl_weight,
        likely_min: arguments.likely_min,
    };
    let index = Index::open(&arguments.index)?;
    let mut news = Vec::new();
    let mut ends = Vec::new();
    for file in &arguments.labels {
        news.extend(examples::examples(&labels::read(&arguments.corpus, &[file])?, &index)?);
        ends.push(news.len());
    }
    drop(index);
    let crawl = crawl_examples(arguments)?;
    let fit = fit::train(news.iter(), crawl.iter(), tuning, |_| false);
    if let Some(path) = &arguments.output {
        let made = format!(
            "Made of {} labelled articles and {} documents of a generated crawl.",
            news.len(),
            crawl.len()
        );
        write(path, &fit::weight_file(&fit, &made))?;
    }
    if let Some(path) = &arguments.table {
        write(path, &table(&news)?)?;
    }
    let how = LeaveOut { folds: arguments.folds, tuning, crawl: &crawl };
    let left_out = figures::leave_sites_out(&news, how, |_| false, |_| {})?;
    let built_in = figures::policy(Weights::built_in()?);
    let fitted = figures::policy(fit::weights(&fit)?);
    let mut from = 0;
    for (file, end) in arguments.labels.iter().zip(ends) {
        let part = &news[from..end];
        print(
            &format!("{}, the weights in the program", file.display()),
            &figures::figures(part, &built_in),
        )?;
        print(&format!("{}, these weights", file.display()), &figures::figures(part, &fitted))?;
        let pairs = part.iter().zip(&left_out[from..end]);
        print(&format!("{}, sites left out", file.display()), &figures::figures_of(pairs))?;
        from = end;
    }
    if !crawl.is_empty() {
        print("the crawl, these weights", &figures::figures(&crawl, &fitted))?;
    }
    if arguments.ablation {
        for kind in ablation::KINDS {
            let reasons = figures::leave_sites_out(&news, how, |name| kind.has(name), kind.change)?;
            let groups = figures::figures_of(news.iter().zip(&reasons));
            print_row(kind.name, &groups["all"])?;
        }
    }
    Ok(())
}

fn crawl_examples(arguments: &ArticleArguments) -> Result<Vec<Example>> {
    let (Some(crawl), Some(gold), Some(index)) =
        (&arguments.crawl, &arguments.crawl_gold, &arguments.crawl_index)
    else {
        return Ok(Vec::new());
    };
    let documents = labels::read_crawl(crawl, gold, CRAWL_STEP)?;
    examples::examples(&documents, &Index::open(index)?)
}

fn print(title: &str, groups: &BTreeMap<String, Figures>) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{title}")?;
    for (group, figures) in groups {
        writeln!(out, "  {group:4} {figures}")?;
    }
    let reasons = groups.get("all").into_iter().flat_map(|all| &all.reasons);
    for (reason, (right, wrong)) in reasons {
        writeln!(out, "       {}: {right} rightly, {wrong} wrongly", reason.name())?;
    }
    Ok(())
}

fn print_row(title: &str, figures: &Figures) -> Result<()> {
    Ok(writeln!(std::io::stdout().lock(), "{title:24} {figures}")?)
}

fn table(examples: &[Example]) -> Result<String> {
    use std::fmt::Write as _;
    let mut table = format!("id\tline\tlabel\tground\ttokens\tsite\tlang\t{}\n", NAMES.join("\t"));
    for example in examples {
        for (at, line) in example.lines.iter().enumerate() {
            let Some(paragraph) = line.paragraph else { continue };
            let values = example.features[paragraph].map(|value| format!("{value:.4}")).join("\t");
            writeln!(
                table,
                "{}\t{at}\t{:?}\t{}\t{:.1}\t{}\t{}\t{values}",
                example.id,
                line.label,
                example.has_ground(paragraph),
                line.tokens,
                example.site,
                example.language
            )?;
        }
    }
    Ok(table)
}

fn page_table(pages: &[Page], examples: &[PageExample]) -> Result<String> {
    use std::fmt::Write as _;
    let mut table = format!("id\tview\tat\tlabel\tsegment\t{}\n", PAGE_NAMES.join("\t"));
    for (page, example) in pages.iter().zip(examples) {
        for (view, features) in [("indexed", &example.indexed), ("alone", &example.alone)] {
            for (at, (row, label)) in features.rows.iter().zip(&example.labels).enumerate() {
                let values = row.map(|value| format!("{value:.4}")).join("\t");
                let (id, label) = (&page.document.id, u8::from(*label));
                let segment = u8::from(features.segment.contains(&at));
                writeln!(table, "{id}\t{view}\t{at}\t{label}\t{segment}\t{values}")?;
            }
        }
    }
    Ok(table)
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn page(arguments: &PageArguments) -> Result<()> {
    let pages = pages::read(&arguments.pages, &arguments.gold)?;
    ensure!(!pages.is_empty(), "{} holds no page", arguments.pages.display());
    let examples = page_examples::examples(&pages)?;
    if let Some(path) = &arguments.output {
        let fit = page_examples::train(examples.iter());
        write(path, &page_examples::weight_file(&fit, pages.len()))?;
    }
    if let Some(path) = &arguments.table {
        write(path, &page_table(&pages, &examples)?)?;
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
