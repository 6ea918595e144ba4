"""Reads with pyarrow, warcio and pandas what dechaff wrote, and writes what it is to read.

Usage: check_formats.py DECHAFF FOLDER
"""

import io
import json
import subprocess
import sys
from pathlib import Path

import pandas
import pyarrow
import pyarrow.parquet
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

TEXT = "Rain fell all night.\n26 views\nThe river rose."
CLEANED = "Rain fell all night.\nThe river rose."


def run(*arguments):
    subprocess.run([DECHAFF, *map(str, arguments)], check=True)


def parquet_keeps_all_but_the_text():
    texts = [TEXT, None, "Snow.", TEXT + " It was the third flood.", ""]
    table = pyarrow.table(
        {
            "id": pyarrow.array(["a", "b", "c", "d", "e"]),
            "text": pyarrow.array(texts, pyarrow.large_string()),
            "score": pyarrow.array([1.5, None, 2.5, None, 0.0], pyarrow.float32()),
            "when": pyarrow.array([1, 2, None, 4, 5], pyarrow.timestamp("ms", tz="UTC")),
            "tags": pyarrow.array([["x"], [], None, ["y", None], ["z"]]),
            "meta": pyarrow.array([{"n": 1}, None, {"n": None}, {"n": 4}, {"n": 5}]),
            "kind": pyarrow.array(["p", "q", "p", None, "q"]).dictionary_encode(),
        },
        metadata={b"huggingface": b'{"info": {}}'},
    )
    source, cleaned, restored = (FOLDER / f"{name}.parquet" for name in ("in", "out", "back"))
    pyarrow.parquet.write_table(table, source, row_group_size=2, compression="zstd")
    audit = FOLDER / "parquet.removed.jsonl"
    run("clean", source, "-o", cleaned, "--removed", audit, "--batch", 1)
    expected = [CLEANED, None, "Snow.", CLEANED + " It was the third flood.", ""]
    before, found = (pyarrow.parquet.read_table(file) for file in (source, cleaned))
    assert found.schema.equals(before.schema, check_metadata=True), (found.schema, before.schema)
    assert found.column("text").to_pylist()[1:3] == expected[1:3]
    assert "26 views" not in "".join(filter(None, found.column("text").to_pylist()))
    rest = [file.drop_columns("text").to_pylist() for file in (before, found)]
    assert rest[0] == rest[1]
    old, new = pyarrow.parquet.ParquetFile(source), pyarrow.parquet.ParquetFile(cleaned)
    groups = lambda file: [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)]
    assert groups(new) == groups(old) == [2, 2, 1]
    assert new.metadata.row_group(0).column(1).compression == "ZSTD"
    run("restore", cleaned, audit, "-o", restored)
    assert pyarrow.parquet.read_table(restored).to_pylist() == before.to_pylist()
    empty = FOLDER / "empty.parquet"
    pyarrow.parquet.write_table(table.slice(0, 0), empty)
    run("clean", empty, "-o", FOLDER / "empty-out.parquet")
    assert pyarrow.parquet.read_table(FOLDER / "empty-out.parquet").schema == before.schema


def a_directory_of_shards_stays_one_data_set():
    source, cleaned = FOLDER / "shards", FOLDER / "shards-out"
    texts = [[TEXT, "Snow."], ["Hail.", TEXT + " It was the third flood."]]
    for number, shard in enumerate(texts):
        part = source / f"train-{number:05}-of-00002.parquet"
        part.parent.mkdir(exist_ok=True)
        frame = pandas.DataFrame({"text": shard, "n": [number, None]})
        frame.to_parquet(part, index=False, compression="snappy")
    run("clean", source, "-o", cleaned)
    before, found = (pyarrow.parquet.read_table(folder) for folder in (source, cleaned))
    names = lambda folder: sorted(file.name for file in folder.iterdir())
    assert names(cleaned) == names(source)
    assert found.schema.equals(before.schema, check_metadata=True)
    assert found.column("n").equals(before.column("n"))
    assert found.column("text").to_pylist()[:3] == [CLEANED, "Snow.", "Hail."]


def pandas_reads_csv():
    frame = pandas.DataFrame({"id": ["a", "b"], "text": [TEXT, 'Snow, "deep".'], "n": [1, 2]})
    for name, separator in (("in.csv", ","), ("in.tsv", "\t")):
        source, cleaned = FOLDER / name, FOLDER / f"out-{name}"
        frame.to_csv(source, sep=separator, index=False)
        run("clean", source, "-o", cleaned)
        expected = frame.assign(text=[CLEANED, 'Snow, "deep".'])
        pandas.testing.assert_frame_equal(pandas.read_csv(cleaned, sep=separator), expected)


def pandas_reads_jsonl():
    frame = pandas.DataFrame({"id": ["a"], "text": [TEXT]})
    source, cleaned = FOLDER / "in.jsonl.gz", FOLDER / "out.jsonl.gz"
    frame.to_json(source, orient="records", lines=True, compression="gzip")
    run("clean", source, "-o", cleaned)
    found = pandas.read_json(cleaned, orient="records", lines=True, compression="gzip")
    assert list(found["text"]) == [CLEANED]


def archives_of_warcio_are_read():
    source, cleaned = FOLDER / "in.warc.gz", FOLDER / "out.jsonl"
    with open(source, "wb") as out:
        writer = WARCWriter(out, gzip=True)
        writer.write_record(writer.create_warcinfo_record("in.warc.gz", {"software": "test"}))
        page = "<title>T</title><h1>Rain fell.</h1><p>The <b>river</b> rose.<p>26 views".encode()
        head = StatusAndHeaders("200 OK", [("Content-Type", "text/html")], protocol="HTTP/1.1")
        record = writer.create_warc_record(
            "http://river.example/a", "response", payload=io.BytesIO(page), http_headers=head
        )
        writer.write_record(record)
        wet = io.BytesIO(TEXT.encode())
        writer.write_record(
            writer.create_warc_record(
                "http://river.example/b",
                "conversion",
                payload=wet,
                length=len(TEXT.encode()),
                warc_content_type="text/plain",
            )
        )
        identifier = record.rec_headers.get_header("WARC-Record-ID").strip("<>")
    run("clean", source, "-o", cleaned, "--scope", "document")
    rows = [json.loads(line) for line in cleaned.read_text().splitlines()]
    assert rows[0]["id"] == identifier and rows[0]["url"] == "http://river.example/a"
    assert rows[0]["text"].splitlines() == ["Rain fell.", "The river rose."], rows[0]
    assert rows[1]["text"] == CLEANED


if __name__ == "__main__":
    DECHAFF, FOLDER = sys.argv[1], Path(sys.argv[2])
    for check in (
        parquet_keeps_all_but_the_text,
        a_directory_of_shards_stays_one_data_set,
        pandas_reads_csv,
        pandas_reads_jsonl,
        archives_of_warcio_are_read,
    ):
        check()
        print("ok", check.__name__)
