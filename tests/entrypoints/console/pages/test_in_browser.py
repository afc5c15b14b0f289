"""The pages in a real browser, served by a process of its own, under the strict policy."""

import re
import shutil

import pytest
from entrypoints.console.pages.served import OWNER, PASSWORD, served

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="Chromium is not installed"),
]

PAGES = (
    "",
    "alerts/",
    "alerts/{alert_id}/",
    "tickets/",
    "tickets/{ticket_id}/",
    "review/{item_id}/",
    "review/shortlist/?model_type=sla_breach",
    "predictions/{prediction_id}/",
    "models/",
    "fleet/",
    "models/lift_outage/",
    "models/sla_breach/",
    "models/fraud_detector/",
    "models/sla_breach/coverage/",
    "models/sla_breach/coverage/?level=99&weeks=52",
    "models/lift_outage/coverage/",
    "models/sla_breach/thresholds/",
    "models/sla_breach/thresholds/?review_score=0.3&ticket_score=0.75",
    "models/lift_outage/thresholds/",
    "models/fraud_detector/coverage/",
    "models/lift_outage/jobs/{job_id}/",
    "models/lift_outage/roll-back/",
    "dead-letters/",
    "dead-letters/{letter_id}/",
    "audit/?verify=1",
    "audit/thresholds/",
    "health/",
    "manage/",
    "manage/thresholds/?model_type=sla_breach",
    "manage/thresholds/sla_breach/width_limit/",
    "manage/tokens/",
    "manage/ml-config/",
    "manage/ml-config/RETRAIN_COOLDOWN_DAYS/",
)
NARROW, WIDE = (390, 844), (1440, 900)


@pytest.fixture(scope="module")
def chromium():
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def floor(tmp_path_factory):
    """The address of a running console over the filled world, and Acme's ids."""
    with served(tmp_path_factory.mktemp("floor")) as (address, ids):
        yield address, ids


@pytest.fixture(scope="module")
def session(chromium, floor):
    """Cookies of Dana, who signed in by the page."""
    page = chromium.new_page()
    page.goto(f"{floor[0]}/t/acme/")
    page.fill("#id_username", OWNER)
    page.fill("#id_password", PASSWORD)
    page.click("button")
    page.wait_for_url("**/t/acme/")
    cookies = page.context.cookies()
    page.close()
    return cookies


@pytest.fixture
def open_page(chromium, floor, session):
    """Open a page of Acme's as Dana; what the browser complains about fails the test."""
    contexts, problems = [], []

    def opened(path, *, size=WIDE, theme="light", script=True):
        context = chromium.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=theme,
            java_script_enabled=script,
        )
        contexts.append(context)
        context.add_cookies(session)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
        page.goto(f"{floor[0]}/t/acme/{path.format(**floor[1])}")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert problems == []


@pytest.mark.parametrize(
    ("size", "theme"), [(NARROW, "light"), (WIDE, "dark")], ids=["narrow light", "wide dark"]
)
def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(open_page, floor, theme, size):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = open_page("", size=size, theme=theme)
    found = {}

    for path in PAGES:
        page.goto(f"{floor[0]}/t/acme/{path.format(**floor[1])}")
        page.wait_for_selector("html[data-keys]")
        spare = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        broken = [v["id"] for v in axe.run(page).response["violations"]]
        if broken or spare > 0:
            found[path] = (broken, spare)

    assert found == {}


def test_a_review_is_done_by_keys_alone(open_page):
    page = open_page("review/{item_id}/")
    page.wait_for_selector("html[data-keys=on]")
    first = page.url

    page.keyboard.press("n")
    page.wait_for_url(lambda url: url != first)
    second = page.url
    page.wait_for_selector("html[data-keys=on]")
    page.keyboard.press("2")
    page.wait_for_selector(".messages .success")

    assert "not confirmed" in page.inner_text(".messages")
    assert page.url != second


def test_a_threshold_is_tried_by_keys_on_its_handle(open_page):
    page = open_page("models/sla_breach/thresholds/")
    page.wait_for_selector("html[data-keys]")
    handle, shown = page.locator("[data-moves=review_score]"), "#answer input[name=review_score]"

    handle.focus()
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(f"{shown}[value='0.391']", state="attached")

    assert page.input_value("#id_review_score") == "0.391"
    assert page.get_attribute("[data-handle=review_score] line", "x1") == "39.1%"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.name") == "reason"


def test_a_threshold_is_tried_without_script(open_page):
    page = open_page("models/sla_breach/thresholds/", script=False)

    page.fill("#id_review_score", "0.31")
    page.click("text=Try it")

    assert "review_score=0.31" in page.url
    assert page.get_attribute("#answer input[name=review_score]", "value") == "0.31"


def test_keys_lead_from_place_to_place(open_page):
    page = open_page("")

    for keys, place in (("gt", "tickets"), ("gm", "models"), ("ga", "audit"), ("gw", "acme")):
        page.wait_for_selector("html[data-keys=on]")
        for key in keys:
            page.keyboard.press(key)
        page.wait_for_url(f"**/{place}/")

    assert page.title().startswith("Wall")


class TestWithoutScript:
    def test_an_alert_is_marked_as_seen(self, open_page):
        page = open_page("alerts/?status=firing", script=False)
        before = page.locator("button[name=acknowledge]:not([value=''])").count()

        page.locator("button[name=acknowledge]:not([value=''])").first.click()

        assert "1 alert is marked as seen." in page.inner_text(".messages")
        assert page.locator("button[name=acknowledge]:not([value=''])").count() == before - 1

    def test_a_review_is_decided(self, open_page):
        page = open_page("review/", script=False)
        first = page.url

        page.get_by_role("button", name="Unsure").click()

        assert "inconclusive" in page.inner_text(".messages")
        assert page.url != first

    def test_a_ticket_is_closed(self, open_page):
        page = open_page("tickets/", script=False)
        page.locator("[data-row-open]").first.click()

        page.get_by_role("button", name="Close the ticket").click()
        refused = page.locator("input[name=disposition]").first.evaluate("e => !e.checkValidity()")
        page.get_by_text("Not confirmed", exact=True).first.click()
        page.get_by_role("button", name="Close the ticket").click()

        assert refused
        assert re.search(r"Ticket \d+ is closed\.", page.inner_text(".messages"))


class TestLive:
    def test_an_alert_that_somebody_ends_says_so_where_it_stands(self, open_page):
        watching = open_page("alerts/")
        watching.wait_for_selector("[data-live-state=live]")
        row = watching.locator("[data-row]").nth(3)
        row_id = row.get_attribute("id")
        acting = open_page("alerts/")

        acting.locator(f"#{row_id} button[name=resolve]").click()

        watching.wait_for_selector(f"#{row_id} >> text=Over", timeout=10_000)
        assert watching.locator("[data-row]").nth(3).get_attribute("id") == row_id

    def test_the_counts_follow_a_verdict(self, open_page):
        watching = open_page("")
        watching.wait_for_selector("[data-live-state=live]")
        count = watching.locator("[data-count=review]")
        before = int(count.inner_text())
        acting = open_page("review/")

        acting.get_by_role("button", name="Confirm").click()

        left = watching.locator("[data-count=review]", has_text=re.compile(f"^{before - 1}$"))
        left.wait_for(timeout=10_000)

    def test_a_colleague_sees_that_an_item_is_taken(self, open_page):
        watching = open_page("review/")
        watching.wait_for_selector("[data-live-state=live]")
        acting = open_page("review/")
        assert acting.url == watching.url

        acting.get_by_role("button", name="Confirm").click()

        watching.wait_for_selector("text=gave a verdict on this one meanwhile", timeout=10_000)
