"""WSGI entry of the reference pages: no middleware at all."""

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "bench.reference.settings"

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler

django.setup(set_prefix=False)
settings.MIDDLEWARE = []
application = WSGIHandler()
