"""Who acts and who looks: one value for both, made at the door and handed down.

Kinds: `staff` (id = user), `customer` (id = customer), `link` (holder of a private tracking link, id = ticket),
`visitor` (holder of a chat token, id = thread), `bot`, `system`, and `nobody` (an anonymous reader of public pages).
"""

from dataclasses import dataclass, field
from typing import Literal

ActorKind = Literal["staff", "customer", "link", "visitor", "bot", "system", "nobody"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who acts or looks. `scopes` are the team ids a member of staff works for; `sees_all` lifts the
    limit (supervisors, quality, administrators)."""

    kind: ActorKind
    id: int | None = None
    name: str = ""
    scopes: frozenset[int] = field(default_factory=frozenset)
    sees_all: bool = False

    @property
    def is_staff(self) -> bool:
        return self.kind == "staff"

    @property
    def is_system(self) -> bool:
        return self.kind in ("system", "bot")


SYSTEM = Actor("system", name="system", sees_all=True)
NOBODY = Actor("nobody")
