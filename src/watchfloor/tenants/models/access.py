"""Who may act: users, their roles in a tenant, and the tokens of machines."""

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models

from watchfloor.tenants.models.places import Site
from watchfloor.tenants.roles import Role
from watchfloor.tenants.scoping import TenantRow

ROLE_CHOICES = [(role.value, role.label) for role in Role]


class User(AbstractUser):
    """A person who signs in; rights come from memberships, never from this row."""

    class Meta:
        db_table = "tenants_user"


class Membership(TenantRow):
    """One role of one user in one tenant, for all its sites or for the named ones."""

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=30, choices=ROLE_CHOICES)
    # Empty means every site of the tenant for tenant-wide roles, none for site roles.
    sites = models.ManyToManyField(Site, blank=True, related_name="+")

    class Meta:
        db_table = "tenants_membership"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "user", "role"], name="membership_once_per_role"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} is {self.role} of {self.tenant}"


class ApiToken(TenantRow):
    """A machine's key: prefix to find it, hash to prove it, scopes and an end."""

    prefix = models.CharField(max_length=12, unique=True)
    secret_sha256 = models.CharField(max_length=64)
    name = models.CharField(max_length=80)
    role = models.CharField(max_length=30, choices=ROLE_CHOICES)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "tenants_api_token"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"
