"""Addresses of the agents' desk, under /desk/."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache

from tickets.views import (
    desk_acts,
    desk_bulk,
    desk_gallery,
    desk_macros,
    desk_merge,
    desk_notices,
    desk_pages,
)

View = Callable[..., HttpResponseBase]


def staffed(address: str, view: View, name: str) -> URLPattern:
    """An address of the desk: whoever reads without being signed in is led to the sign-in and back."""

    @never_cache
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated or request.method not in ("GET", "HEAD"):
            return view(request, *args, **kwargs)
        if not request.headers.get("HX-Request"):
            return redirect_to_login(request.get_full_path())
        # a part of a page: the whole page signs in, and comes back to where it is
        here = redirect_to_login(_page_of(request))
        return HttpResponse(status=204, headers={"HX-Redirect": here["Location"]})

    return path(address, guarded, name=name)


def _page_of(request: HttpRequest) -> str:
    """The page that a part belongs to: its ticket, else the list."""
    match = request.resolver_match
    reference = match.kwargs.get("reference") if match else None
    return reverse("desk:ticket", args=[reference]) if reference else reverse("desk:queue")


app_name = "desk"
urlpatterns = [
    staffed("", desk_pages.queue, "queue"),
    staffed("search/", desk_pages.find, "search"),
    staffed("duty/", desk_pages.duty, "duty"),
    staffed("notices/", desk_notices.notices, "notices"),
    staffed("notices/bell/", desk_notices.bell, "bell"),
    staffed("notices/read/", desk_notices.notices_read, "notices_read"),
    staffed("parts/list/", desk_pages.part_list, "part_list"),
    staffed("parts/idle/", desk_pages.part_idle, "part_idle"),
    staffed("parts/lists/", desk_pages.part_lists, "part_lists"),
    staffed("t/<str:reference>/", desk_pages.ticket, "ticket"),
    staffed("t/<str:reference>/head/", desk_pages.part_head, "part_head"),
    staffed("t/<str:reference>/thread/", desk_pages.part_thread, "part_thread"),
    staffed("t/<str:reference>/customer/", desk_pages.part_customer, "part_customer"),
    staffed("t/<str:reference>/assist/", desk_pages.part_assist, "part_assist"),
    staffed("t/<str:reference>/seen/", desk_pages.seen, "seen"),
    staffed("t/<str:reference>/draft/", desk_pages.draft, "draft"),
    staffed("t/<str:reference>/macros/", desk_macros.part_macros, "part_macros"),
    staffed("t/<str:reference>/macros/<slug:code>/", desk_macros.use, "use_macro"),
    staffed("t/<str:reference>/reply/", desk_acts.send_reply, "reply"),
    staffed("t/<str:reference>/note/", desk_acts.send_note, "note"),
    staffed("t/<str:reference>/watch/", desk_notices.watching, "watch"),
    staffed("t/<str:reference>/alerts/<int:alert_id>/", desk_notices.acknowledge, "acknowledge"),
    staffed("t/<str:reference>/people/", desk_notices.people, "people"),
    staffed("t/<str:reference>/do/<str:name>/", desk_acts.do, "do"),
    staffed("t/<str:reference>/related/", desk_merge.part_related, "part_related"),
    staffed("t/<str:reference>/with/<str:name>/", desk_merge.pair, "pair"),
    staffed("t/<str:reference>/found/", desk_merge.part_found, "part_found"),
    staffed("t/<str:reference>/unmerge/", desk_merge.undo_merge, "unmerge"),
    staffed("t/<str:reference>/split/<int:entry_id>/", desk_merge.split_off, "split"),
    staffed("t/<str:reference>/unlink/<int:link_id>/", desk_merge.unlink, "unlink"),
    staffed("t/<str:reference>/not-same/", desk_merge.not_same, "not_same"),
    staffed("bulk/", desk_bulk.ask, "bulk"),
    staffed("bulk/<int:pk>/", desk_bulk.run, "bulk_run"),
    staffed("bulk/<int:pk>/part/", desk_bulk.part_run, "part_bulk_run"),
    staffed("bulk/<int:pk>/retry/", desk_bulk.retry, "bulk_retry"),
    staffed("t/<str:reference>/reveal/<str:field>/", desk_acts.reveal, "reveal"),
]
if settings.DEBUG:
    urlpatterns.append(staffed("gallery/", desk_gallery.gallery, "gallery"))
