"""The examples of the documents run, from top to bottom."""

import json
import os
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def blocks(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)


def test_the_examples_of_the_guide(crawl, tmp_path, monkeypatch):
    for package in ("datasets", "datatrove"):
        pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    os.symlink(crawl.path, "crawl.jsonl")
    os.mkdir("crawl")
    half = len(crawl.records) // 2
    for number, part in enumerate((crawl.records[:half], crawl.records[half:])):
        lines = (json.dumps(record) + "\n" for record in part)
        Path(f"crawl/{number}.jsonl").write_text("".join(lines), encoding="utf-8")
    names = {}
    assert len(blocks("docs/python.md")) >= 6
    for block in blocks("docs/python.md"):
        exec(compile(block, "docs/python.md", "exec"), names)
    assert list(names["cleaned"]["text"]) == crawl.cleaned
    assert names["Strip"] is not None and len(os.listdir("cleaned")) == 2


def test_the_example_of_the_readme(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    for block in blocks("README.md"):
        exec(compile(block, "README.md", "exec"), {})
    assert "characters" in capsys.readouterr().out


def test_the_example_of_the_package(crawl, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    os.symlink(crawl.path, "crawl.jsonl")
    names = {}
    (block,) = blocks("python/README.md")
    exec(compile(block, "python/README.md", "exec"), names)
    assert names["cleaned"] == crawl.cleaned
    first = [row for row in crawl.audit if row["record"] == 0]
    printed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in printed[1:]] == [row["reason"] for row in first]
