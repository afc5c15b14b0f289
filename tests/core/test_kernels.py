"""The twin of a loop is chosen in one place, and both give the same."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from watchfloor.core import kernels
from watchfloor.core.kernels import COMPILING_S, Twin

SRC = Path(__file__).resolve().parents[2] / "src"


def fill_squares(numbers, squares):
    for i in range(len(numbers)):
        squares[i] = _square(numbers[i])


def _square(number):
    return number * number


def called_often(numbers):
    raise AssertionError


def called_once(numbers):
    raise AssertionError


@pytest.mark.parametrize("twin", kernels.twins())
def test_a_loop_and_the_functions_it_calls_run_in_each_twin(twin):
    squares = np.zeros(3, dtype=np.int64)

    kernels.run(fill_squares, read=[np.array([1, 2, 3])], filled=[squares], twin=twin)

    assert squares.tolist() == [1, 4, 9]


def test_a_loop_is_compiled_once_its_plain_twin_has_taken_as_long_as_compiling():
    works = [COMPILING_S / 2, COMPILING_S / 2, COMPILING_S / 100]

    taken = [kernels.twin_for(called_often, plain_s=plain_s) for plain_s in works]

    assert taken == [Twin.PLAIN, Twin.PLAIN, kernels.twins()[-1]]


def test_a_large_work_is_compiled_at_once_where_that_is_possible():
    assert kernels.twin_for(called_once, plain_s=2 * COMPILING_S) is kernels.twins()[-1]


def test_what_is_compiled_already_is_used_for_small_works_too():
    pytest.importorskip("numba")
    kernels.compiled(fill_squares)

    assert kernels.twin_for(fill_squares, plain_s=0.0) is Twin.COMPILED


def test_a_loop_whose_code_can_be_kept_nowhere_is_compiled_all_the_same():
    pytest.importorskip("numba")
    names = {}
    exec("def twice(number): return 2 * number", names)

    assert kernels.compiled(names["twice"])(21) == 42


def _in_a_process_of_its_own(code):
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=SRC, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_numba_is_not_imported_before_a_large_work_asks_for_it():
    code = (
        "import sys\n"
        "from watchfloor.core.conformal import bulk_bounds, sliding_window, venn_abers\n"
        "venn_abers.fit_venn_abers([0.2, 0.4, 0.6], [0, 1, 1])\n"
        "sliding_window.sliding_window(1000).push(0.5)\n"
        "bulk_bounds.outcome_bounds_many([0.2], edges=(), quantiles=[[0.1]])\n"
        "print('numba' in sys.modules)"
    )

    assert _in_a_process_of_its_own(code) == "False"


def test_everything_runs_where_numba_is_not_installed():
    code = (
        "import importlib.util\n"
        "found = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name: None if name == 'numba' else found(name)\n"
        "from watchfloor.core import kernels\n"
        "from watchfloor.core.conformal import sliding_window\n"
        "from watchfloor.core.errors import NotReady\n"
        "print(*kernels.twins(), type(sliding_window.sliding_window(10**6)).__name__)\n"
        "try: kernels.compiled(print)\n"
        "except NotReady as refused: print(refused)"
    )

    said = _in_a_process_of_its_own(code)

    assert said.splitlines() == [
        "plain ListWindow",
        "numba is not installed: pip install 'watchfloor[fast]'",
    ]
