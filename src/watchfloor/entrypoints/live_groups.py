"""Names of socket groups, each with its tenant. Shared by the relay and the pages."""


def group_of(tenant_id: int) -> str:
    """
    Return the socket group of one tenant's pages.

    >>> group_of(7)
    'tenant.7'
    """
    return f"tenant.{tenant_id}"
