//! Settings as Python gives them.

use std::path::PathBuf;

use dechaff::config::Config;
use dechaff::decide::{Comments, KeepCopies, Patterns, ProfileChoice, Scopes};
use dechaff::error::{Error, Result};
use dechaff::text::ParagraphMode;
use pyo3::prelude::*;

/// The settings of an engine, a dictionary in Python.
#[derive(Debug, Clone, FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Settings {
    scope: Vec<String>,
    keep_copies: String,
    max_removed: f64,
    paragraph: String,
    profile: String,
    comments: String,
    allow: Vec<String>,
    deny: Vec<String>,
    threads: usize,
    memory_bytes: usize,
    temporary_folder: Option<PathBuf>,
}

impl Settings {
    /// The settings, checked.
    pub(crate) fn config(&self) -> Result<Config> {
        let mut config = Config::new()?;
        let names = ["document", "site", "corpus"];
        if let Some(other) = self.scope.iter().find(|scope| !names.contains(&scope.as_str())) {
            return Err(unknown("scope", other, &names));
        }
        let has = |name: &str| self.scope.iter().any(|scope| scope == name);
        let [document, site, corpus] = names.map(has);
        config.policy.scopes = Scopes { document, site, corpus };
        config.policy.keep_copies = match self.keep_copies.as_str() {
            "first" => KeepCopies::First,
            "all" => KeepCopies::All,
            "none" => KeepCopies::None,
            other => return Err(unknown("keep_copies", other, &["first", "all", "none"])),
        };
        config.recipe.paragraph = match self.paragraph.as_str() {
            "auto" => ParagraphMode::Auto,
            "line" => ParagraphMode::Line,
            "block" => ParagraphMode::Block,
            other => return Err(unknown("paragraph", other, &["auto", "line", "block"])),
        };
        config.policy.profile = match self.profile.as_str() {
            "auto" => ProfileChoice::Auto,
            "article" => ProfileChoice::Article,
            "page" => ProfileChoice::Page,
            other => return Err(unknown("profile", other, &["auto", "article", "page"])),
        };
        config.policy.comments = match self.comments.as_str() {
            "keep" => Comments::Keep,
            "strip" => Comments::Strip,
            other => return Err(unknown("comments", other, &["keep", "strip"])),
        };
        if !(0.0..=1.0).contains(&self.max_removed) {
            return Err(Error::settings("max_removed must lie between 0 and 1"));
        }
        config.policy.removed_max = self.max_removed;
        config.rules.allow = Patterns::parse(&self.allow.join("\n"), "allow")?;
        config.rules.deny = Patterns::parse(&self.deny.join("\n"), "deny")?;
        config.threads = self.threads;
        config.memory_bytes = self.memory_bytes;
        if let Some(folder) = &self.temporary_folder {
            config.temporary_folder.clone_from(folder);
        }
        Ok(config)
    }
}

fn unknown(setting: &str, value: &str, known: &[&str]) -> Error {
    Error::settings(format!("{setting} knows no {value:?}; it is one of {}", known.join(", ")))
}
