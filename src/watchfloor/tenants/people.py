"""What the people behind the names of an audit are called."""

from collections.abc import Iterable

from watchfloor.tenants.models import User

PERSON = "user:"


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


def _is_person(actor: str) -> bool:
    return actor.startswith(PERSON) and actor[len(PERSON) :].isdecimal()
