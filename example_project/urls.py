"""URLs of the example's own pages, its admin, and organization analytics."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path

from . import views

urlpatterns = [
    path("", views.sessions, name="sessions"),
    path("sessions/<int:pk>", views.session, name="session"),
    path("trends", views.trends, name="trends"),
    path("account/token", views.token, name="token"),
    path("account/login", LoginView.as_view(), name="login"),
    path("account/logout", LogoutView.as_view(), name="logout"),
    path("admin/", admin.site.urls),
    path("", include("org_analytics.urls")),
]
