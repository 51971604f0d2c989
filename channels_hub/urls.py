"""The customer's web chat, at /chat/."""

from django.urls import path

from channels_hub.views import chat

app_name = "chat"
urlpatterns = [
    path("", chat.open_chat, name="open"),
    path("room/", chat.room, name="room"),
    path("messages/", chat.messages, name="messages"),
    path("read/", chat.read, name="read"),
    path("end/", chat.end, name="end"),
    path("contact/", chat.contact, name="contact"),
    path("track/", chat.track, name="track"),
]
