"""How much one caller may ask in a while; counted in memory, or in Redis where there is one."""

import math
import time
from dataclasses import dataclass
from functools import cache

import limits
import structlog
from django.conf import settings
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left to a caller after one request."""

    allowed: bool
    limit: int
    window_s: int
    remaining: int
    reset_s: int

    def headers(self) -> dict[str, str]:
        """
        Return the allowance as headers.

        Source:
            IETF draft-ietf-httpapi-ratelimit-headers-10.

        >>> Allowance(True, 600, 60, 599, 12).headers()["RateLimit"]
        '"token";r=599;t=12'
        """
        told = {
            "RateLimit-Policy": f'"token";q={self.limit};w={self.window_s}',
            "RateLimit": f'"token";r={self.remaining};t={self.reset_s}',
        }
        return told if self.allowed else told | {"Retry-After": str(max(1, self.reset_s))}


def take(*, key: str, rate: str) -> Allowance:
    """
    Count one request of a caller; without an answer from the store it is let through.

    Args:
        key: who asks, and of which door.
        rate: such as "600/minute".
    """
    item = limits.parse(rate)
    limiter = _limiter()
    try:
        allowed = limiter.hit(item, key)
        stats = limiter.get_window_stats(item, key)
    except StorageError:
        # A counter that is away must not close the doors: events would be lost for a limit.
        log.warning("rate_limit_store_away", exc_info=True)
        return Allowance(True, item.amount, item.get_expiry(), item.amount, 0)
    return Allowance(
        allowed=allowed,
        limit=item.amount,
        window_s=item.get_expiry(),
        remaining=stats.remaining,
        reset_s=max(0, math.ceil(stats.reset_time - time.time())),
    )


@cache
def _limiter() -> MovingWindowRateLimiter:
    url = settings.ENV.redis_url
    if not url:
        return MovingWindowRateLimiter(storage_from_string("memory://"))
    return MovingWindowRateLimiter(storage_from_string(url, wrap_exceptions=True))
