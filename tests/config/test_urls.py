"""What stands at the root of the site."""

from django.test import Client


def test_browsers_find_a_picture_where_they_look_for_one_by_themselves() -> None:
    answer = Client().get("/favicon.ico")
    assert answer.status_code == 302
    assert answer["Location"].endswith("icons/favicon.svg")
