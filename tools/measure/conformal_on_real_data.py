"""What conformal constructions keep of their promises on real predictions, over many draws."""

import numpy as np

from tools.measure.page import Measured, Section
from tools.measure.real_data import event_sections, number_sections
from tools.measure.real_data.event_sections import Draws
from tools.measure.real_data.numbers import bike_sharing, cmapss_fd001, itsm_incidents
from tools.measure.real_data.pools import (
    read_event_streams,
    read_number_streams,
    read_pools,
    told_data_dir,
)

SEED = 20260302
DRAWS = Draws(splits=200, certificates=500, batches=500, shifts=100)
QUICK = Draws(splits=3, certificates=10, batches=10, shifts=5)

SETS = (
    (
        "12 pools, 5 streams",
        "predictions of models on public sets: vehicle claims (fraud_oracle), AI4I 2020, credit "
        "card default and the ADBench copies of bank campaign, mammography, thyroid, MAGIC and "
        "forest cover from the UCI repository; the streams elec2 and NOAA weather",
        "as the origins state",
    ),
    (
        "bike_sharing",
        "Fanaee-T & Gama (2013), UCI data set 275, Capital Bikeshare, Washington DC",
        "CC BY 4.0",
    ),
    (
        "cmapss_fd001",
        "Saxena & Goebel (2008), Turbofan Engine Degradation Simulation, NASA Ames Prognostics "
        "Data Repository",
        "CC0, US government work",
    ),
    (
        "itsm_incidents",
        "Amaral, Fantinato & Peres (2018), Incident management process enriched event log, UCI "
        "data set 498",
        "CC BY 4.0",
    ),
)


def measure(*, quick: bool) -> Measured:
    """Draw, count, and say it."""
    data_dir = told_data_dir()
    draws, rng = QUICK if quick else DRAWS, np.random.default_rng(SEED)
    pools, numbers = read_pools(data_dir), [bike_sharing(data_dir), itsm_incidents(data_dir)]
    print("  coverage", flush=True)
    sections = event_sections.coverage_sections(pools, draws, rng)
    print("  certificates", flush=True)
    sections += event_sections.certificate_sections(pools, draws, rng)
    sections += [
        event_sections.automation_section(pools, draws, rng),
        event_sections.selection_section(pools, draws, rng),
    ]
    print("  shift and bias", flush=True)
    sections += [
        event_sections.shift_section(pools, draws, rng),
        event_sections.bias_section(pools, draws, rng),
    ]
    print("  numbers", flush=True)
    sections += [
        number_sections.random_order_section(numbers, draws.splits, rng),
        number_sections.in_time_section(
            read_event_streams(data_dir), read_number_streams(data_dir), numbers
        ),
        number_sections.engine_section(cmapss_fd001(data_dir), draws.splits, rng),
        Section("The sets", head=("set", "origin", "licence"), rows=SETS),
    ]
    return page_of(sections, draws)


def page_of(sections: list[Section], draws: Draws) -> Measured:
    """Return the page."""
    import lightgbm
    import scipy

    return Measured(
        name="conformal_on_real_data",
        title="Conformal promises on real predictions",
        what=(
            "Whether intervals, certificates and shortlists keep what they promise on "
            "predictions of real models about real events and numbers. What each promises in "
            "words: [What the interval promises](../explanation/what-the-interval-promises.md)."
        ),
        how=(
            "Scores are on the grid of the product, and the functions are the ones the product "
            "calls. Where rows are in random order, coverage has an exact distribution, the "
            "beta-binomial: each calibration covers a little more or less than its level by "
            "itself, as Beta(k, n + 1 - k)."
        ),
        n=(
            f"{draws.splits} halves, {draws.certificates} calibrations, {draws.batches} batches, "
            f"{draws.shifts} shifted draws"
        ),
        seed=str(SEED),
        versions=(
            f"numpy {np.__version__}, scipy {scipy.__version__}, LightGBM {lightgbm.__version__}"
        ),
        sections=sections,
    )
