"""The frame, the parts and the error pages, as text."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from django.template.loader import render_to_string

from watchfloor.entrypoints.console.parts import Progress
from watchfloor.entrypoints.console.shell import Automation
from watchfloor.entrypoints.console.styleguide import sample_context

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
PAGES = ("console/styleguide.html", "console/login.html", "404.html", "403.html", "500.html")
VOID = {"meta", "link", "input", "br", "hr", "img"}


class Outline(HTMLParser):
    """What a page consists of: its start tags, and whether each was closed."""

    def __init__(self):
        super().__init__()
        self.tags = []
        self.open = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes something else"


def rendered(page="console/styleguide.html", **changes):
    return render_to_string(page, sample_context(now=NOW, live_path="/ws/live/") | changes)


def outline(html):
    reader = Outline()
    reader.feed(html)
    assert reader.open == []
    return reader.tags


@pytest.mark.parametrize("page", PAGES)
class TestEveryPage:
    def test_holds_no_script_or_style_of_its_own(self, page):
        tags = outline(rendered(page))

        assert not [tag for tag, _ in tags if tag == "style"]
        assert all("src" in attrs for tag, attrs in tags if tag == "script")
        inline = [key for _, attrs in tags for key in attrs if key == "style" or key[:2] == "on"]
        assert inline == []

    def test_has_one_heading_one_main_and_its_language(self, page):
        tags = outline(rendered(page))

        names = [tag for tag, _ in tags]
        assert names.count("h1") == 1
        assert names.count("main") == 1
        assert dict(tags)["html"]["lang"] == "en"

    def test_uses_every_id_once(self, page):
        ids = [attrs["id"] for _, attrs in outline(rendered(page)) if "id" in attrs]

        assert len(ids) == len(set(ids))


def test_the_page_of_a_broken_server_needs_no_context():
    assert "Something broke" in render_to_string("500.html")


class TestFrame:
    def test_counts_what_waits_and_marks_where_one_is(self):
        html = rendered()

        assert '<span class="count" data-count="review">7</span>' in html
        assert html.count('aria-current="page"><svg') == 0
        assert re.search(r'href="#wall" aria-current="page"', html)

    def test_a_place_where_nothing_waits_shows_no_zero(self):
        assert '<span class="count" data-count="models" hidden></span>' in rendered()

    @pytest.mark.parametrize("automation", Automation)
    def test_always_says_whether_anything_is_automatic(self, automation):
        shell = replace(sample_context(now=NOW)["shell"], automation=automation)

        assert automation.words in rendered(shell=shell)

    def test_without_a_live_path_nothing_claims_to_be_live(self):
        html = render_to_string("console/styleguide.html", sample_context(now=NOW))

        assert "data-live-state" not in html
        assert "as of" in html

    def test_starts_as_loaded_and_not_as_live_until_the_server_was_heard(self):
        assert 'data-live-state="loaded"' in rendered()


class TestParts:
    def test_a_severity_has_a_shape_and_a_word(self):
        html = rendered()

        assert re.search(r'<span class="sev critical"><svg .*?</svg>Critical</span>', html)

    def test_a_row_keeps_every_fact_when_it_becomes_a_card(self):
        card = rendered().split('id="row-0"')[1].split("</tr>")[0]

        for fact in ("Critical", "Two sites in four minutes", "G-1187", "Harbour Gate 2",
                     "0.93", "Ticket 4,102", "certified", "12\u00a0s"):  # fmt: skip
            assert fact in card

    def test_every_figure_has_a_table_with_as_many_rows_as_it_shows(self):
        context = sample_context(now=NOW)

        html = rendered()

        for name in ("coverage", "histogram", "agreement"):
            for row in context[name].table.rows:
                assert f'<th scope="row">{row[0]}</th>' in html

    def test_a_job_is_never_full_before_its_end(self):
        assert Progress("Training", done=1879, total=1880, unit="rows").percent == 99
        assert Progress("Training", done=0, total=0, unit="rows").percent == 0

    def test_a_time_carries_the_exact_instant_for_machine_and_reader(self):
        assert 'datetime="2026-03-02T11:59:48Z" data-age title="2 Mar 2026, 11:59:48' in rendered()
