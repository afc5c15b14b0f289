"""Every page says what kind it is, every link leads somewhere, every command and setting exists."""

import re
from pathlib import Path

import pytest

from watchfloor.config.env import PREFIX, Env

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
KINDS = {
    "adr": "Decision record",
    "explanation": "Explanation",
    "how-to": "How-to",
    "measured": "Reference",
    "reference": "Reference",
    "tutorials": "Tutorial",
}
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
# A figure with a unit of speed or quality reads like a measurement.
FIGURE = re.compile(r"\b\d[\d,.]*\s*(ms|µs|events/s|rows/s|events a second|rows a second)\b")


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", _text(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.parent != ROOT and page.name != "README.md"], ids=_name
)
def test_a_page_says_what_kind_it_is(page: Path):
    said = re.search(r"^> \*\*([A-Z][\w -]*)\*\*", _text(page), re.MULTILINE)

    assert said is not None
    assert said[1] == KINDS[page.relative_to(DOCS).parts[0]]


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_link_leads_somewhere(page: Path):
    dead = []
    for target in LINK.findall(_text(page)):
        path, _, anchor = target.partition("#")
        if "://" in target:
            continue
        found = (page.parent / path).resolve() if path else page
        if not found.exists() or (anchor and anchor not in _anchors(found)):
            dead.append(target)

    assert dead == []


def test_every_page_is_reached_from_the_index():
    linked = {
        (page.parent / target.partition("#")[0]).resolve()
        for page in (DOCS / "README.md", DOCS / "adr/README.md")
        for target in LINK.findall(_text(page))
    }
    pages = {page for page in DOCS.rglob("*.md") if page != DOCS / "README.md"}

    assert {_name(page) for page in pages - linked} == set()


def test_every_make_target_that_is_named_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        (_name(page), target)
        for page in PAGES
        for target in re.findall(r"(?:`|^)make ([a-z-]+)", _text(page), re.MULTILINE)
    }

    assert {(page, target) for page, target in named if target not in targets} == set()


def test_every_setting_that_is_named_exists():
    settings = {f"{PREFIX}{name.upper()}" for name in Env.model_fields} | {PREFIX}
    named = {
        (_name(page), variable)
        for page in PAGES
        for variable in re.findall(rf"{PREFIX}[A-Z_]*", _text(page))
    }

    assert {(page, variable) for page, variable in named if variable not in settings} == set()


ROOMS = "config|core|entrypoints|ledger|ml|noc|tenants|workflows"
# What a contributor makes: a folder is named, the file is theirs.
TO_BE_MADE = {"core/features/", "core/detectors/"}


def test_every_file_that_contributing_names_exists():
    text = _text(ROOT / "CONTRIBUTING.md")
    in_source = set(re.findall(rf"`((?:{ROOMS})/[\w/.]+)", text)) - TO_BE_MADE
    beside = set(re.findall(r"`((?:tests|tools|docs)/[\w/.-]+)", text))

    assert {name for name in in_source if not (ROOT / "src/watchfloor" / name).exists()} == set()
    assert {name for name in beside if not (ROOT / name).exists()} == set()


@pytest.mark.parametrize("page", [p for p in PAGES if "measured" not in p.parts], ids=_name)
def test_no_page_states_a_figure_that_no_run_wrote(page: Path):
    assert FIGURE.findall(_text(page)) == []
