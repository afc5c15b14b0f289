"""Which broker is spoken to, and how one signs in there."""

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from watchfloor.core.errors import InvalidConfiguration
from watchfloor.entrypoints.mqtt_terms import EVERY_TOPIC, SHARED_TOPIC

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_QUERIES = {"": False, "shared=false": False, "shared=true": True}


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """
    A broker, the account to use there, and what it can do.

    Args:
        is_embedded: the broker of this process speaks MQTT 3.1.1 and shares no subscriptions.
        is_shared: several ingest processes divide the stream. Alone, an ingest should not ask
            for it: Mosquitto 2 forgets shared subscriptions when it restarts, and until the
            ingest is back it tells devices "taken" and drops what they say. An ordinary
            subscription survives; two ingests on ordinary ones store every event once all the
            same, but each does the work.
    """

    host: str
    port: int
    username: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False
    is_embedded: bool = False
    is_shared: bool = False

    @property
    def subscription(self) -> str:
        """The topic filter that brings every event of this installation once."""
        return SHARED_TOPIC if self.is_shared else EVERY_TOPIC

    @property
    def session_expiry_s(self) -> int:
        """
        How long the broker keeps events for an ingest that is away.

        A member of a group is given its share while it is away, so the others should have it
        back soon; for one alone, a long weekend must lose nothing.
        """
        return 3600 if self.is_shared else 7 * 24 * 3600


def broker_of_url(url: str, *, is_embedded: bool = False) -> BrokerAddress:
    """
    Return the broker that a URL names; `?shared=true` is for one of several ingests.

    Raises:
        InvalidConfiguration: it is not mqtt:// or mqtts:// with a host; the password of the
            URL is not repeated in the message.

    >>> broker_of_url("mqtts://ingest:p%2Fw@broker.example").port
    8883
    """
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    shared = _QUERIES.get(parts.query)
    if parts.scheme not in _PORTS or not parts.hostname or port == -1 or shared is None:
        raise InvalidConfiguration(
            field="WATCHFLOOR_MQTT_URL",
            value=f"{parts.scheme}://...",
            expected="mqtt://user:password@host:port?shared=true, or mqtts:// for TLS",
        )
    return BrokerAddress(
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        tls=parts.scheme == "mqtts",
        is_embedded=is_embedded,
        is_shared=shared,
    )
