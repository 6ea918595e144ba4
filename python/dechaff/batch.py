"""Three pure functions from Arrow to Arrow: the ground for engines that own data and machines.

:func:`sketch` turns a batch of documents into rows of counts, :func:`merge` adds rows of some
partitions, :func:`assemble` writes the index from them, :func:`strip` judges a batch by it. An engine
moves rows by their ``partition``; ``dechaff.spark`` is one. Rows have the columns ``part`` (long),
``partition`` (int) and ``bytes``; a part's row of the partition :data:`DOCUMENTS` holds its documents,
which every merge needs whole.

Tables come as whatever speaks the Arrow PyCapsule interface, and go as tables of pyarrow.
"""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from typing import Any

import pyarrow

from . import _dechaff
from ._stripper import Stripper, columns, settings

__all__ = ["DOCUMENTS", "assemble", "merge", "sketch", "strip"]

#: The partition of a row that holds a part's documents; all others hold counts.
DOCUMENTS = 256


def sketch(
    batch: Any,
    text: str = "text",
    site: str | None = "site",
    id: str | None = "id",
    order: str | None = "order",
    *,
    texts: str = "omit",
    **options: Any,
) -> pyarrow.Table:
    """The rows of one part: all documents of ``batch``, counted together.

    ``order`` names the column that says which document is older, the same over all parts; ``texts``
    is whether the first text of what recurs is kept for people to see (``keep``, ``omit``).
    """
    part = _dechaff.Part(settings(**options), texts)
    part.add(batch, columns(text, site, id, order))
    return pyarrow.table(part.rows())


def merge(documents: Any, rows: Any, *, keep: str = "repeated") -> pyarrow.Table:
    """Adds the counts of the partitions in ``rows``; ``documents`` are those of all parts.

    ``rows`` holds all parts' rows of each of its partitions. With ``keep="all"`` also what stands
    once is kept, so that the index can be merged with others later.
    """
    return pyarrow.table(_dechaff.merge(documents, rows, keep))


def assemble(
    documents: Any,
    merged: Iterable[Any],
    path: str | PathLike[str],
    *,
    keep: str = "repeated",
) -> None:
    """Writes the index of all parts; ``merged`` are tables of merged rows, by rising partition."""
    _dechaff.assemble(documents, merged, keep, path)


def strip(
    batch: Any,
    index: str | PathLike[str] | Stripper,
    text: str = "text",
    site: str | None = "site",
    id: str | None = "id",
    order: str | None = "order",
    *,
    removed: str | None = None,
    **options: Any,
) -> pyarrow.Table:
    """``batch`` with its texts cleaned by an index: a file, or a stripper that has one open.

    With ``removed``, a column of that name lists what went and why.
    """
    stripper = index if isinstance(index, Stripper) else Stripper.load(index, **options)
    made = stripper.transform_table(batch, text, site, id, order, removed=removed)
    return pyarrow.table(made)
