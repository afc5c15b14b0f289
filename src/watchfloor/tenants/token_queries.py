"""The tokens of one tenant, as those who look after them see them."""

from watchfloor.core.errors import NotFound
from watchfloor.tenants.models import ApiToken, Tenant


def tokens_of(tenant: Tenant) -> list[ApiToken]:
    """Return every token a tenant ever had, those in force first, then the newest."""
    rows = list(ApiToken.objects.for_tenant(tenant).order_by("-created_at", "-pk"))
    return sorted(rows, key=lambda token: token.revoked_at is not None)


def get_token(*, tenant: Tenant, token_id: int) -> ApiToken:
    """
    Return one token.

    Raises:
        NotFound: this tenant has no such token.
    """
    token = ApiToken.objects.for_tenant(tenant).filter(pk=token_id).first()
    if token is None:
        raise NotFound(f"token {token_id} does not exist")
    return token
