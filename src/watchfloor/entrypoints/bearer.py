"""Who a request's token speaks for; every HTTP door asks here."""

import re
from datetime import datetime

from django.http import HttpRequest

from watchfloor.tenants import tokens
from watchfloor.tenants.access import Actor

# What a token can be made of; anything else is not worth a question to the database.
_TOKEN = re.compile(r"wf_[0-9a-f]{1,32}_[A-Za-z0-9_-]{16,128}")
CHALLENGE = 'Bearer realm="watchfloor"'


def token_of(request: HttpRequest) -> str | None:
    """Return the text behind `Authorization: Bearer`, or None when there is no such header."""
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" else None


def find_actor(text: str, *, now: datetime) -> Actor | None:
    """Return who a token speaks for, or None when it is unknown, wrong, expired or revoked."""
    if not _TOKEN.fullmatch(text):
        return None
    return tokens.find_actor_of_token(text, now=now)
