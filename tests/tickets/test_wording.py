"""Variables of macros and forbidden words, without a database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.wording import VARIABLES, Rule, checker, fill, unfilled_variables, unknown_variables

ABSOLUTELY = Rule("绝对", "一般", True, False, ("绝对值", "绝对湿度"))
DEAR = Rule("亲", "您", True, False, ("亲自", "父亲"))
GUARANTEE = Rule("guarantee", "expect", True, True)
PERCENT = Rule("100%", "多数情况下", False, False, ("充到100%",))
RULES = checker([ABSOLUTELY, DEAR, GUARANTEE, PERCENT])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("这个绝对没问题", ["绝对"]),
        ("相对湿度和绝对湿度不一样", []),
        ("绝对湿度正常，绝对没问题", ["绝对"]),
        ("亲，您好。亲", ["亲"]),
        ("我亲自联系您的父亲", []),
        ("父亲，亲", ["亲"]),
        ("We GUARANTEE it", ["guarantee"]),
        ("it is guaranteed", []),
        ("我们guarantee的", ["guarantee"]),
        ("１００％ 没问题", ["100%"]),
        ("请先充到100%再试", []),
        ("亲，绝对 100%", ["亲", "绝对", "100%"]),
        ("", []),
        ("网关离线了", []),
    ],
)
def test_words_are_found_wherever_they_stand_but_not_inside_others(text: str, words: list[str]) -> None:
    assert [rule.word for rule in RULES.find(text)] == words


def test_the_longer_word_wins() -> None:
    rules = checker([Rule("保证", "尽力", True, False), Rule("百分百保证", "尽力", True, False)])
    assert [rule.word for rule in rules.find("百分百保证修好")] == ["百分百保证"]


def test_no_rules_find_nothing() -> None:
    assert checker([]).find("绝对") == []
    assert checker([Rule(" ", "", True, False)]).find("绝对 ") == []


def test_a_word_is_no_pattern() -> None:
    rules = checker([Rule("a.c(", "", True, False)])
    assert rules.find("abc") == []
    assert [rule.word for rule in rules.find("x A.C( y")] == ["a.c("]


@given(st.text(alphabet="亲父自绝对值 a%10保", max_size=40))
def test_a_word_that_is_found_stands_in_the_text(text: str) -> None:
    for rule in RULES.find(text):
        assert rule.word in text


@pytest.mark.parametrize(
    ("text", "unknown", "unfilled"),
    [
        ("{customer}您好", [], ["customer"]),
        ("{customer}{due}{due}", [], ["customer", "due"]),
        ("{customer_name} {}", ["customer_name", ""], []),
        ("{ customer }", [" customer "], []),
        ("{不认识} {model}", ["不认识"], ["model"]),
        ("没有变量 }{ {", [], []),
    ],
)
def test_what_stands_in_braces_is_known_or_not(text: str, unknown: list[str], unfilled: list[str]) -> None:
    assert (unknown_variables(text), unfilled_variables(text)) == (unknown, unfilled)


def test_values_are_filled_in_once_and_what_has_none_stays() -> None:
    values = {"customer": "{agent}", "agent": "林晓", "due": ""}
    assert fill("{customer}，我是{agent}，{due}前，{x}", values) == "{agent}，我是林晓，{due}前，{x}"


@given(st.dictionaries(st.sampled_from(VARIABLES), st.text(min_size=1, max_size=5)))
def test_a_text_without_braces_is_left_alone(values: dict[str, str]) -> None:
    assert fill("网关离线了，红灯一直闪", values) == "网关离线了，红灯一直闪"
