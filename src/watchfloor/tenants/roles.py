"""Who may do what, on one page: a role is a set of permissions, and nothing else grants one."""

from enum import StrEnum


class Role(StrEnum):
    """The roles of a tenant; a person may hold several."""

    GUARD = "guard"
    SITE_SUPERVISOR = "site_supervisor"
    NOC_OPERATOR = "noc_operator"
    NOC_LEAD = "noc_lead"
    ML_ENGINEER = "ml_engineer"
    AUDITOR = "auditor"
    TENANT_ADMIN = "tenant_admin"
    PLATFORM_ADMIN = "platform_admin"
    SERVICE_ACCOUNT = "service_account"

    @property
    def label(self) -> str:
        """The role as people write it."""
        return self.value.replace("_", " ").replace("noc", "NOC").replace("ml ", "ML ")


class Permission(StrEnum):
    """One thing that may be allowed."""

    VIEW_FLOOR = "view_floor"
    ACT_ON_ALERTS = "act_on_alerts"
    WORK_TICKETS = "work_tickets"
    REVIEW = "review"
    VIEW_MODELS = "view_models"
    MANAGE_MODELS = "manage_models"
    APPROVE_RETRAIN = "approve_retrain"
    CHANGE_THRESHOLDS = "change_thresholds"
    REPLAY_DEAD_LETTERS = "replay_dead_letters"
    VIEW_AUDIT = "view_audit"
    SWITCH_AUTOMATION = "switch_automation"
    MANAGE_TENANT = "manage_tenant"
    MANAGE_PLATFORM = "manage_platform"
    SUBMIT_EVENTS = "submit_events"
    SUBMIT_PREDICTIONS = "submit_predictions"
    SUBMIT_OUTCOMES = "submit_outcomes"


_OPERATE = {
    Permission.VIEW_FLOOR,
    Permission.ACT_ON_ALERTS,
    Permission.WORK_TICKETS,
    Permission.REVIEW,
    Permission.VIEW_MODELS,
}
_LEAD = _OPERATE | {
    Permission.CHANGE_THRESHOLDS,
    Permission.REPLAY_DEAD_LETTERS,
    Permission.APPROVE_RETRAIN,
    Permission.SWITCH_AUTOMATION,
    Permission.VIEW_AUDIT,
}

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.GUARD: frozenset(),
    Role.SITE_SUPERVISOR: frozenset(
        {
            Permission.VIEW_FLOOR,
            Permission.ACT_ON_ALERTS,
            Permission.WORK_TICKETS,
            Permission.REVIEW,
        }
    ),
    Role.NOC_OPERATOR: frozenset(_OPERATE),
    Role.NOC_LEAD: frozenset(_LEAD),
    Role.ML_ENGINEER: frozenset(
        {Permission.VIEW_MODELS, Permission.MANAGE_MODELS, Permission.REPLAY_DEAD_LETTERS}
    ),
    Role.AUDITOR: frozenset({Permission.VIEW_FLOOR, Permission.VIEW_MODELS, Permission.VIEW_AUDIT}),
    Role.TENANT_ADMIN: frozenset(_LEAD | {Permission.MANAGE_MODELS, Permission.MANAGE_TENANT}),
    Role.PLATFORM_ADMIN: frozenset(Permission)
    - {Permission.SUBMIT_EVENTS, Permission.SUBMIT_PREDICTIONS, Permission.SUBMIT_OUTCOMES},
    Role.SERVICE_ACCOUNT: frozenset(
        {
            Permission.SUBMIT_EVENTS,
            Permission.SUBMIT_PREDICTIONS,
            Permission.SUBMIT_OUTCOMES,
        }
    ),
}

SITE_ROLES = frozenset({Role.SITE_SUPERVISOR, Role.GUARD})


def role_allows(role: Role, permission: Permission) -> bool:
    """Return whether `role` grants `permission`; what is not listed is refused."""
    return permission in PERMISSIONS[role]
