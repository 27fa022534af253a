"""A host that serves the API, but not the page."""

from django.urls import include, path

from org_analytics.urls import api_urlpatterns, app_name

urlpatterns = [path("", include((api_urlpatterns, app_name)))]
