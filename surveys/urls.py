"""Addresses of ratings; included at /s/."""

from django.urls import path

from surveys.views.rate import rate

app_name = "surveys"
urlpatterns = [path("<str:token>/", rate, name="rate")]
