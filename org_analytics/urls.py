"""Include `urlpatterns` at the root of the host, or the lists for API and pages separately.

No URL of the API ends in a slash.
"""

from django.urls import path

from .api.views import OrgViewSet, SessionsViewSet
from .pages.download_views import CsvView, JsonView
from .pages.person import PersonView
from .pages.session import SessionView
from .pages.views import OrganizationView

app_name = "org_analytics"

api_urlpatterns = [
    path("api/v1/org/analytics", OrgViewSet.as_view({"get": "analytics"}), name="api-analytics"),
    path("api/v1/org/repos", OrgViewSet.as_view({"get": "repos"}), name="api-repos"),
    path("api/v1/org/series", OrgViewSet.as_view({"get": "series"}), name="api-series"),
    path("api/v1/org/prices", OrgViewSet.as_view({"get": "prices"}), name="api-prices"),
    path("api/v1/org/sessions", SessionsViewSet.as_view({"post": "record"}), name="api-sessions"),
]
page_urlpatterns = [
    path("organization", OrganizationView.as_view(), name="organization"),
    path("organization/", OrganizationView.as_view(), name="organization-slash"),
    path("organization/me", PersonView.as_view(), {"person_id": "me"}, name="me"),
    # Any text, so that a malformed id is answered like an unknown one.
    path("organization/people/<path:person_id>", PersonView.as_view(), name="person"),
    path("organization/sessions/<path:session_id>", SessionView.as_view(), name="session"),
    path("organization.csv", CsvView.as_view(), name="organization-csv"),
    path("organization.json", JsonView.as_view(), name="organization-json"),
]
urlpatterns = [*api_urlpatterns, *page_urlpatterns]
