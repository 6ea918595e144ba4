"""Apache Spark: the same verdicts as the command line, beyond one machine.

::

    import dechaff.spark

    cleaned = dechaff.spark.clean(crawl, order="n", work="s3a://bucket/dechaff")

    dechaff.spark.learn(crawl, "s3a://bucket/crawl.idx", order="n", work="s3a://bucket/dechaff")
    cleaned = dechaff.spark.strip(crawl, "s3a://bucket/crawl.idx", order="n")
    audit = dechaff.spark.audit(crawl, "s3a://bucket/crawl.idx", order="n")

Documents are counted where they lie, a part of the documents at a time; the counts are shuffled
and added by fingerprint, and written partition by partition to a folder that all executors reach;
executors then read the index from there. The driver sees neither rows nor the index. "First copy"
is decided by the order column, so the result does not depend on how the data is partitioned.

The package must be installed where executors run.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pyarrow
import pyarrow.compute
import pyarrow.dataset
import pyarrow.fs
from pyspark.sql import functions as F
from pyspark.sql import types as T

from . import _dechaff
from ._stripper import Stripper, columns, settings

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

#: Text that is counted as one part, in bytes; its counts are about as large.
PART_BYTES = 64 << 20
#: Counts that a merge holds at a time, in bytes.
MERGE_BYTES = 256 << 20
#: Rows of counts that Spark hands over at a time; each is up to a few hundred kilobytes.
MERGE_ROWS = 256

_ROWS = "part long, partition int, bytes binary, kind string"
_ORDER = "__dechaff_order"
_REMOVED = "__dechaff_removed"
_REMOVED_TYPE = T.ArrayType(
    T.StructType(
        [
            T.StructField("start", T.LongType(), False),
            T.StructField("end", T.LongType(), False),
            T.StructField("reason", T.StringType(), False),
            T.StructField("text", T.StringType(), False),
            T.StructField("evidence", T.StringType(), False),
        ]
    )
)

Batches = Iterator[pyarrow.RecordBatch]


def clean(
    df: DataFrame,
    *,
    work: str,
    text: str = "text",
    site: str | None = "site",
    id: str | None = "id",
    order: str | None = None,
    removed: str | None = None,
    reducers: int = 64,
    **options: Any,
) -> DataFrame:
    """The rows of ``df`` with their texts cleaned by what they themselves show.

    Counts at once, strips when the result is used. The counts lie in the folder ``work`` (a path
    or URI that driver and executors reach) until you delete it; ``df`` is read twice. See
    :func:`learn` and :func:`strip` for the other arguments.
    """
    index = f"{work.rstrip('/')}/clean-{uuid.uuid4().hex}.idx"
    names: dict[str, Any] = {"text": text, "site": site, "id": id, "order": order}
    _learn(df, index, work, reducers, ("omit", "repeated"), names, options)
    return strip(df, index, **names, removed=removed, **options)


def learn(
    df: DataFrame,
    index: str,
    *,
    work: str,
    text: str = "text",
    site: str | None = "site",
    id: str | None = "id",
    order: str | None = None,
    reducers: int = 64,
    **options: Any,
) -> int:
    """Counts the rows of ``df`` into the index file ``index``; gives their number.

    ``order`` is an integer, or a date or time; it should be unique, and is decided by ``id`` and
    ``text`` where it is not. Without it "first" means the least hash of ``id`` and ``text``: the
    same for every partitioning, but of no meaning. ``reducers`` is in how many tasks (at most 256)
    counts are added. ``options`` are those of :class:`dechaff.Stripper`.
    """
    names: dict[str, Any] = {"text": text, "site": site, "id": id, "order": order}
    return _learn(df, index, work, reducers, ("keep", "all"), names, options)


def strip(
    df: DataFrame,
    index: str,
    *,
    text: str = "text",
    site: str | None = "site",
    id: str | None = "id",
    order: str | None = None,
    removed: str | None = None,
    **options: Any,
) -> DataFrame:
    """The rows of ``df`` with their texts cleaned by an index file, a path or URI.

    With ``removed``, a column of that name lists the removed spans: ``start`` and ``end`` in bytes
    of the UTF-8 text, ``reason``, ``text``, and ``evidence`` in JSON.
    """
    names: dict[str, Any] = {"text": text, "site": site, "id": id, "order": _ORDER}
    options = {**options, "threads": 1}

    def stripped(batches: Batches) -> Batches:
        stripper = _loaded(index, options)
        for batch in batches:
            table = pyarrow.Table.from_batches([batch])
            made = stripper.transform_table(table, **names, removed=removed)
            yield from made.drop_columns([_ORDER]).to_batches()

    fields = list(df.schema.fields)
    if removed is not None:
        fields.append(T.StructField(removed, _REMOVED_TYPE))
    ordered = df.withColumn(_ORDER, _order_of(df, {**names, "order": order}))
    return ordered.mapInArrow(stripped, T.StructType(fields))


def audit(
    df: DataFrame,
    index: str,
    *,
    text: str = "text",
    site: str | None = "site",
    id: str | None = "id",
    order: str | None = None,
    **options: Any,
) -> DataFrame:
    """One row for each span that :func:`strip` removes: why it went, and by what evidence."""
    names: dict[str, Any] = {"text": text, "site": site, "id": id, "order": order}
    judged = strip(df, index, **names, removed=_REMOVED, **options)
    kept = list(dict.fromkeys(name for name in (id, site, order) if name is not None))
    rows = judged.select(*kept, F.explode(_REMOVED).alias(_REMOVED))
    return rows.select(*kept, f"{_REMOVED}.*")


def _learn(
    df: DataFrame,
    index: str,
    work: str,
    reducers: int,
    kinds: tuple[str, str],
    names: dict[str, Any],
    options: dict[str, Any],
) -> int:
    texts, keep = kinds
    folder = f"{_uri(work).rstrip('/')}/{uuid.uuid4().hex}"
    try:
        _sketch(df, folder, texts, names, options)
        _merge(df.sparkSession, folder, reducers, keep)
        return _assemble(df.sparkSession, folder, keep, index)
    finally:
        files, path = _place(folder)
        if files.get_file_info(path).type == pyarrow.fs.FileType.Directory:
            files.delete_dir(path)


def _sketch(
    df: DataFrame, folder: str, texts: str, names: dict[str, Any], options: dict[str, Any]
) -> None:
    """Writes the rows of all parts; what later steps read does not change when a task is run again."""
    given = settings(**{**options, "threads": 1})
    mapped = columns(**{**names, "order": _ORDER})

    def sketched(batches: Batches) -> Batches:
        part = _dechaff.Part(given, texts)
        for batch in batches:
            if part.add(batch, mapped) >= PART_BYTES:
                yield from _rows(part)
        yield from _rows(part)

    used = dict.fromkeys(name for name in mapped.values() if name not in (None, _ORDER))
    ordered = df.withColumn(_ORDER, _order_of(df, names)).select(*used, _ORDER)
    rows = ordered.mapInArrow(sketched, _ROWS)
    rows.write.partitionBy("kind").option("compression", "zstd").parquet(f"{folder}/rows")


def _rows(part: _dechaff.Part) -> Batches:
    """The rows of a part, one batch each, so that no batch is large."""
    table = pyarrow.table(part.rows())
    table = table.set_column(2, "bytes", table["bytes"].cast(pyarrow.binary()))
    for batch in table.to_batches(max_chunksize=1):
        is_documents = batch["partition"][0].as_py() == 256
        kind = pyarrow.array(["documents" if is_documents else "counts"])
        yield batch.append_column("kind", kind)


def _merge(spark: SparkSession, folder: str, reducers: int, keep: str) -> None:
    def merged(batches: Batches) -> Batches:
        documents = None
        for rows in _groups(batches):
            documents = _documents(folder) if documents is None else documents
            table = pyarrow.table(_dechaff.merge(documents, rows, keep))
            for row in table.to_batches(max_chunksize=1):
                partition = row["partition"][0].as_py()
                _write(f"{folder}/merged/{partition:03}", _packed(row))
                yield pyarrow.record_batch({"partition": row["partition"]})

    name = "spark.sql.execution.arrow.maxRecordsPerBatch"
    before = str(spark.conf.get(name))
    try:
        spark.conf.set(name, str(MERGE_ROWS))
        rows = spark.read.schema(_ROWS).parquet(f"{folder}/rows")
        counts = rows.where("kind = 'counts'").select("part", "partition", "bytes")
        grouped = counts.repartition(reducers, "partition").sortWithinPartitions("partition")
        grouped.mapInArrow(merged, "partition int").agg(F.count("partition")).collect()
    finally:
        spark.conf.set(name, before)


def _groups(batches: Batches) -> Iterator[pyarrow.Table]:
    """Whole partitions at a time, as many as fit in :data:`MERGE_BYTES`."""
    held: list[pyarrow.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        if sum(batch.nbytes for batch in held) < MERGE_BYTES:
            continue
        table = pyarrow.Table.from_batches(held)
        last = table["partition"][-1].as_py()
        whole = table.filter(pyarrow.compute.field("partition") != last)
        if whole.num_rows > 0:
            yield whole
            held = table.filter(pyarrow.compute.field("partition") == last).to_batches()
    if held:
        yield pyarrow.Table.from_batches(held)


def _assemble(spark: SparkSession, folder: str, keep: str, index: str) -> int:
    def assembled(batches: Batches) -> Batches:
        for batch in batches:
            for _ in range(batch.num_rows):
                with tempfile.TemporaryDirectory() as local:
                    path = os.path.join(local, "index")
                    _dechaff.assemble(_documents(folder), _merged(folder), keep, path)
                    documents = Stripper.load(path).documents
                    _write(index, path)
                yield pyarrow.record_batch({"documents": pyarrow.array([documents])})

    done = spark.range(1, numPartitions=1).mapInArrow(assembled, "documents long").collect()
    return done[0]["documents"]


def _documents(folder: str) -> pyarrow.Table:
    files, path = _place(f"{folder}/rows/kind=documents")
    if files.get_file_info(path).type == pyarrow.fs.FileType.NotFound:
        return pyarrow.table(_dechaff.Part(settings(), "omit").rows())
    return pyarrow.dataset.dataset(path, filesystem=files, format="parquet").to_table()


def _merged(folder: str) -> Iterator[pyarrow.Table]:
    files, path = _place(f"{folder}/merged")
    selector = pyarrow.fs.FileSelector(path, allow_not_found=True)
    # Numbers of three digits; anything else is what a killed task left.
    found = [info for info in files.get_file_info(selector) if re.fullmatch(r"\d{3}", info.base_name)]
    for info in sorted(found, key=lambda info: info.base_name):
        with files.open_input_file(info.path) as source, pyarrow.ipc.open_file(source) as rows:
            yield rows.read_all()


def _packed(row: pyarrow.RecordBatch) -> bytes:
    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_file(sink, row.schema) as writer:
        writer.write_batch(row)
    return sink.getvalue()


def _write(target: str, content: Any) -> None:
    """Writes bytes, or a local file given by its path; the name appears when all is there.

    A task that is run again, or twice at once, writes the same bytes.
    """
    files, path = _place(target)
    files.create_dir(os.path.dirname(path), recursive=True)
    temporary = f"{path}.{uuid.uuid4().hex}"
    with files.open_output_stream(temporary) as sink:
        if isinstance(content, str):
            with open(content, "rb") as source:
                while piece := source.read(8 << 20):
                    sink.write(piece)
        else:
            sink.write(content)
    files.move(temporary, path)


def _place(path: str) -> tuple[pyarrow.fs.FileSystem, str]:
    uri = re.sub(r"^s3[an]://", "s3://", _uri(path))
    return pyarrow.fs.FileSystem.from_uri(uri)


def _uri(path: str) -> str:
    """Spark and Arrow must mean the same by a path without a scheme: a file."""
    return path if re.match(r"^[a-z][a-z0-9+.-]*:/", path) else f"file://{os.path.abspath(path)}"


#: The index that this worker has open: workers are used for one task after the other.
_open: dict[str, tuple[Any, Stripper]] = {}


def _loaded(index: str, options: dict[str, Any]) -> Stripper:
    files, path = _place(index)
    info = files.get_file_info(path)
    version = (info.size, info.mtime_ns)
    key = (version, repr(sorted(options.items())))
    if index in _open and _open[index][0] == key:
        return _open[index][1]
    _open.clear()
    is_local = isinstance(files, pyarrow.fs.LocalFileSystem)
    file = path if is_local else _copied(files, path, version)
    _open[index] = (key, Stripper.load(file, **options))
    return _open[index][1]


def _copied(files: pyarrow.fs.FileSystem, path: str, version: tuple[Any, ...]) -> str:
    """A copy on the executor's own disk, made once and shared by all of its workers."""
    import fcntl  # Not there on Windows, where Spark has local files only.

    # Spark tells its workers where the executor spills, and clears that when the executor ends.
    spilled = os.environ.get("SPARK_LOCAL_DIRS", tempfile.gettempdir()).split(",")[0]
    name = hashlib.blake2b(repr((path, version)).encode(), digest_size=16).hexdigest()
    local = os.path.join(spilled, f"dechaff-{name}.idx")
    with open(f"{local}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(local):
            pyarrow.fs.copy_files(path, f"{local}.part", files, pyarrow.fs.LocalFileSystem())
            os.replace(f"{local}.part", local)
    return local


def _order_of(df: DataFrame, names: dict[str, Any]) -> Any:
    """The order as an integer or a text that sorts by its digits."""
    order = names["order"]
    if order is None:
        return F.xxhash64(*(name for name in (names["id"], names["text"]) if name is not None))
    kind = df.schema[order].dataType
    return F.col(order).cast("long" if isinstance(kind, T.IntegralType) else "string")
