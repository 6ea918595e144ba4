//! What is meant by what was typed: checked settings and places.

use std::path::{Path, PathBuf};

use super::args::{
    Decisions, FormatName, Inputs, KeepCopiesName, ParagraphName, ScopeName, SiteFromName,
};
use crate::config::Config;
use crate::decide::{KeepCopies, Patterns, Scopes};
use crate::error::{Error, Result};
use crate::io::read::site::SiteFrom;
use crate::io::read::{Fields, small_file};
use crate::io::source::{self, Format, Passes, Sources};
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
    config.threads = inputs.threads;
    config.memory_bytes = inputs.memory;
    config.is_strict = inputs.strict;
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

/// Finds the inputs.
pub(super) fn sources(inputs: &Inputs, config: &Config, passes: Passes) -> Result<Sources> {
    source::find(&inputs.paths, inputs.format.map(format), passes, &config.temporary_folder)
}

/// Where everything goes, checked against the inputs.
pub(super) fn targets(
    inputs: &Inputs,
    decisions: &Decisions,
    sources: &Sources,
) -> Result<Targets> {
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
    if decisions.mark && sources.sources.iter().any(|source| source.format == Format::Text) {
        return Err(Error::settings("--mark adds a field, which a text file has no place for"));
    }
    if let Some(out) = &mut targets.out {
        if out.as_os_str() == "-" {
            if targets.is_folder {
                let what = "several inputs need a directory for their outputs; give -o DIR";
                return Err(Error::settings(what));
            }
        } else if !targets.is_folder && out.is_dir() {
            *out = out.join(&sources.sources[0].key);
        } else if targets.is_folder && out.exists() && !out.is_dir() {
            let what = "is a file; several inputs need a directory for their outputs";
            return Err(Error::settings(format!("{} {what}", out.display())));
        }
        if targets.rejects.is_none() && out.as_os_str() != "-" {
            targets.rejects = Some(rejects_beside(out));
        }
        refuse_overwriting(out, targets.is_folder, sources)?;
    }
    Ok(targets)
}

/// The rejects file that belongs to an output.
pub(super) fn rejects_beside(out: &Path) -> PathBuf {
    let mut name = out.file_name().unwrap_or("out".as_ref()).to_owned();
    name.push(".rejects.jsonl");
    out.with_file_name(name)
}

/// An output must not take the place of an input: what was removed by mistake would be lost.
fn refuse_overwriting(out: &Path, is_folder: bool, sources: &Sources) -> Result<()> {
    for source in &sources.sources {
        let target = if is_folder { out.join(&source.key) } else { out.to_owned() };
        let source::Place::Path(path) = &source.place else { continue };
        let same = target.canonicalize().ok().zip(path.canonicalize().ok());
        if same.is_some_and(|(one, other)| one == other) {
            let what = "is an input; give the output another name";
            return Err(Error::settings(format!("{} {what}", target.display())));
        }
    }
    Ok(())
}
