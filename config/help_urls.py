"""The help centre at /: knowledge's reading pages and the customer's pages of the apps above it, in one namespace."""

from django.urls import path

from knowledge.urls import urlpatterns as reading
from tickets.views import requests as tickets

app_name = "help"
urlpatterns = [
    *reading,
    path("request/", tickets.ask, name="request"),
    path("request/sent/", tickets.sent, name="sent"),
    path("lookup/", tickets.lookup, name="lookup"),
    path("mine/", tickets.mine, name="mine"),
]
