"""One row a day for all features; what was counted is counted again from the log, by night."""

from django.db import migrations, models


def forget(apps, schema_editor):
    apps.get_model("ml", "FeatureDay").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("ml", "0012_score_spans")]

    operations = [
        migrations.RunPython(forget, migrations.RunPython.noop),
        migrations.RemoveConstraint(model_name="featureday", name="feature_day_once"),
        migrations.RemoveField(model_name="featureday", name="feature"),
        migrations.AddConstraint(
            model_name="featureday",
            constraint=models.UniqueConstraint(
                fields=("tenant", "model_type", "model_version", "local_day"),
                name="feature_day_once",
            ),
        ),
    ]
