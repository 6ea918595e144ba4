//! What may be typed. [`super::settings`] turns it into what is meant.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::io::source::Shard;

/// Shown below the help.
const EXAMPLES: &str = "\
Examples:
  dechaff clean pages -o cleaned --removed removed.jsonl    a folder of text files
  dechaff clean news.jsonl.gz -o clean.jsonl.gz             JSON lines with a field \"text\"
  dechaff clean today -o cleaned --index news.idx --save-index news.idx

Exit codes: 0 done; 1 failed; 2 wrong usage; 3 done, but some records or files were unreadable";

/// Strips site boilerplate and repeated paragraphs from scraped text, and says what went and why.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true, max_term_width = 100, after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Clean files: count what recurs in them, then remove it
    Clean(Clean),
    /// Count how paragraphs recur, and write the counts to an index
    Learn(Learn),
    /// Add up several indexes into one
    Merge(Merge),
    /// Clean files by the counts of an index
    Strip(Strip),
    /// Show what an index holds
    Inspect(Inspect),
    /// Show the evidence and the verdict on each paragraph of one document
    Explain(Explain),
    /// Put removed paragraphs back: cleaned text and audit give the input
    Restore(Restore),
    /// Print a script that completes commands and flags in a shell
    Completions(Completions),
    /// Print the manual page, or write one for each subcommand
    Man(Man),
    /// Make a page to look at what was removed, from the record of a run
    Report(Report),
}

/// What to read, and how.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct Inputs {
    /// Files, directories, or - for standard input: .txt .jsonl .ndjson .csv .tsv .warc .wet, each
    /// also .gz .zst .bz2 .xz; .parquet
    #[arg(required = true, value_name = "INPUT")]
    pub(super) paths: Vec<PathBuf>,
    /// Read all inputs as this, whatever their names
    #[arg(long, value_name = "FORMAT", help_heading = "Input")]
    pub(super) format: Option<FormatName>,
    /// Field that holds the text
    #[arg(long, value_name = "NAME", default_value = "text", help_heading = "Input")]
    pub(super) text_field: String,
    /// Field that holds the id; a record without one goes by its file and line
    #[arg(long, value_name = "NAME", default_value = "id", help_heading = "Input")]
    pub(super) id_field: String,
    /// Field that holds the URL
    #[arg(long, value_name = "NAME", default_value = "url", help_heading = "Input")]
    pub(super) url_field: String,
    /// Field that holds the site
    #[arg(long, value_name = "NAME", default_value = "site", help_heading = "Input")]
    pub(super) site_field: String,
    /// Field that tells which documents are older (an integer or an ISO date) [default: their order]
    #[arg(long, value_name = "NAME", help_heading = "Input")]
    pub(super) order_field: Option<String>,
    /// What tells a record's site [default: the site field, else the URL's host, else the folder]
    #[arg(long, value_name = "FROM", help_heading = "Input")]
    pub(super) site_from: Option<SiteFromName>,
    /// What a paragraph is: a line, a block between blank lines, or auto: blocks where the
    /// document is hard-wrapped
    #[arg(long, value_name = "UNIT", default_value = "auto", help_heading = "Input")]
    pub(super) paragraph: ParagraphName,
    /// Pass larger records through unjudged
    #[arg(long, value_name = "SIZE", default_value = "64M", value_parser = size, help_heading = "Input")]
    pub(super) max_record_bytes: usize,
    /// Refuse compressed inputs that grow by more than this factor
    #[arg(long, value_name = "N", default_value_t = 1000, help_heading = "Input",
          value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) max_expansion: u64,
    /// Stop at the first record that cannot be read
    #[arg(long, help_heading = "Input")]
    pub(super) strict: bool,
    /// Set records that cannot be read aside here [default: OUT.rejects.jsonl]
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    pub(super) rejects: Option<PathBuf>,
    /// Take flags by their long names from this TOML file; what is typed wins
    #[arg(long, value_name = "FILE", help_heading = "Settings file")]
    pub(super) config: Option<PathBuf>,
    /// Print the settings in force as such a file, and do nothing
    #[arg(long, help_heading = "Settings file")]
    pub(super) print_config: bool,
    /// Threads; 0 for one a core
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Resources")]
    pub(super) threads: usize,
    /// Memory for counts (K, M or G); the rest of them goes to --tmp-dir
    #[arg(long, value_name = "SIZE", default_value = "1G", value_parser = size, help_heading = "Resources")]
    pub(super) memory: usize,
    /// Folder for temporary files [default: the system's]
    #[arg(long, value_name = "DIR", help_heading = "Resources")]
    pub(super) tmp_dir: Option<PathBuf>,
    /// Documents worked on at a time; the output does not depend on it
    #[arg(long, value_name = "N", default_value_t = 4096, help_heading = "Resources")]
    pub(super) batch: usize,
    /// Start where a check would refuse: inputs that are counted already, too little disk space
    #[arg(long, help_heading = "Resources")]
    pub(super) force: bool,
    /// Print nothing but errors
    #[arg(long, short, help_heading = "Resources")]
    pub(super) quiet: bool,
    /// Tell the settings and inputs as well
    #[arg(long, short, conflicts_with = "quiet", help_heading = "Resources")]
    pub(super) verbose: bool,
}

/// What goes, and where the rest is written.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct Decisions {
    /// Cleaned text: a file for one input file, else a directory; - for standard output
    #[arg(short, long, value_name = "OUT")]
    pub(super) output: Option<PathBuf>,
    /// Write the audit here: a JSON line for each removed paragraph, with the reason
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(super) removed: Option<PathBuf>,
    /// Write the summary here as JSON
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(super) summary: Option<PathBuf>,
    /// Write no cleaned text; --removed, --summary and the like are still written
    #[arg(long, help_heading = "Output")]
    pub(super) dry_run: bool,
    /// With --dry-run: show what would change in the first documents, as a unified diff
    #[arg(long, requires = "dry_run", conflicts_with = "json", help_heading = "Output")]
    pub(super) diff: bool,
    /// Where a page to look at what was removed goes (HTML); see `dechaff report`
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(super) report: Option<PathBuf>,
    /// Print the summary as JSON on standard output instead of standard error
    #[arg(long, help_heading = "Output")]
    pub(super) json: bool,
    /// Keep all text and add a field `removed` with the spans to each record
    #[arg(long, conflicts_with = "drop_empty", help_heading = "Output")]
    pub(super) mark: bool,
    /// Leave out records of which nothing is left; the audit has them whole
    #[arg(long, help_heading = "Output")]
    pub(super) drop_empty: bool,
    /// What documents are: articles, whole pages, or auto: what most documents of a site look like
    #[arg(long, value_name = "PROFILE", default_value = "auto", help_heading = "Decisions")]
    pub(super) profile: ProfileName,
    /// What becomes of readers' comments on whole pages
    #[arg(long, value_name = "WHAT", default_value = "strip", help_heading = "Decisions")]
    pub(super) comments: CommentsName,
    /// Where several documents say the same, which of them keep it
    #[arg(long, value_name = "WHICH", default_value = "first", help_heading = "Decisions")]
    pub(super) keep_copies: KeepCopiesName,
    /// Where repetition is looked for
    #[arg(long, value_name = "SCOPE", value_delimiter = ',', help_heading = "Decisions",
          default_values_t = [ScopeName::Document, ScopeName::Site, ScopeName::Corpus])]
    pub(super) scope: Vec<ScopeName>,
    /// Keep a document that would lose more than this share of its bytes, duplicates aside
    #[arg(long, value_name = "SHARE", default_value_t = 0.9, value_parser = share, help_heading = "Decisions")]
    pub(super) max_removed: f64,
    /// Put nothing in place when more than this share of all text would go
    #[arg(long, value_name = "SHARE", value_parser = share, help_heading = "Decisions")]
    pub(super) max_removed_total: Option<f64>,
    /// Patterns of paragraphs that always stay, one a line; # is a number, * any words
    #[arg(long, value_name = "FILE", help_heading = "Decisions")]
    pub(super) allow: Option<PathBuf>,
    /// Patterns of paragraphs that always go, one a line; # is a number, * any words
    #[arg(long, value_name = "FILE", help_heading = "Decisions")]
    pub(super) deny: Option<PathBuf>,
}

/// How a large run goes on after an interruption.
#[derive(Debug, Args)]
pub(super) struct Resuming {
    /// Go on where this command was interrupted; keeps what is done beside the output until all of
    /// it is, so give it from the start
    #[arg(long, help_heading = "Large runs")]
    pub(super) resume: bool,
    /// With --resume: keep what is done each time so much was read
    #[arg(long, value_name = "SIZE", default_value = "256M", value_parser = size,
          help_heading = "Large runs")]
    pub(super) checkpoint: usize,
}

#[derive(Debug, Args)]
pub(super) struct Clean {
    #[command(flatten)]
    pub(super) inputs: Inputs,
    #[command(flatten)]
    pub(super) decisions: Decisions,
    #[command(flatten)]
    pub(super) resuming: Resuming,
    /// An index of older documents, which count as well
    #[arg(long, value_name = "FILE", help_heading = "Index")]
    pub(super) index: Option<PathBuf>,
    /// Write old and new counts together here; may be the file that --index names
    #[arg(long, value_name = "FILE", help_heading = "Index")]
    pub(super) save_index: Option<PathBuf>,
    /// Keep no text samples in the saved index
    #[arg(long, requires = "save_index", help_heading = "Index")]
    pub(super) no_text: bool,
    /// Leave out of the saved index what stands in one document alone: a small file, and later runs
    /// miss the second copy of it
    #[arg(long, requires = "save_index", help_heading = "Index")]
    pub(super) prune: bool,
}

#[derive(Debug, Args)]
pub(super) struct Learn {
    #[command(flatten)]
    pub(super) inputs: Inputs,
    #[command(flatten)]
    pub(super) resuming: Resuming,
    /// Count only the inputs of this shard, such as 1/4; merge the indexes of all of them
    #[arg(long, value_name = "I/N", help_heading = "Large runs")]
    pub(super) shard: Option<Shard>,
    /// The index to write
    #[arg(short, long, value_name = "INDEX")]
    pub(super) output: PathBuf,
    /// Keep no text samples in the index
    #[arg(long)]
    pub(super) no_text: bool,
    /// Leave out what stands in one document alone: a small file, and later runs miss the second
    /// copy of it
    #[arg(long)]
    pub(super) prune: bool,
}

#[derive(Debug, Args)]
pub(super) struct Merge {
    /// The indexes to add up
    #[arg(required = true, value_name = "INDEX")]
    pub(super) indexes: Vec<PathBuf>,
    /// The index to write
    #[arg(short, long, value_name = "INDEX")]
    pub(super) output: PathBuf,
    /// Leave out what stands in one document alone, all indexes together
    #[arg(long)]
    pub(super) prune: bool,
    /// Add inputs that two indexes hold twice
    #[arg(long)]
    pub(super) force: bool,
}

#[derive(Debug, Args)]
pub(super) struct Strip {
    #[command(flatten)]
    pub(super) inputs: Inputs,
    #[command(flatten)]
    pub(super) decisions: Decisions,
    #[command(flatten)]
    pub(super) resuming: Resuming,
    /// Clean only the inputs of this shard, such as 1/4, by the index of all of them
    #[arg(long, value_name = "I/N", help_heading = "Large runs")]
    pub(super) shard: Option<Shard>,
    /// The index to judge by
    #[arg(long, value_name = "FILE")]
    pub(super) index: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Inspect {
    /// The index to look into
    pub(super) index: PathBuf,
    /// Show the paragraphs that recur on this site
    #[arg(long, value_name = "SITE")]
    pub(super) site: Option<String>,
    /// How many sites or paragraphs to show
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(super) top: usize,
    /// What comes first
    #[arg(long, value_name = "BY", default_value = "documents")]
    pub(super) sort: SortName,
    /// Print JSON
    #[arg(long, conflicts_with = "patterns")]
    pub(super) json: bool,
    /// Print the site's templates as a list for --deny or --allow, after review
    #[arg(long, requires = "site")]
    pub(super) patterns: bool,
}

/// What a list of an index is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SortName {
    /// Documents that hold it, most first
    Documents,
    /// Length of the text (of sites the name), longest first
    Length,
    /// The text or the site's name
    Name,
}

#[derive(Debug, Args)]
pub(super) struct Report {
    /// The record of what went, as `--removed` wrote it (also .gz, .zst)
    pub(super) removed: PathBuf,
    /// The cleaned file or directory of that run, for shares and whole documents
    pub(super) texts: Option<PathBuf>,
    /// Where the page goes (HTML)
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: PathBuf,
    /// The texts are whole: the run's input, or made with --mark
    #[arg(long, requires = "texts")]
    pub(super) original: bool,
    /// The summary of that run, for the share of all text where there are no texts
    #[arg(long, value_name = "FILE")]
    pub(super) summary: Option<PathBuf>,
    /// Removals to draw for judging
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub(super) sample: usize,
    /// What the sample is drawn by; the same seed draws the same
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) seed: u64,
    /// Print the figures as JSON on standard output as well
    #[arg(long)]
    pub(super) json: bool,
    /// What the texts hold, whatever their names
    #[arg(long, value_name = "FORMAT", help_heading = "Texts")]
    pub(super) format: Option<FormatName>,
    /// Field of the text
    #[arg(long, value_name = "NAME", default_value = "text", help_heading = "Texts")]
    pub(super) text_field: String,
    /// Field of the identifier
    #[arg(long, value_name = "NAME", default_value = "id", help_heading = "Texts")]
    pub(super) id_field: String,
    /// Field of the address
    #[arg(long, value_name = "NAME", default_value = "url", help_heading = "Texts")]
    pub(super) url_field: String,
    /// Field of the site
    #[arg(long, value_name = "NAME", default_value = "site", help_heading = "Texts")]
    pub(super) site_field: String,
    /// Where a record's site is taken from
    #[arg(long, value_name = "FROM", help_heading = "Texts")]
    pub(super) site_from: Option<SiteFromName>,
}

#[derive(Debug, Args)]
pub(super) struct Explain {
    #[command(flatten)]
    pub(super) inputs: Inputs,
    /// The document's id
    #[arg(long, value_name = "ID")]
    pub(super) id: String,
    /// What documents are: articles, whole pages, or auto: what most documents of a site look like
    #[arg(long, value_name = "PROFILE", default_value = "auto")]
    pub(super) profile: ProfileName,
    /// The index to judge by; without it the inputs themselves are learned first
    #[arg(long, value_name = "FILE")]
    pub(super) index: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The cleaned file or directory
    pub(super) cleaned: PathBuf,
    /// The audit of the run that cleaned it
    pub(super) removed: PathBuf,
    /// Where the originals go
    #[arg(short, long, value_name = "OUT")]
    pub(super) output: PathBuf,
    /// Records that were set aside [default: CLEANED.rejects.jsonl, if it is there]
    #[arg(long, value_name = "FILE")]
    pub(super) rejects: Option<PathBuf>,
    /// Field that holds the text
    #[arg(long, value_name = "NAME", default_value = "text")]
    pub(super) text_field: String,
}

#[derive(Debug, Args)]
pub(super) struct Completions {
    /// The shell
    pub(super) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(super) struct Man {
    /// Write a page for each subcommand into this directory
    #[arg(short, long, value_name = "DIR")]
    pub(super) output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum FormatName {
    /// A file a document
    Txt,
    /// A JSON object a line
    Jsonl,
    /// Fields between commas, under a header
    Csv,
    /// Fields between tabs, under a header
    Tsv,
    /// Web archive records: pages (WARC) or their text (WET)
    Warc,
    /// Columns of rows
    Parquet,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum SiteFromName {
    /// The site field
    Field,
    /// The host of the URL
    Url,
    /// The registrable domain of the URL
    Domain,
    /// The folder of the file
    Folder,
    /// The whole run is one site
    None,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum ParagraphName {
    /// Blocks where the document is hard-wrapped, else lines
    Auto,
    /// Every non-blank line
    Line,
    /// Every run of non-blank lines
    Block,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum ProfileName {
    /// What the documents look like decides
    Auto,
    /// Text that was taken out of its page already
    Article,
    /// The whole text of a page, menus and all
    Page,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum CommentsName {
    /// They stay, as far as they can be told from what else stands around an article
    Keep,
    /// They go
    Strip,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum KeepCopiesName {
    /// The first one
    First,
    /// All of them
    All,
    /// None of them
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ScopeName {
    /// In one document
    Document,
    /// Across the documents of a site
    Site,
    /// Across all documents
    Corpus,
}

impl std::fmt::Display for ScopeName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Document => "document",
            Self::Site => "site",
            Self::Corpus => "corpus",
        })
    }
}

/// Bytes, as a number with K, M, G or T (powers of 1024).
fn size(text: &str) -> Result<usize, String> {
    let upper = text.to_ascii_uppercase();
    let digits = upper.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match upper.get(digits.len()..).unwrap_or("") {
        "" | "B" => 0,
        "K" | "KB" | "KIB" => 10,
        "M" | "MB" | "MIB" => 20,
        "G" | "GB" | "GIB" => 30,
        "T" | "TB" | "TIB" => 40,
        _ => return Err("give bytes, or a number with K, M, G or T".to_owned()),
    };
    let number: usize = digits.parse().map_err(|_| "give a whole number of bytes".to_owned())?;
    number.checked_mul(1 << shift).ok_or_else(|| "is too large".to_owned())
}

/// A share between 0 and 1.
fn share(text: &str) -> Result<f64, String> {
    let share: f64 = text.parse().map_err(|_| "give a share between 0 and 1".to_owned())?;
    if (0.0..=1.0).contains(&share) { Ok(share) } else { Err("lies outside 0 to 1".to_owned()) }
}
