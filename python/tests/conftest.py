"""What the tests share: a small crawl, and what the command line makes of it."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

#: Size of the generated crawl.
CRAWL_SIZE = os.environ.get("DECHAFF_TEST_CRAWL", "1500K")


@dataclass(frozen=True)
class Crawl:
    """A crawl and the command line's results on it."""

    path: Path
    #: The records, with their number under ``n``.
    records: list[dict]
    cleaned: list[str]
    audit: list[dict]


def binary(name: str) -> str:
    path = os.environ.get(name)
    if path is None:
        pytest.skip(f"{name} names no program; run python/tests/run.sh")
    return path


@pytest.fixture(scope="session")
def crawl(tmp_path_factory: pytest.TempPathFactory) -> Crawl:
    folder = tmp_path_factory.mktemp("crawl")
    raw, path = folder / "raw.jsonl", folder / "crawl.jsonl"
    subprocess.run(
        [binary("DECHAFF_CRAWL_BIN"), "--bytes", CRAWL_SIZE, "--sites", "20", "-o", raw],
        check=True,
    )
    records = [{**json.loads(line), "n": n} for n, line in enumerate(raw.open())]
    with path.open("w") as out:
        out.writelines(json.dumps(record) + "\n" for record in records)
    cleaned, removed = folder / "cleaned.jsonl", folder / "removed.jsonl"
    subprocess.run(
        [binary("DECHAFF_BIN"), "clean", path, "-o", cleaned, "--removed", removed], check=True
    )
    return Crawl(
        path,
        records,
        [json.loads(line)["text"] for line in cleaned.open()],
        [json.loads(line) for line in removed.open()],
    )
