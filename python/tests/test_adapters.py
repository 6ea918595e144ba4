"""Hugging Face data sets, datatrove's blocks, and the functions for other engines."""

import json

import pytest

import dechaff

pa = pytest.importorskip("pyarrow")


@pytest.fixture
def data(crawl):
    datasets = pytest.importorskip("datasets")
    return datasets.Dataset.from_list(crawl.records)


def spans_of(rows):
    return [(row["start"], row["end"], row["reason"]) for of in rows for row in of]


def test_a_whole_data_set(data, crawl):
    from dechaff import huggingface

    made = huggingface.clean(data, removed="removed", batch_size=50)
    assert made["text"][:] == crawl.cleaned
    assert made.column_names == [*data.column_names, "removed"]
    assert spans_of(made["removed"][:]) == [(r["start"], r["end"], r["reason"]) for r in crawl.audit]
    assert huggingface.clean(data, num_proc=2)["text"][:] == crawl.cleaned
    assert made.remove_columns(["text", "removed"])[0] == data.remove_columns("text")[0]


def test_splits_are_counted_together(data, crawl):
    from datasets import DatasetDict

    from dechaff import huggingface

    cut = len(crawl.records) // 3
    splits = DatasetDict(one=data.select(range(cut)), two=data.select(range(cut, len(data))))
    made = huggingface.clean(splits)
    assert made["one"]["text"][:] + made["two"]["text"][:] == crawl.cleaned


def test_a_data_set_that_streams(data, crawl):
    from dechaff import huggingface

    made = huggingface.clean(data.to_iterable_dataset())
    assert [row["text"] for row in made] == crawl.cleaned


def test_datatrove_blocks(crawl, tmp_path):
    pytest.importorskip("datatrove")
    from datatrove.data import Document

    from dechaff.datatrove import Learn, Merge, Strip

    def documents(rank):
        half = (len(crawl.records) + 1) // 2
        part = crawl.records[rank * half : (rank + 1) * half]
        return [Document(text=r["text"], id=r["id"], metadata={"site": r["site"]}) for r in part]

    folder = str(tmp_path / "index")
    for rank in (1, 0):
        passed = Learn(folder).run(documents(rank), rank, 2)
        assert len(list(passed)) == len(documents(rank))
    Merge(folder).run(None)
    strip = Strip(folder, removed="removed")
    made = [document for rank in (0, 1) for document in strip.run(documents(rank), rank, 2)]
    assert [document.text for document in made] == crawl.cleaned
    removed = [document.metadata["removed"] for document in made]
    assert spans_of(removed) == [(r["start"], r["end"], r["reason"]) for r in crawl.audit]
    with pytest.raises(ValueError, match="one task"):
        Merge(folder).run(None, 1, 2)
    by_url = Document(text="", id="u", metadata={"url": "https://www.A.example:80/x"})
    from dechaff.datatrove import _site

    assert _site(by_url) == "www.a.example"


def test_sketch_merge_and_strip_are_pure(crawl, tmp_path):
    from dechaff import batch

    table = pa.Table.from_pylist(crawl.records)
    parts = [batch.sketch(table.slice(at, 200), order="n") for at in range(0, len(table), 200)]
    again = batch.sketch(table.slice(0, 200), order="n")
    assert again == parts[0], "the same batch gives the same rows"
    rows = pa.concat_tables(parts[::-1])
    is_documents = pa.compute.equal(rows["partition"], batch.DOCUMENTS)
    documents, counts = rows.filter(is_documents), rows.filter(pa.compute.invert(is_documents))
    halves = [
        counts.filter(pa.compute.less(counts["partition"], 100)),
        counts.filter(pa.compute.greater_equal(counts["partition"], 100)),
    ]
    numbers = batch.number(documents)
    merged = [batch.merge(numbers, half) for half in halves]
    index = tmp_path / "crawl.idx"
    batch.assemble(documents, merged, index)
    made = batch.strip(table, index, order="n", removed="removed")
    assert made["text"].to_pylist() == crawl.cleaned
    found = [(r["reason"], json.loads(r["evidence"])) for of in made["removed"].to_pylist() for r in of]
    assert found == [(r["reason"], r["evidence"]) for r in crawl.audit]
    # Each part by the sums of what it counted: the same.
    joined = [batch.join(numbers, half, parts_max=2) for half in halves]
    shared = tmp_path / "shared.idx"
    batch.assemble(documents, [only for only, _ in joined], shared)
    sums = pa.concat_tables([parts for _, parts in joined])
    stripped = []
    for at, part in enumerate(parts):
        own = sums.filter(pa.compute.equal(sums["part"], part["part"][0]))
        piece = table.slice(200 * at, 200)
        stripped.append(batch.strip(piece, shared, order="n", removed="removed", rows=own))
    assert pa.concat_tables(stripped).to_pylist() == made.to_pylist()
