"""What a notice says: the app that owns a kind registers the words for it, in handlers.py or beside it.

@notice_words("tickets.mentioned", "tickets.watched")
def words(notices, viewer) -> dict[int, NoticeText]: ...     # for all of a page at once: few queries
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext

from accounts.models import Notice
from core.actors import Actor


@dataclass(frozen=True, slots=True)
class NoticeText:
    """`title` in one line, `line` what it is about (the reader may see it), `url` where it leads (empty when the reader
    may not go there), `icon` its picture in the sprite."""

    title: str
    line: str = ""
    url: str = ""
    icon: str = "bell"


Words = Callable[[Sequence[Notice], Actor], dict[int, NoticeText]]
_words: dict[str, Words] = {}


def notice_words(*kinds: str) -> Callable[[Words], Words]:
    """Register who says these kinds: `words(notices, viewer) -> {notice id: NoticeText}`. Raises RuntimeError for a
    kind that has words already."""

    def register(words: Words) -> Words:
        for kind in kinds:
            if kind in _words:
                raise RuntimeError(f"notices of kind {kind} have words already")
            _words[kind] = words
        return words

    return register


def texts_of(notices: Sequence[Notice], viewer: Actor) -> dict[int, NoticeText]:
    """Notice id → its text in the reader's language; a kind that a release removed is a notice without more."""
    by_words: dict[Words, list[Notice]] = {}
    for notice in notices:
        if notice.kind in _words:
            by_words.setdefault(_words[notice.kind], []).append(notice)
    found = {notice.pk: NoticeText(gettext("Notice")) for notice in notices}
    for words, rows in by_words.items():
        found |= words(rows, viewer)
    return found
