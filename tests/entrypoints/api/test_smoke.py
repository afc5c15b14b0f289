"""Requests made up from the OpenAPI document: whatever comes, no fault of ours."""

import json
from urllib.parse import urlencode

import pytest
import schemathesis
from django.test import Client
from doors import caller, token
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.generation import GenerationMode

from watchfloor.tenants.roles import Role

OPERATIONS = [
    ("POST", "/api/v2/events"),
    ("POST", "/api/v2/predictions"),
    ("POST", "/api/v2/outcomes"),
    ("GET", "/api/v2/tickets"),
    ("GET", "/api/v2/metrics"),
    ("POST", "/api/v2/tickets/{ticket_id}/resolve"),
    ("POST", "/api/v2/reviews/{item_id}/verdict"),
    ("GET", "/api/v2/predictions/{prediction_id}"),
]


@pytest.fixture(scope="module")
def schema():
    return schemathesis.openapi.from_dict(Client().get("/api/v2/openapi.json").json())


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_no_request_is_a_fault_of_ours(schema, tenant, still, method, path, mode):
    role = Role.SERVICE_ACCOUNT if path.count("/") == 3 and method == "POST" else Role.TENANT_ADMIN
    client = caller(token(tenant, role=role, now=still))

    @given(case=schema[path][method].as_strategy(generation_mode=mode))
    @settings(
        max_examples=5,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def holds(case):
        response = client.generic(
            method,
            case.formatted_path,
            data=_bytes(case.body),
            content_type="application/json",
            QUERY_STRING=urlencode(dict(case.query or {}), doseq=True, errors="replace"),
        )

        assert response.status_code < 500
        assert response.status_code != 401

    holds()


def _bytes(body):
    if isinstance(body, bytes):
        return body
    try:
        return json.dumps(body).encode()
    except TypeError:  # no body was made up for this request
        return b""
