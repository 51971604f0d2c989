"""The shared re-ranker: the same order on both databases, whatever their full-text ranks.

score = coverage + likeness + context
- coverage: Σ weight × rarity × how well the field holds the term ÷ Σ weight × rarity, over the terms of the
query;
  rarity = ln((n + 1) ÷ (df + ½)) over the candidates, at least 0.2.
- likeness: 0.6 × the best likeness of the query to one of the article's keywords or its title (0 … 1).
- context: what is known beside the words (model, category, error code), and how often the article helped.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from rapidfuzz import fuzz

from core.tokens import normalise
from knowledge.services.queries import EXACT, Query, Term, is_code

TITLE, SOUND_ONLY, BODY = 1.0, 0.5, 0.45
LIKENESS, LEAST_LIKENESS = 0.6, 0.6
LEAST_RARITY, MOST_RARITY = 0.2, 2.5
# a word in a text alone says less about how common the subject is
IN_PASSING = 0.25
# a word that no candidate holds is more often chatter than the point
UNHEARD = 0.6
# how many heavy words of a query an article can be expected to hold
EXPECTED_TERMS = 4


@dataclass(frozen=True)
class Document:
    """An index row as the ranker sees it."""

    article_id: int
    language: str
    heads: frozenset[str]
    words: frozenset[str]
    sounds: frozenset[str]
    phrases: tuple[str, ...]
    codes: frozenset[str]


@dataclass
class Match:
    """How a term was found: `token` is what stands in the document."""

    term: Term
    token: str
    sureness: float
    place: float


@dataclass
class Ranked:
    """`grounded`: a word of the product's own list, a code, or a whole phrase was met; without that only
    common words (天天, 哪里) coincide."""

    document: Document
    score: float
    matches: list[Match] = field(default_factory=list)
    grounded: bool = True


def rank(query: Query, documents: Sequence[Document]) -> list[Ranked]:
    """Documents with their scores, best first."""
    worth = {term.token: term.weight * _rarity(term, documents) for term in query.terms}
    whole = sum(sorted(worth.values(), reverse=True)[:EXPECTED_TERMS])
    ranked = []
    for document in documents:
        matches = [match for term in query.terms if (match := find(term, document))]
        held = sum(worth[m.term.token] * m.sureness * m.place for m in matches)
        coverage = min(held / whole, 1.0) if whole else 0.0
        like = likeness(query.plain, document.phrases)
        grounded = like > 0 or any(match.term.known for match in matches)
        ranked.append(Ranked(document, coverage + LIKENESS * like, matches, grounded))
    ranked.sort(key=lambda row: (-row.score, row.document.article_id))
    return ranked


def find(term: Term, document: Document) -> Match | None:
    """The best way in which the document holds the term."""
    best: Match | None = None
    for token, sureness in ((term.token, EXACT), *term.others.items()):
        if token in document.heads:
            place = TITLE
        elif token in document.words:
            place = BODY
        elif token in document.sounds:
            place = SOUND_ONLY
        else:
            continue
        if is_code(token) and token in document.codes:
            place = TITLE
        if best is None or sureness * place > best.sureness * best.place:
            best = Match(term, token, sureness, place)
    return best


def likeness(plain: str, phrases: Sequence[str]) -> float:
    """How like the query is to what people say according to the article: 1 is the same, a phrase inside the
    query or around it counts by its share, below 0.6 nothing counts."""
    best = 0.0
    for phrase in phrases:
        if len(phrase) < 2:
            continue
        if phrase in plain or plain in phrase:
            share = min(len(plain), len(phrase)) / max(len(plain), len(phrase))
            best = max(best, 0.4 + 0.6 * share if len(plain) > 1 else 0.0)
        else:
            ratio = fuzz.ratio(plain, phrase) / 100
            best = max(best, ratio if ratio >= LEAST_LIKENESS else 0.0)
    return best


def _rarity(term: Term, documents: Sequence[Document]) -> float:
    holding = 0.0
    for document in documents:
        if not document.heads.isdisjoint(term.alternatives):
            holding += 1
        elif not document.words.isdisjoint(term.alternatives):
            holding += IN_PASSING
    if not holding:
        return UNHEARD
    return min(max(math.log((len(documents) + 1) / (holding + 0.5)), LEAST_RARITY), MOST_RARITY)


def phrases_of(keywords: Sequence[str], title: str) -> tuple[str, ...]:
    """What people say of the article, and its title as the last one."""
    return (*dict.fromkeys(map(normalise, keywords)), normalise(title))
