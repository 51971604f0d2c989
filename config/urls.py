"""Addresses: help centre at /, desk at /desk/, admin at /admin/, API at /api/v1/, webhooks under /hooks/."""

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.utils.functional import lazy
from django.views.generic import RedirectView

static_lazy = lazy(static, str)
urlpatterns = [
    path("favicon.ico", RedirectView.as_view(url=static_lazy("icons/favicon.svg"))),
    path("", include("core.urls")),
    path("s/", include("surveys.urls")),
    path("chat/", include("channels_hub.urls")),
    path("accounts/", include("accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("_allauth/", include("allauth.headless.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("api/", include("config.api.urls")),
    path("", include("config.help_urls")),
    path("", include("tickets.urls")),
    path("desk/", include("tickets.desk_urls")),
    path("admin/", admin.site.urls),
]
