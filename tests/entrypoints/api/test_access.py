"""Who may come in, and as whom; whoever may not learns nothing."""

from datetime import timedelta

import pytest
from django.test import Client
from doors import browser, caller, member, post, token

from watchfloor.entrypoints import clock, rate_limits
from watchfloor.ledger.clock import set_clock
from watchfloor.tenants import tokens
from watchfloor.tenants.models import ApiToken, Site, User
from watchfloor.tenants.roles import Permission, Role

TICKETS = "/api/v2/tickets"


def code_and_kind(response):
    assert response["Content-Type"] == "application/problem+json"
    told = response.json()
    return response.status_code, told["type"].rpartition(":")[2]


class TestToken:
    def test_of_a_role_that_may_is_let_in(self, acme_admin):
        assert acme_admin.get(TICKETS).status_code == 200

    @pytest.mark.parametrize(
        "authorization",
        [
            "",
            "Bearer",
            "Bearer wf_aaaaaaaaaaaa_" + "x" * 43,
            "Bearer wf__",
            "Bearer wf_é_" + "x" * 43,
            "Bearer " + "x" * 5000,
            "Basic YWxpY2U6c2VjcmV0",
            "Token wf_aaaaaaaaaaaa_" + "x" * 43,
        ],
    )
    def test_that_is_none_is_asked_for(self, still, authorization):
        client = Client(headers={"authorization": authorization})

        response = client.get(TICKETS)

        assert code_and_kind(response) == (401, "not-authenticated")
        assert response["WWW-Authenticate"].startswith("Bearer")

    def test_that_has_expired_is_refused(self, tenant, still):
        text = token(tenant, role=Role.TENANT_ADMIN, now=still, life=timedelta(hours=1))
        set_clock(virtual_now=still + timedelta(hours=1), speed=0, real_now=clock.real_now())
        clock.forget()

        assert code_and_kind(caller(text).get(TICKETS)) == (401, "not-authenticated")

    def test_that_was_revoked_is_refused(self, tenant, still):
        text = token(tenant, role=Role.TENANT_ADMIN, now=still)
        tokens.revoke_token(ApiToken.objects.get(), now=still)

        assert code_and_kind(caller(text).get(TICKETS)) == (401, "not-authenticated")

    def test_with_another_secret_is_refused(self, tenant, still):
        text = token(tenant, role=Role.TENANT_ADMIN, now=still)

        assert caller(text[:-1] + ("A" if text[-1] != "A" else "B")).get(TICKETS).status_code == 401

    def test_without_the_scope_is_refused_though_its_role_may(self, tenant, still):
        text = token(tenant, role=Role.TENANT_ADMIN, now=still, scopes=[Permission.VIEW_MODELS])

        assert code_and_kind(caller(text).get(TICKETS)) == (403, "not-allowed")
        assert caller(text).get("/api/v2/models").status_code == 200

    def test_with_a_scope_that_its_role_lacks_is_refused(self, tenant, still, event):
        text = token(tenant, role=Role.AUDITOR, now=still, scopes=list(Permission))

        assert code_and_kind(post(caller(text), "/api/v2/predictions", event)) == (
            403,
            "not-allowed",
        )

    def test_that_is_wrong_is_not_saved_by_a_session(self, tenant, still):
        client = browser(member("olga", tenant=tenant, role=Role.NOC_OPERATOR))

        response = client.get(TICKETS, headers={"authorization": "Bearer wf_a_" + "x" * 43})

        assert response.status_code == 401


class TestSession:
    def test_of_an_operator_reads(self, tenant, still):
        client = browser(member("olga", tenant=tenant, role=Role.NOC_OPERATOR))

        assert client.get(TICKETS).status_code == 200

    def test_writes_only_with_its_csrf_token(self, tenant, still):
        client = browser(member("olga", tenant=tenant, role=Role.NOC_OPERATOR))

        response = post(client, "/api/v2/tickets/1/resolve", {"disposition": "true_positive"})

        assert code_and_kind(response) == (403, "not-allowed")

    def test_writes_with_its_csrf_token(self, tenant, still):
        client = browser(member("olga", tenant=tenant, role=Role.NOC_OPERATOR))
        client.cookies["csrftoken"] = "c" * 32

        response = post(
            client,
            "/api/v2/tickets/1/resolve",
            {"disposition": "true_positive"},
            **{"X-CSRFToken": "c" * 32},
        )

        assert code_and_kind(response) == (404, "not-found")

    def test_names_its_tenant_when_there_are_several(self, tenant, other_tenant, still):
        member("olga", tenant=tenant, role=Role.NOC_OPERATOR)
        client = browser(member("olga", tenant=other_tenant, role=Role.NOC_OPERATOR))

        unnamed = client.get(TICKETS)
        named = client.get(TICKETS, headers={"x-watchfloor-tenant": "borealis"})

        assert (unnamed.status_code, unnamed.json()["field"]) == (400, "X-Watchfloor-Tenant")
        assert named.status_code == 200

    def test_finds_no_tenant_that_is_not_its_own(self, tenant, other_tenant, still):
        client = browser(member("olga", tenant=tenant, role=Role.NOC_OPERATOR))

        foreign = client.get(TICKETS, headers={"x-watchfloor-tenant": "borealis"})
        unknown = client.get(TICKETS, headers={"x-watchfloor-tenant": "nobody"})

        assert code_and_kind(foreign) == code_and_kind(unknown) == (404, "not-found")
        assert foreign.json()["detail"].replace("borealis", "nobody") == unknown.json()["detail"]

    def test_of_somebody_without_a_tenant_finds_nothing(self, still):
        client = browser(User.objects.create(username="nora"))

        assert client.get(TICKETS).status_code == 404

    def test_of_a_guard_may_nothing(self, tenant, still):
        client = browser(member("gus", tenant=tenant, role=Role.GUARD))

        assert code_and_kind(client.get(TICKETS)) == (403, "not-allowed")

    def test_of_a_supervisor_sees_only_the_supervisors_sites(self, tenant, acme_service, event):
        gate, campus = Site.objects.filter(code__in=["harbour-gate", "north-campus"])
        for site in (gate, campus):
            post(
                acme_service,
                "/api/v2/predictions",
                event | {"event_id": site.code, "entity_id": site.code, "site": site.code},
            )
        client = browser(member("susi", tenant=tenant, role=Role.SITE_SUPERVISOR, sites=[gate]))

        seen = client.get("/api/v2/reviews").json()["items"]

        assert [item["site"] for item in seen] == [gate.code]
        own, foreign = _review_ids(acme_admin_of(tenant, event), gate.code)
        assert client.get(f"/api/v2/predictions/{own}").status_code == 200
        assert client.get(f"/api/v2/predictions/{foreign}").status_code == 404


def acme_admin_of(tenant, event):
    return caller(token(tenant, role=Role.TENANT_ADMIN, now=clock.now()))


def _review_ids(client, own_site):
    items = client.get("/api/v2/reviews").json()["items"]
    own = next(item for item in items if item["site"] == own_site)
    foreign = next(item for item in items if item["site"] != own_site)
    return own["prediction_id"], foreign["prediction_id"]


class TestRate:
    def test_is_told_with_every_answer(self, acme_admin, still):
        response = acme_admin.get(TICKETS)

        assert response["RateLimit-Policy"] == '"token";q=1200;w=60'
        assert response["RateLimit"].startswith('"token";r=1199;t=')

    def test_beyond_it_asks_to_wait(self, tenant, still, settings):
        settings.ENV = settings.ENV.model_copy(update={"api_rate": "2/minute"})
        client = caller(token(tenant, role=Role.TENANT_ADMIN, now=still))

        answers = [client.get(TICKETS) for _ in range(3)]

        assert [one.status_code for one in answers] == [200, 200, 429]
        assert code_and_kind(answers[2]) == (429, "too-many-requests")
        assert 1 <= int(answers[2]["Retry-After"]) <= 60

    def test_of_one_token_leaves_another_alone(self, tenant, still, settings):
        settings.ENV = settings.ENV.model_copy(update={"api_rate": "1/minute"})
        first, second = (caller(token(tenant, role=Role.TENANT_ADMIN, now=still)) for _ in range(2))

        assert [c.get(TICKETS).status_code for c in (first, second, first)] == [200, 200, 429]

    def test_lets_everybody_through_while_its_store_is_away(self, acme_admin, monkeypatch):
        from limits.errors import StorageError

        class Away:
            def hit(self, *_):
                raise StorageError(OSError("connection refused"))

        monkeypatch.setattr(rate_limits, "_limiter", Away)

        assert acme_admin.get(TICKETS).status_code == 200
