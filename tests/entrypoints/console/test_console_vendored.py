"""What was copied from elsewhere is what the lock says, byte for byte."""

import importlib.util
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def vendor_static():
    spec = importlib.util.spec_from_file_location("vendor_static", ROOT / "tools/vendor_static.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_file_is_the_one_in_the_lock(vendor_static):
    assert list(vendor_static.differences()) == []


def test_every_package_names_its_licence_and_brings_its_text(vendor_static):
    texts = (vendor_static.VENDOR / "LICENSES.txt").read_text()

    for entry in json.loads(vendor_static.LOCK.read_text()):
        assert entry["licence"]
        assert f"{entry['name']} {entry['version']}" in texts


def test_every_icon_a_template_asks_for_is_in_the_sprite(vendor_static):
    templates = vendor_static.VENDOR.parents[1] / "templates"
    html = "\n".join(path.read_text() for path in templates.rglob("*.html"))

    asked = {part.split('"')[1] for part in html.split("{% icon ")[1:] if part.startswith('"')}

    assert asked
    assert asked <= set(vendor_static.ICONS)
