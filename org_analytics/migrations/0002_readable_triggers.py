from django.db import migrations

from org_analytics.rollup.operations import ReplaceTriggers
from org_analytics.rollup.versions import RollupVersion


class Migration(migrations.Migration):
    """Write the triggers in lines that a database administrator can read. They sum as before."""

    dependencies = [("org_analytics", "0001_initial")]

    operations = [ReplaceTriggers(RollupVersion("0001"), RollupVersion("0002"))]
