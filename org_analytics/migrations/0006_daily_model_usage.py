import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.migrations.state import ModelState

from org_analytics.rollup.operations import AddRollup
from org_analytics.rollup.versions import RollupVersion

DAILY_MODEL_USAGE = ModelState(
    "org_analytics_daily",
    "DailyModelUsage",
    [
        ("pk", models.CompositePrimaryKey("day", "user", "provider", "repo_id", "model")),
        ("day", models.DateField()),
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
        ("repo_id", models.BigIntegerField()),
        ("model", models.CharField(max_length=255)),
        ("session_count", models.IntegerField()),
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
        ("requests_billions", models.BigIntegerField()),
        ("requests_rest", models.BigIntegerField()),
        ("requests_count", models.IntegerField()),
        ("input_tokens_billions", models.BigIntegerField()),
        ("input_tokens_rest", models.BigIntegerField()),
        ("input_tokens_count", models.IntegerField()),
        ("output_tokens_billions", models.BigIntegerField()),
        ("output_tokens_rest", models.BigIntegerField()),
        ("output_tokens_count", models.IntegerField()),
        ("cache_write_tokens_billions", models.BigIntegerField()),
        ("cache_write_tokens_rest", models.BigIntegerField()),
        ("cache_write_tokens_count", models.IntegerField()),
        ("cache_read_tokens_billions", models.BigIntegerField()),
        ("cache_read_tokens_rest", models.BigIntegerField()),
        ("cache_read_tokens_count", models.IntegerField()),
    ],
    {"db_table": "org_analytics_dailymodelusage"},
)


class Migration(migrations.Migration):
    """A second daily roll-up, by model. It is filled from the sessions that are stored."""

    dependencies = [("org_analytics", "0005_recaps")]

    operations = [AddRollup(RollupVersion("0002"), RollupVersion("0006"), DAILY_MODEL_USAGE)]
