"""What an operator reads after a replay: the report in two dozen lines."""

from collections.abc import Iterator, Mapping
from typing import Any

Report = Mapping[str, Any]


def summary_of(report: Report) -> str:
    """Return the report as text for a terminal, no line longer than 100 letters."""
    return "\n".join(_lines(report))


def _lines(report: Report) -> Iterator[str]:
    events = report["events"]
    yield (
        f"{report['dataset']['name']} through {report['through']}: {events['received']:,} events, "
        f"{events['stored']:,} stored, {events['duplicate']:,} duplicate, {events['dead']:,} dead"
    )
    yield f"  scored      {report['scored']:,}; could not be scored {report['cannot_score']:,}"
    yield f"  decisions   {_counts(report['decisions']['by_outcome'])}"
    yield f"  reasons     {_counts(report['decisions']['by_reason'])}"
    tickets, reviews = report["tickets"], report["reviews"]
    yield f"  tickets     {tickets['opened']:,} opened; {_counts(tickets['by_disposition'])}"
    yield f"  reviews     {reviews['added']:,} added; {_counts(reviews['by_disposition'])}"
    yield from _outcomes(report)
    yield from _certificates(report)
    yield from _models(report)
    yield from _weeks(report)
    run = report["this_run"]["events"]
    yield (
        f"  this run    {run['stored']:,} stored, {run['duplicate']:,} known before; "
        f"{report['wall_seconds']:.1f} s, {report['events_per_second']:,.0f} events/s"
    )


def _outcomes(report: Report) -> Iterator[str]:
    outcomes = report["outcomes"]
    median = outcomes["label_delay_h"]["p50"]
    yield (
        f"  outcomes    {outcomes['joined']:,} joined, {outcomes['still_open']:,} still open; "
        f"median delay {'-' if median is None else f'{median:.1f} h'}"
    )
    shares = [
        f"{level} %: {_percent(found['share'])}" for level, found in report["coverage"].items()
    ]
    yield f"  coverage    {', '.join(shares)}"


def _certificates(report: Report) -> Iterator[str]:
    for each in report["certificates"]:
        automatic = each["automatic"]
        if each["threshold"] is None and not each["held_back"]:
            continue
        yield (
            f"  certificate {each['cut_at'][:10]} at most {_percent(each['eps'])} false; "
            f"{automatic['false']:,} of {automatic['known']:,} known were"
            f"{' BROKEN' if each['broken'] else ''}"
        )
        for held in each["held_back"]:
            yield (
                f"    held back {held['since'][:10]} {held['reason']}: {held['predictions']:,}, "
                f"{held['false']:,} of {held['known']:,} would have been false"
            )


def _models(report: Report) -> Iterator[str]:
    drift = report["drift"]
    yield f"  nights      {report['metric_days']:,} metric days, {drift['checks']:,} drift checks"
    for alert in drift["alerts"]:
        yield f"  drift       {alert['date']} {alert['severity']:<8} {alert['kind']}"
    first = report["first_model"]
    yield f"  first model {first['version'] if first else 'none: too few labels'}"
    for job in report["retrain_jobs"]:
        refused = [each["safeguard"] for each in job["safeguards"] if not each["passed"]]
        said = f" ({', '.join(refused)})" if refused else ""
        yield f"  retrain     {job['requested_at'][:10]} {job['state']}{said}"


def _weeks(report: Report) -> Iterator[str]:
    if not report["weeks"]:
        return
    yield "  week             n   Brier  (first model)   ROC AUC  (first model)"
    for week in report["weeks"]:
        yield (
            f"  {week['week']}  {week['n']:6,}  {_number(week['brier'])}  "
            f"({_number(week['frozen_brier'])})        {_number(week['roc_auc'])}    "
            f"({_number(week['frozen_roc_auc'])})"
        )


def _counts(found: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {n:,}" for name, n in found.items()) or "none"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


def _number(value: float | None) -> str:
    return "    -" if value is None else f"{value:.3f}"
