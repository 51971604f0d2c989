"""The product's words for search: what is never cut, and what means the same. Read from
defaults/synonyms.yaml at the first use; the same in every process, because the index outlives the process
that wrote it."""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import yaml

from core.tokens import compact, register_words

FILE = Path(__file__).parent / "defaults" / "synonyms.yaml"


@lru_cache(maxsize=1)
def _file() -> tuple[list[str], list[list[str]]]:
    loaded = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    words = [str(word) for word in loaded["dictionary"]]
    return words, [[str(word) for word in group] for group in loaded["synonyms"]]


@register_words
def whole_words() -> Iterable[str]:
    """Words that the tokenizer keeps whole."""
    words, groups = _file()
    return [*words, *(word for group in groups for word in group)]


@lru_cache(maxsize=1)
def synonyms() -> dict[str, tuple[str, ...]]:
    """Token → the other tokens of its group."""
    found: dict[str, tuple[str, ...]] = {}
    for group in _file()[1]:
        tokens = list(dict.fromkeys(map(compact, group)))
        for token in tokens:
            others = tuple(other for other in tokens if other != token)
            found[token] = tuple(dict.fromkeys((*found.get(token, ()), *others)))
    return found


@lru_cache(maxsize=1)
def vocabulary() -> frozenset[str]:
    """Every known word as a token."""
    return frozenset(map(compact, whole_words()))
