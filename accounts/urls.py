"""Addresses of our own beside allauth's; included at /accounts/ before them."""

from django.urls import path

from accounts.views.landing import landing

urlpatterns = [path("landing/", landing, name="landing")]
