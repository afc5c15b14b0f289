"""Write a page of docs/measured: what, how, with which n, seed, machine and commit."""

import os
import platform
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tools.generate_reference import table

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "measured"
SHARED = (
    "The machine was shared with other work while this ran, and its speed went up and down: "
    "absolute figures are what was seen, not what it can do; ratios are within one run."
)


@dataclass(frozen=True, slots=True)
class Run:
    """
    When, of what and where something was measured.

    Args:
        commit: of the code that ran, with a word if it was changed since.
        quick: a run with less of everything, whose figures are for trying out.
    """

    date: str
    commit: str
    machine: str
    python: str
    quick: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, its words, and a table if it has one."""

    heading: str
    words: str = ""
    head: Sequence[str] = ()
    rows: Iterable[Sequence[str]] = field(default_factory=tuple)

    def text(self) -> str:
        """Return the section as Markdown."""
        parts = [f"## {self.heading}"]
        if self.words:
            parts.append(self.words)
        if self.head:
            parts.append(table(self.head, self.rows))
        return "\n\n".join(parts)


@dataclass(frozen=True, slots=True)
class Measured:
    """What one measurement has to say: its page is made of this and of the run."""

    name: str
    title: str
    what: str
    how: str
    n: str
    seed: str
    versions: str
    sections: Sequence[Section]


def text_of(measured: Measured, run: Run) -> str:
    """Return the page."""
    command = f"python -m tools.measure {'--quick ' if run.quick else ''}{measured.name}"
    facts = [
        ("n", measured.n),
        ("seed", measured.seed),
        ("machine", run.machine),
        ("versions", f"{run.python}; {measured.versions}" if measured.versions else run.python),
        ("commit", run.commit),
        ("date", run.date),
    ]
    parts = [
        f"# {measured.title}",
        f"> **Reference**, written by `{command}`; changes by hand are lost.",
        measured.what,
        measured.how,
        SHARED,
        table(["", ""], facts),
        *(section.text() for section in measured.sections),
    ]
    if run.quick:
        parts.insert(2, "**A quick run, to see that it works: its figures prove nothing.**")
    return "\n\n".join(parts) + "\n"


def write(measured: Measured, run: Run, *, folder: Path = FOLDER) -> Path:
    """Write the page and return where it is."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{measured.name}.md"
    path.write_text(text_of(measured, run), encoding="utf-8")
    return path


def this_run(*, date: str, commit: str, quick: bool) -> Run:
    """Return the present run; the commit is asked of git when it is not told."""
    return Run(
        date=date or datetime.now(UTC).date().isoformat(),
        commit=commit or _commit(),
        machine=machine(),
        python=f"Python {platform.python_version()}",
        quick=quick,
    )


def machine(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Return cores that this process may use, and what kind they are."""
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores, {_cpu_model(cpuinfo)}, {platform.system()} {platform.machine()}"


def _cpu_model(cpuinfo: Path) -> str:
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return "CPU model not told"


def _commit() -> str:
    told = _git("rev-parse", "--short=12", "HEAD")
    if not told:
        return "not told"
    return f"{told}, with uncommitted changes" if _git("status", "--porcelain", "src") else told


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""
