#!/bin/sh
# Builds the wheel and runs the tests of the Python package, Spark's included, in an environment of
# its own under target/python. Without network (or Java), what cannot be set up is skipped loudly; when
# that is all of it, the exit code is 77.
#
# DECHAFF_PROFILE: the Cargo profile to build with (default: dev). More arguments go to pytest.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
profile=${DECHAFF_PROFILE:-dev}
venv=$root/target/python
python=$venv/bin/python
case $profile in dev) folder=debug ;; *) folder=$profile ;; esac

skip() {
    echo "SKIPPED: $(cat "$root"/python/tests/test_*.py | grep -c '^def test_')" \
        "tests of the Python package: $1" >&2
    exit 77
}

[ -x "$python" ] || python3 -m venv "$venv" || skip "python3 has no venv"
has() { "$python" -c "import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, sys.argv[1:])))" "$@"; }
install() { "$python" -m pip install --quiet --disable-pip-version-check "$@"; }
has maturin pytest pyarrow || install 'maturin>=1.9,<2' pytest pyarrow ||
    skip "maturin, pytest and pyarrow cannot be installed"
for package in polars pandas duckdb datasets datatrove orjson mypy pyspark; do
    has "$package" || missing="${missing:-} $package"
done
# All at once is quicker; one by one, what can be installed is.
if [ -n "${missing:-}" ] && ! install $missing; then
    for package in $missing; do
        install "$package" || echo "SKIPPED: the tests of $package, which cannot be installed" >&2
    done
fi
if ! command -v java >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    { apt-get update -qq && apt-get install -qq -y openjdk-17-jre-headless; } >/dev/null 2>&1 ||
        echo "SKIPPED: Spark's tests, because Java 17 cannot be installed" >&2
fi

cd "$root"
# The oracle plays no part; with it, the build is that of the other tests.
cargo build --profile "$profile" --target-dir "$target" --bin dechaff --features dechaff/naive
cargo build --profile "$profile" --target-dir "$target" -p dechaff-crawl
(cd python && VIRTUAL_ENV=$venv CARGO_TARGET_DIR=$target "$venv/bin/maturin" develop --quiet --profile "$profile")
export DECHAFF_BIN="$target/$folder/dechaff" DECHAFF_CRAWL_BIN="$target/$folder/dechaff-crawl"
if has mypy; then
    (cd python && "$python" -m mypy --strict --ignore-missing-imports --allow-subclassing-any --no-warn-return-any dechaff)
    "$python" -m mypy.stubtest dechaff._dechaff --ignore-missing-stub --ignore-disjoint-bases
fi
exec "$python" -m pytest -rs "$root/python/tests" "$@"
