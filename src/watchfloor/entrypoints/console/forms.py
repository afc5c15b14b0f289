"""What people type into the console: each form says what it takes, and keeps what was typed."""

import json
from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from watchfloor.core.decision.simulation.costs import HIGHEST
from watchfloor.core.errors import InvalidInput
from watchfloor.core.thresholds import SPECS, ThresholdSpec
from watchfloor.noc.models.work import Disposition
from watchfloor.tenants.flags import Flag
from watchfloor.tenants.models.places import RolloutStage
from watchfloor.tenants.roles import PERMISSIONS, Permission, Role

REASON_LENGTH = 500


def _reason() -> forms.CharField:
    return forms.CharField(
        label=_("Reason"),
        max_length=REASON_LENGTH,
        help_text=_("It is written into the audit."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class ConsoleForm(forms.Form):
    """A form whose rooms may refuse what it took."""

    # No colon: the label stands above its field.
    label_suffix = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)

    def refuse(self, error: InvalidInput) -> None:
        """Show what a room refused beside the field it names, or above the form."""
        field = error.field if error.field in self.fields else None
        self.add_error(field, f"{error.expected}.".capitalize() if field else str(error))


class ReasonForm(ConsoleForm):
    """Why something is done."""

    reason = _reason()


class CloseTicketForm(ConsoleForm):
    """What was found; a ticket is not closed without it."""

    disposition = forms.ChoiceField(
        label=_("What was found"),
        choices=Disposition.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Say what was found: it labels the prediction.")},
    )
    note = forms.CharField(
        label=_("Note, if there is more to say"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class VerdictForm(ConsoleForm):
    """A person's verdict on one prediction."""

    disposition = forms.ChoiceField(choices=Disposition.choices)


class RollBackForm(ConsoleForm):
    """Go back to the stack that was known good; its version is typed so that no slip does it."""

    typed = forms.CharField(
        label=_("Type the version that comes back"),
        max_length=50,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    reason = _reason()

    def __init__(self, *args: Any, expected: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._expected = expected

    def clean_typed(self) -> str:
        """Return the version, if it is the one that comes back."""
        typed = str(self.cleaned_data["typed"]).strip()
        if typed != self._expected:
            raise forms.ValidationError(_("This is not the version that comes back."))
        return typed


class FlagForm(ConsoleForm):
    """One automation, on or off."""

    flag = forms.ChoiceField(choices=[(flag.value, flag.value) for flag in Flag])
    model_type = forms.CharField(required=False, max_length=50)
    is_on = forms.TypedChoiceField(
        choices=[("on", "on"), ("off", "off")], coerce=lambda word: word == "on"
    )
    reason = _reason()


class StageForm(ConsoleForm):
    """How far automation may go."""

    stage = forms.ChoiceField(
        label=_("Stage"), choices=RolloutStage.choices, widget=forms.RadioSelect
    )
    reason = _reason()


class KillSwitchForm(ConsoleForm):
    """Stop everything everywhere, or let it go on."""

    engaged = forms.TypedChoiceField(
        choices=[("yes", "yes"), ("no", "no")], coerce=lambda word: word == "yes"
    )
    reason = _reason()


class ThresholdForm(ConsoleForm):
    """A new value of one threshold, and the version of the one it replaces."""

    value = forms.FloatField(label=_("New value"))
    reason = _reason()
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(self, *args: Any, spec: ThresholdSpec, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["value"]
        field.help_text = f"{spec.lowest:g} – {spec.highest:g}, {spec.unit}"
        field.widget.attrs.update(
            {"step": "any", "min": f"{spec.lowest:g}", "max": f"{spec.highest:g}"}
        )

    def refuse(self, error: InvalidInput) -> None:
        """Show a refusal of the number, whatever its key, beside the number."""
        where = "reason" if error.field == "reason" else "value"
        self.add_error(where, f"{error.expected}.".capitalize())


class WhatIfForm(ConsoleForm):
    """Thresholds to be tried, and what work and mistakes cost."""

    weeks = forms.TypedChoiceField(
        label=_("Look back"),
        coerce=int,
        choices=[(4, _("4 weeks")), (13, _("13 weeks")), (52, _("52 weeks"))],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for key in TRIED:
            spec = SPECS[key]
            self.fields[key] = _number(_(spec.label), spec.lowest, spec.highest, step="0.001")
        for name, label in PRICES.items():
            self.fields[name] = _number(label, 0, HIGHEST)
        self.fields["hours_a_day"] = _number(_("Hours of review the team has a day"), 0, 1e6)

    @property
    def thresholds(self) -> list[forms.BoundField]:
        """The fields of the thresholds."""
        return [self[key] for key in TRIED]

    @property
    def prices(self) -> list[forms.BoundField]:
        """The fields of the prices, and of the team."""
        return [self[name] for name in (*PRICES, "hours_a_day")]


TRIED = ("review_score", "ticket_score", "width_limit", "eps_ticket")
PRICES = {
    "review_minutes": _("Minutes a review takes"),
    "reviewer_hour": _("An hour of a reviewer costs"),
    "false_ticket": _("A false ticket costs"),
    "miss": _("A missed event costs"),
}


def _number(label: Any, lowest: float, highest: float, *, step: str = "any") -> forms.FloatField:
    attributes = {"step": step, "min": f"{lowest:g}", "max": f"{highest:g}"}
    return forms.FloatField(
        label=label,
        min_value=lowest,
        max_value=highest,
        widget=forms.NumberInput(attrs=attributes),
    )


class TokenForm(ConsoleForm):
    """A key for a machine: what it is for, what it may, and how long."""

    name = forms.CharField(label=_("What it is for"), max_length=80)
    role = forms.ChoiceField(
        label=_("Role"), choices=[(role.value, role.label.capitalize()) for role in Role]
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"),
        choices=[(p.value, p.value.replace("_", " ").capitalize()) for p in Permission],
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Only what its role may do, and no more than you may."),
        error_messages={"required": _("Choose at least one.")},
    )
    days = forms.IntegerField(label=_("Ends after, days"), min_value=1, max_value=366, initial=90)

    def __init__(self, *args: Any, grantable: Iterable[Permission], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        wanted = set(grantable)
        scopes, role = self.fields["scopes"], self.fields["role"]
        assert isinstance(scopes, forms.MultipleChoiceField)
        assert isinstance(role, forms.ChoiceField)
        scopes.choices = [(p.value, words_of(p)) for p in Permission if p in wanted]
        role.choices = [
            (each.value, each.label.capitalize()) for each in Role if PERMISSIONS[each] & wanted
        ]


def words_of(permission: Permission) -> str:
    """
    Return a permission as people read it.

    >>> words_of(Permission.VIEW_FLOOR)
    'View floor'
    """
    return permission.value.replace("_", " ").capitalize()


class OverrideForm(ConsoleForm):
    """A value of a tenant's own for one key of ML_CONFIG, written as in a settings file."""

    value = forms.CharField(
        label=_("Value"),
        required=False,
        max_length=2000,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    reason = _reason()

    def clean_value(self) -> Any:
        """
        Return the value as JSON has it; a bare word is text.

        true, 14, 0.5 and ["acme", "borealis"] are what they look like.
        """
        text = str(self.cleaned_data["value"]).strip()
        try:
            return json.loads(text)
        except ValueError:
            return text
