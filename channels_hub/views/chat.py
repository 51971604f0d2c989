"""The customer's web chat: doors only, each one call of a service."""

import json
import secrets
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from channels_hub import rules
from channels_hub.enums import ChannelKind
from channels_hub.forms import StartForm
from channels_hub.models import Channel, Message, Thread
from channels_hub.services import chat
from channels_hub.services.messages import mark_read, open_conversation
from channels_hub.views import room as show
from core import clock, live
from core.errors import DomainError, InvalidInput, NotVisible
from core.services import limits
from core.viewers import address_of
from customers.models import Customer, Product
from customers.viewers import viewer_of

COOKIE, COOKIE_SALT = "anxin_chat", "channels_hub.chat"
COOKIE_SECONDS = 30 * 24 * 3600
SAY_LIMIT, SAY_SECONDS = 20, 60
START_LIMIT, START_SECONDS = 20, 600
CONTACT_LIMIT, CONTACT_SECONDS = 5, 600
TRACK_LIMIT, TRACK_SECONDS = 20, 3600

View = Callable[..., HttpResponse]


# --- who holds which chat --------------------------------------------------------------------------------
def _thread(request: HttpRequest) -> Thread | None:
    """The thread of the browser's cookie; None without one, with a forged one, or a month after the last
    visit."""
    token = request.get_signed_cookie(COOKIE, default="", salt=COOKIE_SALT, max_age=COOKIE_SECONDS)
    return chat.thread_of_token(token or "")


def _remember(request: HttpRequest, response: HttpResponse, token: str) -> None:
    response.set_signed_cookie(
        COOKIE,
        token,
        salt=COOKIE_SALT,
        max_age=COOKIE_SECONDS,
        path="/chat/",
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )


def _wants_json(request: HttpRequest) -> bool:
    return "application/json" in request.headers.get("Accept", "")


def _problem(error: DomainError) -> JsonResponse:
    """RFC 9457, as the API answers."""
    body = {
        "type": "about:blank",
        "title": str(error.title),
        "status": error.status,
        "detail": str(error.message),
        "code": error.code,
        "fields": {name: [str(text) for text in texts] for name, texts in error.fields.items()},
        **error.extra,
    }
    response = JsonResponse(body, status=error.status, content_type="application/problem+json")
    if "retry_after" in error.extra:
        response["Retry-After"] = str(error.extra["retry_after"])
    return response


def _of_visitor(view: View) -> View:
    """A door of somebody's chat: without the right cookie it does not exist. Domain errors become problem
    details for scripts; pages get them raised, or handle them."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            thread = _thread(request)
            if thread is None:
                raise NotVisible()
            response = view(request, thread, *args, **kwargs)
        except DomainError as error:
            if not _wants_json(request):
                raise
            response = _problem(error)
        patch_vary_headers(response, ["Accept", "Cookie"])
        return response

    return guarded


# --- before the chat -------------------------------------------------------------------------------------
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def open_chat(request: HttpRequest) -> HttpResponse:
    """Whoever is in a chat goes there; else a few questions, of which one must be answered."""
    current = _thread(request)
    if request.method == "POST":
        return _start(request, current)
    if current is not None and "new" not in request.GET and open_conversation(current) is not None:
        return redirect("chat:room")
    channel = _channel()
    if channel is None:
        return render(request, "chat/closed.html", status=404)
    known = {name: request.GET.get(name, "")[:200] for name in ("product", "article", "q", "page")}
    product = Product.objects.filter(code=known["product"], active=True).first() if known["product"] else None
    initial = {
        **known,
        "key": secrets.token_urlsafe(24),
        "about": known["q"],
        "model": product.model if product else request.GET.get("model", "")[:60],
    }
    return _ask(request, StartForm(initial=initial), channel)


def _channel() -> Channel | None:
    """The web chat of the house's own brand."""
    return (
        Channel.objects.select_related("brand")
        .filter(kind=ChannelKind.WEB_CHAT, enabled=True)
        .order_by("-brand__is_default", "pk")
        .first()
    )


def _ask(request: HttpRequest, form: StartForm, channel: Channel, *, status: int = 200) -> HttpResponse:
    return render(request, "chat/start.html", {"form": form, "brand": channel.brand}, status=status)


def _start(request: HttpRequest, current: Thread | None) -> HttpResponse:
    channel = _channel()
    if channel is None:
        return render(request, "chat/closed.html", status=404)
    at = clock.now()
    form = StartForm(request.POST)
    if not form.is_valid():
        return _ask(request, form, channel, status=422)
    said = form.cleaned_data
    viewer = viewer_of(request)
    customer_id = viewer.id if viewer.kind == "customer" else None
    customer = None if customer_id is None else Customer.objects.filter(pk=customer_id).first()
    try:
        limits.spend(f"chat-start:{address_of(request)}", limit=START_LIMIT, seconds=START_SECONDS, at=at)
        thread, token = chat.start_chat(
            channel=channel,
            display_name=said["display_name"],
            context={name: said[name] for name in ("model", "product", "article", "q", "page")},
            language=get_language() or "",
            about=said["about"],
            key=said["key"],
            customer=customer,
            at=at,
        )
    except DomainError as error:
        form.add_error(None, str(error.message))
        for text in error.fields.get("body", []):
            form.add_error("about", str(text))
        return _ask(request, form, channel, status=error.status if error.status != 400 else 422)
    if current is not None and current.pk != thread.pk:
        chat.end_chat(thread=current, actor=chat.visitor(current), at=at)
    response = redirect("chat:room")
    _remember(request, response, token)
    return response


# --- the room --------------------------------------------------------------------------------------------
@never_cache
@require_GET
def room(request: HttpRequest) -> HttpResponse:
    """The chat itself. Without one, the questions before it."""
    thread = _thread(request)
    if thread is None:
        return redirect("chat:open")
    return _room(request, thread)


def _room(
    request: HttpRequest,
    thread: Thread,
    *,
    error: DomainError | None = None,
    body: str = "",
    phone: str = "",
    status: int = 200,
) -> HttpResponse:
    at = clock.now()
    # taken before the content is read: nothing falls between page and socket
    since = live.position()
    before = _number(request.GET.get("before"))
    said = show.messages_of(thread, before=before, at=at)
    context = {
        **show.state_of(thread),
        "thread": thread,
        "brand": thread.channel.brand,
        "said": said,
        "earlier": said[0].message.seq if said and said[0].message.seq > 1 else 0,
        "before": before,
        "since": since,
        "page_pass": chat.page_pass(thread, at=at),
        "limit": rules.CHAT_BODY_LIMIT,
        "max_mb": settings.FILE_LIMIT_BYTES // (1024 * 1024),
        "max_files": rules.FILES_LIMIT,
        "form_key": secrets.token_urlsafe(16),
        "error": error,
        "body": body,
        "phone": phone,
        "has_phone": bool(thread.customer_id and thread.customer and thread.customer.phone),
    }
    return render(request, "chat/room.html", context, status=status)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@_of_visitor
def messages(request: HttpRequest, thread: Thread) -> HttpResponse:
    """GET ?after=12: what was said since, as JSON (`html`, `bar`, `head`, `last_seq`, `read_seq`, `ended`) or
    as a fragment. POST body, client_msg_id, files: say something."""
    if request.method == "POST":
        return _say(request, thread)
    return _news(request, thread, after=_number(request.GET.get("after")))


def _news(request: HttpRequest, thread: Thread, *, after: int, **more: object) -> HttpResponse:
    said = show.messages_of(thread, after=after, at=clock.now())
    fragment = render_to_string("chat/messages_part.html", {"said": said}, request)
    if not _wants_json(request):
        return HttpResponse(fragment)
    state = show.state_of(thread)
    return JsonResponse(
        {
            "html": fragment,
            "bar": render_to_string("chat/bar_part.html", {**state, "thread": thread}, request).strip(),
            "head": render_to_string(
                "chat/head_part.html", {**state, "thread": thread, "brand": thread.channel.brand}, request
            ).strip(),
            "last_seq": said[-1].message.seq if said else after,
            "more": bool(said) and len(said) == show.PAGE,
            "read_seq": show.read_by_us(thread),
            "ended": state["ended"],
            "waiting": state["waiting"],
            "work": state["work"].reference if state["work"] else "",
            **more,
        }
    )


def _say(request: HttpRequest, thread: Thread) -> HttpResponse:
    at = clock.now()
    given = _given(request)
    body, client_id = str(given.get("body", "")), str(given.get("client_msg_id", ""))[:60]
    try:
        repeated = bool(client_id) and Message.objects.filter(thread=thread, client_id=client_id).exists()
        if not repeated:
            limits.spend(f"chat-say:{thread.pk}", limit=SAY_LIMIT, seconds=SAY_SECONDS, at=at)
        message = chat.say(
            thread=thread,
            body=body,
            files=request.FILES.getlist("files"),
            client_id=client_id,
            actor=chat.visitor(thread),
            at=at,
        )
    except DomainError as error:
        if _wants_json(request):
            raise
        status = 422 if error.status == 400 else error.status
        return _room(request, thread, error=error, body=body, status=status)
    if not _wants_json(request):
        return redirect("chat:room")
    return _news(request, thread, after=_number(given.get("after")), seq=message.seq)


@never_cache
@require_POST
@_of_visitor
def read(request: HttpRequest, thread: Thread) -> HttpResponse:
    """`read` and `delivered`: up to which number the page has shown, and fetched, what we said."""
    given = _given(request)
    mark_read(
        thread=thread,
        read_seq=_number(given.get("read")),
        delivered_seq=_number(given.get("delivered")),
        actor=chat.visitor(thread),
        at=clock.now(),
    )
    return HttpResponse(status=204)


@never_cache
@require_POST
@_of_visitor
def end(request: HttpRequest, thread: Thread) -> HttpResponse:
    """The visitor is done; what was said stays readable in this browser."""
    chat.end_chat(thread=thread, actor=chat.visitor(thread), at=clock.now())
    if _wants_json(request):
        return _news(request, thread, after=_number(_given(request).get("after")))
    return redirect("chat:room")


@never_cache
@require_POST
@_of_visitor
def contact(request: HttpRequest, thread: Thread) -> HttpResponse:
    """A number at which we reach the visitor once they are gone."""
    at = clock.now()
    phone = str(_given(request).get("phone", ""))
    try:
        limits.spend(f"chat-contact:{thread.pk}", limit=CONTACT_LIMIT, seconds=CONTACT_SECONDS, at=at)
        chat.leave_contact(thread=thread, phone=phone, actor=chat.visitor(thread), at=at)
    except DomainError as error:
        if _wants_json(request):
            raise
        status = 422 if error.status == 400 else error.status
        return _room(request, thread, error=error, phone=phone, status=status)
    if _wants_json(request):
        return JsonResponse({"kept": True, "detail": _("Thank you. We call you if we lose each other.")})
    return redirect("chat:room")


@never_cache
@require_POST
@_of_visitor
def track(request: HttpRequest, thread: Thread) -> HttpResponse:
    """On to the page of the request behind this chat."""
    at = clock.now()
    limits.spend(f"chat-track:{thread.pk}", limit=TRACK_LIMIT, seconds=TRACK_SECONDS, at=at)
    address = urlsplit(chat.tracking_link(thread=thread, actor=chat.visitor(thread), at=at))
    # on the host that the browser is on, whatever the public one is called
    return redirect(urlunsplit(("", "", address.path, address.query, "")))


# --- parsing ---------------------------------------------------------------------------------------------
def _given(request: HttpRequest) -> dict[str, Any]:
    """The fields of a form or of a JSON object."""
    if request.content_type != "application/json":
        return request.POST.dict()
    try:
        given = json.loads(request.body)
    except ValueError:
        raise InvalidInput(_("This is not JSON.")) from None
    if not isinstance(given, dict):
        raise InvalidInput(_("This is not a JSON object."))
    return given


def _number(text: object) -> int:
    """A number of a message; 0 for whatever is none."""
    try:
        number = int(str(text))
    except ValueError:
        return 0
    return number if 0 <= number < 2**63 else 0
