from datetime import UTC, datetime

from django.db import migrations


def create_platform(apps, editor):
    """The tenant that owns what belongs to no customer, and the one kill switch row."""
    apps.get_model("tenants", "Tenant").objects.get_or_create(
        code="platform",
        defaults={"name": "Platform", "created_at": datetime(2026, 1, 1, tzinfo=UTC)},
    )
    apps.get_model("tenants", "KillSwitch").objects.get_or_create(pk=1)


class Migration(migrations.Migration):
    dependencies = [("tenants", "0001_initial")]
    operations = [migrations.RunPython(create_platform, migrations.RunPython.noop)]
