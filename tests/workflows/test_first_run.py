"""The first start makes one owner, whose password is told once."""

import pytest

from watchfloor.tenants import access, directory
from watchfloor.tenants.models import User
from watchfloor.tenants.roles import Permission
from watchfloor.workflows import first_run

pytestmark = pytest.mark.django_db


class TestCreateOwner:
    def test_makes_an_owner_who_can_sign_in(self, now):
        owner = first_run.create_owner(now=now)

        assert User.objects.get(username=owner.username).check_password(owner.password)

    def test_does_nothing_when_somebody_owns_the_installation(self, now):
        first_run.create_owner(now=now)

        assert first_run.create_owner(now=now) is None

    def test_gives_platform_rights_and_none_in_a_tenant(self, tenant, now):
        first_run.create_owner(now=now)
        user = User.objects.get()

        platform = access.find_actor(user=user, tenant=directory.platform_tenant())

        assert platform.may(Permission.MANAGE_PLATFORM)
        assert access.find_actor(user=user, tenant=tenant) is None


class TestLetOwnerInto:
    def test_makes_the_owner_an_administrator_of_a_tenant(self, tenant, now):
        first_run.create_owner(now=now)

        first_run.let_owner_into(tenant=tenant)

        actor = access.find_actor(user=User.objects.get(), tenant=tenant)
        assert actor.may(Permission.MANAGE_TENANT)

    def test_does_nothing_without_an_owner(self, tenant):
        first_run.let_owner_into(tenant=tenant)

        assert not User.objects.exists()
