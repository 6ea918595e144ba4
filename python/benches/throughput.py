"""CPU seconds of the Python package beside the command line's, on the same documents.

    python python/benches/throughput.py DECHAFF CRAWL.jsonl

One thread each; what reading and writing JSON costs the command line is part of its figure, and what
making lists and tables costs Python is not part of Python's: they are given to it.
"""

import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import pyarrow as pa

import dechaff
from dechaff import batch

BATCH = 4096


def cpu(who):
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def spent(act, who=resource.RUSAGE_SELF):
    before = cpu(who)
    act()
    return cpu(who) - before


def main(program, crawl):
    with open(crawl, encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    texts, sites, ids = ([record[name] for record in records] for name in ("text", "site", "id"))
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    table = pa.table({"text": texts, "site": sites, "id": ids, "n": range(len(texts))})
    cuts = [slice(at, at + BATCH) for at in range(0, len(texts), BATCH)]
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        index = str(Path(folder, "index"))
        options = ["--threads", "1", "-q"]
        run = lambda *typed: subprocess.run([program, *typed, *options], check=True)
        child = resource.RUSAGE_CHILDREN
        figures["learn, command line"] = spent(lambda: run("learn", crawl, "-o", index), child)
        out = [str(Path(folder, name)) for name in ("out.jsonl", "removed.jsonl")]
        strip = ["strip", crawl, "--index", index, "-o", out[0]]
        figures["strip, command line"] = spent(lambda: run(*strip), child)
        figures["strip with audit, command line"] = spent(lambda: run(*strip, "--removed", out[1]), child)

        def sketched():
            for cut in table.to_batches(max_chunksize=BATCH):
                batch.sketch(cut, order="n", threads=1)

        part = lambda: batch.sketch(table, order="n", threads=1)
        figures["batch.sketch, one part"] = spent(part)
        figures["batch.sketch, a part a batch"] = spent(sketched)
        fit = dechaff.Stripper(threads=1)
        figures["Stripper.partial_fit, lists"] = spent(
            lambda: [fit.partial_fit(texts[cut], sites[cut], ids[cut]) for cut in cuts]
        )
        stripper = dechaff.Stripper.load(index, threads=1)
        figures["Stripper.transform, lists"] = spent(
            lambda: [stripper.transform(texts[cut], sites[cut], ids[cut]) for cut in cuts]
        )
        column = lambda cut: [table[name][cut] for name in ("text", "site", "id")]
        figures["Stripper.transform, Arrow columns"] = spent(
            lambda: [stripper.transform(*column(cut)) for cut in cuts]
        )
        pieces = table.to_batches(max_chunksize=BATCH)
        figures["batch.strip, Arrow"] = spent(
            lambda: [batch.strip(piece, stripper, order="n") for piece in pieces]
        )
        figures["batch.strip with removed, Arrow"] = spent(
            lambda: [batch.strip(piece, stripper, order="n", removed="removed") for piece in pieces]
        )
    print(f"{len(texts)} documents, {megabytes:.1f} MB of text; CPU seconds, one thread")
    for name, seconds in figures.items():
        print(f"{name:<36}{seconds:8.2f} s {megabytes / seconds:8.1f} MB/s")


if __name__ == "__main__":
    main(*sys.argv[1:])
