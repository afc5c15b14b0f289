"""A replay as one would write it first: every row decided alone, every ticket looked through."""

from dataclasses import replace
from datetime import timedelta

from watchfloor.core.decision.policy import EarlierTicket, Outcome, decide
from watchfloor.core.decision.reason import Reason
from watchfloor.core.ticket_windows import window_start

HOUR = timedelta(hours=1)


def replayed(rows, policy, limits):
    """
    Return the decision of each row.

    Args:
        rows: dicts of evidence, thing, site, occurred_at, local_day, closes_at and confirmed.
    """
    opened, taken, breaker_until = [], [], None
    for row in rows:
        now = row["evidence"].now
        is_open = breaker_until is not None and now < breaker_until
        lately = [t for t in opened if t["opened_at"] > now - HOUR]
        left = limits.ticket_cap - sum(t["local_day"] == row["local_day"] for t in opened)
        at_site = sum(t["site"] == row["site"] for t in lately)
        decision = decide(
            replace(row["evidence"], earlier_ticket=_earlier(row, opened, now, limits)),
            replace(
                policy,
                breaker_open=is_open or len(lately) >= limits.breaker_cap,
                site_cap_left=left if row["site"] < 0 else limits.site_ticket_cap - at_site,
                cap_left=left,
            ),
        )
        if decision.reason is Reason.BREAKER_OPEN and not is_open:
            breaker_until = now + HOUR
        if decision.outcome is Outcome.AUTO_TICKET:
            opened.append({**row, "opened_at": now})
        taken.append(decision)
    return taken


def _earlier(row, opened, now, limits):
    def window(each):
        return window_start(each["occurred_at"], hours=limits.dedup_hours)

    about = [t for t in opened if t["thing"] == row["thing"]]
    if any(t["closes_at"] is None or t["closes_at"] > now for t in about):
        return EarlierTicket.OPEN
    closed = [t for t in about if window(t) == window(row)]
    if not closed:
        return EarlierTicket.NONE
    return EarlierTicket.CONFIRMED if closed[-1]["confirmed"] else EarlierTicket.NOT_CONFIRMED
