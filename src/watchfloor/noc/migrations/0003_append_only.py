from django.db import migrations

from watchfloor.ledger.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("noc", "0002_initial")]
    operations = [append_only("noc_threshold_audit_log")]
