"""Words in answers, without a database: variables of macros, and what must not be said."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

#: what a macro may name in braces
VARIABLES = ("customer", "model", "reference", "agent", "due")
_BRACES = re.compile(r"\{([^{}\n]{0,40})\}")


def unknown_variables(text: str) -> list[str]:
    """What stands in braces and is no variable, in order, once each."""
    found = (name for name in _BRACES.findall(text) if name not in VARIABLES)
    return list(dict.fromkeys(found))


def unfilled_variables(text: str) -> list[str]:
    """The variables that still stand in braces, in order, once each."""
    return list(dict.fromkeys(name for name in _BRACES.findall(text) if name in VARIABLES))


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its variables filled in one pass: what a value holds in braces is not read again. A variable
    without a value stays as it is, for a person to fill."""
    return _BRACES.sub(lambda match: values.get(match[1]) or match[0], text)


@dataclass(frozen=True, slots=True)
class Rule:
    """A forbidden word with what to say instead; `whole` when it must stand alone (English)."""

    word: str
    suggestion: str
    stop: bool
    whole: bool
    exceptions: tuple[str, ...] = ()


def plain(text: str) -> str:
    """For comparing: full-width forms as their usual ones, without case, spaces as one."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


@dataclass(frozen=True, slots=True)
class Checker:
    """Rules made ready: one pattern for all words, so that a text is read once however many rules there are."""

    rules: dict[str, Rule]
    pattern: re.Pattern[str] | None

    def find(self, text: str) -> list[Rule]:
        """The rules that a text breaks, in the order of the text, once each."""
        if self.pattern is None:
            return []
        found: dict[str, Rule] = {}
        for match in self.pattern.finditer(plain(text)):
            rule = self.rules.get(match[0])
            if rule is not None:
                found.setdefault(rule.word, rule)
        return list(found.values())


def checker(rules: Iterable[Rule]) -> Checker:
    """A checker for these rules. Longer words are tried first, and an exception swallows the word inside it."""
    known = {plain(rule.word): rule for rule in rules if plain(rule.word)}
    allowed = {plain(text): rule for rule in known.values() for text in rule.exceptions if plain(text)}
    words: Sequence[str] = sorted({*known, *allowed}, key=lambda word: (-len(word), word))
    if not words:
        return Checker({}, None)
    parts = [_alone(word) if (known.get(word) or allowed[word]).whole else re.escape(word) for word in words]
    banned = {word: rule for word, rule in known.items() if word not in allowed}
    return Checker(banned, re.compile("|".join(parts)))


def _alone(word: str) -> str:
    """Not inside a longer Latin word: "guaranteed" is another word than "guarantee"."""
    return rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])"
