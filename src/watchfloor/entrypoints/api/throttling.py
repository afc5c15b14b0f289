"""Each caller may ask so much a minute; every answer says what is left."""

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from watchfloor.entrypoints import rate_limits
from watchfloor.entrypoints.rate_limits import Allowance
from watchfloor.tenants.access import Actor


class CallerRate(BaseThrottle):
    """Counts by token, or by person; who is neither never comes this far."""

    allowance: Allowance | None = None

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Count the request; return whether it was within the rate."""
        actor = request.auth
        assert isinstance(actor, Actor)
        key = f"api:{actor.tenant.pk}:{actor.name}"
        self.allowance = rate_limits.take(key=key, rate=settings.ENV.api_rate)
        request._request.META["watchfloor.allowance"] = self.allowance
        return self.allowance.allowed

    def wait(self) -> float | None:
        """Return the seconds until there is room again."""
        return float(max(1, self.allowance.reset_s)) if self.allowance else None
