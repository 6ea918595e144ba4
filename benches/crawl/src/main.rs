//! Command line of the crawl generator: arguments in, files out.

use anyhow::{Context as _, bail, ensure};
use clap::{Parser, ValueEnum};
use dechaff_crawl::{Profile, Settings, Totals, generate};
use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Write an invented news crawl as JSON lines, and gold labels for every paragraph.
///
/// The same seed and flags give the same bytes for ever; memory does not grow with the size.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Size of the crawl: a number with K, M, G or T (powers of 1000), or Ki, Mi, Gi, Ti (of 1024)
    #[arg(long, value_name = "SIZE", value_parser = parse_bytes)]
    bytes: u64,
    /// Another seed gives another crawl
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Number of sites; their sizes follow Zipf's law
    #[arg(long, value_name = "N", default_value_t = 300)]
    sites: u32,
    /// What recurs in the crawl
    #[arg(long, value_enum, default_value_t = ProfileName::News)]
    profile: ProfileName,
    /// Number of different words
    #[arg(long, value_name = "N", default_value_t = 60_000)]
    vocabulary: u32,
    /// File for the crawl; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// File for the gold labels; `-` is standard output
    #[arg(long, value_name = "FILE")]
    gold: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ProfileName {
    /// Site lines, copies, near-copies, look-alikes
    News,
    /// No paragraph comes twice
    Unique,
    /// Every document exactly twice, under different ids
    Twice,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to do when standard error is closed too.
            let _ = writeln!(io::stderr(), "dechaff-crawl: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if let Some(gold) = &arguments.gold {
        ensure!(*gold != arguments.output, "the crawl and its gold labels need two files");
    }
    let settings = Settings {
        seed: arguments.seed,
        sites: arguments.sites,
        words: arguments.vocabulary,
        profile: match arguments.profile {
            ProfileName::News => Profile::News,
            ProfileName::Unique => Profile::Unique,
            ProfileName::Twice => Profile::Twice,
        },
    };
    let mut crawl = open(&arguments.output)?;
    let mut gold = arguments.gold.as_deref().map(open).transpose()?;
    let totals = generate(
        settings,
        arguments.bytes,
        &mut crawl,
        gold.as_mut().map(|writer| writer as &mut dyn Write),
    )?;
    crawl.flush().context("cannot write the crawl")?;
    if let Some(mut gold) = gold {
        gold.flush().context("cannot write the gold labels")?;
    }
    report(&totals).context("cannot write to standard error")
}

fn open(path: &Path) -> anyhow::Result<BufWriter<Box<dyn Write>>> {
    let writer: Box<dyn Write> = if path == Path::new("-") {
        Box::new(io::stdout().lock())
    } else {
        Box::new(File::create(path).with_context(|| format!("cannot create {}", path.display()))?)
    };
    Ok(BufWriter::with_capacity(1 << 18, writer))
}

/// One line on standard error: documents, bytes, and the share of each letter by paragraphs.
fn report(totals: &Totals) -> io::Result<()> {
    let paragraphs: u64 = totals.letters.values().map(|(paragraphs, _)| paragraphs).sum();
    let mut line =
        format!("{} documents, {} bytes, {paragraphs} paragraphs;", totals.documents, totals.bytes);
    for (letter, (share, _)) in &totals.letters {
        let hundredths = share * 10_000 / paragraphs.max(1);
        line.extend([format!(" {letter} {}.{:02} %", hundredths / 100, hundredths % 100)]);
    }
    writeln!(io::stderr(), "{line}")
}

fn parse_bytes(text: &str) -> anyhow::Result<u64> {
    let digits = text.trim_end_matches(|letter: char| !letter.is_ascii_digit());
    let number: u64 = digits.parse().with_context(|| format!("no number in {text:?}"))?;
    let factor: u64 = match text.strip_prefix(digits).unwrap_or_default() {
        "" => 1,
        "K" => 1_000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        "T" => 1_000_000_000_000,
        "Ki" => 1 << 10,
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        "Ti" => 1 << 40,
        other => bail!("unknown unit {other:?}: use K, M, G, T, Ki, Mi, Gi or Ti"),
    };
    let bytes = number.checked_mul(factor).context("too many bytes")?;
    ensure!(bytes > 0, "a crawl has at least one byte");
    Ok(bytes)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, bytes) in [("7", 7), ("3K", 3_000), ("1G", 1_000_000_000), ("2Mi", 2 << 20)] {
            assert_eq!(parse_bytes(text).unwrap(), bytes);
        }
        for text in ["", "G", "0", "1GB", "-1", "1.5G", "99999999999T", "é"] {
            assert!(parse_bytes(text).is_err(), "{text}");
        }
    }
}
