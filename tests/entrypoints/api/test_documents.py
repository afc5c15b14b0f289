"""The OpenAPI document is valid, complete and true; its page works under the strict policy."""

import re

import pytest
from django.test import Client
from django.urls import URLPattern
from doors import post
from drf_spectacular.validation import validate_schema
from jsonschema import Draft202012Validator

from watchfloor.config.urls import API

UNDESCRIBED = {"openapi", "docs", None}


@pytest.fixture(scope="module")
def document():
    return Client().get("/api/v2/openapi.json").json()


def operations(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def examples(document):
    """Every example with the schema it is an example of."""
    for name, operation in operations(document):
        contents = [operation.get("requestBody", {}).get("content", {})]
        contents += [answer.get("content", {}) for answer in operation["responses"].values()]
        for content in contents:
            for media in content.values():
                for example in media.get("examples", {}).values():
                    yield name, media["schema"], example["value"]


class TestDocument:
    def test_is_valid_openapi(self, document):
        validate_schema(document)

        assert document["openapi"].startswith("3.1")

    def test_describes_every_route(self, document):
        routes = {
            "/api/v2/" + re.sub(r"<\w+:(\w+)>", r"{\1}", str(route.pattern))
            for route in API
            if isinstance(route, URLPattern) and route.name not in UNDESCRIBED
        }

        assert set(document["paths"]) == routes

    def test_has_words_and_an_example_for_every_operation(self, document):
        shown = {name for name, _, _ in examples(document)}

        assert shown == {name for name, _ in operations(document)}
        assert all(one["summary"] and one["description"] for _, one in operations(document))

    def test_has_only_examples_that_fit_their_schema(self, document):
        for name, schema, value in examples(document):
            rooted = {"components": document["components"]} | schema
            errors = list(Draft202012Validator(rooted).iter_errors(value))
            assert not errors, f"{name}: {errors[0].message}"

    def test_asks_for_a_token_or_a_session_everywhere(self, document):
        for name, operation in operations(document):
            assert operation["security"], name
            assert {} not in operation["security"], name

    def test_is_true_of_a_real_answer(self, document, acme_service, acme_admin, event):
        posted = post(acme_service, "/api/v2/predictions", event)
        pages = {
            "PredictionOut": posted.json(),
            "ReviewPage": acme_admin.get("/api/v2/reviews").json(),
            "AlertPage": acme_admin.get("/api/v2/alerts").json(),
            "ModelPage": acme_admin.get("/api/v2/models").json(),
            "Problem": acme_admin.get("/api/v2/tickets?limit=999").json(),
        }

        for name, content in pages.items():
            schema = {
                "components": document["components"],
                "$ref": f"#/components/schemas/{name}",
            }
            assert not list(Draft202012Validator(schema).iter_errors(content)), name


class TestPage:
    def test_loads_nothing_from_elsewhere_and_no_inline_script(self):
        page = Client().get("/api/v2/docs")
        text = page.content.decode()

        assert page.status_code == 200
        assert all(url.startswith("/") for url in re.findall(r'(?:src|href)="([^"]+)"', text))
        assert not re.search(r"<script>", text)

    def test_has_a_policy_that_relaxes_style_alone(self):
        policy = Client().get("/api/v2/docs")["Content-Security-Policy"]
        usual = Client().get("/api/v2/nothing")["Content-Security-Policy"]

        assert "unsafe-inline" not in usual
        assert "style-src 'self' 'unsafe-inline'" in policy
        assert policy.count("unsafe-inline") == 1
        assert "script-src" not in policy

    def test_brings_its_script_and_assets(self):
        text = Client().get("/api/v2/docs").content.decode()
        script = Client().get("/api/v2/docs?script=")

        assert script["Content-Type"].startswith("application/javascript")
        assert b"/api/v2/openapi.json" in script.content or b"openapi.json" in script.content
        for asset in re.findall(r'(?:src|href)="(/static/[^"]+)"', text):
            assert Client().get(asset).status_code == 200, asset
