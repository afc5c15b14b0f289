"""A process that sends prepared messages to a broker, so that sending costs the ingest nothing."""

import sys
import threading
import time
from pathlib import Path

import msgspec
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

IN_FLIGHT = 500


def main() -> None:
    """Connect, say `ready`, wait for a line, send everything, and tell the seconds used."""
    path, port, user, password = sys.argv[1:5]
    messages: list[tuple[str, bytes]] = msgspec.msgpack.decode(
        Path(path).read_bytes(), type=list[tuple[str, bytes]]
    )
    connected = threading.Event()
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="measure-publisher")
    client.username_pw_set(user, password)
    client.max_inflight_messages_set(IN_FLIGHT)
    client.on_connect = lambda *_: connected.set()
    client.connect("127.0.0.1", int(port))
    client.loop_start()
    if not connected.wait(10.0):
        raise SystemExit("the broker did not answer")
    print("ready", flush=True)
    sys.stdin.readline()
    cpu = time.process_time()
    sent = [client.publish(topic, payload, qos=1) for topic, payload in messages]
    for message in sent:
        message.wait_for_publish(300.0)
    print(time.process_time() - cpu, flush=True)
    client.disconnect()
    client.loop_stop()


if __name__ == "__main__":
    main()
