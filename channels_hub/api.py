"""REST doors of the chat: for whoever holds its token."""

from typing import Any

from django.utils.translation import get_language
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from channels_hub import rules
from channels_hub.models import Channel, Message, Thread
from channels_hub.ports import work_of_thread
from channels_hub.services import chat
from channels_hub.services.messages import mark_read, open_conversation
from core import clock
from core.api.doors import Door, VisitorDoor
from core.api.fields import FileOut, uploads, words
from core.api.parsers import Json, MultiPartParser
from core.api.schema import IDEMPOTENCY_KEY, spec
from core.errors import InvalidInput, NotVisible
from core.models import File
from core.services.limits import spend
from core.viewers import address_of
from customers.viewers import customer_behind

TAG = "chat"
PAGE = 100
STARTS_IN_TEN_MINUTES, WORDS_A_MINUTE, NUMBERS_IN_TEN_MINUTES = 20, 20, 5


class StartIn(serializers.Serializer[Any]):
    about = serializers.CharField(max_length=rules.CHAT_BODY_LIMIT, help_text="What it is about")
    display_name = words(60, help_text="How we may address the visitor")
    product = words(60)
    model = words(60)
    serial = words(60)
    error_code = words(12)
    article = words(200)
    firmware = words(60)


class StartOut(serializers.Serializer[Any]):
    token = serializers.CharField(help_text="For X-Chat-Token; keep it, it is not shown again")
    thread = serializers.IntegerField()
    last_seq = serializers.IntegerField()


class MessagesIn(serializers.Serializer[Any]):
    after = serializers.IntegerField(min_value=0, max_value=2**63 - 1, default=0)


class SayIn(serializers.Serializer[Any]):
    body = words(rules.CHAT_BODY_LIMIT)
    client_id = words(64, help_text="The app's own key: the same again is the same message")
    files = uploads()


class ReadIn(serializers.Serializer[Any]):
    seq = serializers.IntegerField(min_value=0, max_value=2**63 - 1)


class ContactIn(serializers.Serializer[Any]):
    phone = words(40)


class MessageOut(serializers.Serializer[Message]):
    seq = serializers.IntegerField()
    mine = serializers.SerializerMethodField()
    author = serializers.CharField(help_text="customer, agent, bot or system")
    name = serializers.SerializerMethodField()
    body = serializers.CharField()
    at = serializers.DateTimeField()
    state = serializers.CharField()
    client_id = serializers.CharField()
    files = serializers.SerializerMethodField()

    def get_mine(self, message: Message) -> bool:
        return bool(message.direction == "in")

    def get_name(self, message: Message) -> str:
        return message.staff.name if message.staff else ""

    @extend_schema_field(FileOut(many=True))
    def get_files(self, message: Message) -> Any:
        return FileOut(self.context["files"].get(message.pk, []), many=True).data


class RoomOut(serializers.Serializer[Any]):
    thread = serializers.IntegerField(help_text="For the topic thread:<id> of /events/since/")
    ended = serializers.BooleanField()
    reference = serializers.CharField(allow_blank=True, help_text="Number of the request behind the chat")
    more = serializers.BooleanField(help_text="There is more after the last one shown")
    messages = MessageOut(many=True)


def _files_of(messages: list[Message]) -> dict[int, list[File]]:
    ids = [message.pk for message in messages if message.files]
    found: dict[int, list[File]] = {}
    if ids:
        rows = File.objects.filter(owner_kind="message", owner_id__in=ids).order_by("created_at", "id")
        for file in rows:
            found.setdefault(file.owner_id, []).append(file)
    return found


class Chats(Door):
    """Begin a chat."""

    @spec("chat_start", "Begin a chat", tag=TAG, takes=StartIn, gives=StartOut, status=201,
          headers=[IDEMPOTENCY_KEY])  # fmt: skip
    def post(self, request: Request) -> Response:
        data = self.taken(StartIn)
        at = clock.now()
        spend(f"chat-start:{address_of(request)}", limit=STARTS_IN_TEN_MINUTES, seconds=600, at=at)
        channel = (
            Channel.objects.select_related("brand")
            .filter(kind__in=chat.CHAT_KINDS, enabled=True)
            .order_by("kind", "-brand__is_default", "pk")  # the app's own channel before the web's
            .first()
        )
        if channel is None:
            raise NotVisible()
        try:
            thread, token = chat.start_chat(
                channel=channel,
                display_name=data["display_name"],
                context={name: data[name] for name in chat.CONTEXT_KEYS if data.get(name)},
                language=get_language() or "",
                about=data["about"],
                key=self.once_key,
                customer=customer_behind(self.viewer),
                at=at,
            )
        except InvalidInput as error:
            # what the thread calls body, the app called about
            fields = {("about" if name == "body" else name): said for name, said in error.fields.items()}
            raise InvalidInput(error.message, code=error.code, fields=fields) from error
        shown = {"token": token, "thread": thread.pk, "last_seq": thread.last_seq}
        return self.answer(StartOut, shown, status=201)


class OwnChat(VisitorDoor):
    """A door of the chat behind the token."""

    @property
    def thread(self) -> Thread:
        found = Thread.objects.visible_to(self.viewer).select_related("channel").first()
        if found is None:
            raise NotVisible()
        return found


class Messages(OwnChat):
    """What was said, and saying something."""

    parser_classes = [Json, MultiPartParser]

    @spec("chat_messages", "What was said after a number", tag=TAG, query=MessagesIn, gives=RoomOut)
    def get(self, request: Request) -> Response:
        after = self.asked(MessagesIn)["after"]
        thread = self.thread
        rows = Message.objects.visible_to(self.viewer).filter(thread=thread, seq__gt=after)
        found = list(rows.select_related("staff").order_by("seq")[: PAGE + 1])
        shown, work = found[:PAGE], work_of_thread(thread.pk)
        room = {
            "thread": thread.pk,
            "ended": open_conversation(thread) is None,
            "reference": work.reference if work else "",
            "more": len(found) > PAGE,
            "messages": shown,
        }
        return self.answer(RoomOut, room, files=_files_of(shown))

    @spec("chat_say", "Say something", tag=TAG, takes=SayIn, gives=MessageOut, status=201, files=True)
    def post(self, request: Request) -> Response:
        data = self.taken(SayIn)
        thread = self.thread
        at = clock.now()
        spend(f"chat-say:{thread.pk}", limit=WORDS_A_MINUTE, seconds=60, at=at)
        message = chat.say(
            thread=thread,
            body=data["body"],
            files=data["files"],
            client_id=data["client_id"],
            actor=self.viewer,
            at=at,
        )
        return self.answer(MessageOut, message, status=201, files=_files_of([message]))


class Read(OwnChat):
    """Up to which message the app has shown ours."""

    @spec("chat_read", "Say what was read", tag=TAG, takes=ReadIn, status=204)
    def post(self, request: Request) -> Response:
        seq = self.taken(ReadIn)["seq"]
        mark_read(thread=self.thread, read_seq=seq, delivered_seq=seq, actor=self.viewer, at=clock.now())
        return Response(status=204)


class End(OwnChat):
    """The visitor is done."""

    @spec("chat_end", "End the chat", tag=TAG, status=204)
    def post(self, request: Request) -> Response:
        chat.end_chat(thread=self.thread, actor=self.viewer, at=clock.now())
        return Response(status=204)


class Contact(OwnChat):
    """A number at which we reach the visitor once they are gone."""

    @spec("chat_contact", "Leave a phone number", tag=TAG, takes=ContactIn, status=204)
    def post(self, request: Request) -> Response:
        data = self.taken(ContactIn)
        thread, at = self.thread, clock.now()
        spend(f"chat-contact:{thread.pk}", limit=NUMBERS_IN_TEN_MINUTES, seconds=600, at=at)
        chat.leave_contact(thread=thread, phone=data["phone"], actor=self.viewer, at=at)
        return Response(status=204)
