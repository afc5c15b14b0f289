"""Who may open which page: each role, a stranger, and Eve of another customer."""

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, reverse
from doors import member
from entrypoints.console.pages.world import ids_of

from watchfloor.entrypoints.console import urls
from watchfloor.entrypoints.console.membership import PageView
from watchfloor.noc.models import AlertEvent, DeadLetter, ReviewItem, Ticket
from watchfloor.tenants.models import ApiToken, KillSwitch, Tenant, User
from watchfloor.tenants.roles import Role

ON_THE_FLOOR = {
    Role.SITE_SUPERVISOR,
    Role.NOC_OPERATOR,
    Role.NOC_LEAD,
    Role.AUDITOR,
    Role.TENANT_ADMIN,
    Role.PLATFORM_ADMIN,
}
WITH_MODELS = (ON_THE_FLOOR - {Role.SITE_SUPERVISOR}) | {Role.ML_ENGINEER}
LEADING = {Role.NOC_LEAD, Role.TENANT_ADMIN, Role.PLATFORM_ADMIN}
MAY_OPEN = {
    "floor": ON_THE_FLOOR,
    "kpis": ON_THE_FLOOR,
    "stream": ON_THE_FLOOR,
    "pulse": ON_THE_FLOOR,
    "alerts": ON_THE_FLOOR,
    "alert_rows": ON_THE_FLOOR,
    "tickets": ON_THE_FLOOR,
    "ticket_rows": ON_THE_FLOOR,
    "review": ON_THE_FLOOR,
    "review_shortlist": ON_THE_FLOOR,
    "models": WITH_MODELS,
    "fleet": WITH_MODELS,
    "model": WITH_MODELS,
    "coverage": WITH_MODELS,
    "coverage_csv": WITH_MODELS,
    "what_if": WITH_MODELS,
    "what_if_answer": WITH_MODELS,
    "what_if_history": WITH_MODELS,
    "model_jobs": WITH_MODELS,
    "retrain_job": WITH_MODELS,
    "roll_back": LEADING | {Role.ML_ENGINEER},
    "dead_letters": LEADING | {Role.ML_ENGINEER},
    "dead_letter": LEADING | {Role.ML_ENGINEER},
    "audit": LEADING | {Role.AUDITOR},
    "audit_thresholds": LEADING | {Role.AUDITOR},
    "health": ON_THE_FLOOR | WITH_MODELS,
    "health_state": ON_THE_FLOOR | WITH_MODELS,
    "manage": LEADING | {Role.ML_ENGINEER},
    "thresholds": LEADING,
    "threshold": LEADING,
    "tokens": LEADING - {Role.NOC_LEAD},
    "ml_config": (LEADING - {Role.NOC_LEAD}) | {Role.ML_ENGINEER},
    "ml_config_key": (LEADING - {Role.NOC_LEAD}) | {Role.ML_ENGINEER},
}
# Pages of one row at a site: who sees all sites opens them, a supervisor only at theirs.
OF_A_SITE = {"alert", "ticket", "review_item", "review_queue", "prediction"}
POST_ONLY = {
    "first_model": {Role.ML_ENGINEER, Role.TENANT_ADMIN, Role.PLATFORM_ADMIN},
    "take_back": LEADING,
    "what_if_apply": LEADING,
    "what_if_decide": LEADING,
    "revoke_token": LEADING - {Role.NOC_LEAD},
}
OF_NO_TENANT = {"wall", "login", "logout", "account"}


def patterns_in(found: list[URLPattern | URLResolver]) -> Iterator[URLPattern]:
    for each in found:
        if isinstance(each, URLResolver):
            yield from patterns_in(each.url_patterns)
        else:
            yield each


ROUTES = {str(p.name): p for p in patterns_in(urls.urlpatterns)}
OF_TENANTS = sorted(set(ROUTES) - OF_NO_TENANT)


def address(name: str, world, *, tenant: str = "acme") -> str:
    named = dict(ids_of(world))
    if name == "ml_config_key":
        named["key"] = "RETRAIN_COOLDOWN_DAYS"
    wanted = {key: named[key] for key in ROUTES[name].pattern.converters}
    return reverse(f"console:{name}", kwargs={"tenant": tenant} | wanted)


def ask(client: Client, name: str, path: str):
    return client.post(path) if name in POST_ONLY else client.get(path)


@pytest.fixture
def paths(world) -> dict[str, str]:
    """The address of one of Acme's rows for each route."""
    return {name: address(name, world) for name in OF_TENANTS}


class TestEveryRoute:
    def test_is_in_the_matrix(self):
        assert set(MAY_OPEN) | OF_A_SITE | set(POST_ONLY) | OF_NO_TENANT == set(ROUTES)

    @pytest.mark.parametrize("name", OF_TENANTS)
    def test_of_a_tenant_says_who_may_open_it(self, name):
        view = ROUTES[name].callback

        while view is not None and not isinstance(view, PageView):
            view = getattr(view, "__wrapped__", None)

        assert isinstance(view, PageView)
        assert view.permissions

    def test_leads_a_stranger_to_the_sign_in(self, paths):
        client = Client()

        answers = {name: ask(client, name, path) for name, path in paths.items()}

        assert {response.status_code for response in answers.values()} == {302}
        assert {response["Location"][:29] for response in answers.values()} == {
            "/sign-in/?next=%2Ft%2Facme%2F"
        }

    def test_sends_the_page_of_an_expired_session_to_the_sign_in(self, paths):
        client = Client(headers={"HX-Request": "true", "HX-Current-URL": "http://x/t/acme/?a=1"})

        answers = [ask(client, name, path) for name, path in paths.items()]

        assert {response.status_code for response in answers} == {401}
        assert {response["HX-Redirect"] for response in answers} == {
            "/sign-in/?next=%2Ft%2Facme%2F"
        }


class TestRole:
    @pytest.mark.parametrize("role", Role)
    def test_opens_its_pages_and_is_told_403_at_the_others(self, paths, sign_in, role):
        client = sign_in(role)

        answers = {name: client.get(paths[name]).status_code for name in MAY_OPEN}

        assert {name for name, status in answers.items() if status < 400} == {
            name for name, roles in MAY_OPEN.items() if role in roles
        }
        assert {status for status in answers.values() if status >= 400} <= {403}

    @pytest.mark.parametrize("role", Role)
    def test_may_do_what_is_only_done(self, paths, sign_in, role):
        client = sign_in(role)

        answers = {name: client.post(paths[name]).status_code for name in POST_ONLY}

        # 422 is a form that lacks something: whoever sees it was let in.
        done = {name for name, status in answers.items() if status in {302, 422}}
        assert done == {name for name, roles in POST_ONLY.items() if role in roles}

    @pytest.mark.parametrize("role", sorted(ON_THE_FLOOR - {Role.SITE_SUPERVISOR}))
    def test_that_sees_all_sites_opens_a_row_of_any(self, paths, sign_in, role):
        client = sign_in(role)

        answers = {name: client.get(paths[name]).status_code for name in OF_A_SITE}

        assert set(answers.values()) == {200}

    @pytest.mark.parametrize("role", [Role.SITE_SUPERVISOR, Role.ML_ENGINEER, Role.AUDITOR])
    def test_finds_only_open_doors_in_the_navigation(self, world, sign_in, role):
        client = sign_in(role)

        shell = client.get("/", follow=True).context["shell"]

        answers = {client.get(item.href).status_code for item in (*shell.main, *shell.rest)}
        assert answers <= {200, 302}


class TestSiteSupervisor:
    @pytest.fixture
    def susi(self, sign_in):
        return sign_in(Role.SITE_SUPERVISOR, sites=("north-campus",))

    def test_sees_the_rows_of_her_site_alone(self, world, susi):
        pages = [susi.get(f"/t/acme/{name}/?status=all") for name in ("alerts", "tickets")]

        seen = {
            each["where"]
            for page in pages
            for key in ("alerts", "tickets")
            for each in page.context.get(key) or ()
        }
        assert seen == {"North Campus"}

    def test_finds_no_row_of_another_site(self, world, susi):
        ticket = Ticket.objects.filter(site__code="harbour-gate", status="open")[0]
        paths = [
            f"/t/acme/tickets/{ticket.pk}/",
            f"/t/acme/alerts/{ticket.alert_id}/",
            f"/t/acme/predictions/{ticket.prediction_id}/",
        ]

        assert {susi.get(path).status_code for path in paths} == {404}

    def test_acts_on_no_alert_of_another_site(self, world, susi):
        alert = AlertEvent.objects.filter(site__code="harbour-gate", status="firing")[0]

        response = susi.post("/t/acme/alerts/", {"acknowledge": alert.pk})

        assert response.status_code == 404
        alert.refresh_from_db()
        assert alert.status == "firing"

    def test_counts_what_waits_at_her_site(self, world, susi):
        items = susi.get("/t/acme/").context["shell"].main

        counts = {item.key: item.count for item in items}
        assert (
            counts["tickets"]
            == Ticket.objects.filter(site__code="north-campus", status="open").count()
        )

    def test_sees_no_prediction_of_another_site_in_the_stream(self, world, susi):
        rows = susi.get("/t/acme/").context["rows"]

        assert {row.where for row in rows} == {"North Campus"}


class TestEve:
    """She leads Borealis, and must find nothing of Acme's."""

    @pytest.fixture
    def eve(self, world, sign_in):
        client = sign_in(Role.TENANT_ADMIN, tenant=world.borealis, sites=())
        member("tenant_admin-of-borealis", tenant=world.borealis, role=Role.PLATFORM_ADMIN)
        return client

    def test_finds_nothing_under_acmes_address(self, paths, eve):
        answers = {
            (name, method): getattr(eve, method)(path).status_code
            for name, path in paths.items()
            for method in ("get", "post")
        }

        # A page that takes one method answers the other before anybody is asked for.
        assert {key: status for key, status in answers.items() if status not in {404, 405}} == {}

    def test_finds_nothing_with_acmes_ids_under_her_own(self, world, eve):
        with_ids = [n for n in OF_TENANTS if len(ROUTES[n].pattern.converters) > 1]
        # The keys of ML_CONFIG are everybody's.
        paths = {n: address(n, world, tenant="borealis") for n in with_ids if n != "ml_config_key"}

        answers = {
            (name, method): getattr(eve, method)(path).status_code
            for name, path in paths.items()
            for method in ("get", "post")
        }

        assert {key: status for key, status in answers.items() if status not in {404, 405}} == {}

    def test_is_answered_as_for_a_customer_that_nobody_has(self, world, eve):
        foreign = eve.get("/t/acme/")
        unknown = eve.get("/t/nobody/")

        assert foreign.status_code == unknown.status_code == 404
        assert "acme" not in foreign.content.decode().casefold().replace("/t/acme/", "")

    def test_has_changed_nothing(self, world, eve):
        told = {"do": "stop", "reason": "mine now", "dismiss": "", "disposition": "true_positive"}

        for name in OF_TENANTS:
            for tenant in ("acme", "borealis"):
                eve.post(address(name, world, tenant=tenant), told)

        ids = ids_of(world)
        assert Ticket.objects.get(pk=ids["ticket_id"]).status == "open"
        assert ReviewItem.objects.get(pk=ids["item_id"]).state == "waiting"
        assert DeadLetter.objects.get(pk=ids["letter_id"]).state == "open"
        assert ApiToken.objects.get(pk=ids["token_id"]).revoked_at is None
        assert not KillSwitch.objects.get().engaged

    def test_sees_no_row_of_acmes_in_her_lists(self, world, eve):
        lists = ("alerts", "tickets", "dead-letters", "models", "fleet", "audit", "manage/tokens")

        pages = {name: eve.get(f"/t/borealis/{name}/").content.decode() for name in lists}

        told = [name for name, html in pages.items() if "INC9" in html or "lift_outage" in html]
        assert told == []


class TestHome:
    def test_is_the_wall_of_the_first_customer(self, world, sign_in):
        assert sign_in(Role.NOC_OPERATOR).get("/")["Location"] == "/t/acme/"

    def test_is_the_first_page_that_a_role_may_open(self, world, sign_in):
        assert sign_in(Role.ML_ENGINEER).get("/")["Location"] == "/t/acme/models/"

    def test_says_so_when_no_role_has_a_page(self, world, sign_in):
        response = sign_in(Role.GUARD).get("/")

        assert response.status_code == 403
        assert "no customer has given you a role" in response.content.decode()

    def test_leads_to_the_customer_somebody_names(self, world, sign_in):
        client = sign_in(Role.NOC_OPERATOR)
        person = User.objects.get(username="noc_operator-of-acme")
        member(person.username, tenant=world.borealis, role=Role.NOC_OPERATOR)

        links = client.get("/t/acme/").context["shell"].others

        assert [link.name for link in links] == ["Borealis"]
        assert client.get(links[0].href)["Location"] == "/t/borealis/"

    def test_names_no_customer_somebody_does_not_belong_to(self, world, sign_in):
        assert sign_in(Role.NOC_OPERATOR).get("/?tenant=borealis").status_code == 403


class TestTimeZone:
    def test_of_the_customer_writes_its_pages_and_ends_with_them(self, world, sign_in):
        Tenant.objects.filter(pk=world.acme.pk).update(time_zone="Asia/Kolkata")
        client = sign_in(Role.NOC_OPERATOR)

        own = client.get("/t/acme/").content.decode()
        after = client.get("/account/").content.decode()

        assert "17:30:00 IST" in own
        assert 'data-time-zone="Asia/Kolkata"' in own
        assert "IST" not in after
