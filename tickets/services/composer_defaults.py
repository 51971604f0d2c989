"""The scripts, macros and forbidden words that a new installation starts with."""

from datetime import datetime

from core.services.defaults import create_missing, read_defaults
from tickets.enums import MacroKind
from tickets.models import ForbiddenWord, Macro

FIELDS = ("code", "name_zh", "name_en", "body_zh", "body_en")


def load(at: datetime) -> int:
    """Insert what is missing of tickets/defaults/composer.yaml; returns how many rows were new."""
    given = read_defaults("tickets", "composer")
    macros = [
        Macro(
            position=10 * place,
            kind=row.get("kind", MacroKind.SCRIPT),
            then_status=row.get("then_status", ""),
            note=row.get("note", ""),
            **{name: row[name] for name in FIELDS},
        )
        for place, row in enumerate(given["macros"], start=1)
    ]
    words = [
        ForbiddenWord(
            word=row["word"],
            suggestion=row["suggestion"],
            language=row["language"],
            level=row["level"],
            exceptions=row["except"],
        )
        for row in given["forbidden_words"]
    ]
    return len(create_missing(macros, key=["code"], at=at)) + len(create_missing(words, key=["word"], at=at))
