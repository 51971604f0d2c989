"""The API at /api/: every app's doors, its description, and a problem for every other address."""

from django.urls import include, path, re_path

from accounts import api as accounts
from channels_hub import api as chat
from config.api.docs import Description, Docs
from core.api import views as core
from customers import api as customers
from knowledge import api as knowledge
from surveys import api as surveys
from tickets.api import acts, merge, requests, tickets

app_name = "api"

_shared = [
    path("me/", customers.Me.as_view(), name="me"),
    path("events/since/", core.Nudges.as_view(), name="events"),
    path("files/<uuid:file_id>/", core.OneFile.as_view(), name="file"),
    path("schema/", Description.as_view(), name="schema"),
    path("docs/", Docs.as_view(), name="docs"),
]
_help = [
    path("products/", customers.Products.as_view(), name="products"),
    path("regions/", customers.Regions.as_view(), name="regions"),
    path("problems/", knowledge.Problems.as_view(), name="problems"),
    path("articles/", knowledge.Articles.as_view(), name="articles"),
    path("articles/<slug:slug>/", knowledge.OneArticle.as_view(), name="article"),
    path("articles/<slug:slug>/feedback/", knowledge.Feedback.as_view(), name="article_feedback"),
]
_customer = [
    path("devices/", customers.Devices.as_view(), name="devices"),
    path("requests/", requests.Requests.as_view(), name="requests"),
    path("requests/look-up/", requests.LookUp.as_view(), name="request_look_up"),
    path("requests/<slug:reference>/", requests.OneRequest.as_view(), name="request"),
    path("requests/<slug:reference>/timeline/", requests.RequestTimeline.as_view(), name="request_timeline"),
    path("requests/<slug:reference>/messages/", requests.RequestMessages.as_view(), name="request_messages"),
    path("requests/<slug:reference>/confirm/", requests.RequestConfirm.as_view(), name="request_confirm"),
    path(
        "requests/<slug:reference>/not-solved/",
        requests.RequestNotSolved.as_view(),
        name="request_not_solved",
    ),
    path("requests/<slug:reference>/survey/", surveys.Rating.as_view(), name="request_survey"),
]
_chat = [
    path("chat/", chat.Chats.as_view(), name="chat"),
    path("chat/messages/", chat.Messages.as_view(), name="chat_messages"),
    path("chat/read/", chat.Read.as_view(), name="chat_read"),
    path("chat/end/", chat.End.as_view(), name="chat_end"),
    path("chat/contact/", chat.Contact.as_view(), name="chat_contact"),
]
_agent = [
    path("duty/", accounts.Duty.as_view(), name="duty"),
    path("lists/", tickets.Lists.as_view(), name="lists"),
    path("reference/", tickets.Reference.as_view(), name="reference"),
    path("tickets/", tickets.Tickets.as_view(), name="tickets"),
    path("tickets/<slug:reference>/", tickets.OneTicket.as_view(), name="ticket"),
    path("tickets/<slug:reference>/timeline/", tickets.TicketTimeline.as_view(), name="ticket_timeline"),
    path("tickets/<slug:reference>/suggestions/", tickets.Suggestions.as_view(), name="ticket_suggestions"),
    path("tickets/<slug:reference>/reply/", acts.Reply.as_view(), name="ticket_reply"),
    path("tickets/<slug:reference>/note/", acts.Note.as_view(), name="ticket_note"),
    path("tickets/<slug:reference>/merge/", merge.Merge.as_view(), name="ticket_merge"),
    path("tickets/<slug:reference>/unmerge/", merge.Unmerge.as_view(), name="ticket_unmerge"),
    path("tickets/<slug:reference>/split/", merge.Split.as_view(), name="ticket_split"),
    path("tickets/<slug:reference>/link/", merge.Link.as_view(), name="ticket_link"),
    path("tickets/<slug:reference>/unlink/", merge.Unlink.as_view(), name="ticket_unlink"),
    path("tickets/<slug:reference>/reveal/", acts.Reveal.as_view(), name="ticket_reveal"),
    path("tickets/<slug:reference>/seen/", acts.Seen.as_view(), name="ticket_seen"),
    path("tickets/<slug:reference>/drafts/", acts.Drafts.as_view(), name="ticket_drafts"),
    *(
        path(
            f"tickets/<slug:reference>/{name}/", acts.act_door(name), name=f"ticket_{name.replace('-', '_')}"
        )
        for name in acts.ACTS
    ),
]
_v1 = [*_shared, *_help, *_customer, *_chat, *_agent]
urlpatterns = [
    path("v1/", include(_v1)),
    re_path(r"^.*$", core.Unknown.as_view(), name="unknown"),
]
