"""What an operator does about each reason, for the reference page; keyed by the stored word."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Advice:
    """Two answers an operator needs beside the meaning."""

    do: str
    worry: str


ADVICE: dict[str, Advice] = {
    "certified": Advice(
        do="work the ticket and close it with what was found: its disposition is the outcome the "
        "next certificate is made from.",
        worry="when the share of tickets closed as not confirmed stays above `eps_ticket`.",
    ),
    "cleared": Advice(
        do="nothing; a random part of cleared predictions comes to the review queue as audit "
        "sample, and those are worth the same care as any review.",
        worry="when an audit sample confirms an event: the clear certificate may fail with "
        "probability `delta`, not more often.",
    ),
    "below_review_score": Advice(
        do="nothing; the prediction is kept, and a random part of it is looked at as audit sample. "
        "Logged is not the same as clean.",
        worry="when audit samples confirm events: move `review_score` down.",
    ),
    "not_certified": Advice(
        do="review it. Verdicts widen the certified region where the model deserves it.",
        worry="when nothing is ever certified although outcomes keep coming: this model cannot "
        "keep the promised share of false tickets; loosen `eps_ticket` knowingly or improve it.",
    ),
    "certificate_looser": Advice(
        do="review it. Somebody made `eps_ticket` or `delta` stricter than what the calibration in "
        "force was made for; the next calibration is made for the new promise. "
        "`watchfloor manage load_calibration_data` makes one now.",
        worry="when it lasts longer than a week: no new calibration comes.",
    ),
    "events_may_hide": Advice(
        do="nothing: such predictions are logged, and a random part of them is looked at. It "
        "stands in `failing_clause`, where clearing would have been certified otherwise.",
        worry="when much is held back by it: real events lie at low scores. Improve the model "
        "before loosening `beta_clear`.",
    ),
    "probability_not_known_well": Advice(
        do="review it; the interval narrows as outcomes at such scores come in.",
        worry="when a busy range of scores stays wide for weeks: its outcomes do not arrive.",
    ),
    "no_calibration": Advice(
        do="review it. Load outcomes that are known already "
        "(`watchfloor manage load_calibration_data`), or wait until enough have come.",
        worry="when it lasts: outcomes are not reaching Watchfloor at all.",
    ),
    "calibration_unreadable": Advice(
        do="review it: without its calibration nothing is known of a score. The alert "
        "`ML_CALIBRATION_UNREADABLE` and `watchfloor doctor` name the digest. The next night cuts "
        "another set; `watchfloor manage load_calibration_data` makes one now.",
        worry="at once; bytes that the database kept are not the bytes that were written. Look at "
        "its disk and its backups: what else is damaged?",
    ),
    "calibration_stale": Advice(
        do="review it, and see why no new calibration was made: too few outcomes of late, or the "
        "nightly work failed.",
        worry="at once; a calibration that ages out stops all automatic tickets of its model.",
    ),
    "calibration_too_small": Advice(
        do="review it; nothing else is needed while outcomes keep coming.",
        worry="when events are so rare that ten of them take months: consider a wider model type.",
    ),
    "drift_alarm": Advice(
        do="review it, and read the drift alert: it names the kind of drift and its evidence.",
        worry="at once; the model may be wrong in a new way. Nothing is automated until the alarm "
        "is settled.",
    ),
    "exchangeability_lost": Advice(
        do="review it, and read the alert: outcomes come in that the calibration set would not "
        "have given. The next calibration set ends it; if what changed will last, let one be cut "
        "from rows after the change.",
        worry="when it comes back soon after a new set: the world keeps moving, and a model "
        "trained on newer rows is due.",
    ),
    "automation_off": Advice(
        do="review it. Every other condition held, so the count of this reason is the number of "
        "tickets the switch holds back.",
        worry="never; this is how a new tenant starts.",
    ),
    "kill_switch": Advice(
        do="review it, and ask who engaged the switch and why: the audit of the platform says so.",
        worry="when nobody knows; otherwise wait for the release.",
    ),
    "stage_not_on": Advice(
        do="review it; the tenant's roll-out stage, or the pilot sites, do not include automatic "
        "action here.",
        worry="never; move the stage when its reviews agree with the model.",
    ),
    "breaker_open": Advice(
        do="review it, and read the alert `TICKET_BREAKER_OPEN`: either something large is going "
        "on, or a model sees ghosts. The breaker closes by itself an hour after it opened; who may "
        "switch automation closes it earlier, under Manage.",
        worry="at once, until the cause is known. Look before raising `breaker_cap`.",
    ),
    "cap_reached_site": Advice(
        do="review it: this site has opened all tickets by itself that `site_ticket_cap` allows "
        "in an hour. Others go on.",
        worry="when one site keeps reaching it: its devices, its people or its model are unlike "
        "the others.",
    ),
    "cap_reached": Advice(
        do="review it: the automatic tickets of this local day are used up.",
        worry="when it happens on an ordinary day: either something real is going on, or scores "
        "have moved. Look before raising `ticket_cap`.",
    ),
    "below_ticket_score": Advice(
        do="review it; its risk is not high, or somebody set the ticket threshold above what is "
        "certified.",
        worry="never; where the threshold was moved, the audit of thresholds says who and why.",
    ),
    "no_model": Advice(
        do="review it by eye: there is no score. Post a model's scores or train the first model.",
        worry="when there was a model yesterday.",
    ),
    "cannot_score": Advice(
        do="review it by eye, and open the event: a feature or a score was not a number.",
        worry="when it is many of one source; above `cannot_score_cap` a day they are held and one "
        "alert is raised.",
    ),
    "numeric_estimate": Advice(
        do="nothing; read the interval beside the estimate, and post the outcome when it is known, "
        "so that the next calibration can be cut.",
        worry="when its intervals stay infinite although outcomes come: too few things are known "
        "for the level, or the rest of what should be known is missing.",
    ),
    "duplicate": Advice(
        do="nothing; open the ticket it was added to.",
        worry="when one ticket keeps collecting: the thing it is about is still going on.",
    ),
    "duplicate_of_closed": Advice(
        do="review it with the earlier ticket beside it: a colleague did not confirm that one, and "
        "the model says the same again.",
        worry="when you confirm what was not confirmed before, or when one thing comes back every "
        "window: the model is wrong about it in a way that its calibration does not show.",
    ),
}
