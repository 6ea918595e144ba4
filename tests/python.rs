//! What pyarrow, pandas and warcio read and write agrees with what this program does.
//!
//! The Python environment is made once, under the build folder; without Python or a package index
//! the test is skipped, loudly.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::environment::{TestEnv, root, skipped};

/// The interpreter of an environment with the packages.
fn python() -> Result<PathBuf, String> {
    // The one that python/tests/run.sh makes, too.
    let target =
        Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("it is in the target folder");
    let folder = target.join("python");
    let interpreter = folder.join("bin/python");
    let has_packages = |interpreter: &Path| {
        let ran = Command::new(interpreter).args(["-c", "import pandas, pyarrow, warcio"]).output();
        ran.is_ok_and(|ran| ran.status.success())
    };
    if has_packages(&interpreter) {
        return Ok(interpreter);
    }
    let run = |program: &Path, arguments: &[&str]| {
        let ran = Command::new(program).args(arguments).output().map_err(|e| e.to_string())?;
        let told = String::from_utf8_lossy(&ran.stderr).into_owned();
        if ran.status.success() { Ok(()) } else { Err(told) }
    };
    run(Path::new("python3"), &["-m", "venv", folder.to_str().expect("a UTF-8 path")])?;
    let packages = root().join("tests/python/requirements.txt");
    let packages = packages.to_str().expect("a UTF-8 path");
    run(&interpreter, &["-m", "pip", "install", "--quiet", "--retries", "1", "-r", packages])?;
    Ok(interpreter)
}

#[test]
fn pyarrow_pandas_and_warcio_agree() {
    let interpreter = match python() {
        Ok(interpreter) => interpreter,
        Err(why) => return skipped(&format!("no Python with pyarrow, pandas, warcio: {why}")),
    };
    let env = TestEnv::new();
    let ran = Command::new(interpreter)
        .arg(root().join("tests/python/check_formats.py"))
        .arg(env!("CARGO_BIN_EXE_dechaff"))
        .arg(env.folder())
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}
