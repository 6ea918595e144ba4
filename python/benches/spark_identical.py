"""Holds that Spark gives the command line's text and audit on a crawl, and counts what it moves.

    python python/benches/spark_identical.py DECHAFF CRAWL.jsonl WORK --partitions 4 64

WORK is a folder with room for a few times the crawl. Executors are processes of their own
(`local-cluster[2,1,1024]`), and the driver may collect no more than 16 MB. With `--kill 64`, each
stage of the run with 64 partitions loses one of them after a few seconds. With `--join`, nobody opens
the whole index, and `--part-bytes` makes smaller parts, for what a larger crawl would show.
"""

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path

import pyarrow.dataset

KEYS = ("id", "site", "start", "end", "reason", "text")


def digest(text, removals):
    """What a document became, in a few bytes."""
    audit = [[*(row[key] for key in KEYS), row["evidence"]] for row in removals]
    spelled = json.dumps([text, audit], ensure_ascii=False, sort_keys=True)
    return hashlib.blake2b(spelled.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def rows(path):
    with open(path, encoding="utf-8", newline="\n") as lines:
        yield from map(json.loads, lines)


def expected(program, crawl, work):
    """The digests by the command line, and the crawl with a number on each record."""
    numbered = work / "numbered.jsonl"
    with open(numbered, "w", encoding="utf-8") as out:
        for n, record in enumerate(rows(crawl)):
            kept = {name: record.get(name) for name in ("id", "site", "text")}
            out.write(json.dumps({**kept, "n": n}) + "\n")
    cleaned, removed = work / "cleaned.jsonl", work / "removed.jsonl"
    typed = [program, "clean", numbered, "-o", cleaned, "--removed", removed, "-q"]
    before = time.monotonic()
    subprocess.run(typed, check=True)
    print(f"command line: {time.monotonic() - before:.0f} s", flush=True)
    audit, spans = iter(rows(removed)), 0
    row, made = next(audit, None), []
    for n, record in enumerate(rows(cleaned)):
        own = []
        while row is not None and row["record"] == n:
            own.append(row)
            row = next(audit, None)
        spans += len(own)
        made.append(digest(record["text"], own))
    assert row is None
    print(f"{len(made)} documents, {spans} audit rows", flush=True)
    return made, numbered


def session(work):
    os.environ["PYSPARK_PYTHON"] = sys.executable
    from pyspark.sql import SparkSession

    events = work / "events"
    events.mkdir(exist_ok=True)
    settings = {
        "spark.driver.maxResultSize": "16m",
        "spark.ui.enabled": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.local.dir": str(work / "spark"),
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": f"file://{events}",
        "spark.eventLog.rolling.enabled": "false",
        "spark.eventLog.compress": "false",
    }
    builder = SparkSession.builder.master("local-cluster[2,1,1024]").appName("dechaff")
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def executors(spark):
    """Process ids of the executors, which are children of the driver's JVM."""
    jvm = spark.sparkContext._gateway.proc.pid
    listed = subprocess.run(["ps", "--ppid", str(jvm), "-o", "pid=,args="], capture_output=True, text=True)
    return [int(line.split()[0]) for line in listed.stdout.splitlines() if "ExecutorBackend" in line]


def kill(spark, seconds, done):
    """Kills one executor in each stage that lives for so many seconds, until `done`."""
    tracker, began, struck = spark.sparkContext.statusTracker(), {}, set()
    while not done.wait(0.5):
        now = time.monotonic()
        for stage in tracker.getActiveStageIds():
            alive = executors(spark)
            if stage not in struck and now - began.setdefault(stage, now) > seconds and alive:
                struck.add(stage)
                os.kill(alive[0], signal.SIGKILL)
                print(f"stage {stage}: executor {alive[0]} killed", flush=True)


def found(made):
    """The digests of what Spark wrote, by the number of the record."""
    digests = {}
    for batch in pyarrow.dataset.dataset(str(made)).to_batches(batch_size=1000):
        for row in batch.to_pylist():
            own = [{**r, "id": row["id"], "site": row["site"]} for r in row["removed"]]
            for removal in own:
                removal["evidence"] = json.loads(removal["evidence"])
            digests[row["n"]] = digest(row["text"], own)
    return digests


def left(folder):
    """What lies in the working folder, by name."""
    sizes = defaultdict(int)
    for path in folder.rglob("*"):
        if path.is_file():
            sizes["/".join(path.relative_to(folder).parts[1:2]) or "index"] += path.stat().st_size
    return ", ".join(f"{name} {size / 1e6:.1f} MB" for name, size in sorted(sizes.items()))


def moved(events):
    """Tasks that ran, and the bytes that they shuffled and wrote, by stage."""
    tasks, shuffled, written = defaultdict(int), defaultdict(int), defaultdict(int)
    for path in Path(events).iterdir():
        for event in rows(path):
            if event["Event"] == "SparkListenerTaskEnd" and event.get("Task Metrics"):
                metrics = event["Task Metrics"]
                tasks[event["Stage ID"]] += 1
                shuffled[event["Stage ID"]] += metrics["Shuffle Write Metrics"]["Shuffle Bytes Written"]
                written[event["Stage ID"]] += metrics["Output Metrics"]["Bytes Written"]
    return {stage: (tasks[stage], shuffled[stage], written[stage]) for stage in sorted(tasks)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("crawl")
    parser.add_argument("work", type=Path)
    parser.add_argument("--partitions", type=int, nargs="+", default=[4, 64])
    parser.add_argument("--kill", type=int, nargs="+", default=[], help="in these runs, kill executors")
    parser.add_argument("--join", action="store_true", help="as clean(..., join=True)")
    parser.add_argument("--part-bytes", type=int, help="in place of dechaff.spark.PART_BYTES")
    given = parser.parse_args()
    work = given.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    reference, numbered = expected(given.program, given.crawl, work)
    spark = session(work)
    import dechaff.spark

    if given.part_bytes is not None:
        dechaff.spark.PART_BYTES = given.part_bytes
        spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", "500")
    frame = spark.read.schema("id string, site string, text string, n long").json(str(numbered))
    differ = 0
    for partitions in given.partitions:
        done = threading.Event()
        if partitions in given.kill:
            threading.Thread(target=kill, args=(spark, 3, done), daemon=True).start()
        before = time.monotonic()
        cut = frame.repartition(partitions)
        options = {"work": str(work / "index"), "order": "n", "removed": "removed"}
        cleaned = dechaff.spark.clean(cut, **options, join=given.join)
        print(f"{partitions} partitions: {left(work / 'index')}", flush=True)
        made = work / f"made-{partitions}"
        cleaned.write.mode("overwrite").parquet(str(made))
        seconds = time.monotonic() - before
        done.set()
        digests = found(made)
        wrong = [n for n, one in enumerate(reference) if digests.get(n) != one]
        differ += len(wrong) + abs(len(digests) - len(reference))
        print(f"{partitions} partitions: {seconds:.0f} s, {len(wrong)} documents differ {wrong[:5]}", flush=True)
        shutil.rmtree(made)
        shutil.rmtree(work / "index")
    spark.stop()
    for stage, (tasks, shuffled, written) in moved(work / "events").items():
        if shuffled or written:
            sizes = f"{shuffled / 1e6:.1f} MB shuffled, {written / 1e6:.1f} MB written"
            print(f"stage {stage}, {tasks} tasks: {sizes}")
    sys.exit(1 if differ else 0)


if __name__ == "__main__":
    main()
