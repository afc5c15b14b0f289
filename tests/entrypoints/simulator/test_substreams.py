import numpy as np

from watchfloor.entrypoints.simulator.substreams import code, even_unit, substream, unit


class TestSubstream:
    def test_is_the_same_for_the_same_name(self):
        first = substream(7, "guard", "G-0001", 3).random(5)

        again = substream(7, "guard", "G-0001", 3).random(5)

        assert first.tolist() == again.tolist()

    def test_differs_by_seed_by_name_and_by_where_a_name_is_cut(self):
        names = [(7, "a", "bc"), (8, "a", "bc"), (7, "ab", "c"), (7, "a", "bd")]

        draws = {substream(seed, *name).random() for seed, *name in names}

        assert len(draws) == len(names)


class TestUnit:
    def test_is_uniform_over_names(self):
        draws = np.array([unit(7, "x", number) for number in range(4000)])

        # Standard error of the mean 0.289 / sqrt(4000) = 0.0046; four of them.
        assert abs(draws.mean() - 0.5) < 0.019
        assert draws.min() >= 0.0
        assert draws.max() < 1.0


class TestEvenUnit:
    def test_holds_a_share_closely_even_among_thirty(self):
        shares = [
            np.mean([even_unit(seed, "kind", index=index) < 0.2 for index in range(30)])
            for seed in range(50)
        ]

        # Six of thirty; a golden sequence is never off by more than two.
        assert min(shares) >= 4 / 30
        assert max(shares) <= 8 / 30


class TestCode:
    def test_has_the_asked_length_and_is_hexadecimal(self):
        assert len(code(7, "wifi", "SITE-01")) == 16
        assert int(code(7, "secret", "DEV-0001", length=32), 16) > 0
