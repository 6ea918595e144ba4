"""Pure functions from Arrow to Arrow: the ground for engines that own data and machines.

:func:`sketch` turns a batch of documents into rows of counts, :func:`number` numbers all documents,
:func:`merge` adds rows of some partitions, :func:`assemble` writes the index from them, :func:`strip`
judges a batch by it. An engine moves rows by their ``partition``; ``dechaff.spark`` is one. Rows have
the columns ``part`` (long), ``partition`` (int) and ``bytes``; a part's row of the partition
:data:`DOCUMENTS` holds its documents.

Where the index would be too large for a machine, :func:`join` stands in the place of :func:`merge`: it
gives each part back the sums of what it counted, for :func:`strip`.

Tables come as whatever speaks the Arrow PyCapsule interface, and go as tables of pyarrow.
"""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from typing import Any

import pyarrow

from . import _dechaff
from ._stripper import Stripper, columns, settings

__all__ = ["DOCUMENTS", "assemble", "join", "merge", "number", "sketch", "strip"]

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


def number(documents: Any) -> pyarrow.Table:
    """What every merge needs of the documents: 16 bytes each. ``documents`` are those of all parts."""
    return pyarrow.table(_dechaff.number([documents]))


def merge(numbers: Any, rows: Any, *, keep: str = "repeated") -> pyarrow.Table:
    """Adds the counts of the partitions in ``rows``; ``numbers`` is what :func:`number` gave.

    ``rows`` holds all parts' rows of each of its partitions. With ``keep="all"`` also what stands
    once is kept, so that the index can be merged with others later.
    """
    return pyarrow.table(_dechaff.merge(numbers, rows, keep))


def join(numbers: Any, rows: Any, *, parts_max: int = 8) -> tuple[pyarrow.Table, pyarrow.Table]:
    """Adds counts like :func:`merge`, and gives each part back the sums of what it counted.

    The first table takes the place of merged rows in :func:`assemble`: sums that more than
    ``parts_max`` parts counted, shared by all. The second has the rows of each part, for
    :func:`strip`.
    """
    shared, parts = _dechaff.join(numbers, rows, parts_max)
    return pyarrow.table(shared), pyarrow.table(parts)


def assemble(
    documents: Any,
    merged: Iterable[Any],
    path: str | PathLike[str],
    *,
    keep: str = "repeated",
) -> None:
    """Writes the index of all parts; ``merged`` are tables of merged rows, by rising partition."""
    _dechaff.assemble([documents], merged, keep, path)


def strip(
    batch: Any,
    index: str | PathLike[str] | Stripper,
    text: str = "text",
    site: str | None = "site",
    id: str | None = "id",
    order: str | None = "order",
    *,
    removed: str | None = None,
    rows: Any = None,
    **options: Any,
) -> pyarrow.Table:
    """``batch`` with its texts cleaned by an index: a file, or a stripper that has one open.

    With ``removed``, a column of that name lists what went and why. ``rows`` is what :func:`join`
    gave the part that ``batch`` is of, where the index has only what is shared.
    """
    stripper = index if isinstance(index, Stripper) else Stripper.load(index, **options)
    stripper = stripper if rows is None else stripper._of_part(rows)
    made = stripper.transform_table(batch, text, site, id, order, removed=removed)
    return pyarrow.table(made)
