"""The modules at work in a real browser, under the strict policy, with a server made of paper."""

import json
import mimetypes
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.template.loader import render_to_string

import watchfloor.entrypoints.console
from watchfloor.entrypoints.console.styleguide import sample_context

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="Chromium is not installed"),
]

ORIGIN = "http://console.test"
STATIC = Path(watchfloor.entrypoints.console.__file__).parent / "static"
POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; connect-src 'self' ws:"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        yield chromium
        chromium.close()


class Console:
    """One open page, the frames a test sends to it and the requests it made."""

    def __init__(self, page):
        self.page = page
        self.problems = []
        self.asked = []
        self.sockets = []
        self.rows = ""
        self.seq_shown = None
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.route("**/*", self._answer)
        page.route_web_socket("**/ws/live/", self._joined)

    def open(self):
        self.page.goto(f"{ORIGIN}/")
        self.page.wait_for_function("document.documentElement.dataset.keys")

    def send(self, **frame):
        self.sockets[-1].send(json.dumps({"as_of": "2026-03-02T12:00:10Z", "lag_ms": 400} | frame))

    def wait_for_asked(self, part, *, times):
        for _ in range(60):
            if sum(part in address for address in self.asked) >= times:
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"{part} was not asked for {times} times: {self.asked}")

    def _joined(self, socket):
        self.sockets.append(socket)

    def _heard(self, message):
        if message.type == "error":
            self.problems.append(message.text)

    def _answer(self, route):
        path = route.request.url.removeprefix(ORIGIN).split("?")[0]
        self.asked.append(route.request.url.removeprefix(ORIGIN))
        if path == "/":
            headers = {"content-security-policy": POLICY, "content-type": "text/html"}
            return route.fulfill(headers=headers, body=page_html(self.seq_shown))
        if path == "/stream/":
            return route.fulfill(content_type="text/html", body=self.rows)
        if path == "/kpis/":
            return route.fulfill(content_type="text/html", body='<dl class="kpis">fetched</dl>')
        file = STATIC / path.removeprefix("/static/")
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        return route.fulfill(content_type=kind, body=file.read_bytes())


def page_html(seq_shown):
    context = sample_context(now=NOW, live_path="/ws/live/")
    shell = replace(context["shell"], live_seq=seq_shown)
    paths = {"stream_path": "/stream/", "kpis_path": "/kpis/"}
    html = render_to_string("console/styleguide.html", context | paths | {"shell": shell})
    return html.replace('href="static/', 'href="/static/').replace('src="static/', 'src="/static/')


def row_html(key, title="A new one"):
    return (
        f'<tr role="row" id="row-{key}" data-row data-cursor="{key}" tabindex="-1">'
        f'<td role="cell" class="c-what"><a href="#{key}" data-row-open>{title}</a></td></tr>'
    )


@pytest.fixture
def console(browser):
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    console = Console(page)
    console.open()
    yield console
    assert console.problems == []
    page.close()


def state(console):
    return console.page.locator("[data-live-state]").get_attribute("data-live-state")


class TestKeys:
    def test_the_help_lists_what_works_here_and_closes_with_escape(self, console):
        console.page.keyboard.press("?")

        listed = console.page.locator("[data-keys-list]").inner_text()
        assert "Go to Review" in listed
        assert "Confirm" in listed
        console.page.keyboard.press("Escape")
        assert not console.page.locator("dialog").is_visible()

    def test_single_keys_can_be_switched_off_and_stay_off(self, console):
        console.page.keyboard.press("?")
        console.page.locator("[data-keys-switch]").uncheck()
        console.page.keyboard.press("Escape")

        console.page.keyboard.press("/")

        assert console.page.evaluate("document.activeElement.id") != "q"
        assert not console.page.locator(".nav kbd").first.is_visible()

    def test_slash_goes_to_the_search_and_typing_there_is_only_typing(self, console):
        console.page.keyboard.press("/")
        console.page.keyboard.type("gp?")

        assert console.page.locator("#q").input_value() == "gp?"
        assert not console.page.locator("dialog").is_visible()

    def test_j_and_k_walk_the_rows(self, console):
        for key in "jjk":
            console.page.keyboard.press(key)

        assert console.page.evaluate("document.activeElement.id") == "row-0"


def test_the_theme_is_kept_where_the_server_sees_it(console):
    console.page.locator("[data-theme-button]").click()

    assert console.page.evaluate("document.documentElement.dataset.theme") == "light"
    assert "wf_theme=light" in console.page.evaluate("document.cookie")


class TestLive:
    def test_is_live_once_the_server_was_heard_and_shows_its_clock(self, console):
        console.send(type="hello", seq=41)

        console.page.wait_for_selector("[data-live-state=live]")
        assert "12:00:10" in console.page.locator("[data-as-of]").inner_text()

    def test_fetches_all_after_a_gap_and_only_the_new_otherwise(self, console):
        console.send(type="hello", seq=41)
        console.wait_for_asked("/stream/", times=1)
        console.page.wait_for_timeout(1100)

        console.send(type="change", seq=42, kinds=["decision"])
        console.wait_for_asked("/stream/?after=0", times=1)
        console.page.wait_for_timeout(1100)
        console.send(type="beat", seq=44)
        console.wait_for_asked("/stream/", times=3)

        assert not console.asked[-1].endswith("after=0")

    def test_a_beat_that_overtakes_its_push_is_no_gap(self, console):
        console.send(type="hello", seq=1)
        console.wait_for_asked("/kpis/", times=1)
        console.page.wait_for_timeout(1100)

        console.send(type="beat", seq=2)
        console.send(type="change", seq=2, kinds=["audit"])
        console.page.wait_for_timeout(900)

        assert sum(address.startswith("/kpis/") for address in console.asked) == 1

    def test_a_change_of_another_kind_asks_for_nothing(self, console):
        console.send(type="hello", seq=1)
        console.wait_for_asked("/stream/", times=1)
        console.page.wait_for_timeout(1100)

        console.send(type="change", seq=2, kinds=["audit"], counts={"review": 9})

        console.page.wait_for_function(
            "document.querySelector('[data-count=review]').textContent === '9'"
        )
        assert sum("/stream/" in address for address in console.asked) == 1

    def test_a_region_fetches_itself_again_when_its_kind_changed(self, console):
        console.send(type="hello", seq=1)

        console.page.wait_for_selector(".kpis >> text=fetched")

    def test_a_page_that_shows_the_latest_change_already_fetches_nothing(self, browser):
        page = browser.new_page()
        console = Console(page)
        console.seq_shown = 7
        console.open()

        console.send(type="hello", seq=7)

        page.wait_for_selector("[data-live-state=live]")
        assert not [address for address in console.asked if address.startswith("/kpis/")]
        page.close()

    def test_new_rows_appear_on_top_when_nobody_is_reading(self, console):
        console.rows = row_html("9")
        console.send(type="hello", seq=1)

        console.page.wait_for_selector("#row-9")
        first = console.page.locator("[data-rows] [data-row]").first
        assert first.get_attribute("id") == "row-9"

    def test_new_rows_wait_while_the_focus_is_in_the_stream_and_bring_it_along(self, console):
        console.page.keyboard.press("j")
        console.rows = row_html("9") + row_html("8")
        console.send(type="hello", seq=1)

        console.page.wait_for_selector("[data-held]:not([hidden])")
        assert "2 new above" in console.page.locator("[data-held]").inner_text()
        assert console.page.locator("#row-9").count() == 0
        console.page.keyboard.press(".")
        console.page.wait_for_selector("#row-9")
        assert console.page.evaluate("document.activeElement.id") == "row-9"

    def test_a_row_that_changed_keeps_its_place(self, console):
        console.rows = row_html("2", title="Now acknowledged")
        console.send(type="hello", seq=1)

        console.page.wait_for_selector("#row-2 >> text=Now acknowledged")
        third = console.page.locator("[data-rows] [data-row]").nth(2)
        assert third.get_attribute("id") == "row-2"

    def test_paused_nothing_moves_until_going_on(self, console):
        console.send(type="hello", seq=1)
        console.wait_for_asked("/stream/", times=1)
        console.page.keyboard.press("p")
        console.page.wait_for_selector("[data-live-state=paused]")
        console.rows = row_html("9")
        console.page.wait_for_timeout(1100)

        console.send(type="change", seq=2, kinds=["decision"])
        console.page.wait_for_timeout(200)
        assert console.page.locator("#row-9").count() == 0

        console.page.keyboard.press("p")
        console.page.wait_for_selector("#row-9")

    def test_says_stale_when_the_server_falls_silent(self, console):
        console.send(type="hello", seq=1)
        console.page.wait_for_selector("[data-live-state=live]")

        console.page.wait_for_selector("[data-live-state=stale]", timeout=6000)

    def test_comes_back_by_itself_after_a_lost_connection(self, console):
        console.send(type="hello", seq=1)
        console.page.wait_for_selector("[data-live-state=live]")

        console.sockets[-1].close()
        console.page.wait_for_selector("[data-live-state=stale]")
        for _ in range(60):
            if len(console.sockets) == 2:
                break
            console.page.wait_for_timeout(50)

        console.send(type="hello", seq=1)
        console.page.wait_for_selector("[data-live-state=live]")

    def test_says_what_is_critical_at_once_and_the_rest_as_a_sum(self, console):
        console.send(type="hello", seq=1)
        console.send(
            type="change", seq=2, kinds=["decision"], new={"critical": 1, "total": 4},
            critical=[{"key": "a-1", "words": "Two sites in four minutes"}],
        )  # fmt: skip

        console.page.wait_for_function(
            "document.querySelector('[data-announce=assertive]').textContent.startsWith('Two')"
        )
        polite = console.page.locator("[data-announce=polite]").text_content()
        assert polite == "1 new critical, 4 new in total"


def test_back_off_grows_is_bounded_and_never_the_same_for_all(console):
    waits = console.page.evaluate(
        "import('/static/watchfloor/socket.js').then(({waitMs}) => "
        "[[1, 0], [1, 1], [3, 0], [40, 0], [40, 1]].map(([n, chance]) => waitMs(n, chance)))"
    )

    assert waits == [250, 500, 1000, 15_000, 30_000]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 900, 1440])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(browser, theme, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=theme)
    console = Console(page)
    console.open()

    found = axe.Axe().run(page)

    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert console.problems == []
    page.close()


def test_touch_targets_are_large_enough_on_a_phone(browser):
    page = browser.new_page(viewport={"width": 390, "height": 844})
    Console(page).open()

    small = page.evaluate(
        "[...document.querySelectorAll('.btn, .nav-main a, .nav-main button, input, select')]"
        ".filter(one => one.checkVisibility() && !one.closest('.choices'))"
        ".map(one => [one.textContent.trim() || one.name, one.getBoundingClientRect().height])"
        ".filter(([, height]) => height < 44)"
    )

    assert small == []
    page.close()


class TestFailures:
    def test_a_failed_action_says_so_and_keeps_what_was_typed(self, console):
        console.page.locator("#q").fill("G-1187")
        console.page.evaluate(
            "document.dispatchEvent(new CustomEvent('htmx:response:error', "
            "{detail: {ctx: {response: {status: 500}}}}))"
        )

        assert "The server failed" in console.page.locator("[data-failure]").inner_text()
        assert console.page.locator("#q").input_value() == "G-1187"

    def test_a_form_that_came_back_with_its_errors_explains_itself(self, console):
        console.page.evaluate(
            "document.dispatchEvent(new CustomEvent('htmx:response:error', "
            "{detail: {ctx: {response: {status: 422}}}}))"
        )

        assert not console.page.locator("[data-failure]").is_visible()
