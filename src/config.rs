//! The settings of a run.

use std::path::PathBuf;

use crate::decide::{Policy, page::Model, rules::Rules};
use crate::error::Result;
use crate::io::read::{Fields, Limits};
use crate::text::sketch::Recipe;

/// The settings of a run; the default is what the command line does without flags.
///
/// # Examples
///
/// ```
/// use dechaff::decide::{KeepCopies, Patterns};
/// use dechaff::{Config, Document, clean};
/// let mut config = Config::default();
/// config.policy.keep_copies = KeepCopies::All;
/// config.rules.allow = Patterns::parse("# views", "mine")?;
/// let page = Document::new("1", "a.example", "Rain fell.\n26 views");
/// assert_eq!(clean(&[page], &config)?, ["Rain fell.\n26 views"]);
/// # Ok::<(), dechaff::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Config {
    /// How text becomes fingerprints.
    pub recipe: Recipe,
    /// The thresholds of every decision.
    pub policy: Policy,
    /// Built-in rules, and the user's patterns.
    pub rules: Rules,
    /// What tells the article from the rest of a whole page.
    pub page_model: Model,
    /// Which fields of a record mean what.
    pub fields: Fields,
    /// How much is read at a time.
    pub limits: Limits,
    /// Threads that sketch and judge; 0 for one a core.
    pub threads: usize,
    /// Counts beyond this many bytes go to [`Config::temporary_folder`].
    pub memory_bytes: usize,
    /// Where counts are spilled and standard input is spooled.
    pub temporary_folder: PathBuf,
    /// Stop at the first record that cannot be read.
    pub is_strict: bool,
    /// Inputs that are counted already count again.
    pub is_forced: bool,
    /// Leave emptied records out of the output; the audit has them whole.
    pub drops_empty: bool,
    /// Share of all text bytes that may go, in 0..=1; past it nothing is put in place.
    pub removed_total_max: Option<f64>,
}

impl Default for Config {
    /// # Panics
    ///
    /// Never: a test holds that the built-in rules can be read.
    fn default() -> Self {
        Self::new().expect("the built-in rules can be read")
    }
}

impl Config {
    /// The default settings.
    ///
    /// # Errors
    ///
    /// When the built-in rules or weights cannot be read.
    pub fn new() -> Result<Self> {
        Ok(Self {
            recipe: Recipe::default(),
            policy: Policy::default(),
            rules: Rules::built_in()?,
            page_model: Model::built_in()?,
            fields: Fields::default(),
            limits: Limits::default(),
            threads: 0,
            memory_bytes: 1 << 30,
            temporary_folder: std::env::temp_dir(),
            is_strict: false,
            is_forced: false,
            drops_empty: false,
            removed_total_max: None,
        })
    }

    /// A hash of the version and of all settings that show in what a run writes or keeps.
    pub(crate) fn fingerprint(&self) -> u64 {
        let Self {
            recipe,
            policy,
            rules,
            page_model,
            fields,
            limits,
            is_strict,
            drops_empty,
            threads: _,
            memory_bytes: _,
            temporary_folder: _,
            is_forced: _,
            removed_total_max: _,
        } = self;
        let version = env!("CARGO_PKG_VERSION");
        let of_text = format!("{version} {recipe:?} {fields:?} {limits:?} {is_strict}");
        let of_verdicts = format!("{policy:?} {:?} {page_model:?} {drops_empty}", rules.lines());
        crate::hash::stable(format!("{of_text} {of_verdicts}").as_bytes())
    }
}
