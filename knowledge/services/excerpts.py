"""Short passages with the found words marked: data for a template, no HTML."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.tokens import CJK

WIDTH = 90
BEFORE = 20


@dataclass(frozen=True)
class Segment:
    """A piece of text; `hit` is what was looked for."""

    text: str
    hit: bool = False


def highlight(text: str, words: Sequence[str]) -> tuple[Segment, ...]:
    """The text in segments. Tokens are found in their written forms ("hql5pro" in "HQ-L5 Pro")."""
    pattern = _pattern(words)
    if pattern is None or not text:
        return (Segment(text),) if text else ()
    parts, last = [], 0
    for found in pattern.finditer(text):
        if found.start() > last:
            parts.append(Segment(text[last : found.start()]))
        parts.append(Segment(found.group(), hit=True))
        last = found.end()
    if last < len(text):
        parts.append(Segment(text[last:]))
    return tuple(parts)


def excerpt(text: str, words: Sequence[str]) -> tuple[Segment, ...]:
    """About 90 characters around the first found word (180 in Latin script); empty when there is none."""
    pattern = _pattern(words)
    found = pattern.search(text) if pattern else None
    if found is None:
        return ()
    width = WIDTH if re.search(CJK, text) else 2 * WIDTH
    start = max(found.start() - BEFORE, 0)
    if start:
        # begin at a sentence or a word where one is near
        gap = re.search(r"[。；！？.;!?\s]", text[start : found.start()])
        start += gap.end() if gap else 0
    end = min(start + width, len(text))
    cut = ("…" if start else "") + text[start:end].strip() + ("…" if end < len(text) else "")
    return highlight(cut, words)


def _pattern(words: Sequence[str]) -> re.Pattern[str] | None:
    forms = []
    for word in sorted(set(words), key=len, reverse=True):
        if not word:
            continue
        if word.isascii():
            spread = r"[-_\s]?".join(map(re.escape, word[:40]))
            forms.append(rf"(?<![A-Za-z0-9]){spread}(?![A-Za-z0-9])")
        else:
            forms.append(re.escape(word))
    return re.compile("|".join(forms), re.IGNORECASE) if forms else None
