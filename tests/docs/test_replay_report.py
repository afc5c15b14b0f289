"""The page of the replay report lists the keys that the code writes, and no other."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/reference/replay-report.md").read_text(encoding="utf-8")
CODE = ROOT / "src/watchfloor/entrypoints/cli/replay/report.py"


def _keys(node: ast.AST) -> set[str]:
    """Return the keys that stand in dictionaries of some code."""
    return {
        str(key.value)
        for each in ast.walk(node)
        if isinstance(each, ast.Dict)
        for key in each.keys
        if isinstance(key, ast.Constant)
    }


def _report() -> ast.Dict:
    """Return the dictionary that `report_on` returns."""
    tree = ast.parse(CODE.read_text(encoding="utf-8"))
    (function,) = [n for n in tree.body if getattr(n, "name", "") == "report_on"]
    (returned,) = [n.value for n in ast.walk(function) if isinstance(n, ast.Return)]
    assert isinstance(returned, ast.Dict)
    return returned


def test_the_page_lists_the_keys_of_the_report_and_no_other():
    first_cells = re.findall(r"^\| (`[^|]+`) \|", PAGE, re.MULTILINE)
    listed = {key for cell in first_cells for key in re.findall(r"`(\w+)`", cell)}

    assert listed == {str(key.value) for key in _report().keys if isinstance(key, ast.Constant)}


def test_the_page_names_every_key_inside():
    named = set(re.findall(r"`(\w+)`", PAGE))

    assert _keys(ast.parse(CODE.read_text(encoding="utf-8"))) - named == set()
