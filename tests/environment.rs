//! A temporary folder with the command in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// A folder of its own for one test, gone when the test ends.
pub(crate) struct TestEnv {
    folder: tempfile::TempDir,
}

/// What a run of the command did.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl TestEnv {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// Writes a file and the folders it stands in.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> &Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
        self
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    pub(crate) fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).unwrap()
    }

    pub(crate) fn exists(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    /// The rows of a JSONL file.
    pub(crate) fn rows(&self, name: &str) -> Vec<Value> {
        self.text(name).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// All files, by their paths in the folder.
    pub(crate) fn files(&self) -> Vec<String> {
        files(self.folder())
    }

    /// The command, called in the folder, its standard input empty.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dechaff"));
        command.args(arguments).current_dir(self.folder()).stdin(Stdio::null());
        command.env("TMPDIR", self.folder()).env("NO_COLOR", "1");
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::from(self.command(arguments).output().unwrap())
    }

    /// Runs the command and demands exit code 0.
    pub(crate) fn done(&self, arguments: &[&str]) -> Ran {
        self.run(arguments).expect(0)
    }

    /// Runs the command with `bytes` on its standard input.
    pub(crate) fn fed(&self, arguments: &[&str], bytes: &[u8]) -> Ran {
        self.write(".stdin", bytes);
        let file = fs::File::open(self.path(".stdin")).unwrap();
        fs::remove_file(self.path(".stdin")).unwrap();
        Ran::from(self.command(arguments).stdin(file).output().unwrap())
    }
}

impl Ran {
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}", self.stderr);
        self
    }

    /// Demands that standard error holds each of `parts`.
    #[track_caller]
    pub(crate) fn says(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(self.stderr.contains(part), "no {part:?} in: {}", self.stderr);
        }
        self
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: output.stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// All files under `folder`, sorted, with `/` between folders.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    let walk = walkdir::WalkDir::new(folder).sort_by_file_name();
    let entries = walk.into_iter().map(Result::unwrap).filter(|entry| entry.file_type().is_file());
    let names = entries.map(|entry| {
        let relative = entry.path().strip_prefix(folder).unwrap().to_owned();
        relative.to_string_lossy().replace('\\', "/")
    });
    names.collect()
}

/// A line of JSON for each (id, site, text).
pub(crate) fn jsonl(documents: &[(&str, &str, &str)]) -> String {
    let lines = documents.iter().map(|(id, site, text)| {
        serde_json::json!({ "id": id, "site": site, "text": text }).to_string() + "\n"
    });
    lines.collect()
}

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder of measured data, when it is there; says so loudly when it is not.
pub(crate) fn data(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("DECHAFF_DATA").map(PathBuf::from);
    let path = folder.unwrap_or_else(|| root().join("../shared/data")).join(name);
    if path.exists() {
        return Some(path);
    }
    skipped(&format!("{} is not there; set DECHAFF_DATA", path.display()));
    None
}

/// Says that a test did not run. Written past the capture of the test harness.
#[expect(clippy::print_stderr, reason = "a test that was skipped must be seen")]
pub(crate) fn skipped(why: &str) {
    use std::io::Write;
    let line = format!("SKIPPED: {why}\n");
    if std::io::stderr().lock().write_all(line.as_bytes()).is_err() {
        eprintln!("{line}");
    }
}
