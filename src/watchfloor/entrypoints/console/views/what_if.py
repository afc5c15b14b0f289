"""What if a threshold moved: today beside proposed on the same data, with what is promised."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from watchfloor.core.decision.simulation.costs import Costs
from watchfloor.core.decision.simulation.suggestions import Aim, Suggestion
from watchfloor.core.errors import NotReady
from watchfloor.entrypoints import clock
from watchfloor.entrypoints.console import drawing, frame, what_if_figures, what_if_words
from watchfloor.entrypoints.console.forms import PRICES, TRIED, ReasonForm, WhatIfForm
from watchfloor.entrypoints.console.membership import member_page
from watchfloor.entrypoints.console.parts import Notice
from watchfloor.entrypoints.console.views.audit import change_rows, value_or_default
from watchfloor.entrypoints.console.views.models import find_card
from watchfloor.entrypoints.console.wording import count_text, number_text, score_text
from watchfloor.noc.decision import threshold_proposals, threshold_watches
from watchfloor.noc.models.thresholds import ProposalState
from watchfloor.noc.queries import threshold_queries, threshold_simulation
from watchfloor.noc.queries.threshold_simulation import ENOUGH_KNOWN, Past, Simulation
from watchfloor.tenants import people
from watchfloor.tenants.access import Actor
from watchfloor.tenants.paging import Place
from watchfloor.tenants.roles import Permission
from watchfloor.workflows import threshold_replay

MAY_SEE = Permission.VIEW_MODELS
USUAL = Costs()
USUAL_HOURS = 8.0
USUAL_WEEKS = 4
SHOWN_CHANGES = 10
SHOWN_WATCHES = 3


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What somebody asks: the form, the answer to it, and the prices it is told with."""

    form: WhatIfForm
    simulation: Simulation
    costs: Costs
    hours_a_day: float


@require_safe
@member_page(MAY_SEE)
def what_if(request: HttpRequest, actor: Actor, model_type: str) -> HttpResponse:
    """Show the page."""
    asked = asked_of(actor, model_type, request.GET)
    exact = _exact(actor, asked) if "exact" in request.GET else None
    return page_of(request, actor, model_type, asked=asked, exact=exact)


@require_safe
@member_page(MAY_SEE)
def answer(request: HttpRequest, actor: Actor, model_type: str) -> HttpResponse:
    """Answer what changes with the thresholds: it is fetched while one moves."""
    asked = asked_of(actor, model_type, request.GET)
    return frame.fragment(
        request, actor, "partials/what_if_answer.html", _answer(actor, asked, model_type)
    )


@require_safe
@member_page(MAY_SEE)
def history(request: HttpRequest, actor: Actor, model_type: str) -> HttpResponse:
    """Answer the changes so far: others may move a threshold meanwhile."""
    find_card(actor, model_type)
    return frame.fragment(
        request, actor, "partials/what_if_history.html", _history(actor, model_type)
    )


def asked_of(actor: Actor, model_type: str, told: Mapping[str, Any]) -> Asked:
    """
    Read the form; what does not fit is left as it stands in force, and the form says why.

    Raises:
        NotFound: this tenant has no such model type.
    """
    usual = {
        "weeks": USUAL_WEEKS,
        "hours_a_day": USUAL_HOURS,
        **{name: getattr(USUAL, name) for name in PRICES},
    }
    form = WhatIfForm({**usual, **_given(told)})
    form.is_valid()
    found = {**usual, **_clean(form)}
    past = threshold_simulation.read_past(
        tenant=actor.tenant, model_type=model_type, weeks=found["weeks"], now=clock.now()
    )
    form = WhatIfForm({**usual, **{key: past.values[key] for key in TRIED}, **_given(told)})
    form.is_valid()
    proposed = {key: value for key, value in _clean(form).items() if key in TRIED}
    return Asked(
        form=form,
        simulation=threshold_simulation.simulate(past, proposed),
        costs=Costs(**{name: found[name] for name in PRICES}),
        hours_a_day=found["hours_a_day"],
    )


def _given(told: Mapping[str, Any]) -> dict[str, Any]:
    names = ("weeks", "hours_a_day", *TRIED, *PRICES)
    return {name: told[name] for name in names if told.get(name, "") != ""}


def _clean(form: WhatIfForm) -> dict[str, Any]:
    return {name: value for name, value in form.cleaned_data.items() if value is not None}


def page_of(
    request: HttpRequest,
    actor: Actor,
    model_type: str,
    *,
    asked: Asked,
    reason: ReasonForm | None = None,
    exact: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    """Answer the whole page."""
    past = asked.simulation.past
    context = {
        **_answer(actor, asked, model_type),
        **_history(actor, model_type),
        "name": drawing.words_of(model_type).capitalize(),
        "form": asked.form,
        "reason_form": reason or ReasonForm(),
        "histogram": what_if_figures.histogram(asked.simulation),
        "empty": _nothing(past),
        "warning": _too_few(past),
        "suggestions": _suggestions(asked),
        "affected": _affected(actor, asked),
        "exact": exact,
        "sites": _groups(threshold_simulation.by_site_group(past, asked.simulation.proposed)),
        "weeks_told": _groups(threshold_simulation.by_week(past, asked.simulation.proposed)),
    }
    if status == 200 and not asked.form.is_valid():
        status = 422
    return frame.page(request, actor, "what_if.html", context, section="models", status=status)


def _answer(actor: Actor, asked: Asked, model_type: str) -> dict[str, Any]:
    simulation, past = asked.simulation, asked.simulation.past
    above = past.history.scores >= simulation.promise.threshold
    known = int((past.history.clean + past.history.event)[above].sum())
    return {
        "model_type": model_type,
        "past": past,
        "rows": what_if_words.rows_of(simulation.comparison, asked.costs),
        "moves": what_if_words.moves_of(simulation.comparison),
        "doubts": [gettext(each.sentence) for each in simulation.comparison.doubts],
        "promise": simulation.promise,
        "promise_words": what_if_words.promise_words(
            simulation.promise, known=known, days=past.history.days
        ),
        "figures": what_if_figures.curve_figures(simulation, asked.costs),
        "proposed": [(key, f"{simulation.proposed[key]:.10g}") for key in TRIED],
        "snapshot": simulation.comparison.before.digest[:12],
        "is_changed": simulation.proposed != past.values,
    }


def _history(actor: Actor, model_type: str) -> dict[str, Any]:
    page = threshold_queries.change_page(tenant=actor.tenant, place=Place(), model_type=model_type)
    newest: set[str] = set()
    rows = []
    for row in change_rows(page.rows[:SHOWN_CHANGES]):
        key = row["row"].key
        rows.append({**row, "is_newest": key not in newest})
        newest.add(key)
    in_force = threshold_queries.thresholds_of(tenant=actor.tenant, model_type=model_type)
    return {
        "model_type": model_type,
        "changes": rows,
        "versions": [(each.spec.key, each.version) for each in in_force if each.spec.key in TRIED],
        "waiting": _waiting(actor, model_type),
        "watched": what_if_words.watched_of(
            threshold_watches.watches(
                tenant=actor.tenant, limit=SHOWN_WATCHES, model_type=model_type
            )
        ),
    }


def _waiting(actor: Actor, model_type: str) -> list[dict[str, Any]]:
    rows = threshold_proposals.proposals(
        tenant=actor.tenant,
        limit=SHOWN_CHANGES,
        model_type=model_type,
        state=ProposalState.WAITING,
    )
    names = people.names_of(row.proposed_by for row in rows)
    return [
        {
            "row": row,
            "who": drawing.actor_words(row.proposed_by, names)[0],
            "is_own": row.proposed_by == actor.name,
            "moves": [
                {
                    "what": drawing.words_of(each["key"]).capitalize(),
                    "before": value_or_default(each["before"]),
                    "after": value_or_default(each["value"]),
                }
                for each in row.changes
            ],
        }
        for row in rows
    ]


def _nothing(past: Past) -> Notice | None:
    if past.history.n:
        return None
    words = gettext("No predictions of the version that serves lie in these weeks yet.")
    return Notice(gettext("Nothing to look back at"), words)


def _too_few(past: Past) -> str:
    if past.has_enough or not past.history.n:
        return ""
    facts = {"wanted": count_text(ENOUGH_KNOWN), "n": count_text(past.history.n_known)}
    if past.days_to_enough is None:
        words = gettext("%(wanted)s known outcomes say enough to choose by; there are %(n)s.")
        return words % facts
    words = gettext(
        "%(wanted)s known outcomes say enough to choose by; there are %(n)s, and about %(days)s "
        "days to go."
    )
    return words % {**facts, "days": count_text(past.days_to_enough)}


def _suggestions(asked: Asked) -> list[dict[str, Any]]:
    found = threshold_simulation.suggest(
        asked.simulation.past, costs=asked.costs, hours_a_day=asked.hours_a_day
    )
    return [_suggestion(each, asked.costs) for each in found]


def _suggestion(each: Suggestion, costs: Costs) -> dict[str, Any]:
    name = {
        Aim.MOST_AUTOMATION: gettext("Most automation at the promise in force"),
        Aim.LEAST_COST: gettext("Least cost"),
        Aim.FITS_TEAM: gettext("As much as the team can look at"),
    }[each.aim]
    if each.found is None or each.review_score is None or each.ticket_score is None:
        return {"name": name, "why_not": gettext(each.why_not)}
    words = gettext("review from %(review)s, tickets from %(ticket)s: %(t)s tickets, %(r)s reviews")
    return {
        "name": name,
        "words": words
        % {
            "review": score_text(each.review_score),
            "ticket": score_text(each.ticket_score),
            "t": number_text(each.found.tickets_a_day.value, decimals=1),
            "r": number_text(each.found.reviews_a_day.value, decimals=1),
        },
        "href": f"?review_score={each.review_score:.10g}&ticket_score={each.ticket_score:.10g}",
    }


def _exact(actor: Actor, asked: Asked) -> dict[str, Any]:
    """Replay the log with caps and repeats; in words why not, where it is too long."""
    simulation = asked.simulation
    changes = {key: simulation.proposed[key] for key in TRIED}
    try:
        found = threshold_replay.replay_past(
            tenant=actor.tenant, past=simulation.past, changes=changes
        )
    except NotReady as error:
        return {"why_not": str(error)}
    return {"n": found.n, "rows": what_if_words.replayed_of(found.before, found.after)}


def _affected(actor: Actor, asked: Asked) -> list[dict[str, Any]]:
    rows = threshold_simulation.affected(
        tenant=actor.tenant, past=asked.simulation.past, proposed=asked.simulation.proposed
    )
    return [
        {
            "title": drawing.title_of(row),
            "score": score_text(row.score),
            "where": drawing.place_of(row.site),
            "at": row.occurred_at,
            "word": drawing.verdict_word(row.decision),
            "outcome": _outcome_word(row.outcome),
            "href": drawing.prediction_href(actor.tenant.code, row.id),
        }
        for row in rows
    ]


def _outcome_word(outcome: float | None) -> str:
    if outcome is None:
        return gettext("open")
    return gettext("real") if outcome >= 0.5 else gettext("not real")


def _groups(found: list[threshold_simulation.GroupFigures]) -> list[dict[str, str]]:
    return [
        {
            "name": each.name or gettext("no site"),
            "n": count_text(each.found.all.n),
            "tickets": number_text(each.found.tickets_a_day.value, decimals=1),
            "reviews": number_text(each.found.reviews_a_day.value, decimals=1),
            "known": count_text(each.found.all.known),
        }
        for each in found
        if each.found.all.n
    ]
