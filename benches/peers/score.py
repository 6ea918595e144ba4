"""How well paragraphs were removed, by the gold labels of the crawl generator.

Letters: H site line, V site line that varies, R related heading, S copy of another document, I repeat within the
document, 1 2 3 near-copy with 2-10, 10-20, 20-35 % of its words changed: all to be removed. B body, K look-alike
with other facts: both stay. b short natural repeat: not scored. Any one member of a family of copies may stay.
"""

import collections

GONE = "HVRSI123"
KEPT = "BK"


def score(documents, gold, removed):
    """Precision, recall and F1 of paragraphs, shares removed by letter, share of content bytes lost.

    documents: (id, text); gold: {"id", "l", "f"} in the same order; removed: id -> set of paragraph numbers.
    """
    units, families = [], collections.defaultdict(list)
    for (identifier, text), labels in zip(documents, gold, strict=True):
        paragraphs = text.split("\n")
        if identifier != labels["id"] or len(paragraphs) != len(labels["l"]):
            raise SystemExit(f"the labels of {labels['id']} belong to another text")
        gone = removed.get(identifier, set())
        for number, (paragraph, letter) in enumerate(zip(paragraphs, labels["l"], strict=True)):
            unit = [letter, number in gone, len(paragraph.encode())]
            units.append(unit)
            if str(number) in labels["f"]:
                families[labels["f"][str(number)]].append(unit)
    for members in families.values():
        original = next((unit for unit in members if unit[0] == "B"), None)
        other = next((unit for unit in members if unit[0] in "SI123" and not unit[1]), None)
        if original and original[1] and other:
            original[1], other[1] = False, True
    total, out, size, lost = (collections.Counter() for _ in range(4))
    for letter, is_gone, count in units:
        total[letter] += 1
        out[letter] += is_gone
        size[letter] += count
        lost[letter] += count * is_gone
    right, wrong = sum(out[letter] for letter in GONE), sum(out[letter] for letter in KEPT)
    precision = right / max(1, right + wrong)
    recall = right / max(1, sum(total[letter] for letter in GONE))
    return {
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / max(1e-9, precision + recall),
        "shares": {letter: out[letter] / max(1, total[letter]) for letter in GONE + KEPT},
        "lost": sum(lost[letter] for letter in KEPT) / max(1, sum(size[letter] for letter in KEPT)),
    }
