"""What every page must have, read from its HTML: a title, a language, one main heading, names for its controls, and no
id twice. A small part of what a checker of accessibility looks at, the part that needs no browser."""

from collections import Counter
from html.parser import HTMLParser

VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr")
)
UNNAMED_INPUTS = frozenset(("hidden", "submit", "button", "reset", "image"))
NAMING = ("aria-label", "aria-labelledby", "title")


class _Page(HTMLParser):
    """Collects what the checks ask for."""

    def __init__(self) -> None:
        super().__init__()
        self.lang = ""
        self.title = ""
        self.h1 = 0
        self.ids: Counter[str] = Counter()
        self.labelled: set[str] = set()
        self.controls: list[tuple[str, dict[str, str], bool]] = []
        self.images_without_alt: list[str] = []
        self.inline: list[str] = []
        self.buttons: list[list[str]] = []
        self.nameless_buttons = 0
        self.stack: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if found := given.get("id"):
            self.ids[found] += 1
        if tag == "html":
            self.lang = given.get("lang", "")
        if tag == "h1":
            self.h1 += 1
        if tag == "label" and given.get("for"):
            self.labelled.add(given["for"])
        if tag in ("input", "select", "textarea"):
            in_label = any(name == "label" for name, _ in self.stack)
            self.controls.append((tag, given, in_label))
        if tag == "img" and "alt" not in given:
            self.images_without_alt.append(given.get("src", ""))
        if "style" in given or any(name.startswith("on") for name in given):
            self.inline.append(tag)
        if tag == "script" and "src" not in given and given.get("type", "") != "application/json":
            self.inline.append("script")
        if tag in ("button", "a", "summary"):
            self.buttons.append([given[name] for name in NAMING if given.get(name)])
        elif self.buttons and any(name in ("button", "a", "summary") for name, _ in self.stack):
            self.buttons[-1] += [given[name] for name in ("aria-label", "alt") if given.get(name)]
        if tag not in VOID:
            self.stack.append((tag, given))

    def handle_endtag(self, tag: str) -> None:
        while self.stack and self.stack.pop()[0] != tag:
            pass
        if tag in ("button", "a", "summary") and self.buttons and not "".join(self.buttons.pop()).strip():
            self.nameless_buttons += 1

    def handle_data(self, data: str) -> None:
        if self.stack and self.stack[-1][0] == "title" and not any(name == "svg" for name, _ in self.stack):
            self.title += data
        if self.buttons:
            self.buttons[-1].append(data)


def problems_of(html: str) -> list[str]:
    """What is wrong with a whole page; an empty list is a good one."""
    page = _Page()
    page.feed(html)
    found = [f"id {name!r} stands {n} times" for name, n in page.ids.items() if n > 1]
    if not page.lang:
        found.append("<html> says no language")
    if not page.title.strip():
        found.append("there is no title")
    if page.h1 != 1:
        found.append(f"there are {page.h1} main headings")
    for tag, given, in_label in page.controls:
        if given.get("type") in UNNAMED_INPUTS or in_label or given.get("id") in page.labelled:
            continue
        if not any(given.get(name) for name in NAMING):
            found.append(f"<{tag} name={given.get('name')!r}> has no label")
    found += [f"image {source!r} has no alt" for source in page.images_without_alt]
    found += [f"<{tag}> carries script or style inline" for tag in page.inline]
    if page.nameless_buttons:
        found.append(f"{page.nameless_buttons} buttons or links have no name")
    return found
