"""Due work is done once, in the order of its time, whoever crashes."""

from datetime import UTC, datetime, timedelta

import pytest

from watchfloor.ledger import due
from watchfloor.ledger.due import Lease
from watchfloor.ledger.models import DueRow

pytestmark = pytest.mark.django_db

REAL = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINE = Lease(worker="mine", real_now=REAL)
KINDS = ["metrics"]


def _plan(tenant, key, at):
    return due.plan(tenant=tenant, kind="metrics", dedupe_key=key, due_at=at)


class TestPlan:
    def test_makes_one_row_of_the_same_work_asked_for_twice(self, tenant, now):
        assert _plan(tenant, "a", now)
        assert not _plan(tenant, "a", now)
        assert DueRow.objects.count() == 1


class TestClaimNext:
    def test_takes_the_earliest_and_leaves_what_is_not_due(self, tenant, now):
        _plan(tenant, "later", now + timedelta(hours=1))
        _plan(tenant, "second", now)
        _plan(tenant, "first", now - timedelta(hours=1))

        taken = [due.claim_next(now=now, lease=MINE, kinds=KINDS) for _ in range(3)]

        assert [row and row.dedupe_key for row in taken] == ["first", "second", None]

    def test_leaves_what_another_worker_holds(self, tenant, now):
        _plan(tenant, "a", now)
        due.claim_next(now=now, lease=MINE, kinds=KINDS)

        other = Lease(worker="other", real_now=REAL + timedelta(minutes=1))

        assert due.claim_next(now=now, lease=other, kinds=KINDS) is None

    def test_takes_over_from_a_worker_whose_lease_ran_out(self, tenant, now):
        _plan(tenant, "a", now)
        due.claim_next(now=now, lease=MINE, kinds=KINDS)

        other = Lease(worker="other", real_now=REAL + timedelta(minutes=6))
        row = due.claim_next(now=now, lease=other, kinds=KINDS)

        assert (row.leased_by, row.attempts) == ("other", 2)

    def test_asks_for_its_own_kinds_alone(self, tenant, now):
        _plan(tenant, "a", now)

        assert due.claim_next(now=now, lease=MINE, kinds=["retrain"]) is None


class TestFail:
    def test_tries_again_and_gives_up_after_the_last_attempt(self, tenant, now):
        _plan(tenant, "a", now)
        given_up = []
        for _ in range(due.MOST_ATTEMPTS):
            row = due.claim_next(now=now, lease=MINE, kinds=KINDS)
            given_up.append(due.fail(row, error="no disk", now=now, retry_at=now))

        assert given_up == [False] * (due.MOST_ATTEMPTS - 1) + [True]
        assert DueRow.objects.get().state == "failed"
        assert due.claim_next(now=now, lease=MINE, kinds=KINDS) is None


class TestATakenOverRow:
    """A worker that was thought dead comes back with its work, and another one has it by now."""

    @pytest.fixture
    def slow(self, tenant, now):
        """The row as the first worker saw it, before the other took it over."""
        _plan(tenant, "a", now)
        row = due.claim_next(now=now, lease=MINE, kinds=KINDS)
        other = Lease(worker="other", real_now=REAL + timedelta(minutes=6))
        assert due.claim_next(now=now, lease=other, kinds=KINDS) is not None
        return row

    def test_is_not_closed_put_back_or_failed_by_the_first(self, slow, now):
        assert not due.finish(slow, now=now)
        assert not due.postpone(slow, due_at=now + timedelta(hours=6))
        assert not due.fail(slow, error="no disk", now=now, retry_at=now)
        assert not due.hand_back(slow)

        row = DueRow.objects.get()
        assert (row.state, row.leased_by, row.due_at) == ("running", "other", now)


class TestIsWorkFree:
    def test_is_false_while_somebody_works_on_it(self, tenant, now):
        _plan(tenant, "a", now)
        waiting = due.is_work_free(kinds=KINDS, now=now, real_now=REAL)

        due.claim_next(now=now, lease=MINE, kinds=KINDS)

        assert waiting
        assert not due.is_work_free(kinds=KINDS, now=now, real_now=REAL)
        later = REAL + timedelta(minutes=6)
        assert due.is_work_free(kinds=KINDS, now=now, real_now=later)

    def test_is_false_before_it_is_due(self, tenant, now):
        _plan(tenant, "a", now + timedelta(hours=1))

        assert not due.is_work_free(kinds=KINDS, now=now, real_now=REAL)


class TestLeases:
    def test_are_kept_alive_by_their_worker_alone(self, tenant, now):
        _plan(tenant, "a", now)
        row = due.claim_next(now=now, lease=MINE, kinds=KINDS)

        assert due.extend(row, lease=MINE)
        assert not due.extend(row, lease=Lease(worker="other", real_now=REAL))

    def test_are_freed_when_the_one_process_starts_anew(self, tenant, now):
        _plan(tenant, "a", now)
        due.claim_next(now=now, lease=MINE, kinds=KINDS)

        assert due.release_all() == 1
        assert due.claim_next(now=now, lease=MINE, kinds=KINDS) is not None


class TestHandBack:
    def test_frees_a_row_at_once_and_does_not_count_the_start(self, tenant, now):
        _plan(tenant, "a", now)
        row = due.claim_next(now=now, lease=MINE, kinds=KINDS)

        assert due.hand_back(row)

        assert due.claim_next(now=now, lease=MINE, kinds=KINDS).attempts == 1


class TestPostpone:
    def test_puts_a_row_back_for_a_later_look(self, tenant, now):
        _plan(tenant, "a", now)
        row = due.claim_next(now=now, lease=MINE, kinds=KINDS)

        due.postpone(row, due_at=now + timedelta(hours=6))

        assert due.claim_next(now=now, lease=MINE, kinds=KINDS) is None
        assert due.next_due_at(kinds=KINDS) == now + timedelta(hours=6)
