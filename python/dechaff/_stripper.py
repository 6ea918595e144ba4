"""The public face of the engine: what kind of thing comes in, goes out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from os import PathLike
from typing import Any

from . import _dechaff

#: Called with the number of documents done since the last call.
Progress = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class Removal:
    """One removed span of a text."""

    #: First byte of the span in the text's UTF-8.
    start: int
    #: One past its last byte.
    end: int
    #: ``boilerplate``, ``repeat``, ``duplicate``, ``rule``, ``orphan`` or ``page``.
    reason: str
    #: What was removed.
    text: str
    #: What the verdict rests on.
    evidence: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Judgment:
    """One paragraph of a text and what is known of it."""

    #: First byte of the paragraph in the text's UTF-8.
    start: int
    #: One past its last byte.
    end: int
    #: Why it goes; ``None`` when it stays.
    reason: str | None
    #: The paragraph.
    text: str
    #: What the verdict rests on.
    evidence: dict[str, Any]


def settings(
    *,
    scope: str | Iterable[str] = ("document", "site", "corpus"),
    keep_copies: str = "first",
    max_removed: float = 0.9,
    paragraph: str = "auto",
    profile: str = "auto",
    comments: str = "strip",
    allow: Iterable[str] = (),
    deny: Iterable[str] = (),
    threads: int = 0,
    memory_bytes: int = 1 << 30,
    temporary_folder: str | PathLike[str] | None = None,
) -> dict[str, Any]:
    """Settings as the engine takes them; see :class:`Stripper` for what they mean."""
    return {
        "scope": scope.split(",") if isinstance(scope, str) else list(scope),
        "keep_copies": keep_copies,
        "max_removed": max_removed,
        "paragraph": paragraph,
        "profile": profile,
        "comments": comments,
        "allow": list(allow),
        "deny": list(deny),
        "threads": threads,
        "memory_bytes": memory_bytes,
        "temporary_folder": temporary_folder,
    }


def columns(
    text: str = "text",
    site: str | None = "site",
    id: str | None = "id",
    order: str | None = None,
    removed: str | None = None,
) -> dict[str, Any]:
    """Names of columns as the engine takes them."""
    return {"text": text, "site": site, "id": id, "order": order, "removed": removed}


class Stripper:
    """Counts how paragraphs recur, then judges texts by the counts.

    Args:
        scope: Where repetition is looked for: ``document`` (repeats, rules), ``site``
            (boilerplate), ``corpus`` (duplicates).
        keep_copies: Which copies of a duplicate stay: ``first``, ``all`` or ``none``.
        max_removed: A document loses no more than this share of its bytes, duplicates aside.
        paragraph: What makes a paragraph: ``line``, ``block``, or ``auto`` to see by the text.
        profile: What texts are: ``article``, ``page`` (whole pages, menus and all), or ``auto``
            for what most documents of a site look like.
        comments: On whole pages, whether readers' comments ``keep`` or go (``strip``).
        allow: Patterns of paragraphs that always stay.
        deny: Patterns of paragraphs that always go.
        threads: How many threads count and judge; 0 for one a core.
        memory_bytes: Counts beyond this go to temporary files.
        temporary_folder: Where these are written.

    Texts come as a list of strings, or as an Arrow column (pyarrow, polars, pandas, or whatever
    speaks the Arrow PyCapsule interface); a column gives a column back. ``sites`` and ``ids`` come
    likewise and are of the same length. Without ``sites`` all texts are one site; hosts compare
    without case, port and ``www.``. Give ``ids`` where you can: by its id and text a document that
    was counted is told from its copies, and witnesses are named by their ids.

    **A small list teaches nothing about a site.** Boilerplate is what a site repeats under
    articles that are otherwise different; count many of its articles first.

    Example:
        >>> pages = [f"Story number {n} is told here.\\n26 views" for n in ("one", "two")]
        >>> Stripper().fit_transform(pages)
        ['Story number one is told here.', 'Story number two is told here.']
    """

    def __init__(self, **options: Any) -> None:
        self._set_up(options)

    def _set_up(self, options: dict[str, Any]) -> None:
        self._options = options
        self._engine = _dechaff.Engine(settings(**options))
        self._path: str | None = None

    def partial_fit(
        self,
        texts: Any,
        sites: Any = None,
        ids: Any = None,
        orders: Any = None,
        *,
        progress: Progress | None = None,
    ) -> Stripper:
        """Counts texts on top of those counted before; memory is bounded, so a crawl may stream by.

        The first copy of a paragraph is the one with the least of ``orders`` (integers, or dates
        as text); without them, the one counted first.

        Raises:
            IncompatibleIndexError: When these very documents were counted already.
        """
        self._path = None
        self._engine.partial_fit(_column(texts), _places(sites, ids, orders), progress)
        return self

    def fit(self, texts: Any, sites: Any = None, ids: Any = None, orders: Any = None) -> Stripper:
        """Counts texts and forgets all that was counted before."""
        self._engine.clear()
        return self.partial_fit(texts, sites, ids, orders)

    def transform(
        self,
        texts: Any,
        sites: Any = None,
        ids: Any = None,
        orders: Any = None,
        *,
        first: int = 0,
    ) -> Any:
        """The cleaned texts, one for each text; nulls stay nulls.

        Give the ``sites`` and ``ids`` the texts were counted with. ``first`` is the number of
        ``texts[0]`` among all that were counted; it tells apart only documents that agree in id
        and text.
        """
        places = _places(sites, ids, orders)
        if _is_arrow(texts):
            return _like(texts, self._engine.transform_column(texts, places, first))
        texts = _column(texts)
        cleaned = self._engine.transform(texts, places, first)
        return [text if new is None else new for text, new in zip(texts, cleaned, strict=True)]

    def fit_transform(
        self, texts: Any, sites: Any = None, ids: Any = None, orders: Any = None
    ) -> Any:
        """The cleaned texts, judged by each other."""
        return self.fit(texts, sites, ids, orders).transform(texts, sites, ids, orders)

    def partial_fit_table(
        self,
        table: Any,
        text: str = "text",
        site: str | None = "site",
        id: str | None = "id",
        order: str | None = None,
        *,
        progress: Progress | None = None,
    ) -> Stripper:
        """Counts the rows of an Arrow table, or a stream of batches (a DuckDB relation, a reader).

        Raises:
            KeyError: When the table has no such column.
        """
        self._path = None
        names = columns(text, site, id, order)
        self._engine.partial_fit_table(_table(table), names, progress)
        return self

    def transform_table(
        self,
        table: Any,
        text: str = "text",
        site: str | None = "site",
        id: str | None = "id",
        order: str | None = None,
        *,
        removed: str | None = None,
        first: int = 0,
    ) -> Any:
        """The table with its texts cleaned; other columns are passed on without a copy.

        With ``removed``, a column of that name lists the removed spans of each row: ``start`` and
        ``end`` in bytes, ``reason``, ``text``, and ``evidence`` in JSON. polars and pandas frames
        come back as such, all else as a table of pyarrow.
        """
        names = columns(text, site, id, order, removed)
        return _like(table, self._engine.transform_table(_table(table), names, first))

    def removals(
        self,
        texts: Any,
        sites: Any = None,
        ids: Any = None,
        orders: Any = None,
        *,
        first: int = 0,
    ) -> list[list[Removal]]:
        """What :meth:`transform` takes out of each text, and why."""
        rows = self._engine.removals(_column(texts), _places(sites, ids, orders), first)
        return [[Removal(*row[:4], json.loads(row[4])) for row in of] for of in rows]

    def explain(self, text: str, site: str = "", id: str = "") -> list[Judgment]:
        """Every paragraph of one text, its verdict and what it rests on."""
        rows = self._engine.explain([text], _places([site], [id], None), 0)
        raw = text.encode()
        return [
            Judgment(start, end, reason, raw[start:end].decode(), json.loads(evidence))
            for start, end, reason, evidence in rows
        ]

    def map_batch(self, batch: dict[str, list[Any]]) -> dict[str, list[Any]]:
        """Cleans ``batch["text"]``, for ``datasets.Dataset.map(stripper.map_batch, batched=True)``.

        ``batch["site"]`` and ``batch["id"]`` are used where they are there. For other names use
        ``lambda batch: {"body": stripper.transform(batch["body"], batch["host"])}``.
        """
        return {"text": self.transform(batch["text"], batch.get("site"), batch.get("id"))}

    def save(self, path: str | PathLike[str]) -> None:
        """Writes the counts to an index file, which the command line reads as well.

        Raises:
            IoError: When the file cannot be written.
        """
        self._engine.save(path)

    def _of_part(self, rows: Any) -> Stripper:
        """One for the documents of a part alone, to which ``dechaff.batch.join`` gave ``rows``."""
        stripper = Stripper(**self._options)
        stripper._engine = self._engine.of_part(rows)
        return stripper

    @classmethod
    def load(cls, path: str | PathLike[str], **options: Any) -> Stripper:
        """A stripper that judges by an index file, which is read in place.

        Raises:
            IoError: When the file cannot be read.
            IncompatibleIndexError: When it is damaged or no index of this version.
        """
        stripper = cls(**options)
        stripper._engine.load(path)
        stripper._path = str(path)
        return stripper

    def merge(self, *others: Stripper) -> Stripper:
        """Adds what others have counted.

        Raises:
            IncompatibleIndexError: When two of them counted the same documents.
        """
        self._path = None
        self._engine.merge([other._engine for other in others])
        return self

    @property
    def options(self) -> dict[str, Any]:
        """The options it was made with."""
        return dict(self._options)

    @property
    def documents(self) -> int:
        """Number of documents counted."""
        return self._engine.documents()

    @property
    def sites(self) -> dict[str, int]:
        """Number of documents counted of each site."""
        return dict(self._engine.sites())

    def __getstate__(self) -> dict[str, Any]:
        if self._path is not None:
            return {"options": self._options, "path": self._path}
        return {"options": self._options, "index": self._engine.to_bytes()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._set_up(state["options"])
        if "path" in state:
            self._engine.load(state["path"])
            self._path = state["path"]
        else:
            self._engine.load_bytes(state["index"])

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={value!r}" for name, value in self._options.items())
        return f"Stripper({options})"


def clean(texts: Any, sites: Any = None, ids: Any = None, orders: Any = None, **options: Any) -> Any:
    """The texts without what they themselves show to be boilerplate or repetition.

    Takes the options of :class:`Stripper`. A small list teaches nothing about a site: give all
    that was crawled of it.

    Example:
        >>> clean(["Rain fell all night.\\n1,204 views\\nThe river rose."])
        ['Rain fell all night.\\nThe river rose.']
    """
    return Stripper(**options).fit_transform(texts, sites, ids, orders)


def _is_arrow(column: Any) -> bool:
    return hasattr(column, "__arrow_c_array__") or hasattr(column, "__arrow_c_stream__")


def _column(column: Any) -> Any:
    """A column that the engine takes: Arrow, or a list; a lone string is refused there."""
    if column is None or isinstance(column, (list, str)) or _is_arrow(column):
        return column
    return list(column)


def _places(sites: Any, ids: Any, orders: Any) -> dict[str, Any]:
    orders = _column(orders)
    if isinstance(orders, list):
        orders = [None if order is None else str(order) for order in orders]
    return {"sites": _column(sites), "ids": _column(ids), "orders": orders}


def _table(table: Any) -> Any:
    if _is_arrow(table):
        return table
    arrow = getattr(table, "to_arrow_table", None) or getattr(table, "arrow", None)
    if arrow is None:
        raise TypeError(f"{type(table).__name__} does not speak the Arrow PyCapsule interface")
    return arrow()


def _like(given: Any, made: Any) -> Any:
    """What was made, as the kind of thing that was given."""
    package = type(given).__module__.partition(".")[0]
    is_column = type(made).__name__ == "ChunkedArray"
    if package == "polars":
        import polars

        return polars.Series(given.name, made) if is_column else polars.DataFrame(made)
    import pyarrow

    table = pyarrow.chunked_array(made) if is_column else pyarrow.table(made)
    if package == "pandas":
        import pandas

        if is_column:
            return pandas.Series(table.to_pandas(), index=given.index, name=given.name).astype(
                given.dtype
            )
        frame = table.to_pandas()
        return frame.set_axis(given.index) if len(frame.columns) == len(given.columns) else frame
    return table
