from django.db import migrations

from watchfloor.ledger.append_only import append_only


class Migration(migrations.Migration):
    # On SQLite a later change of this table may rebuild it, and the triggers go with the old
    # one: such a migration ends with this step again.
    dependencies = [("ml", "0008_calibration_provenance")]
    operations = [append_only("ml_calibration_set")]
