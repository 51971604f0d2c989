"""What must not be said to a customer. The words are kept by the process for half a minute, as other names are; who
changes them in the admin has them at once (`forget`)."""

from functools import lru_cache

from django.core.cache import caches
from django.utils.translation import gettext as _

from core.errors import InvalidInput
from tickets import wording
from tickets.enums import WordLanguage, WordLevel
from tickets.models import ForbiddenWord
from tickets.wording import Checker, Rule

SECONDS = 30
_KEY = "tickets.forbidden-words"


def refuse(text: str, *, field: str = "body") -> None:
    """Raises InvalidInput "forbidden_word" (extra: words) with a message beside the field for each word of level "stop"
    and for each variable of a macro that nobody filled in."""
    found = [rule for rule in check(text) if rule.stop]
    complaints: list[object] = [sentence(rule) for rule in found]
    complaints += [
        _("Fill in {%(name)s} before you send.") % {"name": name} for name in wording.unfilled_variables(text)
    ]
    if complaints:
        code = "forbidden_word" if found else "invalid"
        raise InvalidInput(
            fields={field: complaints}, code=code, extra={"words": [rule.word for rule in found]}
        )


def check(text: str) -> list[Rule]:
    """The rules that a text breaks, of both levels, in the order of the text. At most one query in half a minute."""
    return _made(_rules()).find(text)


def sentence(rule: Rule) -> str:
    """What is wrong with a word, and what to say instead."""
    if not rule.stop:
        if rule.suggestion:
            return _("Better not “%(word)s” to a customer. Use “%(suggestion)s”?") % {
                "word": rule.word,
                "suggestion": rule.suggestion,
            }
        return _("Better not “%(word)s” to a customer.") % {"word": rule.word}
    if rule.suggestion:
        return _("“%(word)s” must not be said to a customer. Use “%(suggestion)s”?") % {
            "word": rule.word,
            "suggestion": rule.suggestion,
        }
    return _("“%(word)s” must not be said to a customer. Leave it out.") % {"word": rule.word}


def forget() -> None:
    """The words were changed: this process reads them anew; others do within half a minute."""
    caches["local"].delete_many([_KEY])


def _rules() -> tuple[Rule, ...]:
    kept: tuple[Rule, ...] | None = caches["local"].get(_KEY)
    if kept is None:
        rows = ForbiddenWord.objects.filter(active=True).order_by("word")
        kept = tuple(
            Rule(
                word=row.word,
                suggestion=row.suggestion,
                stop=row.level == WordLevel.STOP,
                whole=row.language == WordLanguage.EN,
                exceptions=tuple(str(text) for text in row.exceptions),
            )
            for row in rows
        )
        caches["local"].set(_KEY, kept, SECONDS)
    return kept


@lru_cache(maxsize=8)
def _made(rules: tuple[Rule, ...]) -> Checker:
    return wording.checker(rules)
