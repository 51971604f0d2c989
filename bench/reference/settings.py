"""The product's settings with pages of their own (the middleware goes in wsgi.py: allauth insists on its own at the
start)."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "bench.reference.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "bench/reference/templates"],  # noqa: F405
        "OPTIONS": {"autoescape": True},
    }
]
