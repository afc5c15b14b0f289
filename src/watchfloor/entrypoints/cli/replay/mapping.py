"""The YAML file that says what columns of somebody's own table mean; errors name its keys."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from watchfloor.core.errors import InvalidInput
from watchfloor.noc.intake.logs import FRAUD_DETECTOR

KEYS = (
    *("name", "model_type", "time", "time_format", "time_zone", "id"),
    *("entity", "entity_type", "label", "label_positive", "label_negative"),
    *("label_known_at", "features", "site", "first_model_at"),
)
REQUIRED = ("model_type", "time", "id", "label", "label_known_at", "features")
KINDS = ("number", "text")
POSITIVE = ("1", "1.0", "true", "yes")
NEGATIVE = ("0", "0.0", "false", "no")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,25}")
_MODEL_TYPE = re.compile(r"[a-z][a-z0-9_]{0,49}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMapping:
    """
    What each column means.

    Args:
        time: column with the moment of the event; read by `time_format`, ISO 8601 without one.
        zone: of times that name no offset, and of the tenant's days.
        label: column that says, in words of `positive` and `negative`, what was true; any
            other word, an empty one too, means that nobody knows yet.
        label_known_at: column with the moment from which the label was known.
        features: column to "number" or "text".
        first_model_at: when the first model is trained; None to choose by the labels.
    """

    name: str
    model_type: str
    time: str
    time_format: str | None
    zone: ZoneInfo
    id: str
    entity: str
    entity_type: str
    label: str
    positive: frozenset[str]
    negative: frozenset[str]
    label_known_at: str
    features: Mapping[str, str]
    site: str | None
    first_model_at: datetime | None

    def columns(self) -> dict[str, str]:
        """Return each column that is needed with the key that names it."""
        named = {
            self.time: "time",
            self.id: "id",
            self.entity: "entity",
            self.label: "label",
            self.label_known_at: "label_known_at",
        }
        if self.site is not None:
            named[self.site] = "site"
        return {column: f"features.{column}" for column in self.features} | named

    def moment(self, value: Any) -> datetime:
        """
        Return a time of the table, aware UTC; a column of times needs no format.

        Raises:
            ValueError: it does not fit the format.
        """
        if isinstance(value, datetime):
            at = value
        elif self.time_format is None:
            at = datetime.fromisoformat(str(value))
        else:
            at = datetime.strptime(str(value), self.time_format)  # noqa: DTZ007 - zone follows
        return (at if at.tzinfo else at.replace(tzinfo=self.zone)).astimezone(UTC)


def read_mapping(path: Path, *, table: Path) -> ColumnMapping:
    """
    Return the mapping of a file.

    Args:
        table: the table it is about; its name is the stream's where the mapping gives none.

    Raises:
        InvalidInput: names the first key that is missing, unknown or does not fit.
    """
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise InvalidInput(field="--mapping", value=str(path), expected=f"YAML: {error}") from error
    if not isinstance(content, dict):
        raise InvalidInput(field="--mapping", value=content, expected="keys and their columns")
    _refuse_strangers(content)
    given = {key: value for key, value in content.items() if value is not None}
    for key in REQUIRED:
        if key not in given:
            raise InvalidInput(field=key, value=None, expected="a value: it is required")
    mapping = _mapping(given, table)
    _refuse_leaks(mapping)
    return mapping


def _refuse_strangers(content: Mapping[Any, Any]) -> None:
    for key in content:
        if key not in KEYS:
            raise InvalidInput(
                field=str(key), value=content[key], expected=f"one of {', '.join(KEYS)}"
            )


def _mapping(given: Mapping[str, Any], table: Path) -> ColumnMapping:
    zone = _zone(given.get("time_zone", "UTC"))
    words = {
        key: _words(key, given.get(key, usual))
        for key, usual in (("label_positive", POSITIVE), ("label_negative", NEGATIVE))
    }
    if both := words["label_positive"] & words["label_negative"]:
        raise InvalidInput(
            field="label_negative", value=sorted(both), expected="no word of label_positive"
        )
    return ColumnMapping(
        name=_matching("name", given.get("name", _name_of(table)), _NAME),
        model_type=_model_type(given["model_type"]),
        time=_text(given, "time"),
        time_format=_text(given, "time_format") if "time_format" in given else None,
        zone=zone,
        id=_text(given, "id"),
        entity=_text(given, "entity") if "entity" in given else _text(given, "id"),
        entity_type=_text(given, "entity_type") if "entity_type" in given else "record",
        label=_text(given, "label"),
        positive=words["label_positive"],
        negative=words["label_negative"],
        label_known_at=_text(given, "label_known_at"),
        features=_features(given["features"]),
        site=_text(given, "site") if "site" in given else None,
        first_model_at=_first_model_at(given.get("first_model_at"), zone),
    )


def _name_of(table: Path) -> str:
    return re.sub(r"[^a-z0-9]+", "-", table.stem.lower()).strip("-")[:26] or "own"


def _text(given: Mapping[str, Any], key: str) -> str:
    value = given[key]
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput(field=key, value=value, expected="text")
    return value


def _matching(key: str, value: Any, pattern: re.Pattern[str]) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise InvalidInput(field=key, value=value, expected=f"text that fits {pattern.pattern}")
    return value


def _model_type(value: Any) -> str:
    name = _matching("model_type", value, _MODEL_TYPE)
    if name == FRAUD_DETECTOR:
        raise InvalidInput(
            field="model_type", value=name, expected="another: this one reads check-ins"
        )
    return name


def _zone(value: Any) -> ZoneInfo:
    try:
        return ZoneInfo(value)
    except (KeyError, ValueError, TypeError, OSError) as error:
        raise InvalidInput(
            field="time_zone", value=value, expected="a name such as Europe/Berlin"
        ) from error


def _words(key: str, value: Any) -> frozenset[str]:
    values = value if isinstance(value, list | tuple) else [value]
    words = frozenset(word_of(one) for one in values)
    if not words or "" in words:
        raise InvalidInput(field=key, value=value, expected="the words that stand in the column")
    return words


def word_of(value: Any) -> str:
    """Return a label as it is compared: without blanks around it, in lower case."""
    return str("" if value is None else value).strip().lower()


def _features(value: Any) -> dict[str, str]:
    if isinstance(value, dict):
        kinds = value
    elif isinstance(value, list):
        kinds = dict.fromkeys(value, "text")
    else:
        raise InvalidInput(field="features", value=value, expected="columns, or columns to kinds")
    if not kinds:
        raise InvalidInput(field="features", value=value, expected="at least one column")
    for column, kind in kinds.items():
        if not isinstance(column, str) or kind not in KINDS:
            raise InvalidInput(
                field=f"features.{column}", value=kind, expected=f"one of {', '.join(KINDS)}"
            )
    return dict(kinds)


def _first_model_at(value: Any, zone: ZoneInfo) -> datetime | None:
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise InvalidInput(
            field="first_model_at", value=str(value), expected="a date or an ISO 8601 time"
        ) from error
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def _refuse_leaks(mapping: ColumnMapping) -> None:
    for column in (mapping.label, mapping.label_known_at):
        if column in mapping.features:
            raise InvalidInput(
                field=f"features.{column}",
                value=column,
                expected="a column known at the time of the event; this one is the outcome",
            )
