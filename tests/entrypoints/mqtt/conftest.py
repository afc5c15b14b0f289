"""A floor that threads can see, brokers of both kinds, an ingest, and phones that speak MQTT."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from cast import ALICES_SECRET, acme, borealis
from entrypoints.mqtt.mosquitto_server import ACCOUNTS, BINARY, MosquittoServer
from entrypoints.mqtt.phones import Ingest, Phone

from watchfloor.entrypoints import clock
from watchfloor.entrypoints.mqtt.embedded_broker import EmbeddedBroker
from watchfloor.tenants import directory
from watchfloor.tenants.models import KillSwitch

INTERNAL = ("watchfloor/ingest", "internal-secret")
ALICE = ("acme/phone-alice", ALICES_SECRET)


@dataclass(frozen=True)
class Stand:
    """A broker under test, whichever it is, and the accounts to use there."""

    port: int
    is_embedded: bool
    ingest_account: tuple[str, str]
    gateway_account: tuple[str, str]
    stop: Callable[[], None]
    start: Callable[[], None]


@pytest.fixture
def migrated_rows(django_db_setup, django_db_blocker, now):
    """Put back what migrations had created: a transactional test leaves every table empty."""

    def put_back():
        directory.create_tenant(code=directory.PLATFORM, name="Platform", now=now)
        KillSwitch.objects.get_or_create(pk=1)

    with django_db_blocker.unblock():
        put_back()
    yield
    with django_db_blocker.unblock():
        put_back()


@pytest.fixture
def floor(migrated_rows, transactional_db, now):
    """Acme and Borealis, committed, so that other threads see them."""
    clock.forget()
    acme(now=now)
    borealis(now=now)


@pytest.fixture
def cleanup(floor):
    """What a test has opened is closed at its end, in reverse."""
    with ExitStack() as stack:
        yield stack


def embedded(port: int = 0) -> EmbeddedBroker:
    return EmbeddedBroker(internal_user=INTERNAL[0], internal_password=INTERNAL[1], port=port)


@pytest.fixture
def embedded_stand(cleanup):
    """The embedded broker on a free port."""
    running = [embedded()]
    running[0].start()
    port = running[0].port
    cleanup.callback(lambda: running[0].stop())

    def start():
        running[0] = embedded(port)
        running[0].start()

    return Stand(port, True, INTERNAL, INTERNAL, lambda: running[0].stop(), start)


@pytest.fixture
def mosquitto_stand(cleanup, tmp_path):
    """A Mosquitto on a free port."""
    if not BINARY.exists():
        pytest.skip(f"{BINARY} is not installed")
    server = MosquittoServer(tmp_path, devices=dict([ALICE]))
    server.start()
    cleanup.callback(server.stop)
    accounts = [(name, ACCOUNTS[name]) for name in ("ingest", "gateway")]
    return Stand(server.port, False, *accounts, server.stop, server.start)


@pytest.fixture(
    params=["embedded", pytest.param("mosquitto", marks=pytest.mark.services)],
)
def stand(request):
    """Either broker: what the door promises does not depend on which."""
    return request.getfixturevalue(f"{request.param}_stand")


@pytest.fixture
def start_ingest(stand, cleanup):
    """Start an ingest, with what should differ from the usual."""

    def start(**options) -> Ingest:
        ingest = Ingest(
            port=stand.port,
            account=stand.ingest_account,
            is_embedded=stand.is_embedded,
            **options,
        )
        cleanup.callback(ingest.stop)
        ingest.start()
        ingest.wait_until_connected()
        return ingest

    return start


@pytest.fixture
def ingest(start_ingest):
    """A started ingest, connected and subscribed."""
    return start_ingest()


@pytest.fixture
def connect(stand, cleanup):
    """Connect a phone under some account."""

    def connect(username: str, password: str, **options) -> Phone:
        phone = Phone(port=stand.port, username=username, password=password, **options)
        cleanup.callback(phone.close)
        return phone.connect()

    return connect


@pytest.fixture
def alice(connect):
    """Alice's phone, signed in as itself."""
    return connect(*ALICE)


@pytest.fixture
def gateway(connect, stand):
    """The account that may publish for every device."""
    return connect(*stand.gateway_account, client_id="gateway")
