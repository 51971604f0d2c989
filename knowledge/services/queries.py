"""What somebody who typed this may mean: terms with their weights, synonyms, and the words that typos stood
for.

Pure: no database. A word list of the product (knowledge.words) says which words matter, which mean the same
and which a mistyped one may have been: by sound (掉现 → 掉线), by one wrong character in three or more, by
one or two wrong letters in a Latin word."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

from core.tokens import CJK, compact, normalise, pinyin, tokens
from knowledge.words import synonyms, vocabulary

LONGEST_QUERY = 200
MOST_TERMS, MOST_SOUNDS = 24, 8

# what a term is worth before its rarity is known
CODE, KNOWN, WORD, LETTER, PART = 3.0, 2.0, 0.8, 0.3, 0.5
# how sure a way of matching is
EXACT, SYNONYM, SOUND, TYPO = 1.0, 0.85, 0.6, 0.55


@dataclass(frozen=True)
class Term:
    """One word of the query. `others` maps further tokens that would do to how sure that is; `known` words
    and codes are the product's own, all others may be chatter."""

    token: str
    weight: float
    others: dict[str, float] = field(default_factory=dict, hash=False)
    known: bool = False

    @property
    def alternatives(self) -> list[str]:
        """Every token that would do, the surest first."""
        return [self.token, *sorted(self.others, key=lambda other: -self.others[other])]


@dataclass(frozen=True)
class Query:
    """`plain` is the normalised text; `terms` come heaviest first."""

    plain: str
    terms: tuple[Term, ...]

    def __bool__(self) -> bool:
        return bool(self.terms)


def understand(text: str, *, longest: int = LONGEST_QUERY) -> Query:
    """The query behind a text, of which the first `longest` characters count."""
    plain = normalise(text[:longest])
    found = list(dict.fromkeys(tokens(plain)))
    terms = [_term(token, found) for token in found]
    terms.extend(_misheard(plain, set(found)))
    terms.sort(key=lambda term: -term.weight)
    return Query(plain, tuple(terms[:MOST_TERMS]))


def _term(token: str, found: list[str]) -> Term:
    known = token in vocabulary()
    if len(token) == 1:
        weight = LETTER
    elif is_code(token):
        weight = CODE
    else:
        weight = KNOWN if known else WORD
    if any(token != other and token in other for other in found):
        weight *= PART
    others = dict.fromkeys(synonyms().get(token, ()), SYNONYM)
    if not known and weight >= WORD:
        for guess in _mistyped(token):
            for word in (guess, *synonyms().get(guess, ())):
                others.setdefault(word, TYPO)
    return Term(token, weight, others, known=known or bool(others) or is_code(token))


def is_code(token: str) -> bool:
    """An error code or a model: Latin with a figure in it, or a known name in capitals such as los."""
    return token.isascii() and len(token) >= 2 and any(letter.isdigit() for letter in token)


def _mistyped(token: str) -> list[str]:
    """Known words that differ by a letter or two. Codes do not count: E2 is no mistyped E3."""
    if not token.isascii() or len(token) < 4 or (is_code(token) and len(token) < 6):
        return []
    allowed = 2 if len(token) >= 8 else 1
    near = process.extract(token, _latin_words(), scorer=OSA.distance, score_cutoff=allowed, limit=3)
    return [word for word, _distance, _place in near]


def _misheard(plain: str, found: set[str]) -> Iterator[Term]:
    """Known Chinese words that stretches of the query sound like, or equal but for one character."""
    seen = set(found)
    left = MOST_SOUNDS
    for stretch in _stretches(plain):
        if left == 0:
            return
        if stretch in vocabulary():
            continue
        guesses = {word: SOUND for word in _by_sound().get(pinyin(stretch), ()) if word not in seen}
        for word in list(guesses):
            for other in synonyms().get(word, ()):
                guesses.setdefault(other, SOUND * SYNONYM)
        if len(stretch) >= 3 and not guesses:
            same_length = _by_length().get(len(stretch), ())
            near = process.extract(stretch, same_length, scorer=OSA.distance, score_cutoff=1, limit=2)
            guesses = {word: TYPO for word, _distance, _place in near if word not in seen}
        if guesses:
            seen.update(guesses)
            left -= 1
            yield Term(stretch, KNOWN * PART, guesses, known=True)


def _stretches(plain: str) -> Iterator[str]:
    for run in re.findall(f"{CJK}+", plain):
        for size in (4, 3, 2):
            for start in range(len(run) - size + 1):
                yield run[start : start + size]


@lru_cache(maxsize=1)
def _latin_words() -> tuple[str, ...]:
    return tuple(sorted(word for word in vocabulary() if word.isascii() and len(word) >= 4))


@lru_cache(maxsize=1)
def _by_sound() -> dict[str, tuple[str, ...]]:
    sounding: dict[str, tuple[str, ...]] = {}
    for word in sorted(vocabulary()):
        if re.fullmatch(f"{CJK}{{2,4}}", word):
            sounding[pinyin(word)] = (*sounding.get(pinyin(word), ()), word)
    return sounding


@lru_cache(maxsize=1)
def _by_length() -> dict[int, tuple[str, ...]]:
    words: dict[int, tuple[str, ...]] = {}
    for word in sorted(vocabulary()):
        if re.fullmatch(f"{CJK}+", word):
            words[len(word)] = (*words.get(len(word), ()), word)
    return words


def same_code(code: str, token: str) -> bool:
    """Whether a stored code ("E20", "AC35-V2") is this token."""
    return compact(code) == token
