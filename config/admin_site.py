"""The admin site: unfold's, with the part of the start page that refreshes itself."""

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from unfold.sites import UnfoldAdminSite

from config import admin_home


class AnxinAdminSite(UnfoldAdminSite):
    """unfold's site under this project's name."""

    index_title = _("Today")
    enable_nav_sidebar = True

    def extra_urls(self) -> list[URLPattern]:
        return [path("now/", self.admin_view(self.now_view), name="now")]

    def now_view(self, request: HttpRequest) -> HttpResponse:
        """What needs a person, for the start page's own refresh."""
        response = TemplateResponse(request, "admin/home/now.html", admin_home.now_context(request))
        response["Cache-Control"] = "no-store"
        return response
