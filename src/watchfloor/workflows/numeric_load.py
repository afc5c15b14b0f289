"""Calibrate estimates of numbers by hand: from their log, or from rows of a file."""

from datetime import datetime

from django.db import transaction

from watchfloor.ledger import audit
from watchfloor.ml.calibration import numeric_calibration
from watchfloor.ml.calibration.numeric_calibration import NumericCut
from watchfloor.ml.models import NumericCalibrationSet
from watchfloor.noc.decision import calibrations
from watchfloor.tenants.models import Tenant


@transaction.atomic
def load(
    *, tenant: Tenant, model_type: str, version: str, cut: NumericCut, actor: str, now: datetime
) -> NumericCalibrationSet:
    """Keep a calibration and write down who loaded it; later estimates are shown with it."""
    row = numeric_calibration.store(
        tenant=tenant, model_type=model_type, version=version, cut=cut, now=now
    )
    calibrations.look_after(tenant=tenant, now=now)
    audit.append(
        tenant=tenant,
        actor=actor,
        action="calibration.loaded",
        target_kind="model_version",
        target_id=f"{model_type} {version}",
        detail={"n": row.n, "unit": row.unit, "source": row.source},
        now=now,
    )
    return row
