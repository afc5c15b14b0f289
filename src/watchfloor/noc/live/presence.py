"""Who is listening: open pages by tenant, counted by when they were last heard."""

from datetime import datetime, timedelta

from watchfloor.noc.models import LiveConnection
from watchfloor.tenants.models import Tenant

# Pages answer every ten seconds; three missed answers are a closed page.
GONE_AFTER = timedelta(seconds=30)


def seen(*, tenant: Tenant, channel: str, user_id: int, real_now: datetime) -> None:
    """Remember that a page is open."""
    LiveConnection.objects.update_or_create(
        channel=channel,
        defaults={"tenant": tenant, "user_id": user_id, "last_seen_at": real_now},
        create_defaults={
            "tenant": tenant,
            "user_id": user_id,
            "connected_at": real_now,
            "last_seen_at": real_now,
        },
    )


def gone(*, channel: str) -> None:
    """Forget a page that was closed."""
    LiveConnection.objects.filter(channel=channel).delete()


def listening(*, tenant: Tenant, real_now: datetime) -> int:
    """Return how many pages of a tenant are open."""
    rows = LiveConnection.objects.for_tenant(tenant)
    return rows.filter(last_seen_at__gt=real_now - GONE_AFTER).count()


def forget_gone(*, real_now: datetime) -> int:
    """Drop pages that were not heard for long; return how many."""
    return LiveConnection.objects.filter(last_seen_at__lte=real_now - GONE_AFTER).delete()[0]
