"""Addresses of a customer's ticket. (The desk's stand in desk_urls.py.)"""

from django.urls import path

from tickets.views.track import LINK_VIEWS, OWN_VIEWS

app_name = "tickets"
urlpatterns = [
    *(
        path(
            f"t/<str:key>/{step.replace('_', '-')}{'/' if step else ''}",
            view,
            name="_".join(filter(None, ["track", step])),
        )
        for step, view in LINK_VIEWS.items()
    ),
    *(
        path(
            f"my/requests/<str:key>/{step.replace('_', '-')}{'/' if step else ''}",
            view,
            name="_".join(filter(None, ["mine", step])),
        )
        for step, view in OWN_VIEWS.items()
    ),
]
