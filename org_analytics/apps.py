"""The app's configuration."""

from django.apps import AppConfig
from django.core import checks
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class OrgAnalyticsConfig(AppConfig):
    """Organization analytics for AI coding sessions."""

    name = "org_analytics"
    verbose_name = _("Organization analytics")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from .checks import DATABASE_CHECKS, SETTINGS_CHECKS
        from .rollup.maintenance import install_without_migrations

        for check in SETTINGS_CHECKS:
            checks.register(check, "org_analytics")
        for check in DATABASE_CHECKS:
            checks.register(check, checks.Tags.database)
        # A site without migrations has no migration operation that creates the roll-up.
        post_migrate.connect(install_without_migrations, sender=self)
