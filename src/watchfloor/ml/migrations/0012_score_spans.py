"""Weeks and months of the score rollup, summed from the days that are there."""

from collections import Counter, defaultdict
from datetime import timedelta

import django.db.models.deletion
import numpy as np
from django.db import migrations, models

NAMES = ("tenant_id", "model_type", "model_version", "calibration_hash", "site_group", "outcome")


def sum_days(apps, _schema_editor):
    """Add up every stored day; on an empty table nothing happens."""
    days, spans = apps.get_model("ml", "ScoreDay"), apps.get_model("ml", "ScoreSpan")
    sums = defaultdict(Counter)
    for row in days._default_manager.iterator():
        pairs = np.frombuffer(bytes(row.counts), dtype="<i4").reshape(-1, 2).tolist()
        day = row.local_day
        starts = (("week", day - timedelta(days=day.weekday())), ("month", day.replace(day=1)))
        for span, start in starts:
            key = (span, start, *(getattr(row, name) for name in NAMES))
            sums[key].update(dict(pairs))
    spans._default_manager.bulk_create(
        [
            spans(
                span=span,
                local_day=start,
                n=sum(counts.values()),
                counts=np.array(
                    sorted((b, n) for b, n in counts.items() if n), dtype="<i4"
                ).tobytes(),
                **dict(zip(NAMES, columns, strict=True)),
            )
            for (span, start, *columns), counts in sums.items()
        ],
        batch_size=500,
    )


class Migration(migrations.Migration):

    dependencies = [
        ('ml', '0011_expected_error'),
        ('tenants', '0002_platform'),
    ]

    operations = [
        migrations.CreateModel(
            name='ScoreSpan',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('model_type', models.CharField(max_length=50)),
                ('model_version', models.CharField(max_length=50)),
                ('calibration_hash', models.CharField(blank=True, max_length=64)),
                ('site_group', models.CharField(max_length=40)),
                ('local_day', models.DateField()),
                ('outcome', models.CharField(choices=[('unknown', 'Unknown'), ('clean', 'Clean'), ('event', 'Event')], max_length=10)),
                ('span', models.CharField(max_length=5)),
                ('n', models.BigIntegerField()),
                ('counts', models.BinaryField()),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'db_table': 'ml_score_span',
                'constraints': [models.UniqueConstraint(fields=('tenant', 'model_type', 'span', 'local_day', 'model_version', 'calibration_hash', 'site_group', 'outcome'), name='score_span_once')],
            },
        ),
        migrations.RunPython(sum_days, migrations.RunPython.noop, elidable=True),
    ]
