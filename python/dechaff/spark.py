"""Apache Spark: the same verdicts as the command line, beyond one machine.

::

    import dechaff.spark

    cleaned = dechaff.spark.clean(crawl, order="n", work="s3a://bucket/dechaff")

    dechaff.spark.learn(crawl, "s3a://bucket/crawl.idx", order="n", work="s3a://bucket/dechaff")
    cleaned = dechaff.spark.strip(crawl, "s3a://bucket/crawl.idx", order="n")
    audit = dechaff.spark.audit(crawl, "s3a://bucket/crawl.idx", order="n")

Documents are counted where they lie, a part of the documents at a time; the counts are shuffled
and added by fingerprint, and written partition by partition to a folder that all executors reach;
executors then read the index from there. Where it would be too large for them,
``clean(..., join=True)`` gives each part of the documents the sums of what it counted, and no executor
opens the whole. The driver sees neither rows nor the index. "First copy" is decided by the order
column, so the result does not depend on how the data is partitioned.

The package must be installed where executors run.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
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
#: With ``join=True``, sums that more parts counted are shared by all executors and not moved to each.
PARTS_MAX = 8

_COUNTS = "part long, partition int, bytes binary"
_ROWS = f"{_COUNTS}, kind string"
#: Partition of the rows that hold a part's documents, and of those that name what it was counted from.
_DOCUMENTS = 256
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
    join: bool = False,
    **options: Any,
) -> DataFrame:
    """The rows of ``df`` with their texts cleaned by what they themselves show.

    Counts at once, strips when the result is used. The counts lie in the folder ``work`` (a path
    or URI that driver and executors reach) until you delete it; ``df`` is read twice. See
    :func:`learn` and :func:`strip` for the other arguments.

    Every executor opens the whole index, about half the size of the text. With ``join``, the result
    is the same and no executor does: the sums are shuffled to the documents that they were counted
    from, which lie in ``work`` until then, and executors open only what is known of the documents
    and the sums that very many share. ``df`` is then read once.
    """
    names: dict[str, Any] = {"text": text, "site": site, "id": id, "order": order}
    place = f"{work.rstrip('/')}/clean-{uuid.uuid4().hex}"
    if join:
        parts = _learn_joined(df, place, reducers, names, options)
        return _strip_joined(df, place, parts, names, removed, options)
    _learn(df, f"{place}.idx", work, reducers, ("omit", "repeated"), names, options)
    return strip(df, f"{place}.idx", **names, removed=removed, **options)


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

    ordered = df.withColumn(_ORDER, _order_of(df, {**names, "order": order}))
    return ordered.mapInArrow(stripped, _stripped_type(df, removed))


def _stripped_type(df: DataFrame, removed: str | None) -> T.StructType:
    fields = list(df.schema.fields)
    if removed is not None:
        fields.append(T.StructField(removed, _REMOVED_TYPE))
    return T.StructType(fields)


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
        _number(df.sparkSession, folder)
        _merge(df.sparkSession, folder, reducers, keep)
        return _assemble(df.sparkSession, folder, keep, index)
    finally:
        _delete(folder)


def _learn_joined(
    df: DataFrame, place: str, reducers: int, names: dict[str, Any], options: dict[str, Any]
) -> int:
    """Leaves in ``place`` the inputs of all parts, their sums, and what is shared; gives the parts' number."""
    folder = f"{_uri(place)}/counts"
    try:
        _sketch(df, folder, "omit", names, options, inputs=f"{place}/inputs")
        parts = _number(df.sparkSession, folder)
        _join(df.sparkSession, folder, reducers, f"{_uri(place)}/joined")
        _assemble(df.sparkSession, folder, "repeated", f"{place}/shared.idx")
        return parts
    finally:
        _delete(folder)


def _strip_joined(
    df: DataFrame,
    place: str,
    parts: int,
    names: dict[str, Any],
    removed: str | None,
    options: dict[str, Any],
) -> DataFrame:
    names = {**names, "order": _ORDER}
    options = {**options, "threads": 1}

    def stripped(batches: Batches) -> Batches:
        for rows in _parts(batches):
            stripper = _loaded(f"{place}/shared.idx", options)
            is_sum = pyarrow.compute.field("partition") < _DOCUMENTS
            of_part = stripper._of_part(rows.filter(is_sum))
            for name in rows.filter(~is_sum)["bytes"].to_pylist():
                for batch in _kept(f"{place}/inputs/{name.decode()}"):
                    table = pyarrow.Table.from_batches([batch])
                    made = of_part.transform_table(table, **names, removed=removed)
                    yield from made.drop_columns([_ORDER]).to_batches()

    joined = df.sparkSession.read.schema(_COUNTS).parquet(f"{_uri(place)}/joined")
    by_part = joined.repartition(max(parts, 1), "part").sortWithinPartitions("part", "partition")
    return by_part.mapInArrow(stripped, _stripped_type(df, removed))


def _parts(batches: Batches) -> Iterator[pyarrow.Table]:
    """The rows of one part after the other."""
    rows = (batch.slice(at, 1) for batch in batches for at in range(batch.num_rows))
    for _, of_part in itertools.groupby(rows, key=lambda row: row["part"][0].as_py()):
        yield pyarrow.Table.from_batches(of_part)


def _sketch(
    df: DataFrame,
    folder: str,
    texts: str,
    names: dict[str, Any],
    options: dict[str, Any],
    inputs: str | None = None,
) -> None:
    """Writes the rows of all parts; what later steps read does not change when a task is run again.

    With ``inputs``, what each part was counted from is kept in that folder, all columns of it, and
    one more row of the part says under which name.
    """
    given = settings(**{**options, "threads": 1})
    mapped = columns(**{**names, "order": _ORDER})

    def sketched(batches: Batches) -> Batches:
        part, input = _dechaff.Part(given, texts), None
        for batch in batches:
            if inputs is not None:
                input = _Input(inputs, batch.schema) if input is None else input
                input.writer.write_batch(batch)
            if part.add(batch, mapped) >= PART_BYTES:
                yield from _rows(part, input)
                input = None
        yield from _rows(part, input)

    used = dict.fromkeys(name for name in mapped.values() if name not in (None, _ORDER))
    ordered = df.withColumn(_ORDER, _order_of(df, names))
    ordered = ordered.select(*used, _ORDER) if inputs is None else ordered
    rows = ordered.mapInArrow(sketched, _ROWS)
    rows.write.partitionBy("kind").option("compression", "zstd").parquet(f"{folder}/rows")


class _Input:
    """A file of what one part is counted from.

    Its name is new, so that a task that is run again leaves what another one wrote.
    """

    def __init__(self, folder: str, schema: pyarrow.Schema) -> None:
        self.name = uuid.uuid4().hex
        files, path = _place(f"{folder}/{self.name}")
        files.create_dir(os.path.dirname(path), recursive=True)
        self._sink = files.open_output_stream(path)
        packed = pyarrow.ipc.IpcWriteOptions(compression="zstd")
        self.writer = pyarrow.ipc.new_stream(self._sink, schema, options=packed)

    def close(self) -> str:
        self.writer.close()
        self._sink.close()
        return self.name


def _kept(path: str) -> Batches:
    files, path = _place(path)
    with files.open_input_stream(path) as source, pyarrow.ipc.open_stream(source) as batches:
        yield from batches


def _rows(part: _dechaff.Part, input: _Input | None) -> Batches:
    """The rows of a part, one batch each, so that no batch is large."""
    for batch in _batches(part.rows(), 1):
        is_documents = batch["partition"][0].as_py() == _DOCUMENTS
        if is_documents and input is not None:
            named = pyarrow.array([input.close().encode()], pyarrow.binary())
            yield batch.set_column(2, "bytes", named).append_column("kind", pyarrow.array(["inputs"]))
        kind = pyarrow.array(["documents" if is_documents else "counts"])
        yield batch.append_column("kind", kind)


def _batches(rows: Any, size: int) -> Batches:
    """Rows of the engine as Spark takes them."""
    for batch in pyarrow.table(rows).to_batches(max_chunksize=size):
        yield batch.set_column(2, "bytes", batch["bytes"].cast(pyarrow.binary()))


def _number(spark: SparkSession, folder: str) -> int:
    """Numbers all documents, for the tasks that add counts; gives the number of parts."""

    def numbered() -> int:
        numbers = pyarrow.table(_dechaff.number(_documents(folder)))
        with tempfile.TemporaryDirectory() as local:
            path = os.path.join(local, "numbers")
            with pyarrow.OSFile(path, "wb") as sink, pyarrow.ipc.new_file(sink, numbers.schema) as out:
                out.write_table(numbers, max_chunksize=1)
            _write(f"{folder}/numbers", path)
        # The last row is of all parts.
        return numbers.num_rows - 1

    return _once(spark, numbered)


def _numbers(folder: str) -> pyarrow.Table:
    """What :func:`_number` wrote; not read, but mapped, where it is a file."""
    files, path = _place(f"{folder}/numbers")
    is_local = isinstance(files, pyarrow.fs.LocalFileSystem)
    with pyarrow.memory_map(path) if is_local else files.open_input_file(path) as source:
        return pyarrow.ipc.open_file(source).read_all()


def _merge(spark: SparkSession, folder: str, reducers: int, keep: str) -> None:
    def merged(batches: Batches) -> Batches:
        numbers = None
        for rows in _groups(batches):
            numbers = _numbers(folder) if numbers is None else numbers
            yield from _written(folder, _dechaff.merge(numbers, rows, keep))

    with _small_batches(spark):
        merged_rows = _counts(spark, folder, reducers).mapInArrow(merged, "partition int")
        merged_rows.agg(F.count("partition")).collect()


def _join(spark: SparkSession, folder: str, reducers: int, target: str) -> None:
    parts_max = PARTS_MAX

    def joined(batches: Batches) -> Batches:
        numbers = None
        for rows in _groups(batches):
            numbers = _numbers(folder) if numbers is None else numbers
            shared, parts = _dechaff.join(numbers, rows, parts_max)
            for _ in _written(folder, shared):
                pass
            yield from _batches(parts, 64)

    with _small_batches(spark):
        sums = _counts(spark, folder, reducers).mapInArrow(joined, _COUNTS)
        inputs = spark.read.schema(_ROWS).parquet(f"{folder}/rows").where("kind = 'inputs'")
        everything = sums.union(inputs.select("part", "partition", "bytes"))
        everything.write.option("compression", "zstd").parquet(target)


def _counts(spark: SparkSession, folder: str, reducers: int) -> DataFrame:
    """The counts of all parts, whole partitions in a task."""
    rows = spark.read.schema(_ROWS).parquet(f"{folder}/rows").where("kind = 'counts'")
    counts = rows.select("part", "partition", "bytes")
    return counts.repartition(reducers, "partition").sortWithinPartitions("partition")


def _written(folder: str, rows: Any) -> Batches:
    """Writes each row to a file of its own and gives the number of its partition."""
    for row in pyarrow.table(rows).to_batches(max_chunksize=1):
        partition = row["partition"][0].as_py()
        _write(f"{folder}/merged/{partition:03}", _packed(row))
        yield pyarrow.record_batch({"partition": row["partition"]})


@contextlib.contextmanager
def _small_batches(spark: SparkSession) -> Iterator[None]:
    name = "spark.sql.execution.arrow.maxRecordsPerBatch"
    before = str(spark.conf.get(name))
    try:
        spark.conf.set(name, str(MERGE_ROWS))
        yield
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
    def assembled() -> int:
        with tempfile.TemporaryDirectory() as local:
            path = os.path.join(local, "index")
            _dechaff.assemble(_documents(folder), _merged(folder), keep, path)
            documents = Stripper.load(path).documents
            _write(index, path)
        return documents

    return _once(spark, assembled)


def _once(spark: SparkSession, work: Callable[[], int]) -> int:
    """What ``work`` gives, done by one task."""

    def done(batches: Batches) -> Batches:
        for batch in batches:
            for _ in range(batch.num_rows):
                yield pyarrow.record_batch({"made": pyarrow.array([work()])})

    return spark.range(1, numPartitions=1).mapInArrow(done, "made long").collect()[0]["made"]


def _documents(folder: str) -> Iterator[pyarrow.Table]:
    """The documents of one part after the other."""
    files, path = _place(f"{folder}/rows/kind=documents")
    if files.get_file_info(path).type == pyarrow.fs.FileType.NotFound:
        return
    rows = pyarrow.dataset.dataset(path, filesystem=files, format="parquet")
    few = {"batch_size": 16, "batch_readahead": 1, "fragment_readahead": 1}
    for batch in rows.to_batches(columns=["part", "partition", "bytes"], **few):
        for at in range(batch.num_rows):
            yield pyarrow.Table.from_batches([batch.slice(at, 1)])


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


def _delete(folder: str) -> None:
    files, path = _place(folder)
    if files.get_file_info(path).type == pyarrow.fs.FileType.Directory:
        files.delete_dir(path)


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
