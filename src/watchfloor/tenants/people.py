"""What the people behind the names of an audit are called, and who answers for a site."""

from collections.abc import Iterable

from watchfloor.tenants.models import Membership, Tenant, User
from watchfloor.tenants.roles import Role

PERSON = "user:"
# Who answers for what happens at a site.
SITE_LEAD = Role.SITE_SUPERVISOR


def names_of(actors: Iterable[str]) -> dict[str, str]:
    """Return the sign-in name of each actor "user:17"; machines and strangers are left out."""
    ids = {int(actor[len(PERSON) :]) for actor in actors if _is_person(actor)}
    if not ids:
        return {}
    rows = User.objects.filter(pk__in=ids).values_list("pk", "username", "first_name", "last_name")
    return {
        f"{PERSON}{pk}": " ".join(filter(None, (first, last))) or username
        for pk, username, first, last in rows
    }


def site_leads(*, tenant: Tenant, site_ids: Iterable[int]) -> dict[int, int]:
    """
    Return who answers for each site, by id; a site without anybody is left out.

    Of several the one who was named first: two processes choose alike.
    """
    wanted = set(site_ids)
    if not wanted:
        return {}
    rows = Membership.objects.for_tenant(tenant).filter(
        role=SITE_LEAD.value, user__is_active=True, sites__in=wanted
    )
    found: dict[int, int] = {}
    for site_id, user_id in rows.order_by("pk").values_list("sites", "user_id"):
        found.setdefault(site_id, user_id)
    return found


def _is_person(actor: str) -> bool:
    return actor.startswith(PERSON) and actor[len(PERSON) :].isdecimal()
