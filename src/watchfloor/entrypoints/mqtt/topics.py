"""Who speaks and of what: `wf/{tenant}/{device}/{kind}`, read strictly."""

from dataclasses import dataclass

from watchfloor.core import prediction_messages
from watchfloor.core.errors import MalformedReading
from watchfloor.core.reading_fields import KINDS, is_name
from watchfloor.entrypoints.mqtt_terms import ROOT

SHAPE = f"{ROOT}/{{tenant}}/{{device}}/{{kind}}"
# What devices say of themselves, and events of anything that ask for a prediction.
TAKEN_KINDS = (*KINDS, prediction_messages.KIND)
_LEVELS = ("tenant", "device", "kind")


@dataclass(frozen=True, slots=True)
class Address:
    """What a topic says: whose device it is, which, and what its message holds."""

    tenant: str
    device: str
    kind: str


def parse_topic(topic: str) -> Address:
    """
    Read a topic, or name the level that does not fit.

    Raises:
        MalformedReading: its field is `tenant`, `device` or `kind`, or `topic` where the
            number of levels or the root is another.

    >>> parse_topic("wf/acme/phone-7/checkin")
    Address(tenant='acme', device='phone-7', kind='checkin')
    >>> parse_topic("wf/acme/../checkin")
    Traceback (most recent call last):
    watchfloor.core.errors.MalformedReading: device: got '..', expected 1 to 60 letters, \
digits and _.:@- without '..'
    """
    root, *levels = topic.split("/")
    if root != ROOT or len(levels) > len(_LEVELS):
        raise MalformedReading(field="topic", value=topic, expected=SHAPE)
    if len(levels) < len(_LEVELS):
        missing = _LEVELS[len(levels)]
        raise MalformedReading(field=missing, value=None, expected=f"a level of {SHAPE}")
    address = Address(*levels)
    for name, level in (("tenant", address.tenant), ("device", address.device)):
        if (expected := is_name(level)) is not None:
            raise MalformedReading(field=name, value=level, expected=expected)
    if address.kind not in TAKEN_KINDS:
        expected = f"one of {', '.join(TAKEN_KINDS)}"
        raise MalformedReading(field="kind", value=address.kind, expected=expected)
    return address


def may_publish(username: str, topic: str) -> bool:
    """
    Return whether a device that calls itself `tenant/device` may publish there.

    It may to one level below its own name. What kind of message that is, and whether there is
    such a kind, is for the ingest to judge: a refused message leaves no trace, a dead letter does.

    >>> may_publish("acme/phone-7", "wf/acme/phone-7/checkin")
    True
    >>> may_publish("acme/phone-7", "wf/borealis/phone-7/checkin")
    False
    """
    own = f"{ROOT}/{username}/"
    return topic.startswith(own) and "/" not in topic[len(own) :]


def storable(text: str) -> str:
    r"""
    Return text that every database column can hold: without NUL and lone surrogates.

    >>> storable("wf/a\x00b")
    'wf/a\\0b'
    """
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")
