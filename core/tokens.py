"""Text to tokens: what the search index keeps and what a query asks for.

`tokens("HQ-L5 Pro 配网失败, 显示Ｅ２０")` → `["hql5pro", "hql5", "hq", "l5", "pro", "配网", "失败", …,
"e20"]`

Chinese is cut with rjieba for search (long words also yield the shorter ones in them), Latin names keep a
whole form without hyphens and spaces beside their parts, decimals stay whole (2.4g). Words that must not be
cut come from the apps: `register_words(provider)`, read once at the first use. rjieba and pypinyin are loaded
then, too, not at start."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

LONGEST_TOKEN = 64
LONGEST_TEXT = 200_000
SHORTEST_SOUND, LONGEST_SOUND = 2, 4  # characters in a group that is also kept by its sound

CJK = "[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
_OTHER = rf"(?:(?!{CJK})[^\W_])"
_RUN = re.compile(rf"(?P<cjk>{CJK}+)|(?P<other>{_OTHER}+(?:(?:[-_]+|(?<=\d)\.(?=\d)){_OTHER}+)*)", re.UNICODE)
_SEPARATORS = re.compile(r"[-_\s]+")
_CONTROL = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff0-\uffff]"
)

_STOP_WORDS = """
的 了 吗 呢 吧 啊 呀 哦 嘛 么 是 在 我 你 您 他 她 它 我们 你们 您们 他们 这 那 这个 那个 就 都 也 还 又 和 与
或 及 把 被 给 跟 对 从 到 向 请 请问 怎么 怎样 怎么样 如何 什么 为什么 为啥 啥 咋 咋办 怎么办 一个 一下 一直
可以 能 能不能 有 没 没有 不 个 只 很 太 会 要 想 着 过 得 地 之 其 而 但 但是 因为 所以 如果 时候
a an the is are was were be been am do does did to of in on at for from with by and or but if then than that
this these those it its i me my we our you your he she they them how what why when where which who can could
will would should may might not no nor so as has have had just very there here please
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())


@dataclass(frozen=True)
class Vocabulary:
    """What the registered words became: a Chinese cutter and a pattern of Latin names that hold
    separators."""

    cutter: Any
    words: frozenset[str]
    longest: int
    names: re.Pattern[str] | None


_providers: list[Callable[[], Iterable[str]]] = []


def register_words(provider: Callable[[], Iterable[str]]) -> Callable[[], Iterable[str]]:
    """Register words that are never cut (a decorator). Providers read files, not the database: an index
    outlives the process that wrote it, so every process must cut alike."""
    _providers.append(provider)
    _vocabulary.cache_clear()
    return provider


@lru_cache(maxsize=1)
def _vocabulary() -> Vocabulary:
    import rjieba

    cutter = rjieba.Jieba()
    known, patterns = set(), set()
    for provide in _providers:
        for word in map(normalise, provide()):
            if re.fullmatch(f"{CJK}{{2,}}", word):
                cutter.add_word(word, None, None)
                known.add(word)
            elif len(parts := _SEPARATORS.split(word)) > 1 or re.search(CJK, word):
                patterns.add(r"[-_\s]*".join(map(re.escape, parts)))
    longest_first = sorted(patterns, key=len, reverse=True)
    names = re.compile(rf"(?<![a-z0-9])(?:{'|'.join(longest_first)})(?![a-z0-9])") if patterns else None
    return Vocabulary(cutter, frozenset(known), max(map(len, known), default=0), names)


def normalise(text: str) -> str:
    """Full width to half width, compatibility forms to plain ones (NFKC), lower case, no invisible
    characters, single spaces."""
    plain = unicodedata.normalize("NFKC", text[:LONGEST_TEXT]).lower()
    return " ".join(_CONTROL.sub("", plain).split())


def tokens(text: str, *, stop_words: bool = False) -> list[str]:
    """The tokens of a text, with repetitions: known names first, then all in reading order. Stop words are
    left out unless `stop_words` is set."""
    words = _vocabulary()
    found: list[str] = []
    plain = normalise(text)
    if words.names:
        for name in words.names.finditer(plain):
            found.append(compact(name.group()))
    for run in _RUN.finditer(plain):
        if run["cjk"]:
            found.extend(_chinese(run["cjk"], words))
        else:
            found.extend(_latin(run["other"]))
    return [
        token
        for token in found
        if len(token) <= LONGEST_TOKEN
        and (stop_words or token not in STOP_WORDS)
        and any(letter.isalnum() for letter in token)  # else the backends would drop it, each in its way
    ]


def _chinese(run: str, words: Vocabulary) -> list[str]:
    cut = words.cutter.cut_for_search(run, False)
    missing = []
    # the cutter's choice depends on the neighbours (燃气味 becomes 燃 and 气味); a registered word is found
    # always
    for size in range(2, min(words.longest, len(run)) + 1):
        for start in range(len(run) - size + 1):
            word = run[start : start + size]
            if word in words.words and word not in cut:
                missing.append(word)
    return [*cut, *missing]


def _latin(run: str) -> list[str]:
    parts = [part for part in _SEPARATORS.split(run) if part]
    whole = ["".join(parts)] if len(parts) > 1 else []
    return [*whole, *parts, *(one for part in parts if (one := singular(part)) != part)]


def singular(word: str) -> str:
    """An English word without its plural ending: batteries → battery, fingerprints → fingerprint. Short words,
    figures and words in -ss, -us, -is stay as they are."""
    if len(word) < 4 or not (word.isascii() and word.isalpha()) or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    return word.removesuffix("s")


def compact(name: str) -> str:
    """A name as one token: "HQ-L5 Pro" → "hql5pro"."""
    return _SEPARATORS.sub("", normalise(name))


def sounds(words: Iterable[str]) -> list[str]:
    """The pinyin of each Chinese word of two to four characters, without tones: 掉线 → "diaoxian". A
    homophone typo (掉现) sounds the same."""
    found = []
    for word in words:
        if SHORTEST_SOUND <= len(word) <= LONGEST_SOUND and re.fullmatch(f"{CJK}+", word):
            found.append(pinyin(word))
    return found


def sounds_in(text: str) -> list[str]:
    """The pinyin of every stretch of two to four Chinese characters in a (short) query, however it would be
    cut: a typo breaks words, not their sound. Longer ones first."""
    runs = [run["cjk"] for run in _RUN.finditer(normalise(text)) if run["cjk"]]
    found: dict[str, None] = {}
    for size in range(LONGEST_SOUND, SHORTEST_SOUND - 1, -1):
        for run in runs:
            for start in range(len(run) - size + 1):
                found.setdefault(pinyin(run[start : start + size]))
    return list(found)


@lru_cache(maxsize=20_000)
def pinyin(word: str) -> str:
    """The word's pinyin without tones and spaces."""
    from pypinyin import lazy_pinyin

    return "".join(lazy_pinyin(word, errors="ignore"))
