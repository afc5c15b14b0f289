"""
Copy the few front-end files the console serves out of their npm packages, once.

The result is committed, so neither building nor running Watchfloor needs Node or a network.

    python tools/vendor_static.py           fetch with `npm pack`, write files and vendor.lock
    python tools/vendor_static.py --check   compare the files on disk with vendor.lock, offline
"""

import argparse
import base64
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VENDOR = Path(__file__).parents[1] / "src/watchfloor/entrypoints/console/static/vendor"
LOCK = VENDOR / "vendor.lock"

# The static file storage refuses a reference to a map that is not there.
SOURCE_MAP = re.compile(rb"\n?//# sourceMappingURL=\S+\s*$")
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
DRAWING = re.compile(r"<svg[^>]*>(?P<inside>.*)</svg>", re.DOTALL)

ICONS = (
    "activity",
    "bell",
    "chart-line",
    "check",
    "chevron-right",
    "circle-help",
    "clock",
    "download",
    "ellipsis",
    "eye",
    "heart-pulse",
    "info",
    "keyboard",
    "layout-dashboard",
    "list-checks",
    "log-out",
    "mail-x",
    "moon",
    "monitor",
    "pause",
    "play",
    "refresh-cw",
    "scroll-text",
    "search",
    "sliders-horizontal",
    "sun",
    "ticket",
    "triangle-alert",
    "undo-2",
    "x",
)


@dataclass(frozen=True, slots=True)
class Package:
    """One npm package and what is taken from it: stored name -> path in the package."""

    name: str
    version: str
    licence: str
    files: dict[str, str]
    icons: tuple[str, ...] = ()


PACKAGES = (
    Package("htmx.org", "4.0.1", "0BSD", {"htmx.min.js": "dist/htmx.min.js"}),
    Package("tinykeys", "4.0.0", "MIT", {"tinykeys.js": "dist/tinykeys.mjs"}),
    Package("lucide-static", "1.62.0", "ISC AND MIT", {}, icons=ICONS),
)


def main(argv: list[str] | None = None) -> int:
    """Run the command line; the exit code is 0 when files and lock agree."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare only, touch nothing")
    if not parser.parse_args(argv).check:
        write_all()
    problems = list(differences())
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def write_all() -> None:
    """Fetch every package and write its files, the licences and the lock."""
    VENDOR.mkdir(parents=True, exist_ok=True)
    entries, licences = [], []
    for package in PACKAGES:
        with tempfile.TemporaryDirectory() as folder:
            tree = unpack(package, into=Path(folder))
            entries.append(entry_of(package, stored=dict(stored_files(package, tree=tree))))
            text = "\n".join(path.read_text() for path in sorted(tree.glob("LICENSE*")))
            licences.append(f"{package.name} {package.version} ({package.licence})\n\n{text}")
    (VENDOR / "LICENSES.txt").write_text("\n\n----\n\n".join(licences))
    LOCK.write_text(json.dumps(entries, indent=2) + "\n")


def unpack(package: Package, *, into: Path) -> Path:
    """Return the folder of the package as published at exactly this version."""
    wanted = f"{package.name}@{package.version}"
    subprocess.run(["npm", "pack", "--silent", wanted], cwd=into, check=True, capture_output=True)
    with tarfile.open(next(into.glob("*.tgz"))) as archive:
        archive.extractall(into, filter="data")
    return into / "package"


def stored_files(package: Package, *, tree: Path) -> Iterator[tuple[str, bytes]]:
    """Yield (stored name, bytes) of what is taken from one package, and write them."""
    for stored, source in package.files.items():
        yield stored, written(stored, SOURCE_MAP.sub(b"\n", (tree / source).read_bytes()))
    if package.icons:
        yield "icons.svg", written("icons.svg", sprite(package.icons, folder=tree / "icons"))


def written(name: str, data: bytes) -> bytes:
    """Write one file and hand its bytes on."""
    (VENDOR / name).write_bytes(data)
    return data


def sprite(icons: tuple[str, ...], *, folder: Path) -> bytes:
    """Return one SVG with a symbol for each icon, named like the icon."""
    symbols = "\n".join(symbol(name, svg=(folder / f"{name}.svg").read_text()) for name in icons)
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n{symbols}\n</svg>\n'.encode()


def symbol(name: str, *, svg: str) -> str:
    """
    Return one icon as a symbol; line style comes from the page's own CSS.

    >>> symbol("dot", svg='<svg viewBox="0 0 24 24"><circle r="1" /></svg>')
    '<symbol id="dot" viewBox="0 0 24 24"><circle r="1" /></symbol>'
    """
    drawing = DRAWING.search(COMMENT.sub("", svg))
    if drawing is None:
        raise ValueError(f"{name}: not an SVG drawing")
    inside = " ".join(drawing["inside"].split())
    return f'<symbol id="{name}" viewBox="0 0 24 24">{inside}</symbol>'


def entry_of(package: Package, *, stored: dict[str, bytes]) -> dict[str, Any]:
    """Return the line of the lock for one package."""
    return {
        "name": package.name,
        "version": package.version,
        "licence": package.licence,
        "files": {name: digest(data) for name, data in stored.items()},
    }


def digest(data: bytes) -> str:
    """
    Return the SHA-384 in the form of a subresource integrity value.

    >>> digest(b"")[:14]
    'sha384-OLBgp1G'
    """
    return "sha384-" + base64.b64encode(hashlib.sha384(data).digest()).decode()


def differences() -> Iterator[str]:
    """Yield one sentence for each file that is missing, changed or not in the lock."""
    locked = {
        name: value
        for entry in json.loads(LOCK.read_text())
        for name, value in entry["files"].items()
    }
    for name, value in locked.items():
        path = VENDOR / name
        if not path.exists():
            yield f"{name}: in vendor.lock, but not on disk"
        elif digest(path.read_bytes()) != value:
            yield f"{name}: its bytes differ from vendor.lock"
    known = locked.keys() | {"vendor.lock", "LICENSES.txt"}
    for path in sorted(VENDOR.iterdir()):
        if path.name not in known:
            yield f"{path.name}: on disk, but not in vendor.lock"


if __name__ == "__main__":
    raise SystemExit(main())
