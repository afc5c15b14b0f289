"""Every query names its tenant: there is no default manager that guesses one."""

from collections.abc import Iterable
from typing import Self, TypeVar

from django.db import models

Row = TypeVar("Row", bound=models.Model, covariant=True)


class TenantQuerySet(models.QuerySet[Row]):
    """Rows of one tenant, asked for by name."""

    def for_tenant(self, tenant: models.Model) -> Self:
        """Return the rows of `tenant` alone."""
        return self.filter(tenant_id=tenant.pk)

    def for_tenants(self, tenants: Iterable[models.Model]) -> Self:
        """Return the rows of several tenants: of those alone that are named."""
        return self.filter(tenant_id__in=[tenant.pk for tenant in tenants])


class TenantRow(models.Model):
    """A row that belongs to exactly one tenant."""

    tenant = models.ForeignKey("tenants.Tenant", models.PROTECT, related_name="+")

    objects = TenantQuerySet.as_manager()

    class Meta:
        abstract = True
