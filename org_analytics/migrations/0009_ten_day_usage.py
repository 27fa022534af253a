import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.migrations.state import ModelState

from org_analytics.rollup.operations import AddRollup
from org_analytics.rollup.versions import RollupVersion

TEN_DAY_USAGE = ModelState(
    "org_analytics_daily",
    "TenDayUsage",
    [
        ("pk", models.CompositePrimaryKey("ten_days", "user", "provider")),
        ("ten_days", models.IntegerField()),
        (
            "user",
            models.ForeignKey(
                settings.AUTH_USER_MODEL,
                on_delete=django.db.models.deletion.DO_NOTHING,
                db_constraint=False,
                db_index=False,
                related_name="+",
            ),
        ),
        ("provider", models.CharField(max_length=16)),
        ("session_count", models.IntegerField()),
        ("pending_count", models.IntegerField()),
        ("unpriced_count", models.IntegerField()),
        ("cost_dollars", models.BigIntegerField()),
        ("cost_nanos", models.BigIntegerField()),
        ("cost_count", models.IntegerField()),
        ("duration_ms", models.BigIntegerField()),
        ("duration_count", models.IntegerField()),
        ("assistant_ms", models.BigIntegerField()),
        ("assistant_count", models.IntegerField()),
        ("user_ms", models.BigIntegerField()),
        ("user_count", models.IntegerField()),
    ],
    {"db_table": "org_analytics_tendayusage"},
)


class Migration(migrations.Migration):
    """A roll-up of ten days, whatever the repository: long ranges read fewer rows. Filled from the stored sessions."""

    dependencies = [("org_analytics", "0008_new_repos")]

    operations = [AddRollup(RollupVersion("0006"), RollupVersion("0009"), TEN_DAY_USAGE)]
