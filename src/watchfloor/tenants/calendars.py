"""Days on which a tenant's region does not work as usual."""

from collections.abc import Iterable
from datetime import date

import holidays

from watchfloor.tenants.models import Holiday, Tenant


def fill_holidays(*, tenant: Tenant, years: Iterable[int]) -> int:
    """
    Store the public holidays of a tenant's country; return how many rows exist for the years.

    A tenant without a country has none, which is a statement and not an error.
    """
    wanted = sorted(set(years))
    if not tenant.holiday_country or not wanted:
        return 0
    days = holidays.country_holidays(
        tenant.holiday_country, subdiv=tenant.holiday_subdivision or None, years=wanted
    )
    Holiday.objects.bulk_create(
        [
            Holiday(tenant=tenant, day=day, name=name[:120], region=tenant.holiday_subdivision)
            for day, name in sorted(days.items())
        ],
        ignore_conflicts=True,
    )
    return Holiday.objects.for_tenant(tenant).filter(day__year__in=wanted).count()


def holidays_between(*, tenant: Tenant, first: date, last: date) -> frozenset[date]:
    """Return the holidays of a tenant in the closed range of days."""
    rows = Holiday.objects.for_tenant(tenant).filter(day__gte=first, day__lte=last)
    return frozenset(rows.values_list("day", flat=True))
