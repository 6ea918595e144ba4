"""Arrow in and out, whoever made it."""

import json

import pytest

import dechaff

pa = pytest.importorskip("pyarrow")


def removed_of(rows):
    return [(r["start"], r["end"], r["reason"], r["text"], json.loads(r["evidence"])) for r in rows]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()])
def test_columns_keep_their_type(crawl, kind):
    texts = pa.chunked_array([[r["text"] for r in part] for part in (crawl.records[:9], crawl.records[9:])])
    sites = pa.array([r["site"] for r in crawl.records]).dictionary_encode()
    ids = pa.array([r["id"] for r in crawl.records])
    cleaned = dechaff.clean(texts.cast(kind), sites, ids)
    assert cleaned.type == kind and cleaned.num_chunks == 2
    assert cleaned.to_pylist() == crawl.cleaned


def test_tables_with_an_audit_column(crawl):
    table = pa.Table.from_pylist(crawl.records)
    stripper = dechaff.Stripper().partial_fit_table(pa.RecordBatchReader.from_batches(table.schema, table.to_batches(50)))
    made = stripper.transform_table(table, removed="removed")
    assert made.drop_columns(["text", "removed"]) == table.drop_columns(["text"])
    assert made["text"].to_pylist() == crawl.cleaned
    rows = [row for of in made["removed"].to_pylist() for row in removed_of(of)]
    keys = ("start", "end", "reason", "text")
    # An index of all counts knows what stands once, which the command line's own pass leaves out:
    # only the evidence on it differs.
    assert [row[:4] for row in rows] == [tuple(r[k] for k in keys) for r in crawl.audit]
    assert all(set(row[4]) == set(r["evidence"]) for row, r in zip(rows, crawl.audit))
    with pytest.raises(KeyError, match="no column"):
        stripper.transform_table(table, text="body")
    with pytest.raises(TypeError, match="not strings"):
        stripper.transform_table(table, text="n")


def test_polars(crawl):
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame(crawl.records)
    cleaned = dechaff.clean(frame["text"], frame["site"], frame["id"])
    assert isinstance(cleaned, pl.Series) and cleaned.to_list() == crawl.cleaned
    stripper = dechaff.Stripper().partial_fit_table(frame)
    assert stripper.transform_table(frame)["text"].to_list() == crawl.cleaned


def test_pandas(crawl):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(crawl.records).set_index("n", drop=False)
    cleaned = dechaff.clean(frame["text"], frame["site"], frame["id"])
    assert isinstance(cleaned, pd.Series) and cleaned.to_list() == crawl.cleaned
    assert cleaned.index.equals(frame.index)
    made = dechaff.Stripper().partial_fit_table(frame).transform_table(frame)
    assert isinstance(made, pd.DataFrame) and made["text"].to_list() == crawl.cleaned


def test_duckdb(crawl):
    duckdb = pytest.importorskip("duckdb")
    relation = duckdb.sql(f"select * from read_json('{crawl.path}') order by n")
    stripper = dechaff.Stripper().partial_fit_table(relation)
    made = stripper.transform_table(relation)
    assert made["text"].to_pylist() == crawl.cleaned


def test_datasets(crawl):
    datasets = pytest.importorskip("datasets")
    data = datasets.Dataset.from_list(crawl.records)
    stripper = dechaff.Stripper().partial_fit(data["text"], data["site"], data["id"])
    made = data.map(stripper.map_batch, batched=True, batch_size=50)
    assert list(made["text"]) == crawl.cleaned
