"""
Eight outcome intervals at a time: the inside of `bulk_bounds`.

An ordinary store reads the line of memory that it changes; a result that is larger than the
cache then moves through memory twice. Python cannot say that nobody reads it soon; the compiled
twin of `stream_line` can, but only from the beginning of a line on.
"""

from functools import partial
from typing import Any

from watchfloor.core import kernels
from watchfloor.core.arrays import FloatArray

LINE = 8
"""Numbers in a line of memory, 64 bytes."""


def _build(*, past_cache: bool) -> kernels.Loop:
    """Return the function in vectors, with or without the hint that nobody reads it soon."""
    from llvmlite import ir
    from numba.core import types
    from numba.extending import intrinsic

    number = ir.DoubleType()
    vector = ir.VectorType(number, LINE)

    def constant(value: float) -> Any:
        return ir.Constant(vector, [ir.Constant(number, value)] * LINE)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        def place_of(column: int, at: Any) -> Any:
            array = context.make_array(signature.args[column])(context, builder, args[column])
            return builder.bitcast(builder.gep(array.data, [at]), vector.as_pointer())

        def store(line: Any, at: Any) -> None:
            stored = builder.store(line, place_of(4, at), align=8 * LINE if past_cache else 8)
            if past_cache:
                hint = builder.module.add_metadata([ir.Constant(ir.IntType(32), 1)])
                stored.set_metadata("nontemporal", hint)

        score = builder.load(place_of(0, args[1]), align=8)
        half_width = builder.load(place_of(2, args[3]), align=8)
        low, high = builder.fsub(score, half_width), builder.fadd(score, half_width)
        zero, one = constant(0.0), constant(1.0)
        store(builder.select(builder.fcmp_ordered(">", low, zero), low, zero), args[5])
        store(builder.select(builder.fcmp_ordered("<", high, one), high, one), args[6])
        return context.get_dummy_value()

    def typed(_: Any, p: Any, i: Any, half: Any, j: Any, flat: Any, lower: Any, upper: Any) -> Any:
        place = types.intp
        return types.void(p, place, half, place, flat, place, place), generate

    return intrinsic(typed)


@kernels.compiled_by(partial(_build, past_cache=False))
def write_line(
    p: FloatArray,
    i: int,
    half_widths: FloatArray,
    j: int,
    flat: FloatArray,
    lower: int,
    upper: int,
) -> None:
    """
    Write eight lower and eight upper bounds, cut to [0, 1].

    Args:
        p: scores, and `i` the first of the eight.
        half_widths: and `j` the first of the eight.
        flat: where they go; lower bounds from `lower` on and upper ones from `upper` on.
    """
    for k in range(LINE):
        low, high = p[i + k] - half_widths[j + k], p[i + k] + half_widths[j + k]
        flat[lower + k] = low if low > 0.0 else 0.0
        flat[upper + k] = high if high < 1.0 else 1.0


@kernels.compiled_by(partial(_build, past_cache=True))
def stream_line(
    p: FloatArray,
    i: int,
    half_widths: FloatArray,
    j: int,
    flat: FloatArray,
    lower: int,
    upper: int,
) -> None:
    """Do what `write_line` does, past the cache; `lower` and `upper` begin lines of memory."""
    write_line(p, i, half_widths, j, flat, lower, upper)
