"""Addresses for the tests of log-in and console: the doors only."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [path("accounts/", include("allauth.urls")), path("console/", admin.site.urls)]
