"""Every text that a person reads stands in the Chinese catalogue, translated."""

from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation

from core import translations

CATALOGUE = Path(settings.BASE_DIR) / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"


def test_the_catalogue_is_complete() -> None:
    """Nothing missing, untranslated, fuzzy or out of use; placeholders are kept. `manage.py make_translations` brings
    new texts in."""
    assert translations.problems(CATALOGUE) == []


def test_the_catalogue_is_what_people_read() -> None:
    translations.compile_all()
    with translation.override("zh-hans"):
        assert translation.gettext("Not found") != "Not found"
    with translation.override("en"):
        assert translation.gettext("Not found") == "Not found"


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ('msgid "One %(n)d"\nmsgstr ""', "untranslated: 'One %(n)d'"),
        ('#, fuzzy\nmsgid "One %(n)d"\nmsgstr "一 %(n)d"', "fuzzy: 'One %(n)d'"),
        ('msgid "One %(n)d"\nmsgstr "一"', "a placeholder is missing: 'One %(n)d'"),
        ('msgid "One %(n)d"\nmsgstr "一 %(m)d %(n)d"', "placeholders differ: 'One %(n)d'"),
        ('msgid "Two"\nmsgstr "二"', "no longer used: 'Two'"),
        ("", "missing: 'One %(n)d'"),
        ('msgid "One %(n)d"\nmsgstr "一 %(n)d"', None),
    ],
)
def test_a_hole_in_a_catalogue_is_found(tmp_path: Path, monkeypatch, entry: str, problem: str | None) -> None:
    monkeypatch.setattr(translations, "texts_wanted", lambda path: {(None, "One %(n)d", None): {"a.py"}})
    path = tmp_path / "zh_Hans" / "LC_MESSAGES" / "django.po"
    path.parent.mkdir(parents=True)
    path.write_text(f'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n{entry}\n')
    found = translations.problems(path)
    if problem is None:
        assert found == []
    else:
        assert problem in found


def test_texts_are_found_in_code_and_templates(tmp_path: Path, settings) -> None:
    settings.BASE_DIR = tmp_path
    (tmp_path / "app").mkdir()
    (tmp_path / "templates").mkdir()
    (tmp_path / "app" / "a.py").write_text(
        '_("Plain")\npgettext("verb", "Close")\nngettext("%(n)d file", "%(n)d files", n)\n'
    )
    (tmp_path / "templates" / "a.html").write_text(
        '{% load i18n %}{% translate "Tagged" %}{% trans "Month" context "short" %}{{ _("Said") }}'
        "{% blocktranslate count n=n trimmed %}\n  {{ n }} reply\n{% plural %}\n"
        "  {{ n }} replies\n{% endblocktranslate %}"
    )
    assert translations.texts_in_source() == {
        (None, "Plain", None): {"app/a.py"},
        ("verb", "Close", None): {"app/a.py"},
        (None, "%(n)d file", "%(n)d files"): {"app/a.py"},
        (None, "Tagged", None): {"templates/a.html"},
        ("short", "Month", None): {"templates/a.html"},
        (None, "Said", None): {"templates/a.html"},
        (None, "%(n)s reply", "%(n)s replies"): {"templates/a.html"},
    }


def test_an_update_keeps_translations_adds_the_new_and_drops_the_gone(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "zh_Hans" / "LC_MESSAGES" / "django.po"
    monkeypatch.setattr(translations, "texts_wanted", lambda path: {(None, "One", None): {"a.py"}})
    assert translations.update(path) == (1, 0)
    path.write_text(path.read_text().replace('msgid "One"\nmsgstr ""', 'msgid "One"\nmsgstr "一"'))
    monkeypatch.setattr(
        translations,
        "texts_wanted",
        lambda path: {(None, "One", None): {"b.py"}, (None, "%(n)d day", "%(n)d days"): {"b.py"}},
    )
    assert translations.update(path) == (1, 0)
    assert translations.problems(path) == ["untranslated: '%(n)d day'"]
    assert 'msgstr "一"' in path.read_text()
    monkeypatch.setattr(
        translations, "texts_wanted", lambda path: {(None, "%(n)d day", "%(n)d days"): {"b.py"}}
    )
    assert translations.update(path) == (0, 1)
    assert translations.update(path) == (0, 0)
