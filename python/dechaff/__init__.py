"""Strips site boilerplate and repeated or near-repeated paragraphs from scraped text.

A paragraph is judged by how it recurs, so texts are read twice: first all are counted, then each
is judged by the counts::

    import dechaff

    cleaned = dechaff.clean(texts, sites)

    stripper = dechaff.Stripper()
    for batch in batches:
        stripper.partial_fit(batch.texts, batch.sites, batch.ids)
    cleaned = stripper.transform(texts, sites, ids)

The verdicts are those of the command line on the same documents. Note that **a small list teaches
nothing about a site**: what a site puts under every article is known only after several of its
articles that are otherwise different. Count the whole crawl, or load an index of one.
"""

from ._dechaff import __version__
from ._errors import (
    Error,
    IncompatibleIndexError,
    IoError,
    MalformedInputError,
    SettingsError,
)
from ._stripper import Judgment, Removal, Stripper, clean

__all__ = [
    "Error",
    "IncompatibleIndexError",
    "IoError",
    "Judgment",
    "MalformedInputError",
    "Removal",
    "SettingsError",
    "Stripper",
    "__version__",
    "clean",
]
