"""What devices, brokers and the ingest agree on: `wf/{tenant}/{device}/{kind}` and two limits."""

ROOT = "wf"
EVERY_TOPIC = f"{ROOT}/#"
# The group is the installation: each message goes to one of its ingests.
SHARED_TOPIC = f"$share/{ROOT}/{EVERY_TOPIC}"

# As many messages as one ingest takes before it acknowledges.
RECEIVE_MAXIMUM = 500
# Above what the ingest reads, so that an oversize event still becomes a dead letter with its head.
MAX_PACKET_BYTES = 4 * 1024 * 1024
