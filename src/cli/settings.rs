//! What is meant by what was typed: checked settings and places.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::args::{
    CommentsName, Decisions, FormatName, Inputs, KeepCopiesName, ParagraphName, ProfileName,
    Resuming, ScopeName, SiteFromName,
};
use crate::config::Config;
use crate::decide::{Comments, KeepCopies, Patterns, ProfileChoice, Scopes};
use crate::error::{Error, Result};
use crate::io::lock::{Kind, Lock};
use crate::io::read::site::SiteFrom;
use crate::io::read::{Fields, small_file};
use crate::io::resume::Work;
use crate::io::source::{self, Format, Passes, Shard, Sources};
use crate::pipeline::{OutputStyle, Targets};
use crate::text::ParagraphMode;

/// The settings that the input flags make.
pub(super) fn config(inputs: &Inputs) -> Result<Config> {
    let mut config = Config::new()?;
    config.fields = Fields {
        text: inputs.text_field.clone(),
        id: inputs.id_field.clone(),
        url: inputs.url_field.clone(),
        site: inputs.site_field.clone(),
        order: inputs.order_field.clone(),
        site_from: site_from(inputs.site_from),
    };
    config.recipe.paragraph = match inputs.paragraph {
        ParagraphName::Auto => ParagraphMode::Auto,
        ParagraphName::Line => ParagraphMode::Line,
        ParagraphName::Block => ParagraphMode::Block,
    };
    config.limits.batch_documents = inputs.batch.max(1);
    config.limits.record_bytes_max = inputs.max_record_bytes;
    config.limits.expansion_max = inputs.max_expansion;
    config.threads = inputs.threads;
    config.memory_bytes = inputs.memory;
    config.is_strict = inputs.strict;
    config.is_forced = inputs.force;
    if let Some(folder) = &inputs.tmp_dir {
        config.temporary_folder.clone_from(folder);
    }
    Ok(config)
}

/// Where sites are taken from.
pub(super) fn site_from(name: Option<SiteFromName>) -> SiteFrom {
    match name {
        None => SiteFrom::Auto,
        Some(SiteFromName::Field) => SiteFrom::Field,
        Some(SiteFromName::Url) => SiteFrom::Url,
        Some(SiteFromName::Domain) => SiteFrom::Domain,
        Some(SiteFromName::Folder) => SiteFrom::Folder,
        Some(SiteFromName::None) => SiteFrom::None,
    }
}

/// What inputs hold, whatever their names.
pub(super) fn format(name: FormatName) -> Format {
    match name {
        FormatName::Txt => Format::Text,
        FormatName::Jsonl => Format::Jsonl,
        FormatName::Csv => Format::Csv { delimiter: b',' },
        FormatName::Tsv => Format::Csv { delimiter: b'\t' },
        FormatName::Warc => Format::Warc,
        FormatName::Parquet => Format::Parquet,
    }
}

/// Adds the settings that the decision flags make.
pub(super) fn decide(config: &mut Config, decisions: &Decisions) -> Result<()> {
    let has = |scope| decisions.scope.contains(&scope);
    config.policy.scopes = Scopes {
        document: has(ScopeName::Document),
        site: has(ScopeName::Site),
        corpus: has(ScopeName::Corpus),
    };
    config.policy.profile = profile(decisions.profile);
    config.policy.comments = match decisions.comments {
        CommentsName::Keep => Comments::Keep,
        CommentsName::Strip => Comments::Strip,
    };
    config.policy.keep_copies = match decisions.keep_copies {
        KeepCopiesName::First => KeepCopies::First,
        KeepCopiesName::All => KeepCopies::All,
        KeepCopiesName::None => KeepCopies::None,
    };
    config.policy.removed_max = decisions.max_removed;
    config.removed_total_max = decisions.max_removed_total;
    config.drops_empty = decisions.drop_empty;
    let patterns = |path: &Option<PathBuf>| match path {
        Some(path) => Patterns::parse(&small_file(path)?, &path.display().to_string()),
        None => Ok(Patterns::default()),
    };
    config.rules.allow = patterns(&decisions.allow)?;
    config.rules.deny = patterns(&decisions.deny)?;
    Ok(())
}

/// What documents are taken for.
pub(super) fn profile(name: ProfileName) -> ProfileChoice {
    match name {
        ProfileName::Auto => ProfileChoice::Auto,
        ProfileName::Article => ProfileChoice::Article,
        ProfileName::Page => ProfileChoice::Page,
    }
}

/// Finds the inputs.
pub(super) fn sources(inputs: &Inputs, config: &Config, passes: Passes) -> Result<Sources> {
    source::find(&inputs.paths, inputs.format.map(format), passes, &config.temporary_folder)
}

/// Finds the inputs of a shard; all of them when none is named.
pub(super) fn shard_sources(
    (inputs, shard): (&Inputs, Option<Shard>),
    config: &Config,
    passes: Passes,
) -> Result<Sources> {
    let mut found = sources(inputs, config, passes)?;
    shard.map_or(Ok(()), |shard| found.cut(shard))?;
    Ok(found)
}

/// Where the run keeps what it has done, when it is to be continued.
pub(super) fn work(
    resuming: &Resuming,
    targets: &Targets,
    shard: Option<Shard>,
) -> Result<Option<Work>> {
    if !resuming.resume {
        return Ok(None);
    }
    let out = targets.out.as_deref().filter(|out| out.as_os_str() != "-");
    let what = "--resume keeps what is done beside the output; give -o a file or a directory";
    let out = out.ok_or_else(|| Error::settings(what))?;
    let kind = match shard {
        _ if !targets.is_folder => Kind::File,
        Some(shard) => Kind::Shard(shard),
        None => Kind::Folder,
    };
    Work::open(out, kind, resuming.checkpoint as u64).map(Some)
}

/// Takes all outputs for this run; `others` are those that `targets` does not name.
pub(super) fn lock(targets: &Targets, others: &[&Path], shard: Option<Shard>) -> Result<Vec<Lock>> {
    let mut locks = Vec::new();
    let out = targets.out.as_deref().filter(|out| out.as_os_str() != "-");
    match (out, shard) {
        (Some(out), Some(shard)) if targets.is_folder => {
            locks.push(Lock::take(out, Kind::Shared)?);
            locks.push(Lock::take(out, Kind::Shard(shard))?);
        }
        (Some(out), _) if targets.is_folder => locks.push(Lock::take(out, Kind::Folder)?),
        (Some(out), _) => locks.push(Lock::take(out, Kind::File)?),
        (None, _) => {}
    }
    // Rejects that lie beside the output are held with it.
    let own = out.map(|out| rejects_beside(out, shard));
    let rejects = targets.rejects.as_deref().filter(|path| Some(*path) != own.as_deref());
    let named = [targets.removed.as_deref(), targets.summary.as_deref(), rejects];
    for path in named.into_iter().flatten().chain(others.iter().copied()) {
        if path.as_os_str() != "-" {
            locks.push(Lock::take(path, Kind::File)?);
        }
    }
    Ok(locks)
}

/// Where everything goes, checked against the inputs.
pub(super) fn targets(
    (inputs, shard): (&Inputs, Option<Shard>),
    decisions: &Decisions,
    sources: &Sources,
) -> Result<Targets> {
    if decisions.output.is_none() && !decisions.dry_run {
        let what = "nothing says where cleaned text goes; give -o OUT (--output), or --dry-run";
        return Err(Error::settings(what));
    }
    if decisions.mark && decisions.drop_empty {
        return Err(Error::settings("--mark keeps all text, --drop-empty does not; give one"));
    }
    let mut targets = Targets {
        out: decisions.output.clone().filter(|_| !decisions.dry_run),
        is_folder: sources.has_directory || sources.sources.len() > 1,
        removed: decisions.removed.clone(),
        rejects: inputs.rejects.clone(),
        summary: decisions.summary.clone(),
        style: if decisions.mark { OutputStyle::Marked } else { OutputStyle::Cleaned },
    };
    if decisions.json && targets.out.as_deref() == Some(Path::new("-")) {
        let what = "--json and -o - both want standard output; give --summary FILE";
        return Err(Error::settings(what));
    }
    check_formats(decisions, sources)?;
    if let Some(out) = &mut targets.out {
        if out.as_os_str() == "-" {
            if targets.is_folder {
                let what = "several inputs need a directory for their outputs; give -o DIR";
                return Err(Error::settings(what));
            }
        } else if let Some(source) = sources.sources.first()
            && !targets.is_folder
            && out.is_dir()
        {
            *out = out.join(source.format.output_key(&source.key));
        } else if targets.is_folder && out.exists() && !out.is_dir() {
            let what = "is a file; several inputs need a directory for their outputs";
            return Err(Error::settings(format!("{} {what}", out.display())));
        }
        if targets.rejects.is_none() && out.as_os_str() != "-" {
            targets.rejects = Some(rejects_beside(out, shard));
        }
    }
    Ok(targets)
}

/// Refuses what a format has no place for.
fn check_formats(decisions: &Decisions, sources: &Sources) -> Result<()> {
    let written = || sources.sources.iter().map(|source| source.format.written());
    if decisions.mark && written().any(|format| format != Format::Jsonl) {
        let what = "--mark adds a field to each record, for which only JSONL has a place";
        return Err(Error::settings(what));
    }
    let has_rows = written().any(|format| format == Format::Parquet);
    if decisions.drop_empty && has_rows {
        let what = "--drop-empty cannot keep Parquet rows whole in the audit; filter them later";
        return Err(Error::settings(what));
    }
    let (Some(out), [source]) = (&decisions.output, sources.sources.as_slice()) else {
        return Ok(());
    };
    if has_rows && out.as_os_str() == "-" {
        return Err(Error::settings("Parquet cannot be written to standard output; give -o FILE"));
    }
    let name = out.file_name().unwrap_or_default().to_string_lossy();
    match Format::of_name(&name) {
        Some((named, _)) if !out.is_dir() && named != source.format.written() => {
            let (named, written) = (named.name(), source.format.written().name());
            let what = format!("the name says {named}, and what is written is {written}");
            Err(Error::settings(format!("{}: {what}", out.display())))
        }
        _ => Ok(()),
    }
}

/// The rejects file that belongs to an output, or to one shard of it.
pub(super) fn rejects_beside(out: &Path, shard: Option<Shard>) -> PathBuf {
    let mut name = out.file_name().unwrap_or("out".as_ref()).to_owned();
    match shard {
        Some(shard) => name.push(format!(".rejects-{}.jsonl", shard.name())),
        None => name.push(".rejects.jsonl"),
    }
    out.with_file_name(name)
}

/// An output must not take the place of an input, as what was removed by mistake would be lost,
/// nor of another output. `others` are outputs that `targets` does not name.
pub(super) fn refuse_overwriting(
    targets: &Targets,
    others: &[&Path],
    sources: &Sources,
) -> Result<()> {
    let keys = sources.sources.iter().map(|source| source.format.output_key(&source.key));
    let cleaned: Vec<PathBuf> = match &targets.out {
        Some(out) if targets.is_folder => keys.map(|key| out.join(key)).collect(),
        out => out.iter().cloned().collect(),
    };
    let named = [&targets.removed, &targets.rejects, &targets.summary];
    let named = named.into_iter().flatten().map(PathBuf::as_path);
    let outputs = cleaned.iter().map(PathBuf::as_path).chain(named).chain(others.iter().copied());
    let outputs = outputs.filter(|path| path.as_os_str() != "-");
    let inputs = sources.sources.iter().filter_map(|source| match &source.place {
        source::Place::Path(path) => identity(path),
        source::Place::Spool(_) | source::Place::Stdin => None,
    });
    let inputs: BTreeSet<Identity> = inputs.collect();
    let mut taken = BTreeSet::new();
    for output in outputs {
        let is_input = identity(output).is_some_and(|identity| inputs.contains(&identity));
        let what = if is_input {
            "is an input; give the output another name"
        } else if taken.insert(place_of(output)) {
            continue;
        } else {
            "is the place of two outputs; give one of them another name"
        };
        return Err(Error::settings(format!("{} {what}", output.display())));
    }
    Ok(())
}

/// The one name of a place, whether a file stands there or not.
fn place_of(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let beside = || {
        let folder = absolute.parent()?.canonicalize().ok()?;
        Some(folder.join(absolute.file_name()?))
    };
    path.canonicalize().ok().or_else(beside).unwrap_or(absolute)
}

/// What is the same for all names of a file, links included.
#[cfg(unix)]
type Identity = (u64, u64);
#[cfg(not(unix))]
type Identity = PathBuf;

#[cfg(unix)]
fn identity(path: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    path.metadata().ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> Option<Identity> {
    path.canonicalize().ok()
}
