"""The cases and golden corpora that the Rust tests run, from the same files."""

import json
import tomllib
from pathlib import Path

import pytest

import dechaff

DATA = Path(__file__).parents[2] / "testdata"
CASES = tomllib.loads((DATA / "cases/clean.toml").read_text(encoding="utf-8"))["case"]
CORPORA = sorted(path.parent.name for path in (DATA / "corpora").glob("*/removed.txt"))


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_case(case):
    documents = case["documents"]
    texts, sites, ids = ([d[name] for d in documents] for name in ("text", "site", "id"))
    orders = [d["order"] for d in documents] if "order" in documents[0] else None
    options = {name.replace("-", "_"): value for name, value in case.get("options", {}).items()}
    stripper = dechaff.Stripper(**options).fit(texts, sites, ids, orders)
    assert stripper.transform(texts, sites, ids, orders) == case["cleaned"]
    removals = stripper.removals(texts, sites, ids, orders)
    assert [[removal.reason for removal in of] for of in removals] == case["reasons"]
    for text, cleaned, of in zip(texts, case["cleaned"], removals):
        raw, kept, at = text.encode(), b"", 0
        for removal in of:
            assert raw[removal.start : removal.end].decode() == removal.text
            kept, at = kept + raw[at : removal.start], removal.end
        assert (kept + raw[at:]).decode() == cleaned


@pytest.mark.parametrize("name", CORPORA)
def test_golden_corpus(name):
    folder = DATA / "corpora" / name
    options = {}
    if (folder / "args").exists():
        words = (folder / "args").read_text().split()
        options = {flag[2:].replace("-", "_"): value for flag, value in zip(words[::2], words[1::2])}
    if (folder / "input").is_dir():
        records = [
            {"id": f"{path.name}:1", "site": "", "text": path.read_text(encoding="utf-8")}
            for path in sorted((folder / "input").iterdir())
        ]
        expected = [path.read_text(encoding="utf-8") for path in sorted((folder / "expected").iterdir())]
    else:
        read = lambda path: [json.loads(line) for line in path.open(encoding="utf-8")]
        records = read(folder / "input.jsonl")
        expected = [record["text"] for record in read(folder / "expected.jsonl")]
    texts, sites, ids = ([r.get(name) for r in records] for name in ("text", "site", "id"))
    assert dechaff.clean(texts, sites, ids, **options) == expected
