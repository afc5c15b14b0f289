"""
How a fraud changes the events of an honest shift.

Hidden frauds change no row they leave. After the drift (`evolved`) the same people leave other
traces: buddies carry the absent guard's phone and hold up his portrait, spoofers jitter and
clear the mock flag.
"""

from collections.abc import Iterable

import numpy as np

from watchfloor.entrypoints.simulator.behaviour.draft import Draft, Photo
from watchfloor.entrypoints.simulator.behaviour.fixes import fix_at_pin
from watchfloor.entrypoints.simulator.behaviour.phone import home_radio, photo_hash
from watchfloor.entrypoints.simulator.config import FraudChoices, WorldConfig
from watchfloor.entrypoints.simulator.fraud import Intent
from watchfloor.entrypoints.simulator.records import Detectability, EventType
from watchfloor.entrypoints.simulator.roster import PlannedShift

ACTIVITY = (EventType.HEARTBEAT, EventType.CHECKPOINT)
SPOOFED_ACCURACIES_M = (3.0, 5.0, 10.0, 20.0)
SAME_MOMENT_S = 1200.0
SCRIPT_DELAY_S = 4.0


def buddy_punch(
    config: WorldConfig,
    draft: Draft,
    *,
    intent: Intent,
    buddy: Draft,
    rng: np.random.Generator,
) -> None:
    """
    Change one check-in or check-out into one that a buddy made (A1).

    Args:
        buddy: the buddy's own event nearest in time; only within twenty minutes does the punch
            follow it, otherwise the buddy was in the middle of a shift.
    """
    if intent.detectability is Detectability.HIDDEN:
        return
    if abs(buddy.at - draft.at) < SAME_MOMENT_S:
        _move(draft, to=buddy.at + 60.0 * rng.uniform(*config.fraud.buddy_gap_min))
    if intent.evolved:
        draft.photo = _portrait(config, draft.photo, rng=rng)
    elif intent.detectability is Detectability.VISIBLE:
        _hand_over(draft, to=buddy)
        draft.fix, draft.wifi, draft.cell = buddy.fix, buddy.wifi, buddy.cell
        draft.photo = _other_face(config.sensors.impostor_face, draft.photo, rng=rng)
    elif rng.random() < 0.5:
        _hand_over(draft, to=buddy)
        draft.photo = None
    else:
        draft.photo = _other_face(config.sensors.similar_face, draft.photo, rng=rng)


def is_phone_silent(intent: Intent, *, rng: np.random.Generator) -> bool:
    """Return whether the absent guard's phone answers nothing: it lies at home, or is carried."""
    if intent.evolved or intent.detectability is Detectability.HIDDEN:
        return False
    return intent.detectability is Detectability.VISIBLE or bool(rng.random() < 0.5)


def without_activity(drafts: Iterable[Draft]) -> list[Draft]:
    """Return the drafts without heartbeats and checkpoint scans."""
    return [draft for draft in drafts if draft.event_type not in ACTIVITY]


def spoof_position(
    config: WorldConfig,
    shift: PlannedShift,
    drafts: list[Draft],
    *,
    intent: Intent,
    rng: np.random.Generator,
) -> list[Draft]:
    """
    Change a shift into one worked from home with a position app (A2).

    Checkpoints cannot be scanned from home, so no scan is left, however well it is hidden.
    """
    kept = [draft for draft in drafts if draft.event_type is not EventType.CHECKPOINT]
    if intent.detectability is Detectability.HIDDEN:
        return kept
    naive_m, careful_m, medium_m = config.fraud.spoof_jitter_m
    spoofed = [draft for draft in kept if draft.event_type is not EventType.CORRECTION]
    if intent.evolved:
        _spoof_well(config, shift, spoofed, rng=rng)
    elif intent.detectability is Detectability.VISIBLE:
        _spoof_naively(config, shift, spoofed, rng=rng, jitter_m=naive_m, shows_mock=True)
        _stay_home(config, shift, spoofed, rng=rng)
    elif rng.random() < config.fraud.naive_partial_share:
        shows_mock = bool(rng.random() < 0.5)
        _spoof_naively(config, shift, spoofed, rng=rng, jitter_m=careful_m, shows_mock=shows_mock)
    else:
        _spoof_naively(config, shift, spoofed, rng=rng, jitter_m=medium_m, shows_mock=False)
        _stay_home(config, shift, spoofed, rng=rng)
    return kept


def sleep_window(
    choices: FraudChoices, shift: PlannedShift, *, rng: np.random.Generator
) -> tuple[float, float]:
    """Return when a guard sleeps (A6), as [from, until) in seconds since 1970."""
    length_s = 60.0 * shift.post.heartbeat_min * rng.uniform(*choices.sleep_intervals)
    latest = max(shift.start + 3600.0, shift.end - 1800.0 - length_s)
    begins = rng.uniform(shift.start + 3600.0, latest)
    return begins, min(begins + length_s, shift.end)


def sleep(
    drafts: list[Draft],
    *,
    intent: Intent,
    window: tuple[float, float],
    rng: np.random.Generator,
) -> list[Draft]:
    """Return the drafts without what a sleeping guard misses, or with answers from a script."""
    if intent.detectability is Detectability.HIDDEN:
        return drafts
    if intent.detectability is Detectability.PARTIAL and rng.random() < 0.5:
        _answer_by_script(drafts, window=window)
        return drafts
    missed_share = 1.0 if intent.detectability is Detectability.VISIBLE else 0.7
    return [
        draft for draft in drafts if not (_is_due_in(draft, window) and rng.random() < missed_share)
    ]


def _is_due_in(draft: Draft, window: tuple[float, float]) -> bool:
    due = draft.at if draft.due is None else draft.due
    return draft.event_type in ACTIVITY and window[0] <= due < window[1]


def _answer_by_script(drafts: Iterable[Draft], *, window: tuple[float, float]) -> None:
    for draft in drafts:
        if draft.event_type is EventType.HEARTBEAT and _is_due_in(draft, window):
            _move(draft, to=(draft.due or draft.at) + SCRIPT_DELAY_S)
            draft.steps = None if draft.steps is None else 0


def _move(draft: Draft, *, to: float) -> None:
    draft.arrives += to - draft.at
    draft.at = to


def _hand_over(draft: Draft, *, to: Draft) -> None:
    draft.device, draft.mock, draft.battery = to.device, to.mock, to.battery


def _other_face(
    beta: tuple[float, float], photo: Photo | None, *, rng: np.random.Generator
) -> Photo | None:
    """Another face, alive; who took no photograph takes none now either."""
    if photo is None:
        return None
    return Photo(rng.beta(*beta), photo.liveness, photo_hash(rng))


def _portrait(
    config: WorldConfig, photo: Photo | None, *, rng: np.random.Generator
) -> Photo | None:
    """The right face, but not alive: a picture held before the camera."""
    if photo is None:
        return None
    choices = config.sensors
    face = rng.beta(*choices.portrait_face)
    return Photo(face, rng.beta(*choices.portrait_liveness), photo_hash(rng))


def _spoof_naively(
    config: WorldConfig,
    shift: PlannedShift,
    drafts: Iterable[Draft],
    *,
    rng: np.random.Generator,
    jitter_m: float,
    shows_mock: bool,
) -> None:
    """The middle of the fence, with an accuracy and an altitude that never change."""
    accuracy_m = SPOOFED_ACCURACIES_M[int(rng.integers(len(SPOOFED_ACCURACIES_M)))]
    for draft in drafts:
        draft.fix = fix_at_pin(shift.site, accuracy_m=accuracy_m, jitter_m=jitter_m, rng=rng)
        if draft.mock is not None:
            draft.mock = shows_mock


def _stay_home(
    config: WorldConfig, shift: PlannedShift, drafts: Iterable[Draft], *, rng: np.random.Generator
) -> None:
    """Radio of the home, and hardly a step; what the phone did not tell, it does not tell now."""
    wifi, cell = home_radio(config, shift.guard.code)
    for draft in drafts:
        draft.wifi = None if draft.wifi is None else wifi
        draft.cell = None if draft.cell is None else cell
        if draft.steps is not None:
            draft.steps = int(rng.exponential(12.0))


def _spoof_well(
    config: WorldConfig, shift: PlannedShift, drafts: Iterable[Draft], *, rng: np.random.Generator
) -> None:
    """Honest-looking fixes and Wi-Fi switched off; only the radio cell is not the site's."""
    cell = home_radio(config, shift.guard.code)[1]
    is_restless = rng.random() < config.fraud.restless_spoofers
    for draft in drafts:
        draft.mock = None if draft.mock is None else False
        draft.wifi = None
        draft.cell = None if draft.cell is None else cell
        draft.network = "cell" if draft.network == "wifi" else draft.network
        if draft.steps is not None and not is_restless:
            draft.steps = int(rng.exponential(40.0))
