"""Hugging Face data sets: count a whole one, then clean it.

:func:`clean` takes what ``datasets.load_dataset`` gives: a data set, one that streams, or a dictionary
of splits, which are counted together.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from typing import Any

import datasets

from ._stripper import Stripper

__all__ = ["clean", "learn", "strip"]


def clean(
    data: Any,
    text: str = "text",
    site: str | None = "site",
    id: str | None = "id",
    *,
    removed: str | None = None,
    batch_size: int = 1000,
    num_proc: int | None = None,
    **options: Any,
) -> Any:
    """``data`` with its texts cleaned by what all its rows show; its other columns stay.

    ``removed`` names a new column that lists what went and why. A data set that streams is read
    once now, to count it, and again as it is used. ``options`` are those of
    :class:`dechaff.Stripper`.

    Example:
        >>> data = datasets.Dataset.from_dict({"text": ["Rain fell.\\n26 views"]})
        >>> clean(data, site=None, id=None)["text"][0]
        'Rain fell.'
    """
    stripper = learn(data, text, site, id, batch_size=batch_size, **options)
    mapping: dict[str, Any] = {} if num_proc is None else {"num_proc": num_proc}
    return strip(data, stripper, text, site, id, removed, batch_size=batch_size, **mapping)


def learn(
    data: Any,
    text: str = "text",
    site: str | None = "site",
    id: str | None = "id",
    *,
    batch_size: int = 1000,
    **options: Any,
) -> Stripper:
    """A stripper that has counted all rows of ``data``, splits one after the other."""
    stripper = Stripper(**options)
    for split in _splits(data):
        for table in split.with_format("arrow").iter(batch_size):
            stripper.partial_fit_table(table, text, site, id)
    return stripper


def strip(
    data: Any,
    stripper: Stripper,
    text: str = "text",
    site: str | None = "site",
    id: str | None = "id",
    removed: str | None = None,
    **mapping: Any,
) -> Any:
    """``data`` with its texts cleaned by what ``stripper`` has counted.

    ``mapping`` are arguments of ``datasets.Dataset.map``, such as ``batch_size`` and ``num_proc``.
    """
    names = {"text": text, "site": site, "id": id, "removed": removed}
    made: dict[str | None, Any] = {}
    first = 0
    with tempfile.TemporaryDirectory() as folder:
        # Processes map one file; to hash and to copy an index for each of them would be dear.
        path = os.path.join(folder, "index")
        stripper.save(path)
        threads = {"threads": 1} if mapping.get("num_proc") else {}
        filed = Stripper.load(path, **{**stripper.options, **threads})
        for name, split in _named(data):
            is_eager = isinstance(split, datasets.Dataset)
            judge = _Judge(filed if is_eager else stripper, first, names)
            arrow = split.with_format("arrow")
            mapped = arrow.map(judge, batched=True, with_indices=True, **mapping)
            made[name] = mapped.with_format(None)
            first += len(split) if is_eager else 0
    return made[None] if None in made else type(data)(made)


class _Judge:
    """What is mapped over batches; a class, so that processes can be given it."""

    def __init__(self, stripper: Stripper, first: int, names: dict[str, Any]) -> None:
        self.stripper, self.first, self.names = stripper, first, names

    def __call__(self, table: Any, indices: list[int]) -> Any:
        first = self.first + (indices[0] if indices else 0)
        return self.stripper.transform_table(table, **self.names, first=first)


def _splits(data: Any) -> Iterable[Any]:
    return (split for _, split in _named(data))


def _named(data: Any) -> Iterator[tuple[str | None, Any]]:
    """The splits with their names; of a lone data set none."""
    if isinstance(data, dict):
        yield from data.items()
    else:
        yield None, data
