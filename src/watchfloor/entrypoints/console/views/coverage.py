"""Coverage: do the intervals and the automation of one model keep their word?"""

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from watchfloor.core.conformal.quantile import LEVELS
from watchfloor.core.errors import ArtifactCorrupt
from watchfloor.entrypoints import clock
from watchfloor.entrypoints.console import (
    automation_figures,
    automation_numbers,
    coverage_figures,
    coverage_summary,
    drawing,
    frame,
    lists,
)
from watchfloor.entrypoints.console import coverage_numbers as numbers
from watchfloor.entrypoints.console.coverage_parts import PARTS
from watchfloor.entrypoints.console.membership import member_page
from watchfloor.entrypoints.console.parts import Notice
from watchfloor.entrypoints.console.views.models import find_card
from watchfloor.entrypoints.console.wording import (
    count_text,
    number_text,
    percent_text,
    score_text,
)
from watchfloor.ml.coverage.coverage_window import KnownCalibration
from watchfloor.ml.inference.model_queries import ModelCard
from watchfloor.ml.models import CutReason, DriftReport
from watchfloor.ml.reports.certificate_facts import Kept
from watchfloor.noc.queries.model_coverage import ModelCoverage, model_coverage
from watchfloor.tenants import directory
from watchfloor.tenants.access import Actor
from watchfloor.tenants.roles import Permission

MAY_SEE = Permission.VIEW_MODELS
WEEKS = ("13", "4", "52")
LEVEL_WORDS = ("95", "90", "99")


@require_safe
@member_page(MAY_SEE)
def coverage(request: HttpRequest, actor: Actor, model_type: str) -> HttpResponse:
    """Show what the intervals of one model type promised, and what came of it."""
    card = find_card(actor, model_type)
    try:
        told = _told(request, actor, card)
    except ArtifactCorrupt as error:
        return _damaged(request, actor, card, error)
    context = {
        **_heading(card),
        **_choices(request),
        "told": told,
        "empty": coverage_summary.nothing_of(told),
        "kpis": coverage_summary.kpis_of(told),
        "warnings": coverage_summary.warnings_of(told),
        "figures": _figures(request, actor, told),
        "sets": _sets(request, told),
        "certificates": [_certificate(kept) for kept in told.certificates],
        "has_decisions": any(week.n for week in told.decided),
        "widths": automation_numbers.widths(told, {}).table(),
        "live_rows": automation_numbers.live(told, {}).table(),
        "latest_widths": numbers.latest_widths(told.numbers).table() if told.numbers else None,
        "guard_words": _guard_words(told.guard),
        "csv": {
            part.replace("-", "_"): _csv_href(request, actor, model_type, part)
            for part in ("certificates", "live", "widths", "estimate-widths")
        },
    }
    return frame.page(request, actor, "coverage.html", context, section="models")


@require_safe
@member_page(MAY_SEE)
def coverage_csv(request: HttpRequest, actor: Actor, model_type: str, part: str) -> HttpResponse:
    """Answer the numbers of one part of the page as CSV."""
    card = find_card(actor, model_type)
    if part not in PARTS:
        raise Http404(f"there are no numbers called {part!r}")
    told = _told(request, actor, card)
    content = PARTS[part](told, _site_names(actor)).csv()
    response = HttpResponse(content, content_type="text/csv; charset=utf-8")
    name = f"{model_type}-coverage-{part}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


def _told(request: HttpRequest, actor: Actor, card: ModelCard) -> ModelCoverage:
    return model_coverage(
        tenant=actor.tenant,
        card=card,
        level=int(lists.chosen(request, "level", LEVEL_WORDS)),
        weeks=int(lists.chosen(request, "weeks", WEEKS)),
        now=clock.now(),
        shown_set=request.GET.get("set", ""),
    )


def _heading(card: ModelCard) -> dict[str, Any]:
    return {"card": card, "name": drawing.words_of(card.model_type).capitalize()}


def _choices(request: HttpRequest) -> dict[str, Any]:
    level, weeks = (lists.chosen(request, "level", LEVEL_WORDS), _weeks(request))
    by_level = {str(each): percent_text(each / 100, decimals=0) for each in LEVELS}
    spans = {each: gettext("%(weeks)s weeks") % {"weeks": each} for each in ("4", "13", "52")}
    kept = {"set": request.GET.get("set", "")}
    return {
        "levels": lists.tabs_of(level, by_level, name="level", kept={**kept, "weeks": weeks}),
        "spans": lists.tabs_of(weeks, spans, name="weeks", kept={**kept, "level": level}),
    }


def _weeks(request: HttpRequest) -> str:
    return lists.chosen(request, "weeks", WEEKS)


def _damaged(
    request: HttpRequest, actor: Actor, card: ModelCard, error: ArtifactCorrupt
) -> HttpResponse:
    notice = Notice(
        gettext("A stored state cannot be read"),
        gettext(
            "Its bytes are not what was written, so nothing is said about coverage. Predictions "
            "and outcomes are safe; tell who runs the database."
        ),
        reference=str(error),
    )
    context = {**_heading(card), "failure": notice}
    return frame.page(request, actor, "coverage.html", context, section="models", status=500)


def _guard_words(guard: DriftReport | None) -> str:
    if guard is None:
        return gettext("No night has compared outcomes with those of the set yet.")
    sentence = guard.evidence.get("sentence") or gettext("Nothing can be said yet.")
    bet, alarm_at, n = (guard.evidence.get(key) for key in ("evidence", "alarm_at", "n"))
    if bet is None or alarm_at is None:
        return str(sentence)
    told = gettext(
        "The bet against it stands at %(bet)s, after %(n)s outcomes; %(at)s is an alarm."
    )
    facts = {
        "bet": number_text(bet, decimals=2),
        "at": number_text(alarm_at, decimals=0),
        "n": count_text(n),
    }
    return f"{sentence} {told % facts}"


def _figures(request: HttpRequest, actor: Actor, told: ModelCoverage) -> dict[str, Any]:
    drawn = {
        **coverage_figures.interval_figures(told, names=_site_names(actor)),
        **automation_figures.automation_figures(told),
    }
    if told.numbers is not None:
        drawn |= coverage_figures.estimate_figures(told, told.numbers)
    model_type = told.card.model_type
    # A template finds names with an underscore, an address has words with hyphens.
    return {
        part.replace("-", "_"): figure.with_csv(_csv_href(request, actor, model_type, part))
        for part, figure in drawn.items()
    }


def _csv_href(request: HttpRequest, actor: Actor, model_type: str, part: str) -> str:
    path = reverse("console:coverage_csv", args=[actor.tenant.code, model_type, part])
    asked = {key: request.GET[key] for key in ("level", "weeks", "set") if key in request.GET}
    return f"{path}?{urlencode(asked)}" if asked else path


def _site_names(actor: Actor) -> dict[str, str]:
    """Return what the site groups are called that are a site of their own."""
    return {
        site.site_group: site.name
        for site in directory.sites_of(actor.tenant)
        if site.site_group == site.code
    }


def _sets(request: HttpRequest, told: ModelCoverage) -> list[dict[str, Any]]:
    """Return every calibration of these weeks, with the way to its bins."""
    kept = {key: request.GET[key] for key in ("level", "weeks") if key in request.GET}
    return [
        {
            "name": numbers.set_name(known),
            "version": known.model_version,
            "n": known.calibration.n,
            "href": f"?{urlencode({**kept, 'set': known.sha256[:12]})}#bins",
            "facts": _set_facts(known),
            "is_shown": known == told.report.shown_set,
            "serves": known.sha256 == told.serving_set,
        }
        for known in (each.known for each in reversed(told.report.sets))
    ]


def _set_facts(known: KnownCalibration) -> str:
    """Return why a set was cut, and whether its own halves agree."""
    told = {
        True: gettext("its halves agree"),
        False: gettext("its newer half broke promises of its older"),
        None: gettext("too few rows to try its halves"),
    }[known.self_test_passed]
    reason = CutReason(known.reason).label if known.reason else gettext("Reason not kept")
    return f"{reason}, {told}"


def _certificate(kept: Kept) -> dict[str, Any]:
    low, up = kept.automatic.band
    return {
        "row": kept,
        "digest": kept.calibration_hash[:8],
        "threshold": score_text(kept.certificate.threshold),
        "band": f"{percent_text(low)} – {percent_text(up)}",
        "word": automation_numbers.kept_words(kept),
    }
