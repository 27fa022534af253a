"""Include `urlpatterns` at the root of the host, or the lists for API and pages separately.

No URL of the API ends in a slash.
"""

from django.urls import path, register_converter

from .api.session_views import SingleSessionsViewSet
from .api.views import OrgViewSet, SessionsViewSet
from .pages.download_views import CsvView, JsonView
from .pages.person import PersonView
from .pages.session import SessionView
from .pages.views import OrganizationView

app_name = "org_analytics"


class AnyText:
    """An id of any form: our views answer malformed ones, so that they are answered as unknown ones are."""

    regex = r"[\s\S]*"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: object) -> str:
        return str(value)


register_converter(AnyText, "org_analytics_id")


api_urlpatterns = [
    path("api/v1/org/analytics", OrgViewSet.as_view({"get": "analytics"}), name="api-analytics"),
    path("api/v1/org/repos", OrgViewSet.as_view({"get": "repos"}), name="api-repos"),
    path("api/v1/org/series", OrgViewSet.as_view({"get": "series"}), name="api-series"),
    path("api/v1/org/breakdown", OrgViewSet.as_view({"get": "breakdown"}), name="api-breakdown"),
    path("api/v1/org/prices", OrgViewSet.as_view({"get": "prices"}), name="api-prices"),
    path("api/v1/org/schema", OrgViewSet.as_view({"get": "openapi"}), name="api-schema"),
    path("api/v1/org/sessions", SessionsViewSet.as_view({"post": "record"}), name="api-sessions"),
    path(
        "api/v1/org/people/<org_analytics_id:id>/sessions",
        SingleSessionsViewSet.as_view({"get": "of_person"}),
        name="api-person-sessions",
    ),
    path("api/v1/org/people/<org_analytics_id:id>", OrgViewSet.as_view({"get": "person"}), name="api-person"),
    path(
        "api/v1/org/sessions/<org_analytics_id:id>",
        SingleSessionsViewSet.as_view({"get": "session"}),
        name="api-session",
    ),
]
page_urlpatterns = [
    path("organization", OrganizationView.as_view(), name="organization"),
    path("organization/", OrganizationView.as_view(), name="organization-slash"),
    path("organization/me", PersonView.as_view(), {"id": "me"}, name="me"),
    # Any text, so that a malformed id is answered like an unknown one.
    path("organization/people/<org_analytics_id:id>", PersonView.as_view(), name="person"),
    path("organization/sessions/<org_analytics_id:id>", SessionView.as_view(), name="session"),
    path("organization.csv", CsvView.as_view(), name="organization-csv"),
    path("organization.json", JsonView.as_view(), name="organization-json"),
]
urlpatterns = [*api_urlpatterns, *page_urlpatterns]
