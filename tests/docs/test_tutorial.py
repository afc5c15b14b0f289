"""Somebody types the tutorial: every line of it runs, and answers as the page says."""

import doctest
import re
import shlex
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest
from django.core.management import call_command
from django.test import Client

PAGE = Path(__file__).resolve().parents[2] / "docs/tutorials/first-ticket.md"
FENCE = re.compile(r"^```(pycon|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _steps(text: str) -> Iterator[tuple[str, str, int]]:
    """Yield each block of the page: its language, its content and its line."""
    for found in FENCE.finditer(text):
        yield found[1], found[2], text.count("\n", 0, found.start()) + 1


@pytest.mark.django_db
def test_every_line_of_the_tutorial_runs_and_answers_as_it_says(monkeypatch):
    # The reader's requests cross a socket; here they go to the same application directly.
    in_process = httpx.MockTransport(_answer)
    monkeypatch.setattr(httpx, "Client", partial(httpx.Client, transport=in_process))
    text = PAGE.read_text(encoding="utf-8")
    shell: dict[str, object] = {}
    told: list[str] = []

    for language, content, line in _steps(text):
        if language == "pycon":
            _type(content, shell=shell, line=line, told=told)
        else:
            _run(content)

    assert told == []


def _type(content: str, *, shell: dict[str, object], line: int, told: list[str]) -> None:
    typed = doctest.DocTestParser().get_doctest(content, shell, PAGE.name, str(PAGE), line)
    # The shell stays open from block to block.
    typed.globs = shell
    doctest.DocTestRunner(verbose=False).run(typed, clear_globs=False, out=told.append)


def _run(content: str) -> None:
    for command in content.splitlines():
        words = shlex.split(command)
        if words[:2] == ["watchfloor", "manage"] and words[2] != "shell":
            call_command(*words[2:])


def _answer(request: httpx.Request) -> httpx.Response:
    answer = Client().generic(
        request.method,
        request.url.raw_path.decode(),
        request.content,
        content_type=request.headers.get("Content-Type", ""),
        headers={"Authorization": request.headers["Authorization"]},
    )
    return httpx.Response(answer.status_code, content=answer.content)
