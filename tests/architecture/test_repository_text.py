"""The repository speaks of the product: no path of a machine, no address of a package index."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from architecture.source import ROOT, name_of

NOT_OURS = frozenset(
    {"__pycache__", "build", "data", "dist", "htmlcov", "site", "var", "vendor", "watchfloor-data"}
)
BINARY = frozenset({".gif", ".ico", ".jpg", ".png", ".pyc", ".sqlite3", ".webp", ".woff2"})
# A folder of somebody's machine; inside a container or a unit, /etc, /var and /opt are ours.
MACHINE_PATH = re.compile(r"(?<![\w.$}~-])/(?:home|private|root|tmp|Users|work)/[\w.-]")


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        hidden = path.name.startswith(".") and path.name not in {".ci", ".gitignore"}
        if hidden or path.name in NOT_OURS or path.suffix in BINARY:
            continue
        if path.is_dir():
            yield from _files(path)
        elif path.is_file():
            yield path


def test_no_text_names_a_path_of_a_machine():
    found = [
        f"{name_of(path)}:{n}: {line[:120]}"
        for path in _files(ROOT)
        for n, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if MACHINE_PATH.search(line)
    ]

    assert found == []


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").glob("*.txt")), ids=name_of)
def test_the_lock_names_versions_and_hashes_and_no_address(path: Path):
    text = path.read_text(encoding="utf-8")
    # A line that begins a requirement; its hashes follow on continued lines.
    pinned = [line for line in text.splitlines() if re.match(r"[A-Za-z0-9]", line)]

    assert "://" not in text
    assert [line for line in pinned if "==" not in line] == []
    assert text.count("--hash=sha256:") >= len(pinned) > 0
