"""What each peer does to a corpus, in a process of its own: peers.py PEER FOLDER.

FOLDER holds corpus.jsonl. A worker writes removed.jsonl: {"id", "removed": [numbers of paragraphs]} a line.
"""

import json
import pathlib
import sys

SHINGLE = 5


def rows(path):
    with open(path, encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def write(folder, removed):
    with open(folder / "removed.jsonl", "w", encoding="utf-8") as out:
        for identifier, numbers in removed:
            print(json.dumps({"id": identifier, "removed": numbers}), file=out)


def rensa(folder):
    """Near-duplicate paragraphs by MinHash of word shingles; the first of a family stays."""
    from rensa import RMinHash, RMinHashDeduplicator

    known = RMinHashDeduplicator(threshold=0.3, num_perm=128, use_lsh=True, num_bands=64, seed=1)

    def removed():
        for row in rows(folder / "corpus.jsonl"):
            gone = []
            for number, paragraph in enumerate(row["text"].split("\n")):
                words = paragraph.lower().split()
                last = max(1, len(words) - SHINGLE + 1)
                sketch = RMinHash(num_perm=128, seed=1)
                sketch.update([" ".join(words[at : at + SHINGLE]) for at in range(last)])
                if not known.add(f"{row['id']}:{number}", sketch):
                    gone.append(number)
            yield row["id"], gone

    write(folder, removed())


def datatrove(folder):
    """Lines that were seen before, in its three stages."""
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.dedup import SentenceDedupFilter, SentenceDedupSignature, SentenceFindDedups
    from datatrove.pipeline.dedup.sentence_dedup import SentDedupConfig
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.writers import JsonlWriter

    settings = SentDedupConfig(
        n_sentences=1, split_sentences=False, only_dedup_in_index=False, min_doc_words=0, min_num_sentences=0
    )
    work = {name: str(folder / name) for name in ("signatures", "found", "cleaned")}
    reader = JsonlReader(str(folder), glob_pattern="corpus.jsonl")
    stages = [
        [reader, SentenceDedupSignature(work["signatures"], config=settings)],
        [SentenceFindDedups(work["signatures"], work["found"], config=settings)],
        [
            reader,
            SentenceDedupFilter(work["found"], config=settings),
            JsonlWriter(work["cleaned"], output_filename="cleaned.jsonl", compression=None),
        ],
    ]
    for number, stage in enumerate(stages):
        LocalPipelineExecutor(stage, tasks=1, logging_dir=str(folder / f"log-{number}")).run()


if __name__ == "__main__":
    {"rensa": rensa, "datatrove": datatrove}[sys.argv[1]](pathlib.Path(sys.argv[2]))
