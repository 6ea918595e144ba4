#!/usr/bin/env python3
"""Compares dechaff with its peers on a generated crawl, and prints a Markdown table.

    python3 benches/peers/compare.py [--bytes 50M] [--dechaff PATH] [--crawl PATH] [--only NAME,...]

Peers come from the package registries, at fixed versions, into an environment under target/peers. One that cannot
be installed or run stands in the table with the cause. Figures are of the whole process: user and system time
together and peak memory. `wc -w` runs beside them, so that machines can be compared by ratios.

What is measured: dolma and huniq as their commands; rensa, which is a library, and datatrove in peers.py, with
Python's own time. What is not: making the input of a peer from the crawl (huniq reads lines, dolma gzip) and reading
what it removed.
"""

import argparse
import gzip
import json
import os
import pathlib
import shutil
import subprocess
import sys

import score

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "peers"
PYTHON = TARGET / "venv/bin/python"
HUNIQ = "2.7.0"
SECONDS_MAX = 3600


class Failed(Exception):
    """Why a peer has no figures."""


def call(command, **settings):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **settings)
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or [""]
        raise Failed(f"{pathlib.Path(str(command[0])).name} ended with {done.returncode}: {last[0][:150]}")
    return done.stdout


def install_python():
    if not PYTHON.exists():
        call([sys.executable, "-m", "venv", TARGET / "venv"])
        # The one that comes with Python 3.11 finds no versions that dolma can have.
        pip_install("pip")


def pip_install(name):
    lines = (HERE / "requirements.txt").read_text().split()
    wanted = [line for line in lines if line.startswith(name)]
    call([PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check", *wanted])


def package(name):
    """Installs one line of requirements.txt."""
    install_python()
    pip_install(name)


def measure(command, stdin=None, stdout=subprocess.DEVNULL):
    """CPU seconds and peak MiB of a process and those that it waited for."""
    told = TARGET / "stderr.txt"
    with open(told, "w", encoding="utf-8") as errors:
        process = subprocess.Popen([str(part) for part in command], stdin=stdin, stdout=stdout, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        last = told.read_text(errors="replace").strip().splitlines()[-1:] or [""]
        raise Failed(f"{pathlib.Path(str(command[0])).name} ended with {status >> 8}: {last[0][:150]}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def rows(path):
    with open(path, encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def starts(text):
    """Where each paragraph begins, in characters, and where the last ends."""
    found = [0]
    for paragraph in text.split("\n"):
        found.append(found[-1] + len(paragraph) + 1)
    return found


def covered(bounds, spans):
    """Numbers of the paragraphs of which at least half lies in spans."""
    gone = set()
    for number, (start, after) in enumerate(zip(bounds, bounds[1:], strict=False)):
        end = after - 1
        inside = sum(max(0, min(end, span_end) - max(start, span_start)) for span_start, span_end in spans)
        if 2 * inside >= end - start > 0:
            gone.add(number)
    return gone


def dechaff(folder, options):
    removed = folder / "audit.jsonl"
    out = folder / "cleaned.jsonl"
    command = [options.dechaff, "clean", folder / "corpus.jsonl", "-o", out, "--removed", removed, "--threads", "1"]
    figures = measure([*command, "--quiet"])
    spans = {}
    for row in rows(removed):
        spans.setdefault(row["id"], []).append((row["start"], row["end"]))
    gone = {}
    for row in rows(folder / "corpus.jsonl"):
        bounds = [0]
        for paragraph in row["text"].split("\n"):
            bounds.append(bounds[-1] + len(paragraph.encode()) + 1)
        gone[row["id"]] = covered(bounds, spans.get(row["id"], []))
    return figures, gone


def worker(name):
    def run(folder, _):
        package(name)
        figures = measure([PYTHON, HERE / "peers.py", name, folder])
        return figures, {row["id"]: set(row["removed"]) for row in rows(folder / "removed.jsonl")}

    return run


def datatrove(folder, _):
    package("datatrove")
    # It imports both without asking for them.
    package("regex")
    package("spacy")
    # It hands strings to the hash, which later ones refuse.
    package("xxhash")
    figures = measure([PYTHON, HERE / "peers.py", "datatrove", folder])
    kept = {row["id"]: row["text"] for row in rows(folder / "cleaned/cleaned.jsonl")}
    gone = {}
    for row in rows(folder / "corpus.jsonl"):
        left = iter(kept.get(row["id"], "").split("\n"))
        following, gone[row["id"]] = next(left, None), set()
        for number, paragraph in enumerate(row["text"].split("\n")):
            if following is not None and paragraph.strip() == following.strip():
                following = next(left, None)
            else:
                gone[row["id"]].add(number)
        if following:
            raise Failed(f"kept text of {row['id']} is not part of its text: {following[:40]!r}")
    return figures, gone


def dolma(flags):
    def run(folder, _):
        package("dolma")
        (folder / "documents").mkdir(exist_ok=True)
        shutil.rmtree(folder / "attributes", ignore_errors=True)
        (folder / "bloom.bin").unlink(missing_ok=True)
        paragraphs = 0
        with gzip.open(folder / "documents/corpus.json.gz", "wt", compresslevel=1, encoding="utf-8") as out:
            for row in rows(folder / "corpus.jsonl"):
                paragraphs += row["text"].count("\n") + 1
                print(json.dumps({"id": row["id"], "text": row["text"], "source": "crawl"}), file=out)
        command = [TARGET / "venv/bin/dolma", "dedupe", "--documents", folder / "documents/*.json.gz"]
        command += ["--dedupe.name", "found", "--dedupe.paragraphs.attribute_name", "repeated", *flags]
        command += ["--bloom_filter.file", folder / "bloom.bin", "--no-bloom_filter.read_only"]
        # N-grams are as many as words.
        command += ["--bloom_filter.estimated_doc_count", paragraphs * (30 if flags else 1)]
        command += ["--bloom_filter.desired_false_positive_rate", "1e-6", "--processes", "1"]
        figures = measure(command)
        with gzip.open(folder / "attributes/found/corpus.json.gz", "rt", encoding="utf-8") as lines:
            spans = {row["id"]: row["attributes"]["repeated"] for row in map(json.loads, lines)}
        gone = {}
        for row in rows(folder / "corpus.jsonl"):
            found = [(start, end) for start, end, share in spans[row["id"]] if share >= 0.5]
            gone[row["id"]] = covered(starts(row["text"]), found)
        return figures, gone

    return run


def huniq(folder, _):
    call(["cargo", "install", "-q", "--root", TARGET / "huniq", "--version", HUNIQ, "huniq"])
    lines, kept = folder / "lines.txt", folder / "kept.txt"
    with open(lines, "w", encoding="utf-8") as out:
        for row in rows(folder / "corpus.jsonl"):
            print(row["text"], file=out)
    with open(lines, "rb") as source, open(kept, "wb") as out:
        figures = measure([TARGET / "huniq/bin/huniq"], stdin=source, stdout=out)
    gone = {}
    with open(kept, encoding="utf-8", newline="\n") as left:
        following = next(left, "").rstrip("\n")
        for row in rows(folder / "corpus.jsonl"):
            gone[row["id"]] = set()
            for number, paragraph in enumerate(row["text"].split("\n")):
                if paragraph == following:
                    following = next(left, "\0").rstrip("\n")
                else:
                    gone[row["id"]].add(number)
    return figures, gone


NGRAMS = ["--dedupe.paragraphs.by_ngram.ngram_length", "7", "--dedupe.paragraphs.by_ngram.stride", "1"]
NGRAMS += ["--dedupe.paragraphs.by_ngram.overlap_threshold", "0.5"]

PEERS = {
    "dechaff": ("clean, near-copies", dechaff),
    "rensa": ("MinHash of paragraphs, J >= .3", worker("rensa")),
    "datatrove": ("lines, exact", datatrove),
    "dolma": ("paragraphs, exact, tagging only", dolma([])),
    "dolma-7-grams": ("paragraphs by 7-grams, tagging only", dolma(NGRAMS)),
    "huniq": ("lines, exact", huniq),
}


def line(name, what, size, figures, scored):
    seconds, peak = figures
    shares = scored["shares"]
    near = " / ".join(f"{shares[grade]:.2f}" for grade in "123")
    cells = [name, what, f"{seconds:.1f}", f"{size / seconds / 1e6:.1f}", f"{peak:.0f}", f"{scored['f1']:.3f}"]
    cells += [f"{scored['precision']:.3f}", f"{scored['recall']:.3f}", near, f"{shares['K']:.3f}"]
    return "| " + " | ".join([*cells, f"{100 * scored['lost']:.2f} %"]) + " |"


def generate(folder, options):
    corpus, gold = folder / "corpus.jsonl", folder / "gold.jsonl"
    if options.crawl:
        command = [options.crawl]
    else:
        command = ["cargo", "run", "-q", "--release", "-p", "dechaff-crawl", "--"]
    call([*command, "--bytes", options.bytes, "-o", corpus, "--gold", gold], cwd=ROOT)
    return corpus, gold


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bytes", default="50M", help="size of the crawl")
    parser.add_argument("--dechaff", default=ROOT / "target/release/dechaff", help="the binary to compare")
    parser.add_argument("--crawl", help="the generator's binary; built when not given")
    parser.add_argument("--only", help="names of peers, with commas", default=",".join(PEERS))
    options = parser.parse_args()
    folder = TARGET / "work"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    corpus, gold = generate(folder, options)
    size = corpus.stat().st_size
    words, _ = measure(["env", "LC_ALL=C.UTF-8", "wc", "-w", corpus])
    print(f"A crawl of {size} bytes; `wc -w` takes {words:.2f} s of CPU time ({size / words / 1e6:.0f} MB/s).\n")
    print("| tool | what | CPU s | MB/s | peak MiB | F1 | precision | recall | near 2-10 / 10-20 / 20-35 % | look-alikes removed | content lost |")
    print("|---|---|---|---|---|---|---|---|---|---|---|", flush=True)
    for name in options.only.split(","):
        what, run = PEERS[name]
        try:
            figures, removed = run(folder, options)
            documents = ((row["id"], row["text"]) for row in rows(corpus))
            print(line(name, what, size, figures, score.score(documents, rows(gold), removed)), flush=True)
        except Failed as why:
            print(f"| {name} | {what} | not run: {why} |" + " |" * 8, flush=True)


if __name__ == "__main__":
    main()
