"""What may help the agent with a ticket. Looked for by the worker when the ticket is judged, so that the desk's page
only reads it."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import get_language

from core.actors import Actor
from core.db import lock_rows
from knowledge.services.search import Hit, suggest_articles
from knowledge.services.titles import titles
from tickets.models import Ticket

MOST = 5


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An article that may help: its slug and its title in the reader's language."""

    slug: str
    title: str


@transaction.atomic
def suggest(*, ticket: Ticket, actor: Actor, at: datetime) -> list[int]:
    """Look for at most five articles from subject, symptom, model, code and category, and keep their ids with the
    ticket. Doing it again replaces them."""
    locked: Ticket = lock_rows(Ticket.objects.filter(pk=ticket.pk)).get()
    fresh = Ticket.objects.select_related("product__line", "category").get(pk=locked.pk)
    found = [hit.article_id for hit in _hits(fresh, actor)]
    Ticket.objects.filter(pk=locked.pk).update(suggested=found)
    return found


def look(ticket: Ticket, *, viewer: Actor) -> list[Suggestion]:
    """What `suggest` would find now, for a page that is opened before the worker came to it."""
    return [Suggestion(hit.slug, hit.title) for hit in _hits(ticket, viewer)]


def _hits(ticket: Ticket, viewer: Actor) -> list[Hit]:
    return suggest_articles(
        f"{ticket.subject} {ticket.symptom}",
        product=ticket.product,
        error_code=ticket.error_code,
        category_code=ticket.category.code if ticket.category else "",
        viewer=viewer,
        limit=MOST,
    )


def suggestions_for(ticket: Ticket) -> list[Suggestion] | None:
    """What was found for the ticket and is still published, for staff; None when nobody has looked yet. At most one
    query, none while the titles are kept."""
    if ticket.suggested is None:
        return None
    english = (get_language() or "").startswith("en")
    known = titles(ticket.suggested)
    return [
        Suggestion(slug, (en if english else zh) or zh or en)
        for slug, zh, en in (known[pk] for pk in ticket.suggested if pk in known)
    ]
