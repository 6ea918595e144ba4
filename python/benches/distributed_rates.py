"""What each step of a distributed run costs: CPU seconds, bytes, and the memory of a merge.

    python python/benches/distributed_rates.py CRAWL.jsonl --reducers 64

The steps are those of `dechaff.spark`, one behind the other in one process and one thread; what
Spark itself adds is not part of it.
"""

import argparse
import json
import multiprocessing
import resource
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

import dechaff
from dechaff import batch

#: Text of one part, and of one batch that is judged, in bytes.
PART_BYTES, BATCH_BYTES = 64 << 20, 4 << 20
NAMES = ("text", "site", "id", "n")


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def tables(path, limit):
    """The crawl in tables of so many bytes of text, with the size of each."""
    held, size = {name: [] for name in NAMES}, 0
    with open(path, encoding="utf-8") as lines:
        for n, line in enumerate(lines):
            record = {**json.loads(line), "n": n}
            for name in NAMES:
                held[name].append(record.get(name))
            size += len(record["text"].encode("utf-8", "surrogatepass"))
            if size >= limit:
                yield pa.table(held), size
                held, size = {name: [] for name in NAMES}, 0
    if size:
        yield pa.table(held), size


def of(rows, low, high):
    """The rows of the partitions from `low` to below `high`."""
    number = rows["partition"]
    return rows.filter(pc.and_(pc.greater_equal(number, low), pc.less(number, high)))


def nbytes(rows):
    return pc.sum(pc.binary_length(rows["bytes"])).as_py() or 0


def peak(function, given, out):
    """Bytes that calling `function` adds to this process at most."""
    status = lambda name: next(
        int(line.split()[1]) << 10 for line in open("/proc/self/status") if line.startswith(name)
    )
    # What pyarrow loads with its first table is not theirs.
    batch.number(pa.table({"part": pa.array([], "int64"), "partition": pa.array([], "int32"), "bytes": pa.array([], "binary")}))
    before = status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    function(*given)
    out.send(status("VmHWM") - before)


def memory_of(function, *given):
    """The same in a process of its own, which has no memory to use again."""
    ours, theirs = multiprocessing.Pipe()
    child = multiprocessing.get_context("spawn").Process(target=peak, args=(function, given, theirs))
    child.start()
    made = ours.recv()
    child.join()
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("crawl")
    parser.add_argument("--reducers", type=int, default=64)
    given = parser.parse_args()
    text, number, parts, spent = 0, 0, [], {}
    for table, size in tables(given.crawl, PART_BYTES):
        text, number, before = text + size, number + len(table), cpu()
        parts.append(batch.sketch(table, order="n", threads=1))
        spent["sketch"] = spent.get("sketch", 0) + cpu() - before
    rows = pa.concat_tables(parts)
    documents = of(rows, batch.DOCUMENTS, batch.DOCUMENTS + 1)
    cuts = [256 * at // given.reducers for at in range(given.reducers + 1)]
    reducers = [of(rows, low, high) for low, high in zip(cuts, cuts[1:])]
    moved = {"sketch": nbytes(rows), "of which documents": nbytes(documents)}
    before = cpu()
    numbers = batch.number(documents)
    spent["number"] = cpu() - before
    moved["number"] = nbytes(numbers)
    numbering = memory_of(batch.number, documents)
    print(f"numbering: {numbering / 1e6:.0f} MB of memory, {numbering / number:.0f} bytes a document")
    for name, cut in (("one reducer's counts", reducers[0]), ("one row", reducers[0].slice(0, 1))):
        made = memory_of(batch.merge, numbers, cut)
        print(f"merge of {name} ({nbytes(cut) / 1e6:.1f} MB): {made / 1e6:.1f} MB of memory")
    before = cpu()
    merged = [batch.merge(numbers, reducer) for reducer in reducers]
    spent["merge"] = cpu() - before
    moved["merge"] = sum(map(nbytes, merged))
    before = cpu()
    joined = [batch.join(numbers, reducer) for reducer in reducers]
    spent["join"] = cpu() - before
    for name, at in (("shared", 0), ("of the parts", 1)):
        moved[f"join, {name}"] = sum(nbytes(made[at]) for made in joined)
    del joined
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder, "index")
        before = cpu()
        batch.assemble(documents, merged, index)
        spent["assemble"] = cpu() - before
        moved["assemble"] = index.stat().st_size
        del rows, parts, merged, reducers
        before = cpu()
        stripper = dechaff.Stripper.load(index, threads=1)
        spent["open the index"] = cpu() - before
        spent["strip"] = spent["strip with audit"] = 0
        for table, _ in tables(given.crawl, BATCH_BYTES):
            for step, removed in (("strip", None), ("strip with audit", "removed")):
                before = cpu()
                batch.strip(table, stripper, order="n", removed=removed)
                spent[step] += cpu() - before
    print(f"{number} documents, {text / 1e6:.1f} MB of text")
    for step, seconds in spent.items():
        print(f"{step}: {seconds:.2f} s, {text / 1e6 / seconds:.1f} MB a CPU second")
    for step, size in moved.items():
        print(f"{step}: {size / 1e6:.1f} MB of rows, {size / text:.3f} bytes a byte of text")


if __name__ == "__main__":
    main()
