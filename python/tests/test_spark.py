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


@pytest.mark.parametrize("partitions", [4, 64])
def test_text_and_audit_are_the_command_lines(frame, crawl, tmp_path, partitions):
    cut = frame.repartition(partitions)
    cleaned = dechaff.spark.clean(cut, work=str(tmp_path), order="n", removed="removed", reducers=8)
    rows = sorted(cleaned.toLocalIterator(), key=lambda row: row["n"])
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


def test_a_killed_executor_does_not_change_the_result(frame, crawl, tmp_path):
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
    cleaned = dechaff.spark.clean(cut, work=str(tmp_path / "work"), order="n", reducers=4)
    assert text_of(cleaned) == crawl.cleaned
    assert os.path.exists(struck)


def test_without_an_order_partitions_do_not_show(frame, tmp_path):
    made = [
        text_of(dechaff.spark.clean(frame.repartition(n), work=str(tmp_path), reducers=2))
        for n in (1, 5)
    ]
    assert made[0] == made[1]


def test_one_site_with_most_documents_does_not_break(spark, frame, crawl, tmp_path):
    skewed = frame.withColumn("site", F.expr("if(n % 20 = 0, site, 'large.example')"))
    table = skewed.orderBy("n").toPandas()
    expected = dechaff.clean(table["text"], table["site"], table["id"]).to_list()
    made = dechaff.spark.clean(skewed.repartition(7, "site"), work=str(tmp_path), order="n", reducers=3)
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
