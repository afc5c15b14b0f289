"""What a person or a token may do in a tenant, and which sites they may see."""

from dataclasses import dataclass

from watchfloor.core.errors import NotAllowed
from watchfloor.tenants import directory
from watchfloor.tenants.models import Membership, Tenant, User
from watchfloor.tenants.roles import SITE_ROLES, Permission, Role, role_allows


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who acts in one tenant: a person through a role, or a token."""

    # "user:17" or "token:ab12cd34": what the audit stores
    name: str
    tenant: Tenant
    roles: frozenset[Role]
    # None: every site of the tenant
    site_ids: frozenset[int] | None
    scopes: frozenset[Permission] | None = None

    def may(self, permission: Permission) -> bool:
        """Return whether a role grants it and, for a token, its scopes name it too."""
        if self.scopes is not None and permission not in self.scopes:
            return False
        return any(role_allows(role, permission) for role in self.roles)

    def require(self, permission: Permission) -> None:
        """
        Do nothing when allowed.

        Raises:
            NotAllowed: no role of this actor grants the permission.
        """
        if not self.may(permission):
            raise NotAllowed(f"{self.name} may not {permission.value} in {self.tenant.code}")


def tenants_of(user: User) -> list[Tenant]:
    """Return the tenants a person belongs to, by code."""
    ids = Membership.objects.filter(user=user).values_list("tenant_id", flat=True)
    return list(Tenant.objects.filter(pk__in=ids).order_by("code"))


def tenants_overseen_by(actor: Actor) -> list[Tenant]:
    """
    Return whose models an actor may compare: their own tenant's.

    On the platform's own tenant it is every customer, for those who manage the platform there;
    the same role in a customer's tenant reaches no further than that customer.
    """
    is_platform = actor.tenant.code == directory.PLATFORM
    if is_platform and actor.may(Permission.MANAGE_PLATFORM):
        return directory.customers()
    return [actor.tenant]


def find_actor(*, user: User, tenant: Tenant) -> Actor | None:
    """Return the person as an actor of the tenant, or None when they do not belong to it."""
    memberships = list(
        Membership.objects.for_tenant(tenant).filter(user=user).prefetch_related("sites")
    )
    if not memberships or not user.is_active:
        return None
    roles = frozenset(Role(membership.role) for membership in memberships)
    only_sites = roles <= SITE_ROLES
    sites = frozenset(site.pk for m in memberships for site in m.sites.all())
    return Actor(
        name=f"user:{user.pk}",
        tenant=tenant,
        roles=roles,
        site_ids=sites if only_sites else None,
    )


def add_member(*, user: User, tenant: Tenant, role: Role) -> Membership:
    """Give a person a role in a tenant; asked twice it is the same row."""
    membership, _ = Membership.objects.get_or_create(user=user, tenant=tenant, role=role.value)
    return membership


def create_person(*, username: str, password: str) -> User:
    """Create somebody who can sign in and may do nothing yet."""
    return User.objects.create_user(username, password=password)
