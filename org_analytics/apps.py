"""The app's configuration."""

from django.apps import AppConfig
from django.core import checks
from django.utils.translation import gettext_lazy as _


class OrgAnalyticsConfig(AppConfig):
    """Organization analytics for AI coding sessions."""

    name = "org_analytics"
    verbose_name = _("Organization analytics")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from .checks import DATABASE_CHECKS, SETTINGS_CHECKS

        for check in SETTINGS_CHECKS:
            checks.register(check, "org_analytics")
        for check in DATABASE_CHECKS:
            checks.register(check, checks.Tags.database)
