"""Load a calibration set from a log or a file, and let the version decide with it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
from django.db import transaction

from watchfloor.core.errors import InvalidInput, NotReady
from watchfloor.ledger import audit
from watchfloor.ml import conformal_predictor, registry
from watchfloor.ml.models import CalibrationSet
from watchfloor.noc import thresholds
from watchfloor.tenants.models import Tenant

FROM_LOG = {"prediction_log": "prediction", "fraud_log": "fraud"}


def pairs_from_log(
    *, tenant: Tenant, source: str, model_type: str, version: str, days: int, now: datetime
) -> tuple[Sequence[float], Sequence[float]]:
    """
    Return scores and known outcomes of one version of the last `days` days.

    Raises:
        InvalidInput: no log of that name.
    """
    if source not in FROM_LOG:
        raise InvalidInput(field="source", value=source, expected=" or ".join(FROM_LOG))
    scores, known = conformal_predictor.calibration_set_for(
        tenant=tenant,
        log=FROM_LOG[source],
        model_type=model_type,
        version=version,
        since=now - timedelta(days=days),
        now=now,
    )
    return scores.tolist(), known.tolist()


@transaction.atomic
def load(
    *,
    tenant: Tenant,
    model_type: str,
    version: str,
    scores: Sequence[float],
    outcomes: Sequence[float],
    source: str,
    min_samples: int,
    actor: str,
    now: datetime,
) -> CalibrationSet:
    """
    Calibrate a version on these pairs; if it serves, it decides with them from now on.

    Raises:
        NotFound: this tenant has no such version.
        NotReady: fewer pairs than `min_samples`.
        InvalidInput: a score or an outcome does not fit.
    """
    if len(scores) < min_samples:
        raise NotReady(f"{len(scores)} pairs in {source}; at least {min_samples} are needed")
    row = registry.get_version(tenant=tenant, model_type=model_type, version=version)
    values = thresholds.values_in_force(tenant=tenant, model_type=model_type)
    _, loaded = conformal_predictor.calibrate(
        tenant=tenant,
        version=row,
        scores=np.array(scores, dtype=np.float64),
        outcomes_known=np.array(outcomes, dtype=np.float64),
        eps_ticket=values["eps_ticket"],
        eps_clear=values["eps_clear"],
        delta=values["delta"],
        source=source,
        window=None,
        now=now,
    )
    deployment = registry.deployment_of(tenant=tenant, model_type=model_type, now=now)
    if deployment.stack is not None and deployment.stack.model_version_id == row.pk:
        registry.recalibrated_stack(
            deployment=deployment,
            calibration=loaded,
            thresholds=thresholds.snapshot(tenant=tenant, model_type=model_type),
            now=now,
        )
    audit.append(
        tenant=tenant,
        actor=actor,
        action="calibration.loaded",
        target_kind="model_version",
        target_id=f"{model_type} {version}",
        detail={"n": loaded.n, "n_positive": loaded.n_positive, "source": source},
        now=now,
    )
    return loaded
