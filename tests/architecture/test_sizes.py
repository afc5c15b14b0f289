"""No file and no function outgrows one sitting; CONTRIBUTING.md says what to aim at."""

import ast

from architecture.source import MODULES, by_module, functions_of, name_of

MOST_LINES_OF_A_FILE = 400
MOST_LINES_OF_A_BODY = 60


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """
    Return the lines of a function less its signature and its docstring.

    >>> code = "def f():\\n    '''Say so.'''\\n    a = 1\\n    return a"
    >>> body_lines(ast.parse(code).body[0])
    2
    """
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    if not body:
        return 0
    return (body[-1].end_lineno or body[-1].lineno) - body[0].lineno + 1


def long_functions(tree: ast.Module) -> dict[str, int]:
    """Return the functions that are too long, with their lines."""
    return {
        function.name: lines
        for function in functions_of(tree)
        if (lines := body_lines(function)) > MOST_LINES_OF_A_BODY
    }


def test_a_file_can_be_read_in_one_sitting():
    lines = {name_of(path): len(path.read_text("utf-8").splitlines()) for path in MODULES}

    assert {name: n for name, n in lines.items() if n > MOST_LINES_OF_A_FILE} == {}


def test_a_function_can_be_seen_at_once():
    assert by_module(long_functions, MODULES) == {}
