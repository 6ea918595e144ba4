"""The engine from Python: the command line's verdicts, in lists."""

import pickle

import pytest

import dechaff

PAGES = [
    "The ferry to the island was late for the third day in a row.\nAll rights reserved by the Harbor Gazette",
    "A new baker opened his shop beside the old town hall on Friday.\nAll rights reserved by the Harbor Gazette",
    "Nobody could say who had painted the water tower blue overnight.\nAll rights reserved by the Harbor Gazette",
    "The school choir won a prize for the song about the lighthouse.\nAll rights reserved by the Harbor Gazette",
]
SITES = ["harbor.example"] * 4
IDS = ["a", "b", "c", "d"]
BODIES = [page.split("\n")[0] for page in PAGES]


def columns(crawl, *names):
    return [[record[name] for record in crawl.records] for name in names]


def test_clean_agrees_with_the_command_line(crawl):
    texts, sites, ids = columns(crawl, "text", "site", "id")
    assert dechaff.clean(texts, sites, ids) == crawl.cleaned
    assert dechaff.clean(texts, sites, ids, threads=1) == crawl.cleaned


def test_removals_agree_with_the_audit(crawl):
    texts, sites, ids = columns(crawl, "text", "site", "id")
    stripper = dechaff.Stripper().fit(texts, sites, ids)
    rows = [
        (id, removal.start, removal.end, removal.reason, removal.text)
        for id, of in zip(ids, stripper.removals(texts, sites, ids))
        for removal in of
    ]
    expected = [(r["id"], r["start"], r["end"], r["reason"], r["text"]) for r in crawl.audit]
    assert rows == expected


def test_partial_fit_streams(crawl):
    texts, sites, ids = columns(crawl, "text", "site", "id")
    stripper, done = dechaff.Stripper(memory_bytes=1 << 20), []
    for at in range(0, len(texts), 100):
        cut = slice(at, at + 100)
        stripper.partial_fit(texts[cut], sites[cut], ids[cut], progress=done.append)
    assert sum(done) == len(texts) == stripper.documents
    assert stripper.sites == {site: sites.count(site) for site in sites}
    made = []
    for at in range(0, len(texts), 77):
        cut = slice(at, at + 77)
        made += stripper.transform(texts[cut], sites[cut], ids[cut], first=at)
    assert made == crawl.cleaned


def test_boilerplate_goes_and_orders_decide_the_first_copy():
    assert dechaff.clean(PAGES, SITES, IDS) == BODIES
    assert dechaff.clean(PAGES) == BODIES
    story = f"{BODIES[0]} {BODIES[3]} {BODIES[0]}"
    twice = [f"{BODIES[1]}\n{story}", f"{BODIES[2]}\n{story}"]
    two = ["a.example", "b.example"]
    assert dechaff.clean(twice, two) == [twice[0], BODIES[2]]
    assert dechaff.clean(twice, two, ids=["x", "y"], orders=[2, 1]) == [BODIES[1], twice[1]]
    dates = ["2024-02", "2023-12"]
    assert dechaff.clean(twice, two, ids=["x", "y"], orders=dates) == [BODIES[1], twice[1]]
    assert dechaff.clean(twice, two, keep_copies="all") == twice


def test_null_texts_stay_null():
    assert dechaff.clean([None, "Rain fell.\n26 views"]) == [None, "Rain fell."]
    assert dechaff.clean([]) == []


def test_profiles_are_chosen():
    menu = "\n".join(f"Menu {word}" for word in "home news sport money travel food law art".split())
    page = f"{menu}\nThe ferry was late for the third day in a row, and nobody on the quay knew why.\n{menu}"
    article = dechaff.clean([page], profile="article")[0]
    assert "Menu home" in article
    stripper = dechaff.Stripper(profile="page").fit([page])
    assert {removal.reason for removal in stripper.removals([page])[0]} >= {"page"}
    with pytest.raises(dechaff.SettingsError, match="profile knows no"):
        dechaff.Stripper(profile="book")


def test_save_load_merge_and_pickle(tmp_path):
    one = dechaff.Stripper().fit(PAGES[:2], SITES[:2], IDS[:2])
    other = dechaff.Stripper().fit(PAGES[2:], SITES[2:], IDS[2:])
    one.save(tmp_path / "one.idx")
    both = dechaff.Stripper.load(tmp_path / "one.idx").merge(other)
    assert both.documents == 4
    for stripper in [both, pickle.loads(pickle.dumps(both))]:
        assert stripper.transform(PAGES, SITES, IDS) == BODIES
    loaded = dechaff.Stripper.load(tmp_path / "one.idx", threads=1)
    assert pickle.loads(pickle.dumps(loaded)).documents == 2


def test_explain_names_every_paragraph():
    stripper = dechaff.Stripper().fit(PAGES, SITES, IDS)
    body, line = stripper.explain(PAGES[0], SITES[0], IDS[0])
    assert (body.reason, line.reason) == (None, "boilerplate")
    assert line.text == "All rights reserved by the Harbor Gazette"
    assert line.evidence["documents"] == 4


def test_errors_mirror_the_crate(tmp_path):
    with pytest.raises(dechaff.IoError) as refused:
        dechaff.Stripper.load(tmp_path / "missing.idx")
    assert isinstance(refused.value, OSError) and isinstance(refused.value, dechaff.Error)
    (tmp_path / "broken.idx").write_bytes(b"no index")
    with pytest.raises(dechaff.IncompatibleIndexError, match="not a dechaff index"):
        dechaff.Stripper.load(tmp_path / "broken.idx")
    with pytest.raises(dechaff.SettingsError, match="scope knows no"):
        dechaff.Stripper(scope="page")
    with pytest.raises(dechaff.SettingsError, match="between 0 and 1"):
        dechaff.Stripper(max_removed=7)
    fitted = dechaff.Stripper().fit(PAGES)
    with pytest.raises(dechaff.IncompatibleIndexError, match="same documents"):
        fitted.merge(fitted)
    with pytest.raises(ValueError, match="1 sites for 4 texts"):
        dechaff.clean(PAGES, ["a"])
    with pytest.raises(TypeError):
        dechaff.clean("one text")
