"""
Write the page that shows every part of the console, and photograph it.

    python tools/console_styleguide.py FOLDER           write the pages and their static files
    python tools/console_styleguide.py FOLDER --shots   and PNGs, three widths, both themes
"""

import argparse
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Literal

import django
from django.conf import settings
from playwright.sync_api import Browser, sync_playwright

CONSOLE = Path(__file__).parents[1] / "src/watchfloor/entrypoints/console"
NOW = datetime(2026, 11, 14, 2, 14, 7, tzinfo=UTC)
WIDTHS = (390, 900, 1440)
Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")
PAGES = ("console/styleguide.html", "console/login.html", "404.html")


def main(argv: list[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shots", action="store_true")
    options = parser.parse_args(argv)
    configure()
    write_pages(options.folder)
    if options.shots:
        photograph(options.folder)
    return 0


def configure() -> None:
    """Set up as much of Django as templates need; no database, no routes."""
    if settings.configured:
        return
    settings.configure(
        INSTALLED_APPS=["django.contrib.staticfiles", "watchfloor.entrypoints.console"],
        TEMPLATES=[
            {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}
        ],
        STATIC_URL="static/",
        USE_TZ=True,
        TIME_ZONE="Asia/Kolkata",
    )
    django.setup()


def write_pages(folder: Path) -> None:
    """Write each page once for each theme, and the static files beside them."""
    from django.template.loader import render_to_string

    from watchfloor.entrypoints.console.styleguide import sample_context

    shutil.copytree(CONSOLE / "static", folder / "static", dirs_exist_ok=True)
    context = sample_context(now=NOW) | {"form": sample_form(), "next": "/"}
    for page in PAGES:
        (folder / Path(page).name).write_text(render_to_string(page, context))


def sample_form() -> object:
    """Return a sign-in form with a wrong entry in it."""
    from django import forms

    class SignIn(forms.Form):
        username = forms.CharField()
        password = forms.CharField(widget=forms.PasswordInput)

    return SignIn({"username": "dana", "password": ""})


def photograph(folder: Path) -> None:
    """Take a picture of every page at every width in both themes."""
    with served(folder) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for page in PAGES:
            for width in WIDTHS:
                for theme in THEMES:
                    name = Path(page).stem
                    path = folder / f"{name}-{width}-{theme}.png"
                    url = f"{address}/{name}.html"
                    shoot(browser, url, path, width=width, theme=theme)
        browser.close()


def shoot(browser: Browser, url: str, path: Path, *, width: int, theme: Theme) -> None:
    """Save the whole page as a window of this width shows it."""
    page = browser.new_page(
        viewport={"width": width, "height": 844 if width < 600 else 900},
        color_scheme=theme,
        has_touch=width < 600,
        is_mobile=width < 600,
        device_scale_factor=1,
    )
    page.goto(url)
    page.screenshot(path=path, full_page=True)
    page.close()


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on a free port of this machine, because modules do not load from files."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


if __name__ == "__main__":
    raise SystemExit(main())
