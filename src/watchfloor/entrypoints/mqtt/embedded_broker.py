"""The broker of a small site: in this process, on this machine alone, with nothing to install."""

import asyncio
import hmac
import logging
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import structlog
from django.db import DatabaseError, InterfaceError, connections

from watchfloor.core.errors import NotReady
from watchfloor.core.reading_fields import is_name
from watchfloor.entrypoints.mqtt.embedded_sessions import EventBroker
from watchfloor.tenants import directory

log = structlog.get_logger(__name__)

START_WITHIN_S = 10.0
STOP_WITHIN_S = 10.0
PORTS_TRIED = 20


class EmbeddedBroker:
    """amqtt in a thread and event loop of its own; MQTT 3.1.1, QoS 0 to 2."""

    def __init__(
        self,
        *,
        internal_user: str,
        internal_password: str,
        host: str = "127.0.0.1",
        port: int = 1883,
    ) -> None:
        """
        Prepare a broker; it listens after `start`.

        Args:
            internal_user: account of this process's own ingest and simulator.
            port: wanted; the next free one is taken when somebody else has it, 0 takes any.
        """
        self._internal = (internal_user, internal_password)
        self._wanted = (host, port)
        self._port = 0
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: asyncio.Event | None = None
        self._started = threading.Event()
        self._failure: BaseException | None = None

    @property
    def port(self) -> int:
        """The port it listens on, once started."""
        return self._port

    def start(self) -> None:
        """
        Listen, and return when devices can connect.

        Raises:
            OSError: no port near the wanted one is free.
        """
        # amqtt tells every connection and packet; what matters is told by this door itself.
        logging.getLogger("amqtt").setLevel(logging.ERROR)
        logging.getLogger("transitions").setLevel(logging.ERROR)
        listening = listening_socket(*self._wanted)
        self._port = listening.getsockname()[1]
        self._started.clear()
        self._thread = threading.Thread(
            target=self._run, args=(listening,), name="mqtt-broker", daemon=True
        )
        self._thread.start()
        if not self._started.wait(START_WITHIN_S) or self._failure is not None:
            raise OSError("the embedded MQTT broker did not start") from self._failure
        log.info("mqtt.broker_listens", host=self._wanted[0], port=self._port)

    def stop(self) -> None:
        """Close all connections; devices keep what was not acknowledged and send it again."""
        if self._thread is None or self._loop is None or self._end is None:
            return
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._end.set)
            self._thread.join(STOP_WITHIN_S)
            if self._thread.is_alive():
                log.warning("mqtt.broker_still_runs")
        self._thread = None

    def _run(self, listening: socket.socket) -> None:
        try:
            with ThreadPoolExecutor(1, thread_name_prefix="mqtt-sign-in") as sign_in:
                asyncio.run(self._serve(listening, sign_in))
        except BaseException as error:
            self._failure = error
            raise
        finally:
            self._started.set()
            listening.close()

    async def _serve(self, listening: socket.socket, sign_in: ThreadPoolExecutor) -> None:
        async def authenticate(username: str, password: str) -> bool:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(sign_in, self._is_known, username, password)

        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        broker = EventBroker(
            listening=listening, internal_user=self._internal[0], authenticate=authenticate
        )
        await broker.start()
        self._started.set()
        await self._end.wait()
        if held := len(broker.held):
            log.info("mqtt.left_with_devices", messages=held)
        try:
            await asyncio.wait_for(broker.shutdown(), STOP_WITHIN_S / 2)
        except TimeoutError:
            log.warning("mqtt.broker_cut_off")

    def _is_known(self, username: str, password: str) -> bool:
        internal_user, internal_password = self._internal
        if username == internal_user:
            return hmac.compare_digest(password.encode(), internal_password.encode())
        tenant, _, device = username.partition("/")
        if not password or is_name(tenant) is not None or is_name(device) is not None:
            return False
        try:
            return directory.device_is_authentic(
                tenant_code=tenant, device_code=device, secret=password
            )
        except (DatabaseError, InterfaceError) as error:
            log.warning("mqtt.sign_in_failed", error=str(error))
            raise NotReady("the database does not answer") from error
        finally:
            connections.close_all()


def listening_socket(host: str, wanted: int) -> socket.socket:
    """
    Return a socket that listens on the wanted port, or on the next free one.

    Raises:
        OSError: none of the next ports is free.
    """
    for port in range(wanted, min(wanted + PORTS_TRIED, 65536) if wanted else 1):
        try:
            return socket.create_server((host, port))
        except OSError as error:
            refusal = error
    raise OSError(f"no free port from {wanted} on {host}") from refusal
