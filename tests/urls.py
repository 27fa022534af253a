"""The minimal host's URLs: its admin and ours."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("org_analytics.urls")),
]
