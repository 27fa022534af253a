"""A host that has the admin installed for its templates and serves none of its pages."""

from django.urls import include, path

urlpatterns = [path("", include("org_analytics.urls"))]
