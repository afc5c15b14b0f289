"""Every route on one page."""

from django.urls import URLPattern, URLResolver, include, path, re_path

from watchfloor.entrypoints.api.endpoint import nothing_here
from watchfloor.entrypoints.api.views import (
    calibrations,
    coverage,
    dead_letters,
    documents,
    fleet,
    floor,
    models,
    outcomes,
    predictions,
    shortlist,
    threshold_history,
    threshold_proposals,
    threshold_simulation,
    thresholds,
)
from watchfloor.entrypoints.health import views as health
from watchfloor.entrypoints.http_ingest.schema import describe_ingest
from watchfloor.entrypoints.http_ingest.views import ingest

API: list[URLPattern | URLResolver] = [
    path("events", ingest, name="events"),
    path("predictions", predictions.Predictions.as_view(), name="predictions"),
    path("predictions/<uuid:prediction_id>", predictions.Prediction.as_view(), name="prediction"),
    path("outcomes", outcomes.Outcomes.as_view(), name="outcomes"),
    path("tickets", floor.Tickets.as_view(), name="tickets"),
    path("tickets/<int:ticket_id>/resolve", floor.TicketResolve.as_view(), name="ticket_resolve"),
    path("alerts", floor.Alerts.as_view(), name="alerts"),
    path("reviews", floor.Reviews.as_view(), name="reviews"),
    path("reviews/<int:item_id>/verdict", floor.ReviewVerdict.as_view(), name="review_verdict"),
    path("review/shortlist", shortlist.ReviewShortlist.as_view(), name="review_shortlist"),
    path("models", models.Models.as_view(), name="models"),
    path(
        "models/<str:model_type>/coverage",
        coverage.ModelCoverage.as_view(),
        name="model_coverage",
    ),
    path(
        "models/<str:model_type>/calibrations",
        calibrations.Calibrations.as_view(),
        name="model_calibrations",
    ),
    path("fleet", fleet.FleetOfModels.as_view(), name="fleet"),
    path("noc/thresholds/", thresholds.Thresholds.as_view(), name="thresholds"),
    path(
        "noc/thresholds/simulate",
        threshold_simulation.ThresholdSimulate.as_view(),
        name="threshold_simulate",
    ),
    path(
        "noc/thresholds/replay",
        threshold_simulation.ThresholdReplay.as_view(),
        name="threshold_replay",
    ),
    path(
        "noc/thresholds/suggest",
        threshold_simulation.ThresholdSuggest.as_view(),
        name="threshold_suggest",
    ),
    path("noc/thresholds/batch", thresholds.ThresholdBatch.as_view(), name="threshold_batch"),
    path(
        "noc/thresholds/history",
        threshold_history.ThresholdChanges.as_view(),
        name="threshold_history",
    ),
    path(
        "noc/thresholds/history.csv",
        threshold_history.ThresholdChangesCSV.as_view(),
        name="threshold_history_csv",
    ),
    path(
        "noc/thresholds/history/<int:entry_id>/rollback",
        thresholds.ThresholdRollback.as_view(),
        name="threshold_rollback",
    ),
    path(
        "noc/thresholds/watches",
        threshold_history.ThresholdWatches.as_view(),
        name="threshold_watches",
    ),
    path(
        "noc/thresholds/proposals",
        threshold_proposals.ThresholdProposals.as_view(),
        name="threshold_proposals",
    ),
    path(
        "noc/thresholds/proposals/<int:proposal_id>/approve",
        threshold_proposals.ProposalApprove.as_view(),
        name="proposal_approve",
    ),
    path(
        "noc/thresholds/proposals/<int:proposal_id>/refuse",
        threshold_proposals.ProposalRefuse.as_view(),
        name="proposal_refuse",
    ),
    path(
        "noc/thresholds/<str:threshold_id>",
        thresholds.Threshold.as_view(),
        name="threshold",
    ),
    path(
        "noc/thresholds/<str:threshold_id>/reset",
        thresholds.ThresholdReset.as_view(),
        name="threshold_reset",
    ),
    path("metrics", models.Metrics.as_view(), name="metrics"),
    path("dead-letters", dead_letters.DeadLetters.as_view(), name="dead_letters"),
    path(
        "dead-letters/<int:letter_id>/replay",
        dead_letters.DeadLetterReplay.as_view(),
        name="dead_letter_replay",
    ),
    path(
        "openapi.json",
        # The ingest door is no view of the framework, so it brings its own description.
        documents.OpenAPIDocument.as_view(additions=(describe_ingest,)),
        name="openapi",
    ),
    path("docs", documents.Docs.as_view(), name="docs"),
    re_path("", nothing_here),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v2/", include((API, "api"))),
    path("livez", health.livez),
    path("readyz", health.readyz),
    path("version", health.version),
    path("metrics", health.metrics),
    path("", include("watchfloor.entrypoints.console.urls", namespace="console")),
]

# Django's own would render the page without the request, and so without the id that finds it.
handler500 = "watchfloor.entrypoints.console.middleware.server_error"
