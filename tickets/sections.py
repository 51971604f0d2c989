"""What a ticket's page on the desk has beside the conversation: sections of the customer column that only some tickets
have, and entries of the "More actions" menu. Whoever owns one registers it beside its view."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.actors import Actor

if TYPE_CHECKING:
    from tickets.models import Ticket


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the customer column. `url` names an address that takes the ticket's reference and answers with the
    section's inside, its heading included; it is asked for only where `Ticket.sections` holds the code
    (services.sections writes it), so that a ticket without one pays nothing."""

    code: str
    url: str
    order: int = 50


@dataclass(frozen=True, slots=True)
class Act:
    """An entry of the menu. `url` names an address that takes the ticket's reference and answers with a dialog;
    `allowed` looks at the ticket's row and at nothing else, for it is asked on each opening of the page (the verb
    decides when it is done)."""

    code: str
    label: Any
    icon: str
    url: str
    allowed: Callable[["Ticket", Actor], bool]
    order: int = 50


_sections: dict[str, Section] = {}
_acts: dict[str, Act] = {}


def register(*parts: Section | Act) -> None:
    """Make them known; a code again replaces what it named."""
    for part in parts:
        if isinstance(part, Section):
            _sections[part.code] = part
        else:
            _acts[part.code] = part


def sections_of(codes: Iterable[str]) -> list[Section]:
    """The known ones among the codes, in order."""
    return sorted((_sections[code] for code in codes if code in _sections), key=lambda s: (s.order, s.code))


def acts_of(ticket: "Ticket", viewer: Actor) -> list[Act]:
    """The entries that this person may be offered on this ticket, in order."""
    offered = (act for act in _acts.values() if act.allowed(ticket, viewer))
    return sorted(offered, key=lambda act: (act.order, act.code))
