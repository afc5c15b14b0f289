"""The tenant of a replayed stream: its own, every automation on, each switch written down."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from watchfloor.entrypoints.cli.replay.protocol import Dataset
from watchfloor.noc.decision import thresholds
from watchfloor.tenants import directory, flags
from watchfloor.tenants.flags import Flag
from watchfloor.tenants.ml_config import ml_config_for
from watchfloor.tenants.models import Site, Tenant
from watchfloor.tenants.models.places import RolloutStage
from watchfloor.workflows import first_run, policy_switch, threshold_change

# Limits by the hour look at the moment a batch is taken, and a batch holds hours of a stream:
# with them what opens would depend on the size of the batches. The day's cap is in force.
LIFTED = {"site_ticket_cap": 100_000.0, "breaker_cap": 100_000.0}
FLAGS = (Flag.AUTO_TICKET, Flag.AUTO_RETRAIN, Flag.AUTO_ROLLBACK)
ACTOR = "system:replay"
REASON = "A replay shows what automation would have done."


def tenant_code(name: str, *, through: str = "direct") -> str:
    """
    Return the code of the tenant that a stream of that name is replayed into.

    Over MQTT an event belongs to the device that sends it and elsewhere to the stream: one
    tenant would hold every event twice.

    >>> tenant_code("elec2"), tenant_code("elec2", through="mqtt")
    ('replay-elec2', 'replay-elec2-mqtt')
    """
    return f"{directory.REPLAYED}{name}" + ("-mqtt" if through == "mqtt" else "")


def overrides_for(code: str) -> Mapping[str, Any]:
    """Return the keys of ML_CONFIG that a replay changes for its tenant."""
    return {
        "ENABLE_AUTO_RETRAIN": True,
        "AUTO_RETRAIN_ENABLED_TENANTS": [code],
        # Nobody is there to approve: the alternative is a job that waits for ever.
        "REQUIRE_MANUAL_APPROVAL_CRITICAL_DRIFT": False,
    }


def thresholds_for(dataset: Dataset) -> Mapping[str, float]:
    """Return the thresholds that a replay sets for its tenant: its own and the stream's."""
    return {**LIFTED, **dataset.about.thresholds}


def assumptions_of(dataset: Dataset, *, code: str) -> list[str]:
    """Return what a replay into a tenant takes for granted, a sentence each, for its report."""
    switched = ", ".join(f"{key}={value}" for key, value in overrides_for(code).items())
    return [
        f"Flags {', '.join(FLAGS)} are on and the roll-out stage is on for tenant {code} alone.",
        f"ML_CONFIG of that tenant: {switched}; every other key is the installation's.",
        f"The first model is trained at {dataset.about.first_model_at.isoformat()} on the labels "
        "known by then, or at a later midnight if they do not suffice; before it every event "
        "goes to a person.",
        *(
            f"Threshold {key} of that tenant is {value:g} from the first event on."
            for key, value in thresholds_for(dataset).items()
        ),
        "Nobody works on tickets and reviews: outcomes close them when they become known.",
        *dataset.about.assumptions,
    ]


def prepare_tenant(dataset: Dataset, *, code: str, now: datetime) -> Tenant:
    """Create the stream's tenant with its switches and sites, or find it as it was left."""
    about = dataset.about
    tenant = directory.create_tenant(
        code=code,
        name=f"Replay of {about.name}",
        time_zone=about.time_zone,
        now=now,
    )
    if tenant.stage != RolloutStage.ON:
        policy_switch.move_stage(
            tenant=tenant, stage=RolloutStage.ON, actor=ACTOR, reason=REASON, now=now
        )
    in_force = flags.automation_in_force(tenant=tenant, model_type=about.model_type)
    for flag in FLAGS:
        if flag not in in_force.on:
            policy_switch.switch_flag(
                tenant=tenant, flag=flag, is_on=True, actor=ACTOR, reason=REASON, now=now
            )
    _override(tenant, now)
    _set_thresholds(tenant, dataset, now)
    _add_sites(tenant, dataset)
    first_run.let_owner_into(tenant=tenant)
    return directory.get_tenant(tenant.code)


def _override(tenant: Tenant, now: datetime) -> None:
    config = ml_config_for(tenant).to_mapping()
    for key, value in overrides_for(tenant.code).items():
        if config[key] != value:
            policy_switch.override_ml_config(
                tenant=tenant, key=key, value=value, actor=ACTOR, reason=REASON, now=now
            )


def _set_thresholds(tenant: Tenant, dataset: Dataset, now: datetime) -> None:
    about = dataset.about
    values = thresholds.values_in_force(tenant=tenant, model_type=about.model_type)
    for key, value in thresholds_for(dataset).items():
        if values[key] != value:
            threshold_change.apply(
                tenant=tenant,
                model_type=about.model_type,
                key=key,
                value=value,
                expected_version=0,
                actor=ACTOR,
                reason=REASON,
                now=now,
            )


def _add_sites(tenant: Tenant, dataset: Dataset) -> None:
    directory.add_places(
        tenant=tenant,
        sites=[
            Site(
                tenant=tenant,
                code=site.code,
                name=site.name[:120],
                lat=site.lat,
                lon=site.lon,
                time_zone=dataset.about.time_zone,
                site_group=site.group,
            )
            for site in dataset.sites()
        ],
        people=(),
        devices=(),
    )
