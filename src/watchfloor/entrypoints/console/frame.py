"""Put a page into its frame: where one may go from here, what waits there, what is automatic."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext, gettext_noop

from watchfloor.entrypoints import clock
from watchfloor.entrypoints.console.shell import Automation, NavItem, Shell, TenantLink
from watchfloor.noc.live import broadcast
from watchfloor.noc.queries import floor
from watchfloor.tenants import access, switch_queries
from watchfloor.tenants.access import Actor
from watchfloor.tenants.models import Tenant, User
from watchfloor.tenants.roles import Permission

MANAGING = frozenset(
    {
        Permission.SWITCH_AUTOMATION,
        Permission.CHANGE_THRESHOLDS,
        Permission.MANAGE_MODELS,
        Permission.MANAGE_TENANT,
        Permission.MANAGE_PLATFORM,
    }
)


@dataclass(frozen=True, slots=True)
class Section:
    """One place of the navigation: its route, its keys, and who may open it."""

    key: str
    label: str
    icon: str
    shortcut: str
    permissions: frozenset[Permission]

    @property
    def route(self) -> str:
        """The name of its route."""
        return f"console:{self.key}"


def _section(key: str, label: str, icon: str, shortcut: str, *permissions: Permission) -> Section:
    return Section(key, label, icon, shortcut, frozenset(permissions))


MAIN = (
    _section("floor", gettext_noop("Wall"), "layout-dashboard", "g w", Permission.VIEW_FLOOR),
    _section("review", gettext_noop("Review"), "list-checks", "g r", Permission.VIEW_FLOOR),
    _section("alerts", gettext_noop("Alerts"), "bell", "g l", Permission.VIEW_FLOOR),
    _section("tickets", gettext_noop("Tickets"), "ticket", "g t", Permission.VIEW_FLOOR),
)
REST = (
    _section("models", gettext_noop("Models"), "chart-line", "g m", Permission.VIEW_MODELS),
    _section(
        "dead_letters",
        gettext_noop("Dead letters"),
        "mail-x",
        "g d",
        Permission.REPLAY_DEAD_LETTERS,
    ),
    _section("audit", gettext_noop("Audit"), "scroll-text", "g a", Permission.VIEW_AUDIT),
    _section(
        "health",
        gettext_noop("Health"),
        "heart-pulse",
        "g h",
        Permission.VIEW_FLOOR,
        Permission.VIEW_MODELS,
    ),
    _section("manage", gettext_noop("Manage"), "sliders-horizontal", "g s", *MANAGING),
)


def page(
    request: HttpRequest,
    actor: Actor,
    template: str,
    context: Mapping[str, Any],
    *,
    section: str,
    status: int = 200,
    is_live: bool = True,
) -> HttpResponse:
    """
    Answer a whole page.

    Args:
        section: the place of the navigation it belongs to.
        is_live: it listens; False for a page that holds what somebody types.
    """
    shell = shell_of(request, actor, section=section, is_live=is_live)
    content = {"shell": shell, "actor": actor, "may": permissions_of(actor), **context}
    response = render(request, f"console/pages/{template}", content, status=status)
    # What a customer sees stays in no cache, and "back" after the sign-out shows nothing.
    response["Cache-Control"] = "no-store"
    return response


def fragment(
    request: HttpRequest, actor: Actor, template: str, context: Mapping[str, Any]
) -> HttpResponse:
    """Answer a part of a page that fetches itself again."""
    content = {"shell": Moment(clock.now()), "actor": actor, "may": permissions_of(actor)}
    response = render(request, f"console/{template}", {**content, **context})
    response["Cache-Control"] = "no-store"
    return response


@dataclass(frozen=True, slots=True)
class Moment:
    """As much of a frame as a part of a page needs: the clock its ages are told by."""

    as_of: datetime


def shell_of(request: HttpRequest, actor: Actor, *, section: str, is_live: bool = True) -> Shell:
    """Return the frame; read before the page's own rows, so that no change falls in between."""
    user = request.user
    assert isinstance(user, User)
    code = actor.tenant.code
    seq = broadcast.last_seq(actor.tenant)
    counts = floor.waiting_counts(actor.tenant, site_ids=actor.site_ids)
    return Shell(
        main=_items(actor, MAIN, counts, section),
        rest=_items(actor, REST, counts, section),
        tenant=actor.tenant.name,
        person=user.get_full_name() or user.get_username(),
        role=", ".join(sorted(role.label for role in actor.roles)),
        automation=_automation(actor.tenant),
        as_of=clock.now(),
        speed=clock.speed(),
        live_path=f"/ws/live/{code}/" if is_live else "",
        live_seq=seq,
        home_path=reverse("console:wall"),
        sign_out_path=reverse("console:logout"),
        account_path=reverse("console:account"),
        others=tuple(
            TenantLink(other.name, f"{reverse('console:wall')}?tenant={other.code}")
            for other in access.tenants_of(user)
            if other.pk != actor.tenant.pk
        ),
    )


def _items(
    actor: Actor, sections: Iterable[Section], counts: Mapping[str, int], current: str
) -> tuple[NavItem, ...]:
    return tuple(
        NavItem(
            key=section.key,
            label=gettext(section.label),
            href=reverse(section.route, args=[actor.tenant.code]),
            icon=section.icon,
            shortcut=section.shortcut,
            count=counts.get(section.key),
            is_current=section.key == current,
        )
        for section in sections
        if may_open(actor, section)
    )


def may_open(actor: Actor, section: Section) -> bool:
    """Return whether somebody may open a place of the navigation."""
    return any(actor.may(permission) for permission in section.permissions)


def first_page(user: User, tenant: Tenant) -> str | None:
    """Return the address of the first page a person may open in a tenant; None if there is none."""
    actor = access.find_actor(user=user, tenant=tenant)
    if actor is None:
        return None
    for section in (*MAIN, *REST):
        if may_open(actor, section):
            return reverse(section.route, args=[tenant.code])
    return None


def permissions_of(actor: Actor) -> dict[str, bool]:
    """Return what somebody may do, by name, for templates: `may.review`."""
    return {permission.value: actor.may(permission) for permission in Permission}


def _automation(tenant: Tenant) -> Automation:
    switches = switch_queries.switches_of(tenant)
    if switches.is_stopped:
        return Automation.STOPPED
    return Automation.ON if switches.decides else Automation.OFF
