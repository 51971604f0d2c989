"""The checker of pages finds what it is there for."""

import pytest

from tests.html_checks import problems_of

GOOD = (
    '<!doctype html><html lang="en"><head><title>T</title></head><body><h1>H</h1>'
    '<label for="a">A</label><input id="a" name="a"><label>B <input name="b"></label><button>Go</button></body></html>'
)


def test_a_good_page_has_no_problems() -> None:
    assert problems_of(GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (' lang="en"', "", "<html> says no language"),
        ("<title>T</title>", "", "there is no title"),
        ("<h1>H</h1>", "", "there are 0 main headings"),
        ("<h1>H</h1>", "<h1>H</h1><h1>I</h1>", "there are 2 main headings"),
        ('<label for="a">', '<label for="z">', "<input name='a'> has no label"),
        ("<button>", '<button id="a">', "id 'a' stands 2 times"),
        ("<button>Go", '<button><svg aria-hidden="true"></svg>', "1 buttons or links have no name"),
        ("<button>", '<img src="x"><button>', "image 'x' has no alt"),
        ("<button>", '<button style="color:red">', "<button> carries script or style inline"),
        ("<button>", "<script>x()</script><button>", "<script> carries script or style inline"),
    ],
)
def test_each_problem_is_found(old: str, new: str, problem: str) -> None:
    assert problems_of(GOOD.replace(old, new, 1)) == [problem]
