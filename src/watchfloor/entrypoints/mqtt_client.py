"""The client of every connection that Watchfloor opens to a broker, whoever speaks over it."""

from collections.abc import Callable
from typing import Any, TypeVar

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from watchfloor.entrypoints.broker_address import BrokerAddress

Client = TypeVar("Client", bound=paho.Client)


def new_client(
    make: Callable[..., Client],
    broker: BrokerAddress,
    *,
    client_id: str,
    reconnect_s: tuple[int, int],
    account: tuple[str, str] | None = None,
    **options: Any,
) -> Client:
    """
    Return a client, not yet connected, that speaks TLS where the broker's address says so.

    Under TLS it tells its password to no broker but one whose certificate names the host and
    is signed by an authority that the system, or `SSL_CERT_FILE`, trusts.

    Args:
        make: `paho.Client`, or a class made from it.
        reconnect_s: first and longest pause between tries to connect.
        account: name and password; the ones of the address when left out.
        options: what else the client is made with.
    """
    client = make(CallbackAPIVersion.VERSION2, client_id=client_id, **options)
    client.username_pw_set(*(account or (broker.username, broker.password)))
    if broker.tls:
        client.tls_set()
    client.reconnect_delay_set(*reconnect_s)
    return client
