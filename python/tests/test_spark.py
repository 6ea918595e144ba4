"""Spark with executors of its own: text and audit as the command line's, however it is cut."""

import json
import os
import signal
from pathlib import Path

import pytest

pytest.importorskip("pyspark")
import shutil

if shutil.which("java") is None:
    pytest.skip("Spark needs Java 17", allow_module_level=True)

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

import dechaff.spark


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    import sys

    os.environ["PYSPARK_PYTHON"] = sys.executable
    session = (
        SparkSession.builder.master("local-cluster[2,1,1024]")
        .appName("dechaff")
        .config("spark.driver.maxResultSize", "16m")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "4")
        .config("spark.local.dir", str(tmp_path_factory.mktemp("spark")))
        .getOrCreate()
    )
    yield session
    session.stop()


@pytest.fixture(scope="module")
def frame(spark, crawl):
    schema = "id string, url string, site string, text string, n long"
    return spark.read.schema(schema).json(str(crawl.path))


def text_of(cleaned):
    return [row["text"] for row in sorted(cleaned.select("n", "text").toLocalIterator(), key=lambda row: row["n"])]


def audit_of(rows):
    keys = ("id", "site", "start", "end", "reason", "text")
    return [(*(row[key] for key in keys), row["evidence"]) for row in rows]


@pytest.mark.parametrize("join", [False, True])
@pytest.mark.parametrize("partitions", [4, 64])
def test_text_and_audit_are_the_command_lines(frame, crawl, tmp_path, partitions, join):
    cut = frame.repartition(partitions)
    given = {"work": str(tmp_path), "order": "n", "removed": "removed", "reducers": 8, "join": join}
    cleaned = dechaff.spark.clean(cut, **given)
    rows = sorted(cleaned.toLocalIterator(), key=lambda row: row["n"])
    assert [row["url"] for row in rows] == [record["url"] for record in crawl.records]
    assert [row["text"] for row in rows] == crawl.cleaned
    removed = [
        {**removal.asDict(), "id": row["id"], "site": row["site"], "evidence": json.loads(removal["evidence"])}
        for row in rows
        for removal in row["removed"]
    ]
    assert audit_of(removed) == audit_of(crawl.audit)


def test_learn_strip_and_audit(frame, crawl, tmp_path):
    index = tmp_path / "crawl.idx"
    learned = dechaff.spark.learn(frame.repartition(3), str(index), work=str(tmp_path), order="n", reducers=4)
    assert learned == len(crawl.records)
    assert [path.name for path in tmp_path.iterdir()] == ["crawl.idx"]
    assert text_of(dechaff.spark.strip(frame, str(index), order="n")) == crawl.cleaned
    rows = dechaff.spark.audit(frame, str(index), order="n").orderBy("n", "start").toLocalIterator()
    keys = ("id", "site", "start", "end", "reason", "text")
    assert [tuple(row[key] for key in keys) for row in rows] == [tuple(r[key] for key in keys) for r in crawl.audit]
    # The index is the command line's own kind: a stripper on one machine reads it too.
    stripper = dechaff.Stripper.load(index)
    texts, sites, ids = ([record[name] for record in crawl.records] for name in ("text", "site", "id"))
    assert stripper.transform(texts, sites, ids) == crawl.cleaned


@pytest.mark.parametrize("parts_max", [0, 2, 1000])
def test_what_is_shared_and_what_is_joined_does_not_show(spark, frame, crawl, tmp_path, monkeypatch, parts_max):
    # Many small parts in each task.
    monkeypatch.setattr(dechaff.spark, "PART_BYTES", 1 << 16)
    monkeypatch.setattr(dechaff.spark, "PARTS_MAX", parts_max)
    batch = "spark.sql.execution.arrow.maxRecordsPerBatch"
    before = spark.conf.get(batch)
    spark.conf.set(batch, "20")
    try:
        cleaned = dechaff.spark.clean(frame.repartition(3), work=str(tmp_path), order="n", reducers=5, join=True)
        assert text_of(cleaned) == crawl.cleaned
        assert text_of(cleaned) == crawl.cleaned, "a result can be used again"
    finally:
        spark.conf.set(batch, before)
    left = [path.name for path in next(tmp_path.iterdir()).iterdir()]
    assert sorted(left) == ["inputs", "joined", "shared.idx"]


def test_a_join_gives_every_row_back(spark, frame, tmp_path):
    """Those without a text, and those that are there twice, too."""
    few = frame.where("n < 40")
    given = few.union(few.where("n < 5")).union(few.where("n < 3").withColumn("text", F.lit(None)))
    for cut in (given.coalesce(1), few.repartition(2).union(few.repartition(2)), few.where("n < 0")):
        whole, joined = (
            dechaff.spark.clean(cut, work=str(tmp_path), order="n", removed="gone", join=join)
            for join in (False, True)
        )
        keys = lambda row: (row["n"], row["text"] or "", str(row["gone"]))
        rows = sorted(whole.toLocalIterator(), key=keys)
        assert sorted(joined.toLocalIterator(), key=keys) == rows
        assert joined.schema == whole.schema


@pytest.mark.parametrize("join", [False, True])
def test_a_killed_executor_does_not_change_the_result(frame, crawl, tmp_path, join):
    struck = str(tmp_path / "struck")

    def strike(batches):
        for batch in batches:
            try:
                os.close(os.open(struck, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                yield batch
                continue
            daemon = os.getppid()
            status = Path(f"/proc/{daemon}/status").read_text()
            executor = next(line.split()[1] for line in status.splitlines() if line.startswith("PPid:"))
            os.kill(int(executor), signal.SIGKILL)
            yield batch

    cut = frame.repartition(6).mapInArrow(strike, frame.schema)
    work = str(tmp_path / "work")
    cleaned = dechaff.spark.clean(cut, work=work, order="n", reducers=4, join=join)
    assert text_of(cleaned) == crawl.cleaned
    assert os.path.exists(struck)


def test_without_an_order_partitions_do_not_show(frame, tmp_path):
    made = [
        text_of(dechaff.spark.clean(frame.repartition(n), work=str(tmp_path), reducers=2))
        for n in (1, 5)
    ]
    assert made[0] == made[1]


@pytest.mark.parametrize("join", [False, True])
def test_one_site_with_most_documents_does_not_break(spark, frame, crawl, tmp_path, join):
    skewed = frame.withColumn("site", F.expr("if(n % 20 = 0, site, 'large.example')"))
    table = skewed.orderBy("n").toPandas()
    expected = dechaff.clean(table["text"], table["site"], table["id"]).to_list()
    cut = skewed.repartition(7, "site")
    made = dechaff.spark.clean(cut, work=str(tmp_path), order="n", reducers=3, join=join)
    assert text_of(made) == expected


def test_an_index_from_elsewhere_is_copied_once_an_executor(spark, tmp_path):
    import pyarrow
    from pyarrow.fs import LocalFileSystem, SubTreeFileSystem

    from dechaff.spark import _copied

    (tmp_path / "made.idx").write_bytes(bytes(range(256)) * 4000)
    elsewhere = SubTreeFileSystem(str(tmp_path), LocalFileSystem())

    def copied(batches):
        from concurrent.futures import ThreadPoolExecutor

        for batch in batches:
            with ThreadPoolExecutor(4) as pool:
                paths = list(pool.map(lambda _: _copied(elsewhere, "made.idx", (1,)), range(4)))
            assert all(path.startswith(os.environ["SPARK_LOCAL_DIRS"]) for path in paths)
            yield pyarrow.record_batch({"path": paths, "inode": [os.stat(path).st_ino for path in paths]})

    rows = spark.range(8, numPartitions=8).mapInArrow(copied, "path string, inode long").toLocalIterator()
    copies = {(row["path"], row["inode"]) for row in rows}
    assert 1 <= len(copies) <= 2
    for path, _ in copies:
        assert Path(path).read_bytes() == (tmp_path / "made.idx").read_bytes()
