"""Hold the score rollup against both logs, and put right what differs."""

from collections.abc import Iterator

from watchfloor.ml.predictions import rollup_rebuild
from watchfloor.ml.predictions.prediction_log import as_scored
from watchfloor.ml.predictions.rollup_rebuild import Rebuilt
from watchfloor.ml.predictions.scored import Scored
from watchfloor.noc.intake import logs
from watchfloor.tenants.models import Tenant

AT_ONCE = 5000


def rebuild_score_rollup(*, tenant: Tenant, write: bool) -> Rebuilt:
    """
    Count a tenant's day histograms anew from the logs, and its weeks and months from the days.

    A site that was given another group counts in its new one: what differs says so.

    Raises:
        NotReady: predictions came in meanwhile; nothing was changed.
    """
    return rollup_rebuild.rebuild(tenant=tenant, logged=lambda: _logged(tenant), write=write)


def _logged(tenant: Tenant) -> Iterator[Scored]:
    for table in logs.tables():
        rows = table._default_manager.filter(tenant_id=tenant.pk).select_related("site")
        for row in rows.defer("features_json").iterator(chunk_size=AT_ONCE):
            yield as_scored(row)
