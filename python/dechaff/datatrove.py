"""Blocks for datatrove: count in one pipeline, add up, clean in another.

::

    LocalPipelineExecutor([JsonlReader("crawl"), Learn("index")], tasks=8).run()
    LocalPipelineExecutor([Merge("index")], tasks=1).run()
    LocalPipelineExecutor([JsonlReader("crawl"), Strip("index"), JsonlWriter("out")], tasks=8).run()

A document's site is ``metadata["site"]``, else the host of ``metadata["url"]``. Which copy is the first
goes by task and place in it: give both pipelines the same number of tasks.
"""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from datatrove.data import Document
from datatrove.io import DataFolderLike, get_datafolder
from datatrove.pipeline.base import PipelineStep

from ._stripper import Stripper

__all__ = ["Learn", "Merge", "Strip"]

#: Documents that are handed to the engine at a time.
BATCH_DOCUMENTS = 1000
#: Documents that one task may have.
_TASK_DOCUMENTS = 1 << 40
_MERGED = "merged.idx"


class Learn(PipelineStep):
    """Counts the documents that pass and writes an index for each task into ``folder``."""

    name = "dechaff learn"
    type = "dechaff"
    _requires_dependencies = ["dechaff"]

    def __init__(self, folder: DataFolderLike, **options: Any) -> None:
        """``options`` are those of :class:`dechaff.Stripper`."""
        super().__init__()
        self.folder = get_datafolder(folder)
        self.options = {"threads": 1, **options}

    def run(
        self, data: Iterable[Document], rank: int = 0, world_size: int = 1
    ) -> Iterator[Document]:
        stripper = Stripper(**self.options)
        for batch, orders in _batches(data, rank):
            with self.track_time("batch"):
                stripper.partial_fit(*_fields(batch), orders)
            yield from batch
        with tempfile.TemporaryDirectory() as local:
            path = os.path.join(local, "index")
            stripper.save(path)
            with open(path, "rb") as source, self.folder.open(f"{rank:05d}.idx", "wb") as out:
                while piece := source.read(8 << 20):
                    out.write(piece)


class Merge(PipelineStep):
    """Adds up the indexes that :class:`Learn` wrote; runs as one task."""

    name = "dechaff merge"
    type = "dechaff"
    _requires_dependencies = ["dechaff"]

    def __init__(self, folder: DataFolderLike) -> None:
        super().__init__()
        self.folder = get_datafolder(folder)

    def run(
        self, data: Iterable[Document] | None = None, rank: int = 0, world_size: int = 1
    ) -> Iterable[Document] | None:
        if world_size != 1:
            raise ValueError("Merge adds up all indexes: run it as one task")
        names = [name for name in self.folder.list_files() if name.endswith(".idx")]
        names = sorted(name for name in names if os.path.basename(name) != _MERGED)
        with tempfile.TemporaryDirectory() as local:
            paths = [_fetched(self.folder, name, local) for name in names]
            strippers = [Stripper.load(path) for path in paths]
            merged = strippers[0].merge(*strippers[1:]) if strippers else Stripper()
            path = os.path.join(local, _MERGED)
            merged.save(path)
            with open(path, "rb") as source, self.folder.open(_MERGED, "wb") as out:
                while piece := source.read(8 << 20):
                    out.write(piece)
        return data


class Strip(PipelineStep):
    """Cleans documents by the index that :class:`Merge` made in ``folder``.

    With ``removed``, what went is put into the metadata under that name. Documents that nothing is
    left of pass on, empty.
    """

    name = "dechaff strip"
    type = "dechaff"
    _requires_dependencies = ["dechaff"]

    def __init__(
        self, folder: DataFolderLike, *, removed: str | None = None, **options: Any
    ) -> None:
        super().__init__()
        self.folder = get_datafolder(folder)
        self.removed = removed
        self.options = {"threads": 1, **options}

    def run(
        self, data: Iterable[Document], rank: int = 0, world_size: int = 1
    ) -> Iterator[Document]:
        with tempfile.TemporaryDirectory() as local:
            stripper = Stripper.load(_fetched(self.folder, _MERGED, local), **self.options)
            for batch, orders in _batches(data, rank):
                with self.track_time("batch"):
                    self._clean(stripper, batch, orders)
                yield from batch

    def _clean(self, stripper: Stripper, batch: list[Document], orders: list[int]) -> None:
        fields = _fields(batch)
        cleaned = stripper.transform(*fields, orders)
        if self.removed is not None:
            for document, removals in zip(
                batch, stripper.removals(*fields, orders), strict=True
            ):
                document.metadata[self.removed] = [
                    {"start": r.start, "end": r.end, "reason": r.reason, "text": r.text}
                    for r in removals
                ]
        for document, text in zip(batch, cleaned, strict=True):
            self.stat_update("changed", value=int(text != document.text), unit="doc")
            document.text = text


def _batches(
    data: Iterable[Document], rank: int
) -> Iterator[tuple[list[Document], list[int]]]:
    """Documents some at a time, with numbers that order them over all tasks."""
    numbers = itertools.count(rank * _TASK_DOCUMENTS)
    documents = iter(data)
    while batch := list(itertools.islice(documents, BATCH_DOCUMENTS)):
        yield batch, [next(numbers) for _ in batch]


def _fields(batch: list[Document]) -> tuple[list[str], list[str], list[str]]:
    return (
        [document.text for document in batch],
        [_site(document) for document in batch],
        [str(document.id) for document in batch],
    )


def _site(document: Document) -> str:
    site = document.metadata.get("site")
    if site is None:
        site = urlsplit(str(document.metadata.get("url") or "")).hostname
    return str(site or "")


def _fetched(folder: Any, name: str, local: str) -> str:
    """A file of the folder as one of this machine, which is mapped, not read."""
    if folder.is_local():
        return os.path.join(folder.path, name)
    path = os.path.join(local, os.path.basename(name))
    folder.get_file(name, path)
    return path
