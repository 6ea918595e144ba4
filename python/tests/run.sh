#!/bin/sh
# Builds the wheel and runs the tests of the Python package, Spark's included, in an environment of
# its own under target/python. Without network (or Java), what cannot be set up is skipped loudly.
#
# DECHAFF_PROFILE: the Cargo profile to build with (default: dev). More arguments go to pytest.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
profile=${DECHAFF_PROFILE:-dev}
venv=$root/target/python
case $profile in dev) folder=debug ;; *) folder=$profile ;; esac

skip() {
    echo "SKIPPED: $(grep -c '^def test_' "$root"/python/tests/test_*.py | awk -F: '{n += $2} END {print n}')" \
        "tests of the Python package: $1" >&2
    exit 0
}

[ -x "$venv/bin/python" ] || python3 -m venv "$venv" || skip "python3 has no venv"
install() { "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@"; }
if ! "$venv/bin/python" -c 'import maturin, pytest, pyarrow' 2>/dev/null; then
    install maturin pytest pyarrow || skip "maturin, pytest and pyarrow cannot be installed"
fi
for package in polars pandas duckdb datasets pyspark; do
    "$venv/bin/python" -c "import importlib.util as u, sys; sys.exit(u.find_spec('$package') is None)" ||
        install "$package" || echo "SKIPPED: the tests of $package, which cannot be installed" >&2
done
if ! command -v java >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get install -qq -y openjdk-17-jre-headless >/dev/null 2>&1 ||
        echo "SKIPPED: Spark's tests, because Java 17 cannot be installed" >&2
fi

cd "$root"
cargo build --profile "$profile" --target-dir "$target" --bin dechaff
cargo build --profile "$profile" --target-dir "$target" -p dechaff-crawl
(cd python && VIRTUAL_ENV=$venv CARGO_TARGET_DIR=$target "$venv/bin/maturin" develop --quiet --profile "$profile")
export DECHAFF_BIN="$target/$folder/dechaff" DECHAFF_CRAWL_BIN="$target/$folder/dechaff-crawl"
exec "$venv/bin/python" -m pytest -rs "$root/python/tests" "$@"
