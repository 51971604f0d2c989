"""Markdown that staff write → HTML that readers get: cleaned, with anchors and call-outs, and a list of what
had to go.

Call-outs are block quotes that begin with `[!danger]`, `[!warning]` or `[!tip]`; they become
`<aside class="callout" data-callout="danger">`, and the page draws their icon. Links lead to http(s), mail,
telephone or this site; pictures lie on this site. CommonMark's rule for `**bold**` fails beside Chinese
punctuation (`**注意：**请`), so Chinese characters count as a border of words here; and a line's end is one,
for a space in its place would be wrong between Chinese characters."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import nh3
from django.utils.translation import gettext as _
from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.state_inline import Delimiter
from markdown_it.token import Token

from core.tokens import CJK

CALLOUTS = ("danger", "warning", "tip")
TAGS = {
    *(
        "p",
        "br",
        "hr",
        "h2",
        "h3",
        "h4",
        "ul",
        "ol",
        "li",
        "strong",
        "em",
        "s",
        "code",
        "pre",
        "blockquote",
        "aside",
    ),
    *("a", "img", "table", "thead", "tbody", "tr", "th", "td", "kbd", "sub", "sup"),
}
ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title", "width", "height", "loading"},
    "ol": {"start"},
    "aside": {"data-callout"},
    **{tag: {"id"} for tag in ("h2", "h3", "h4")},
}
SCHEMES = {"http", "https", "mailto", "tel"}

_CALLOUT = re.compile(rf"\[!({'|'.join(CALLOUTS)})\]\s*", re.IGNORECASE)
_TAG = re.compile(r"<\s*/?\s*([a-zA-Z][\w-]*)")
_HANDLER = re.compile(r"<[^>]*\s(on\w+|style)\s*=", re.IGNORECASE)
_EDGE = re.compile(rf"{CJK}|[\u3000-\u303f\uff00-\uffef\u2018-\u201d\u2026\u2014]")


@dataclass
class Rendered:
    """`warnings` are [code, value] pairs for the author."""

    html: str
    warnings: list[list[str]] = field(default_factory=list)

    def warn(self, code: str, value: str = "") -> None:
        pair = [code, value[:120]]
        if pair not in self.warnings:
            self.warnings.append(pair)


def render(text: str) -> Rendered:
    """The HTML of a Markdown text, and what was taken out of it."""
    rendered = Rendered("")
    markdown = _parser()
    tokens = markdown.parse(text.replace("\x00", ""))
    _call_out(tokens)
    _anchor(tokens)
    for token in tokens:
        if token.type == "html_block":
            _note_html(token.content, rendered)
        for child in token.children or []:
            _check(child, rendered)
    dirty = markdown.renderer.render(tokens, markdown.options, {})
    rendered.html = nh3.clean(
        dirty,
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer",
        attribute_filter=_only_ours,
        strip_comments=True,
    ).strip()
    return rendered


def warning_texts(warnings: Iterable[list[str]]) -> list[str]:
    """The warnings of a saved version in the author's language."""
    words = {
        "link_removed": _("A link was removed, because it leads to %(value)s"),
        "image_removed": _("A picture was removed, because it lies elsewhere: %(value)s. Upload it here"),
        "image_unnamed": _("A picture needs a description in its brackets: %(value)s"),
        "tag_removed": _("The HTML tag <%(value)s> was removed. Please use Markdown"),
        "attribute_removed": _("The HTML attribute %(value)s was removed"),
    }
    return [words[code] % {"value": value} for code, value in warnings if code in words]


def plain_text(html: str) -> str:
    """The words of cleaned HTML on one line, for the index and for excerpts."""
    spaced = re.sub(r"</(p|li|h[2-4]|td|th|tr|pre|aside|blockquote)>|<br>", " ", html)
    bare = nh3.clean(spaced, tags=set(), attributes={})
    for entity, letter in (("&lt;", "<"), ("&gt;", ">"), ("&nbsp;", " "), ("&amp;", "&")):
        bare = bare.replace(entity, letter)
    return " ".join(bare.split())


def _parser() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": True, "breaks": True}).enable(["table", "strikethrough"])
    # links are judged below, where the author can be told, instead of turning into literal brackets
    markdown.validateLink = lambda url: True  # type: ignore[method-assign]
    markdown.inline.ruler.at("emphasis", _emphasis)
    return markdown


def _emphasis(state: StateInline, silent: bool) -> bool:
    """Mark runs of * and _ as delimiters; a Chinese neighbour borders a word as a space does."""
    marker = state.src[state.pos]
    if silent or marker not in "*_":
        return False
    run = state.scanDelims(state.pos, marker == "*")
    end = state.pos + run.length
    before = state.src[state.pos - 1] if state.pos else " "
    after = state.src[end] if end < len(state.src) else " "
    can_open, can_close = run.can_open, run.can_close
    if marker == "*" and (_EDGE.match(before) or _EDGE.match(after)):
        can_open, can_close = not after.isspace(), not before.isspace()
    for _place in range(run.length):
        token = state.push("text", "", 0)
        token.content = marker
        state.delimiters.append(
            Delimiter(
                marker=ord(marker),
                length=run.length,
                token=len(state.tokens) - 1,
                end=-1,
                open=can_open,
                close=can_close,
            )
        )
    state.pos = end
    return True


def _call_out(tokens: list[Token]) -> None:
    """Turn block quotes that begin with a call-out mark into asides."""
    opened: list[tuple[Token, bool]] = []
    for place, token in enumerate(tokens):
        if token.type == "blockquote_open":
            first = tokens[place + 2] if place + 2 < len(tokens) else None
            found = _CALLOUT.match(first.content) if first and first.type == "inline" else None
            if found and first and first.children:
                token.tag = "aside"
                token.attrSet("data-callout", found[1].lower())
                lead = first.children[0]
                lead.content = _CALLOUT.sub("", lead.content, count=1)
                if not lead.content and len(first.children) > 1 and first.children[1].type == "softbreak":
                    del first.children[1]
            opened.append((token, bool(found)))
        elif token.type == "blockquote_close" and opened:
            token.tag = opened.pop()[0].tag


def _anchor(tokens: list[Token]) -> None:
    """One h1 stands on the page already, so headings begin at h2; each gets an address made of its words."""
    used: dict[str, int] = {}
    for place, token in enumerate(tokens):
        if token.type not in ("heading_open", "heading_close"):
            continue
        level = min(int(token.tag[1]) + 1 if token.tag == "h1" else int(token.tag[1]), 4)
        token.tag = f"h{level}"
        if token.type == "heading_open":
            words = re.sub(r"[^\w]+", "-", tokens[place + 1].content.lower()).strip("-")[:60] or "part"
            used[words] = used.get(words, 0) + 1
            # a prefix keeps authors' words from taking the ids of the page itself
            token.attrSet("id", f"s-{words}" if used[words] == 1 else f"s-{words}-{used[words]}")


def _check(token: Token, rendered: Rendered) -> None:
    if token.type == "link_open":
        href = str(token.attrGet("href") or "")
        if not safe_link(href):
            token.attrs.pop("href", None)
            rendered.warn("link_removed", href)
    elif token.type == "image":
        source, name = str(token.attrGet("src") or ""), token.content
        if not same_origin(source):
            rendered.warn("image_removed", source)
            token.type, token.tag, token.children, token.content = "text", "", None, name
        else:
            token.attrSet("loading", "lazy")
            if not name.strip():
                rendered.warn("image_unnamed", source)
    elif token.type == "html_inline":
        _note_html(token.content, rendered)


def _note_html(content: str, rendered: Rendered) -> None:
    for tag in _TAG.findall(content):
        if tag.lower() not in TAGS:
            rendered.warn("tag_removed", tag.lower())
    for attribute in _HANDLER.findall(content):
        rendered.warn("attribute_removed", attribute.lower())
    for attribute, value in re.findall(r"(href|src)\s*=\s*[\"']?([^\"'\s>]+)", content, re.IGNORECASE):
        if attribute.lower() == "href" and not safe_link(value):
            rendered.warn("link_removed", value)
        elif attribute.lower() == "src" and not same_origin(value):
            rendered.warn("image_removed", value)


def _only_ours(tag: str, attribute: str, value: str) -> str | None:
    """The last word, whatever way an attribute came in: None takes it away."""
    if tag == "a" and attribute == "href":
        return value if safe_link(value) else None
    if tag == "img" and attribute == "src":
        return value if same_origin(value) else None
    if tag == "aside" and attribute == "data-callout":
        return value if value in CALLOUTS else None
    if attribute == "id":
        return value if value.startswith("s-") else None
    return value


def safe_link(url: str) -> bool:
    """Whether a link may stay: http(s), mail, telephone, or an address of this site."""
    parts = _split(url)
    if parts is None:
        return False
    return parts.scheme in SCHEMES if parts.scheme else not url.strip().startswith(("//", "\\", "/\\"))


def same_origin(url: str) -> bool:
    """Whether a picture lies on this site: an absolute path, no host."""
    parts = _split(url)
    return bool(
        parts
        and not parts.scheme
        and not parts.netloc
        and url.startswith("/")
        and not url.startswith(("//", "/\\"))
    )


def _split(url: str) -> Any:
    if re.search(r"[\x00-\x20\x7f]", url.strip()):
        return None
    try:
        return urlsplit(url.strip())
    except ValueError:
        return None
