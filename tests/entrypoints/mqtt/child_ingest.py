"""An ingest in a process of its own, to be killed: its broker's URL, and the port of its own."""

import os
import sys
import threading


def main(url: str, port: int) -> None:
    """Listen forever, at a broker of this process when a port is given."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "watchfloor.config.settings"
    import django

    django.setup()
    from watchfloor.entrypoints.broker_address import broker_of_url
    from watchfloor.entrypoints.mqtt.embedded_broker import EmbeddedBroker
    from watchfloor.entrypoints.mqtt.run import run_ingest

    if port:
        own = broker_of_url(url)
        EmbeddedBroker(
            internal_user=own.username, internal_password=own.password, port=port
        ).start()
    run_ingest(threading.Event(), url=url, is_embedded=bool(port), client_id="ingest-to-be-killed")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
