"""Addresses of the agents' desk, under /desk/."""

from django.urls import path

from tickets.views import desk_acts, desk_pages

app_name = "desk"
urlpatterns = [
    path("", desk_pages.queue, name="queue"),
    path("search/", desk_pages.find, name="search"),
    path("duty/", desk_pages.duty, name="duty"),
    path("parts/list/", desk_pages.part_list, name="part_list"),
    path("parts/lists/", desk_pages.part_lists, name="part_lists"),
    path("t/<str:reference>/", desk_pages.ticket, name="ticket"),
    path("t/<str:reference>/head/", desk_pages.part_head, name="part_head"),
    path("t/<str:reference>/thread/", desk_pages.part_thread, name="part_thread"),
    path("t/<str:reference>/customer/", desk_pages.part_customer, name="part_customer"),
    path("t/<str:reference>/assist/", desk_pages.part_assist, name="part_assist"),
    path("t/<str:reference>/seen/", desk_pages.seen, name="seen"),
    path("t/<str:reference>/draft/", desk_pages.draft, name="draft"),
    path("t/<str:reference>/reply/", desk_acts.send_reply, name="reply"),
    path("t/<str:reference>/note/", desk_acts.send_note, name="note"),
    path("t/<str:reference>/do/<str:name>/", desk_acts.do, name="do"),
    path("t/<str:reference>/reveal/<str:field>/", desk_acts.reveal, name="reveal"),
]
