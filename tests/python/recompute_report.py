"""Recomputes every figure of a report from the audit and the cleaned texts, by other means.

    recompute_report.py REPORT.html REMOVED.jsonl [CLEANED.jsonl]

It holds everything in memory and shares no code with the program. Exits 1 with the first figure
that differs.
"""

import json
import re
import sys
import unicodedata
from collections import Counter, defaultdict

REASONS = ["boilerplate", "repeat", "duplicate", "rule", "orphan", "page"]
SCOPES = {"boilerplate": "site", "duplicate": "corpus"}
MASK = (1 << 64) - 1
checked = 0


def check(what, shown, expected):
    global checked
    checked += 1
    if shown != expected:
        sys.exit(f"{what}: the report says {shown!r:.400}, the audit {expected!r:.400}")


def lines(path):
    with open(path, encoding="utf-8", newline="\n") as file:
        return [json.loads(line) for line in file if line.strip()]


def size(text):
    return len(text.encode())


def is_spaceless(c):
    """Of a script without spaces: each character is a word."""
    c = ord(c)
    return (0x0E00 <= c <= 0x0EFF or 0x1000 <= c <= 0x109F or 0x1780 <= c <= 0x17FF
            or 0x3005 <= c <= 0x3007 or 0x3040 <= c <= 0x30FF or 0x31F0 <= c <= 0x31FF
            or 0x3400 <= c <= 0x4DBF or 0x4E00 <= c <= 0x9FFF or 0xF900 <= c <= 0xFAFF
            or 0x20000 <= c <= 0x3FFFF)


def words(text):
    """Runs of letters and digits, marks on them included, lower-cased and composed."""
    if text.isascii():
        return re.findall("[a-z0-9]+", text.lower())
    found = [""]
    for c in text:
        is_mark = unicodedata.category(c).startswith("M")
        if is_spaceless(c):
            found += [c, ""] if c.isalnum() or is_mark else [""]
        elif c.isalnum():
            found[-1] += c.lower()
        elif is_mark and ord(c) not in range(0xFE00, 0xFE10):
            found[-1] += c if found[-1] else ""
        elif not re.match("[\u00ad\u200b-\u200f\u2060\ufe00-\ufe0f\ufeff]", c):
            found.append("")
    return [unicodedata.normalize("NFC", word) for word in found if word]


def masked(text):
    """The words, every run of those with a digit as one; without words the text."""
    found = []
    for word in words(text):
        word = "#" if any(unicodedata.category(c).startswith("N") for c in word) else word
        if word != "#" or found[-1:] != ["#"]:
            found.append(word)
    return tuple(found) or text.strip()


def neutral(text):
    kept = lambda c: c in "\n\t" or not (
        unicodedata.category(c) == "Cc"
        or 0x200B <= ord(c) <= 0x200F
        or 0x2028 <= ord(c) <= 0x202E
        or 0x2060 <= ord(c) <= 0x206F
        or 0xFFF9 <= ord(c) <= 0xFFFB
        or 0xE0000 <= ord(c) <= 0xE007F
        or ord(c) in (0x061C, 0xFEFF)
    )
    return "".join(c if kept(c) else "\u00b7" for c in text)


def shuffled(at, seed):
    z = ((at + 1) * 0x9E3779B97F4A7C15 + seed) & MASK
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & MASK
    return z ^ (z >> 31)


def place(row):
    return row["file"], row["record"]


def check_totals(report, rows):
    check("spans", report["totals"]["spans"], len(rows))
    check("bytes", report["totals"]["bytes"], sum(size(r["text"]) for r in rows))
    check("bytes by offsets", report["totals"]["bytes"], sum(r["end"] - r["start"] for r in rows))
    check("changed", report["totals"]["changed"], len({place(r) for r in rows}))
    reasons = []
    for reason in REASONS:
        own = [r for r in rows if r["reason"] == reason]
        if own:
            reasons.append({
                "reason": reason,
                "scope": SCOPES.get(reason, "document"),
                "spans": len(own),
                "bytes": sum(size(r["text"]) for r in own),
                "documents": len({place(r) for r in own}),
            })
    by_name = lambda items: sorted(items, key=lambda item: item["reason"])
    check("reasons", by_name(report["reasons"]), by_name(reasons))


def check_paragraphs(report, rows):
    groups = defaultdict(list)
    for row in rows:
        groups[masked(row["text"])].append(row)
    order = sorted(groups.values(), key=lambda g: (-len(g), g[0]["row"]))
    shown = report["paragraphs"]
    check("different paragraphs", shown["of"], len(groups))
    check("paragraphs shown", len(shown["items"]), min(150, len(groups)))
    for item, group in zip(shown["items"], order):
        sites = Counter(r["site"] for r in group)
        check("times", item["spans"], len(group))
        check("bytes of a paragraph", item["bytes"], sum(size(r["text"]) for r in group))
        check("reasons of a paragraph", item["reasons"], dict(Counter(r["reason"] for r in group)))
        check("sites of a paragraph", item["sites"], len(sites))
        check("its sites", [n for _, n in item["top_sites"]], sorted(sites.values())[::-1][:5])
        for site, spans in item["top_sites"]:
            check("its site", spans, sum(n for s, n in sites.items() if neutral(s) == site))
        check("its text", item["text"].rstrip("\u2026"), neutral(group[0]["text"].strip())[:500])
        for example in item["examples"]:
            named = {(neutral(r["file"]), r["record"], neutral(r["id"])) for r in group}
            check("example", tuple(example[k] for k in ("file", "record", "id")) in named, True)


def check_sites(report, rows, texts):
    of = defaultdict(lambda: {"spans": 0, "bytes": 0, "reasons": Counter(), "changed": set()})
    for row in rows:
        site = of[neutral(row["site"])]
        site["spans"] += 1
        site["bytes"] += size(row["text"])
        site["reasons"][row["reason"]] += size(row["text"])
        site["changed"].add(place(row))
    documents, text_bytes = Counter(), Counter()
    for text in texts or []:
        documents[neutral(text["site"])] += 1
        text_bytes[neutral(text["site"])] += size(text["original"])
        of[neutral(text["site"])]
    check("sites", report["sites"]["of"], len(of))
    for item in report["sites"]["items"]:
        site = of[item["site"]]
        check("spans of a site", item["spans"], site["spans"])
        check("bytes of a site", item["bytes"], site["bytes"])
        check("changed of a site", item["changed"], len(site["changed"]))
        check("reasons of a site", item["reasons"], dict(site["reasons"]))
        if texts is not None:
            check("documents of a site", item["documents"], documents[item["site"]])
            check("text of a site", item["text_bytes"], text_bytes[item["site"]])
    if texts is not None:
        shares = [0] * 20
        for name, site in of.items():
            share = site["bytes"] * 1_000_000 // text_bytes[name] if text_bytes[name] else 0
            shares[min(19, share // 50_000)] += 1
        check("shares of sites", report["site_shares"], shares)


def least(rows, rank, most):
    """The rows of least rank, one of each text, the longer and then the earlier first."""
    best = {}
    for row in rows:
        key = (rank(row), -size(row["text"]), row["row"])
        group = masked(row["text"])
        if group not in best or key < best[group]:
            best[group] = key
    return [key[2] for key in sorted(best.values())[:most]]


def check_risky(report, rows):
    own = lambda reason: [r for r in rows if r["reason"] == reason]
    has = lambda reason, key: [r for r in own(reason) if r["evidence"].get(key) is not None]
    fewest = least(has("boilerplate", "contexts"), lambda r: r["evidence"]["contexts"], 12)
    fewest += least(has("duplicate", "documents"), lambda r: r["evidence"]["documents"], 12)
    shown = report["risky"]
    check("fewest witnesses", [i["row"] for i in shown["fewest"]], fewest)
    check("longest", [i["row"] for i in shown["longest"]], least(rows, lambda r: 0, 24))
    nearest = []
    limits = report["thresholds"]
    for reason, key, limit in (
        ("boilerplate", "score", limits["boilerplate"]),
        ("repeat", "containment", limits["repeat"]),
        ("duplicate", "containment", limits["duplicate"]),
    ):
        margin = lambda r: round((r["evidence"][key] - limit) * 10_000)
        nearest += least([r for r in has(reason, key) if 0 <= margin(r) <= 10_000], margin, 12)
    check("nearest", [i["row"] for i in shown["nearest"]], nearest)
    for kind in shown.values():
        check_removals(kind, rows)


def check_removals(items, rows):
    for item in items:
        row = rows[item["row"]]
        check("reason of a removal", item["reason"], row["reason"])
        check("bytes of a removal", item["bytes"], size(row["text"]))
        check("start of a removal", item["start"], row["start"])
        check("record of a removal", item["document"]["record"], row["record"])
        for key, value in row["evidence"].items():
            value = neutral(value) if isinstance(value, str) else value
            check("evidence of a removal", item["evidence"][key], value)


def check_templates(report, rows):
    groups = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if row["reason"] == "boilerplate":
            groups[neutral(row["site"])][masked(row["text"])].append(row)
    weight = lambda s: -sum(size(r["text"]) for g in groups[s].values() for r in g)
    shown = report["templates"]
    check("sites with templates", shown["of"], len(groups))
    check("template sites", sorted(weight(s["site"]) for s in shown["items"]),
          sorted(map(weight, groups))[:60])
    for site in shown["items"]:
        own = groups[site["site"]]
        check("templates of a site", site["of"], len(own))
        order = sorted(own.values(), key=lambda g: (-len(g), g[0]["row"]))[:12]
        check("templates shown", len(site["templates"]), len(order))
        for item, group in zip(site["templates"], order):
            check("removed of a template", item["spans"], len(group))
            check("bytes of a template", item["bytes"], sum(size(r["text"]) for r in group))
            greatest = lambda key: max(r["evidence"].get(key) or 0 for r in group)
            check("documents of a template", item["documents"], greatest("documents"))
            check("rate of a template", item["rate"], greatest("rate"))


def originals(rows, path):
    """The texts with the removed spans put back."""
    own = defaultdict(list)
    for row in rows:
        own[row["record"]].append(row)
    texts = []
    for record, line in enumerate(lines(path)):
        kept, text, at = line["text"].encode(), b"", 0
        for row in own[record]:
            upto = at + row["start"] - len(text)
            text += kept[at:upto] + row["text"].encode()
            at = upto
        text = (text + kept[at:]).decode()
        texts.append({"id": line["id"], "site": line["site"], "original": text, "rows": own[record]})
    return texts


WHITE = "".join(chr(c) for c in (*range(9, 14), 32, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B),
                                 0x2028, 0x2029, 0x202F, 0x205F, 0x3000))


def check_growth(growth, texts, width):
    """Lines, and lines not said before; the exact number where the report says it is that."""
    seen, steps = set(), []
    for at in range(0, len(texts), width):
        found = [line.strip(WHITE) for text in texts[at:at + width]
                 for line in text["original"].split("\n")]
        found = [line for line in found if line]
        before = len(seen)
        seen.update(found)
        steps.append([len(found), len(seen) - before])
    if growth["is_exact"]:
        check("growth", growth["steps"], steps)
        return
    check("lines", [step[0] for step in growth["steps"]], [step[0] for step in steps])
    new = sum(step[1] for step in growth["steps"])
    check("different lines, sampled", abs(new - len(seen)) <= 0.02 * len(seen), True)


def check_texts(report, texts):
    totals = report["totals"]
    check("documents", totals["documents"], len(texts))
    check("text", totals["text_bytes"], sum(size(t["original"]) for t in texts))
    reasons = [r["reason"] for r in report["reasons"]]
    tenths = [[0] * len(reasons) for _ in range(10)]
    for text in texts:
        length = size(text["original"])
        for row in text["rows"]:
            tenth = min(9, (row["start"] + row["end"]) // 2 * 10 // max(1, length))
            tenths[tenth][reasons.index(row["reason"])] += size(row["text"])
    check("positions", report["positions"], tenths)
    width = report["course"]["width"]
    steps = []
    for at in range(0, len(texts), width):
        part = texts[at:at + width]
        removed = sum(size(r["text"]) for t in part for r in t["rows"])
        steps.append([sum(size(t["original"]) for t in part), removed])
    check("course", report["course"]["steps"], steps)
    check("steps", len(steps) <= 100, True)
    check_growth(report["growth"], texts, width)
    by_id = {neutral(t["id"]): t for t in texts}
    for view in report["documents"]:
        text = by_id[view["document"]["id"]]
        check("bytes of a document", view["bytes"], size(text["original"]))
        check("removed of a document", view["removed"], sum(size(r["text"]) for r in text["rows"]))
        parts = view["parts"]
        check("spans of a document", [p["reason"] for p in parts if "reason" in p][:200],
              [r["reason"] for r in text["rows"]][:200])
        if not any("left_out" in p for p in parts) and len(parts) < 400:
            check("text of a document", "".join(p["text"] for p in parts), neutral(text["original"]))


def check_sample(report, rows):
    sample = report["sample"]
    order = sorted(range(len(rows)), key=lambda at: (shuffled(at, sample["seed"]), at))
    check("sample", [i["row"] for i in sample["items"]], order[:len(sample["items"])])
    check("size of the sample", len(sample["items"]), min(200, len(rows)))
    check("sample of", sample["of"], len(rows))
    check_removals(sample["items"], rows)


def main(report_path, removed, cleaned=None):
    page = open(report_path, encoding="utf-8").read()
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    report = json.loads(data.group(1))
    rows = lines(removed)
    for number, row in enumerate(rows):
        row["row"] = number
    texts = originals(rows, cleaned) if cleaned else None
    check_totals(report, rows)
    check_paragraphs(report, rows)
    check_sites(report, rows, texts)
    check_risky(report, rows)
    check_templates(report, rows)
    check_sample(report, rows)
    if texts is not None:
        check_texts(report, texts)
    print(f"{checked} figures agree")


if __name__ == "__main__":
    main(*sys.argv[1:])
