"""Every page of the console; the code of the tenant stands in the address."""

from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, URLResolver, include, path

from watchfloor.entrypoints.console.views import (
    account,
    alerts,
    audit,
    coverage,
    dead_letters,
    fleet,
    health,
    models,
    predictions,
    retrain,
    review,
    shortlist,
    threshold_moves,
    tickets,
    wall,
    what_if,
)
from watchfloor.entrypoints.console.views.manage import automation, ml_config, thresholds, tokens

app_name = "console"

FLOOR: list[URLPattern | URLResolver] = [
    path("", wall.floor, name="floor"),
    path("numbers/", wall.kpis, name="kpis"),
    path("stream/", wall.stream, name="stream"),
    path("pulse/", wall.strip, name="pulse"),
    path("alerts/", alerts.alert_list, name="alerts"),
    path("alerts/rows/", alerts.alert_rows, name="alert_rows"),
    path("alerts/<int:alert_id>/", alerts.alert_detail, name="alert"),
    path("tickets/", tickets.ticket_list, name="tickets"),
    path("tickets/rows/", tickets.ticket_rows, name="ticket_rows"),
    path("tickets/<int:ticket_id>/", tickets.ticket, name="ticket"),
    path("review/", review.review, name="review"),
    path("review/shortlist/", shortlist.day_shortlist, name="review_shortlist"),
    path("review/<int:item_id>/", review.review_item, name="review_item"),
    path("review/<int:item_id>/queue/", review.review_queue, name="review_queue"),
    path("predictions/<uuid:prediction_id>/", predictions.prediction, name="prediction"),
]
MODELS: list[URLPattern | URLResolver] = [
    path("", models.model_list, name="models"),
    path("<str:model_type>/", models.model, name="model"),
    path("<str:model_type>/coverage/", coverage.coverage, name="coverage"),
    path("<str:model_type>/coverage/<slug:part>.csv", coverage.coverage_csv, name="coverage_csv"),
    path("<str:model_type>/thresholds/", what_if.what_if, name="what_if"),
    path("<str:model_type>/thresholds/answer/", what_if.answer, name="what_if_answer"),
    path("<str:model_type>/thresholds/history/", what_if.history, name="what_if_history"),
    path("<str:model_type>/thresholds/apply/", threshold_moves.apply, name="what_if_apply"),
    path("<str:model_type>/thresholds/decide/", threshold_moves.decide, name="what_if_decide"),
    path("<str:model_type>/jobs/", models.model_jobs, name="model_jobs"),
    path("<str:model_type>/jobs/<int:job_id>/", retrain.job, name="retrain_job"),
    path("<str:model_type>/first/", models.first_model, name="first_model"),
    path("<str:model_type>/roll-back/", retrain.roll_back, name="roll_back"),
]
MANAGE: list[URLPattern | URLResolver] = [
    path("", automation.automation, name="manage"),
    path("thresholds/", thresholds.threshold_list, name="thresholds"),
    path("thresholds/<str:model_type>/<str:key>/", thresholds.threshold, name="threshold"),
    path("threshold-changes/<int:entry_id>/take-back/", thresholds.take_back, name="take_back"),
    path("tokens/", tokens.token_list, name="tokens"),
    path("tokens/<int:token_id>/revoke/", tokens.revoke, name="revoke_token"),
    path("ml-config/", ml_config.key_list, name="ml_config"),
    path("ml-config/<str:key>/", ml_config.key, name="ml_config_key"),
]
CARE: list[URLPattern | URLResolver] = [
    path("fleet/", fleet.fleet, name="fleet"),
    path("dead-letters/", dead_letters.letter_list, name="dead_letters"),
    path("dead-letters/<int:letter_id>/", dead_letters.letter, name="dead_letter"),
    path("audit/", audit.entries, name="audit"),
    path("audit/thresholds/", audit.changes, name="audit_thresholds"),
    path("health/", health.health, name="health"),
    path("health/state/", health.health_state, name="health_state"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", wall.home, name="wall"),
    path("sign-in/", account.SignIn.as_view(), name="login"),
    path("sign-out/", LogoutView.as_view(), name="logout"),
    path("account/", account.Account.as_view(), name="account"),
    path("t/<slug:tenant>/", include(FLOOR)),
    path("t/<slug:tenant>/", include(CARE)),
    path("t/<slug:tenant>/models/", include(MODELS)),
    path("t/<slug:tenant>/manage/", include(MANAGE)),
]
