"""All models side by side: one's own, and of every customer for the platform alone."""

import pytest
from doors import caller, post, token

from watchfloor.tenants import directory
from watchfloor.tenants.roles import Permission, Role

PATH = "/api/v2/fleet"


@pytest.fixture
def platform(db, still):
    return directory.create_tenant(code=directory.PLATFORM, name="Platform", now=still)


@pytest.fixture
def two_models(acme_service, borealis_service, event):
    """One model of each customer, by its first posted prediction."""
    post(acme_service, "/api/v2/predictions", event)
    post(borealis_service, "/api/v2/predictions", event | {"model_type": "lift_outage"})


def tenants_in(client):
    return [model["tenant"] for model in client.get(PATH).json()["items"]]


class TestTheFleet:
    def test_of_a_tenant_without_models_is_empty(self, acme_admin):
        answer = acme_admin.get(PATH)

        assert answer.status_code == 200
        assert answer.json() == {
            "together": 0.0,
            "moves_together": False,
            "false_share": 0.1,
            "common_causes": [],
            "items": [],
        }

    def test_says_how_a_model_stands(self, two_models, acme_admin):
        [model] = acme_admin.get(PATH).json()["items"]

        assert model["model_type"] == "sla_breach"
        assert model["model_version"] == "v1"
        assert model["e_value"] is None
        assert model["episodes"] == []
        assert len(model["accuracy"]) == 30

    def test_holds_no_model_of_another_customer(self, two_models, acme_admin, borealis_admin):
        assert tenants_in(acme_admin) == ["acme"]
        assert tenants_in(borealis_admin) == ["borealis"]

    def test_is_every_customers_for_the_platform(self, two_models, platform, still):
        admin = caller(token(platform, role=Role.PLATFORM_ADMIN, now=still))

        assert tenants_in(admin) == ["acme", "borealis"]

    def test_is_ones_own_for_the_same_role_at_a_customer(self, two_models, tenant, still):
        admin = caller(token(tenant, role=Role.PLATFORM_ADMIN, now=still))

        assert tenants_in(admin) == ["acme"]

    def test_is_the_platforms_own_without_the_right_to_manage_it(self, two_models, platform, still):
        scopes = [Permission.VIEW_MODELS]
        reader = caller(token(platform, role=Role.PLATFORM_ADMIN, now=still, scopes=scopes))

        assert tenants_in(reader) == []

    @pytest.mark.parametrize("role", [Role.SITE_SUPERVISOR, Role.GUARD, Role.SERVICE_ACCOUNT])
    def test_is_refused_to_a_role_without_models(self, two_models, tenant, still, role):
        answer = caller(token(tenant, role=role, now=still)).get(PATH)

        assert answer.status_code == 403
