"""What happened is told to open pages once, in order, with numbers that have no gap."""

from datetime import timedelta

import pytest

from watchfloor.entrypoints import clock
from watchfloor.entrypoints.jobs import relay
from watchfloor.ledger import outbox
from watchfloor.ledger.models import OutboxMessage
from watchfloor.noc.live import presence
from watchfloor.noc.models import NOCEventLog
from watchfloor.workflows import upkeep

pytestmark = pytest.mark.django_db


def _publish(tenant, now, kind, **data):
    return outbox.publish(tenant=tenant, kind=kind, data=data, now=now)


class TestRelayOnce:
    def test_coalesces_what_waits_into_one_numbered_broadcast_a_tenant(
        self, tenant, other_tenant, now, time_is_now
    ):
        _publish(tenant, now, "signals", n=3)
        _publish(tenant, now, "ticket.opened", id=1)
        _publish(other_tenant, now, "signals", n=1)

        assert relay.relay_once() == 3

        ours = NOCEventLog.objects.for_tenant(tenant).get()
        assert (ours.seq, ours.payload["kinds"]) == (1, ["signals", "ticket"])
        assert relay.relay_once() == 0

    def test_names_critical_alerts_and_counts_the_new_ones(self, tenant, now, time_is_now):
        alert = {"id": 7, "type": "SOS", "message": "SOS at the harbour"}
        _publish(tenant, now, "alert.created", severity="CRITICAL", **alert)
        _publish(tenant, now, "alert.created", severity="LOW", id=8, type="X")

        relay.relay_once()

        told = NOCEventLog.objects.get().payload
        assert told["new"] == {"critical": 1, "total": 2}
        assert told["critical"] == [{"key": "alert-7", "words": "SOS at the harbour"}]

    def test_counts_who_was_listening(self, tenant, now, time_is_now):
        real_now = clock.real_now()
        presence.seen(tenant=tenant, channel="page-1", user_id=1, real_now=real_now)
        gone = real_now - timedelta(minutes=5)
        presence.seen(tenant=tenant, channel="page-2", user_id=2, real_now=gone)
        _publish(tenant, now, "signals", n=1)

        relay.relay_once()

        assert NOCEventLog.objects.get().recipient_count == 1


class TestUpkeep:
    def test_drops_what_was_delivered_long_ago_and_pages_that_closed(
        self, tenant, now, time_is_now
    ):
        _publish(tenant, now, "signals", n=1)
        relay.relay_once()
        real_now = clock.real_now()
        presence.seen(tenant=tenant, channel="page-1", user_id=1, real_now=real_now)

        upkeep.tidy(now=now + timedelta(hours=2), real_now=real_now + timedelta(minutes=5))

        assert not OutboxMessage.objects.exists()
        assert presence.listening(tenant=tenant, real_now=real_now) == 0
