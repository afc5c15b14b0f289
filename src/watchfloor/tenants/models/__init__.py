"""The tables of who and where."""

from watchfloor.tenants.models.access import ApiToken, Membership, User
from watchfloor.tenants.models.places import Device, Holiday, Person, Site, Tenant
from watchfloor.tenants.models.switches import FeatureFlag, KillSwitch, MLConfigOverride

__all__ = [
    "ApiToken",
    "Device",
    "FeatureFlag",
    "Holiday",
    "KillSwitch",
    "MLConfigOverride",
    "Membership",
    "Person",
    "Site",
    "Tenant",
    "User",
]
