"""Which broker the ingest listens to, and how it signs in there."""

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from watchfloor.core.errors import InvalidConfiguration
from watchfloor.entrypoints.mqtt.topics import SHARED_TOPIC
from watchfloor.entrypoints.mqtt_terms import EVERY_TOPIC

_PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """
    A broker, the account to use there, and what it can do.

    Args:
        is_embedded: the broker of this process speaks MQTT 3.1.1 and shares no subscriptions.
    """

    host: str
    port: int
    username: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False
    is_embedded: bool = False

    @property
    def subscription(self) -> str:
        """The topic filter that brings every event of this installation once."""
        return EVERY_TOPIC if self.is_embedded else SHARED_TOPIC


def broker_of_url(url: str, *, is_embedded: bool = False) -> BrokerAddress:
    """
    Return the broker that a URL names.

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
    if parts.scheme not in _PORTS or not parts.hostname or port == -1:
        raise InvalidConfiguration(
            field="WATCHFLOOR_MQTT_URL",
            value=f"{parts.scheme}://...",
            expected="mqtt://user:password@host:port, or mqtts:// for TLS",
        )
    return BrokerAddress(
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        tls=parts.scheme == "mqtts",
        is_embedded=is_embedded,
    )
