"""Measures one size while production's processes serve it (scripts/serve_production.py calls this)."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.test import Client as InProcess  # noqa: E402

from accounts.models import User  # noqa: E402
from accounts.services.people import staff_actor  # noqa: E402
from bench import raw  # noqa: E402
from bench.http import Client, Timing, alone, parts_of, together  # noqa: E402
from config.demo import words  # noqa: E402
from core import clock  # noqa: E402
from core.actors import SYSTEM, Actor  # noqa: E402
from core.search import candidates  # noqa: E402
from core.tokens import tokens  # noqa: E402
from customers.models import Device  # noqa: E402
from tickets.enums import ACTIVE, Status  # noqa: E402
from tickets.models import Ticket, TicketSearchEntry  # noqa: E402
from tickets.services import assist, search, talk  # noqa: E402
from tickets.services.intake import request_service  # noqa: E402

PAGES = os.environ.get("PAGES_URL", "")
ROUNDS, SECONDS, TOGETHER_SECONDS, CLIENTS, WRITES = 150, 6.0, 4.0, 8, 40
#: requests from one loopback address before the next one: below the limit of an address
MOVES = 25
#: in nearly every ticket
COMMON = "您好"


class Bench:
    """All measurements of one size; `found` is name → figures."""

    def __init__(self, size: int, reference: str) -> None:
        self.size, self.reference = size, reference
        self.found: dict[str, dict[str, Any]] = {}
        self.turn = count()
        self.supervisor = User.objects.get(username="qinlan")
        self.admin = User.objects.get(username="admin")
        self.agent = User.objects.get(username="linxiao")
        self.cookie = {user.pk: _signed_in(user) for user in (self.supervisor, self.admin, self.agent)}

    def run(self) -> dict[str, dict[str, Any]]:
        self._page("empty view", "/empty/", None, base=self.reference)
        self._page("ORM + template, 50 rows", "/rows/", None, base=self.reference)
        self._page("queue page", "/desk/?view=all", self.supervisor)
        ticket = self._long_ticket()
        self._page("ticket opened from the list", f"/desk/t/{ticket.reference}/", self.supervisor, part=True)
        self._page("ticket page by its address", f"/desk/t/{ticket.reference}/?view=all", self.supervisor)
        self._page("admin ticket list", "/admin/tickets/ticket/", self.admin)
        self._search("rare", self._rare_word())
        self._search("common", COMMON)
        self._create()
        self._reply()
        return self.found

    # --- pages -----------------------------------------------------------------------------------------------

    def _headers(self, user: User | None, part: bool = False) -> dict[str, str]:
        headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={self.cookie[user.pk]}"} if user else {}
        return headers | ({"HX-Request": "true", "HX-Target": "main"} if part else {})

    def _page(
        self, name: str, path: str, user: User | None, *, base: str = PAGES, part: bool = False
    ) -> None:
        """A page with the parts that it loads by itself: they are part of its price."""
        parts = parts_of(Client(base, self._headers(user, part)).get(path))

        def visitor() -> Callable[[], object]:
            one, other = Client(base, self._headers(user, part)), Client(base, self._headers(user, True))

            def visit() -> None:
                one.get(path)
                for address in parts:
                    other.get(address)

            return visit

        timing = alone(visitor(), rounds=ROUNDS, seconds=SECONDS)
        timing.throughput = together(visitor, clients=CLIENTS, seconds=TOGETHER_SECONDS)
        queries, sql = 0, None
        if user is not None:
            statements = self._statements(path, user, part)
            for address in parts:
                statements += self._statements(address, user, True)
            queries, sql = len(statements), raw.repeat(statements, rounds=ROUNDS, seconds=SECONDS / 2)
        self._keep(name, timing, queries=queries, sql=sql, parts=parts)

    def _statements(self, path: str, user: User, part: bool) -> list[str]:
        """What one request asks the database, warm (in this process: the same code and settings)."""
        browser = InProcess(
            SERVER_NAME="127.0.0.1", headers={"Accept-Language": "zh-CN"}, raise_request_exception=True
        )
        browser.cookies[settings.SESSION_COOKIE_NAME] = self.cookie[user.pk]
        headers = {"HX-Request": "true", "HX-Target": "main"} if part else {}
        for _ in range(2):
            statements = raw.captured(lambda: browser.get(path, headers=headers))
        return statements

    def _long_ticket(self) -> Ticket:
        """An open ticket with twenty messages."""
        ticket = Ticket.objects.filter(status=Status.OPEN).exclude(assignee=None).order_by("pk")[0]
        agent = staff_actor(User.objects.get(pk=ticket.assignee_id))
        customer = Actor("customer", ticket.customer_id)
        at = clock.now()
        while (said := ticket.entries.exclude(message=None).count()) < 20:
            at += timedelta(seconds=1)
            body = words.TAILS[said % len(words.TAILS)].strip("，。") + f"（第{said}句）"
            if said % 2:
                talk.reply(ticket=ticket, body=body, actor=agent, at=at)
            else:
                talk.customer_reply(ticket=ticket, body=body, actor=customer, at=at)
        # what the worker does when a ticket is judged; bulk data has no such moment
        assist.suggest(ticket=ticket, actor=SYSTEM, at=at)
        return ticket

    # --- search ----------------------------------------------------------------------------------------------

    def _rare_word(self) -> str:
        """Of the odd words, the one that fewest tickets hold, but at least one."""
        found = []
        for tail in words.ODD_TAILS:
            word = max(tokens(tail), key=len)
            hits = len(candidates(TicketSearchEntry, [word], limit=2_000))
            if hits:
                found.append((hits, word))
        return min(found)[1]

    def _search(self, kind: str, word: str) -> None:
        viewer = staff_actor(self.supervisor)
        groups = list(dict.fromkeys(tokens(word)))
        statements = raw.captured(
            lambda: candidates(TicketSearchEntry, groups, limit=50, match="all", value="ticket_id")
        )
        bare = raw.repeat(statements, rounds=ROUNDS, seconds=SECONDS / 2)
        service = alone(
            lambda: search.find(query=word, viewer=viewer, limit=50), rounds=ROUNDS, seconds=SECONDS / 2
        )
        asked = raw.captured(lambda: search.find(query=word, viewer=viewer, limit=50))
        self._keep(f"search, {kind} word: the verb", service, queries=len(asked), sql=bare, word=word)
        self._page(f"search, {kind} word: the page", f"/desk/search/?q={quote(word)}", self.supervisor)
        self.found[f"search, {kind} word: the page"]["full_text_p50"] = bare.p50

    # --- writes ----------------------------------------------------------------------------------------------

    def _create(self) -> None:
        devices = list(
            Device.objects.exclude(customer=None).select_related("product", "customer").order_by("pk")[:400]
        )
        complaint = words.STORIES["connect-offline"][1][0]

        def body(number: int) -> dict[str, Any]:
            device = devices[number % len(devices)]
            return {
                "phone": device.customer.phone,
                "name": device.customer.name,
                "product": device.product.code,
                "serial": device.serial,
                "symptom": f"第{number}次了，{complaint}",
            }

        def send(one: Client) -> None:
            one.post("/api/v1/requests/", json.dumps(body(next(self.turn))).encode())

        def work(number: int) -> None:
            request_service(**body(number), actor=Actor("nobody"), at=clock.now())

        self._write("create by API", send, work, {"Content-Type": "application/json"})

    def _reply(self) -> None:
        secret = "b" * 32
        headers = {
            "Content-Type": "application/json",
            "Cookie": f"{settings.SESSION_COOKIE_NAME}={self.cookie[self.supervisor.pk]}; "
            f"{settings.CSRF_COOKIE_NAME}={secret}",
            "X-CSRFToken": secret,
        }
        rows = Ticket.objects.filter(status__in=ACTIVE).exclude(assignee=None).order_by("pk")
        tickets = list(rows.values_list("reference", "pk")[:400])
        text = words.STORIES["connect-offline"][2][0]

        def send(one: Client) -> None:
            number = next(self.turn)
            reference, _pk = tickets[number % len(tickets)]
            one.post(f"/api/v1/tickets/{reference}/reply/", json.dumps({"body": f"{text} {number}"}).encode())

        def work(number: int) -> None:
            _reference, pk = tickets[number % len(tickets)]
            actor = staff_actor(self.supervisor)
            talk.reply(ticket=Ticket(pk=pk), body=f"{text} {number}", actor=actor, at=clock.now())

        self._write("reply by API", send, work, headers)

    def _write(
        self,
        name: str,
        send: Callable[[Client], None],
        work: Callable[[int], object],
        headers: dict[str, str],
    ) -> None:
        sql = raw.transactions(work, rounds=WRITES)

        def writer() -> Callable[[], object]:
            client = Client(PAGES, headers, moves=MOVES)
            return lambda: send(client)

        timing = alone(writer(), rounds=ROUNDS, seconds=SECONDS)
        timing.throughput = together(writer, clients=CLIENTS, seconds=TOGETHER_SECONDS)
        self._keep(name, timing, queries=len(raw.undone(work)), sql=sql)

    # --- keeping ---------------------------------------------------------------------------------------------

    def _keep(self, name: str, timing: Timing, *, queries: int, sql: Timing | None, **more: Any) -> None:
        self.found[name] = {
            "p50": timing.p50,
            "p95": timing.p95,
            "throughput": timing.throughput,
            "queries": queries,
            "sql_p50": sql.p50 if sql else None,
            "rounds": len(timing.rounds),
            **more,
        }
        print(f"  {name}: p50 {timing.p50:.1f} ms, {queries} queries", flush=True)


def _signed_in(user: User) -> str:
    """The cookie of a new session."""
    engine = import_module(settings.SESSION_ENGINE)
    session = engine.SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "accounts.backends.PasswordBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


def main(size: str, result: str) -> int:
    port = PAGES.rpartition(":")[2]
    own_port = int(port) + 2
    reference = f"http://127.0.0.1:{own_port}"
    server = subprocess.Popen(
        [Path(sys.executable).parent / "granian", "--interface", "wsgi", "--host", "127.0.0.1"]
        + ["--port", str(own_port), "--workers", str(os.cpu_count() or 1), "--no-access-log"]
        + ["--log-level", "warning", "bench.reference.wsgi:application"],
        start_new_session=True,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "bench.reference.settings"},
    )
    try:
        deadline = time.monotonic() + 30
        while not _answers(f"{reference}/empty/"):
            if time.monotonic() > deadline or server.poll() is not None:
                print("The reference pages did not start.", file=sys.stderr)
                return 1
            time.sleep(0.1)
        found = Bench(int(size), reference).run()
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGTERM)
        server.wait()
    Path(result).write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
    return 0


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
