"""The demo tenant's rows and switches, created once from the simulated world."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from watchfloor.core.errors import NotReady
from watchfloor.entrypoints.simulator.world import World
from watchfloor.noc.intake.logs import FRAUD_DETECTOR
from watchfloor.tenants import calendars, directory
from watchfloor.tenants.flags import Flag
from watchfloor.tenants.models import Device, Person, Site, Tenant
from watchfloor.workflows import first_run, policy_switch, threshold_change

ACTOR = "system:demo"
WHY = "The demonstration switches everything on."
SWITCHED_ON = (Flag.AUTO_TICKET, Flag.AUTO_CLEAR, Flag.AUTO_RETRAIN, Flag.AUTO_ROLLBACK)
ML_CONFIG: Mapping[str, Any] = {
    "AUTO_RETRAIN_ENABLED_TENANTS": ["harbour"],
    "ENABLE_AUTO_RETRAIN": True,
    "ENABLE_AUTO_RETRAIN_FRAUD": True,
    "REQUIRE_MANUAL_APPROVAL_CRITICAL_DRIFT": False,
}
# A visitor watches for minutes: more is looked at by chance, more error is accepted, and a
# probability counts as known from fewer cases, than a real control room would choose.
THRESHOLDS: Mapping[str, float] = {"audit_share": 1.0, "eps_ticket": 0.2, "width_limit": 0.35}


def create(*, world: World, now: datetime) -> Tenant:
    """
    Create the demo tenant, or return it.

    Raises:
        NotReady: this installation has customers of its own, whose clock a demo would move.
    """
    plan = world.tenants[0]
    found = directory.find_tenant(plan.code)
    others = [tenant.code for tenant in directory.customers() if tenant.code != plan.code]
    if others:
        raise NotReady(f"a demo moves the clock, and {', '.join(others)} live by it")
    if found is not None:
        return found
    tenant = directory.create_tenant(
        code=plan.code,
        name=plan.name,
        now=now,
        time_zone=plan.time_zone,
        stage="on",
        holiday_country="DE",
    )
    calendars.fill_holidays(tenant=tenant, years=(world.start.year, world.start.year + 1))
    _furnish(tenant, world)
    _switch_on(tenant, now)
    first_run.let_owner_into(tenant=tenant)
    return tenant


def _furnish(tenant: Tenant, world: World) -> None:
    calls = {post.site: float(post.heartbeat_min) for post in world.posts}
    directory.add_places(
        tenant=tenant,
        sites=[
            Site(
                tenant=tenant,
                code=site.code,
                name=site.name,
                lat=site.lat,
                lon=site.lon,
                radius_m=site.radius_m,
                heartbeat_min=calls.get(site.code),
                time_zone=site.time_zone,
            )
            for site in world.sites
        ],
        people=[],
        devices=[],
    )
    sites = {site.code: site for site in directory.sites_of(tenant)}
    directory.add_places(
        tenant=tenant,
        sites=[],
        people=[
            Person(tenant=tenant, code=g.code, name=g.name, home_site=sites.get(g.home_site))
            for g in world.guards
        ],
        devices=[
            Device(
                tenant=tenant,
                code=device.code,
                secret_sha256=directory.secret_digest(world.device_secret(device.code)),
            )
            for device in world.devices
        ],
    )


def _switch_on(tenant: Tenant, now: datetime) -> None:
    for flag in SWITCHED_ON:
        policy_switch.switch_flag(
            tenant=tenant, flag=flag, is_on=True, actor=ACTOR, reason=WHY, now=now
        )
    for key, value in ML_CONFIG.items():
        policy_switch.override_ml_config(
            tenant=tenant, key=key, value=value, actor=ACTOR, reason=WHY, now=now
        )
    for key, number in THRESHOLDS.items():
        threshold_change.apply(
            tenant=tenant,
            model_type=FRAUD_DETECTOR,
            key=key,
            value=number,
            expected_version=0,
            actor=ACTOR,
            reason=WHY,
            now=now,
        )
