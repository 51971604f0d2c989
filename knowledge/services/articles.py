"""Articles come to be, get new versions, are published and retired.

`_move` is the only writer of an article's status, its current version and its time of publication; it holds
the row's lock. The search index follows in the same transaction."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.actors import Actor
from core.db import lock_rows
from core.errors import Conflict, InvalidInput, NotAllowed, NotVisible
from core.events import announce_many
from customers.models import ErrorCode, Product, ProductLine
from knowledge.enums import ArticleKind, ArticleStatus, Audience
from knowledge.events import ArticlePublished, ArticleRetired
from knowledge.models import Article, ArticleVersion, Problem
from knowledge.rules import allowed_from, may_move
from knowledge.services import indexing
from knowledge.services.markdown import render

LONGEST = {"title": 120, "summary": 300, "body": 200_000}
LONGEST_NOTE = 200
MOST_KEYWORDS, LONGEST_KEYWORD = 60, 60


@transaction.atomic
def create_article(
    *,
    slug: str,
    kind: str,
    audience: str = Audience.PUBLIC,
    problem: Problem | None = None,
    lines: Iterable[ProductLine] = (),
    products: Iterable[Product] = (),
    error_codes: Iterable[ErrorCode] = (),
    owner: User | None = None,
    review_by: date | None = None,
    minutes: int = 5,
    start_page: int | None = None,
    actor: Actor,
    at: datetime,
) -> Article:
    """A draft without text. Raises InvalidInput with the field's name, NotAllowed for anybody but staff."""
    _staff_only(actor)
    wrong: dict[str, list[object]] = {}
    try:
        validate_slug(slug)
    except ValidationError as error:
        wrong["slug"] = list(error.messages)
    if len(slug) > 50:
        wrong["slug"] = [_("At most 50 characters.")]
    elif Article.objects.filter(slug=slug).exists():
        wrong["slug"] = [_("Another article has this address.")]
    if kind not in ArticleKind.values:
        wrong["kind"] = [_("Choose one of the kinds.")]
    if audience not in Audience.values:
        wrong["audience"] = [_("Choose who may read it.")]
    if not 1 <= minutes <= 600:
        wrong["minutes"] = [_("Between 1 and 600 minutes.")]
    if wrong:
        raise InvalidInput(fields=wrong)
    try:
        with transaction.atomic():
            article = Article.objects.create(
                slug=slug,
                kind=kind,
                audience=audience,
                problem=problem,
                owner=owner,
                review_by=review_by,
                minutes=minutes,
                start_page=start_page,
            )
    except IntegrityError:  # somebody took the address between the look and the write
        raise InvalidInput(fields={"slug": [_("Another article has this address.")]}) from None
    for field, rows in (("lines", lines), ("products", products), ("error_codes", error_codes)):
        if chosen := list(rows):
            getattr(article, field).set(chosen)
    return article


@transaction.atomic
def save_version(
    article: Article,
    *,
    title_zh: str,
    body_zh: str,
    title_en: str = "",
    body_en: str = "",
    summary_zh: str = "",
    summary_en: str = "",
    keywords: Sequence[str] = (),
    change_note: str = "",
    actor: Actor,
    at: datetime,
) -> ArticleVersion:
    """Store the next version; readers go on seeing the current one until `publish`. Its `warnings` say what
    was taken out of the text. Raises InvalidInput with the fields' names, NotAllowed for anybody but
    staff."""
    _staff_only(actor)
    text = {
        "title_zh": title_zh.strip(),
        "title_en": title_en.strip(),
        "summary_zh": summary_zh.strip(),
        "summary_en": summary_en.strip(),
        "body_zh": body_zh.replace("\r\n", "\n").strip(),
        "body_en": body_en.replace("\r\n", "\n").strip(),
        "change_note": change_note.strip(),
    }
    words = list(dict.fromkeys(word.strip() for word in keywords if word.strip()))
    _check_text(text, words)
    zh, en = render(text["body_zh"]), render(text["body_en"])
    return _add_version(
        article,
        **text,
        keywords=words,
        html_zh=zh.html,
        html_en=en.html,
        warnings=zh.warnings + [pair for pair in en.warnings if pair not in zh.warnings],
        actor=actor,
        at=at,
    )


@transaction.atomic
def restore_version(
    article: Article, version: ArticleVersion, *, actor: Actor, at: datetime
) -> ArticleVersion:
    """An older text as the newest version; `publish` makes readers see it. Raises InvalidInput for another
    article's version, NotAllowed for anybody but staff."""
    _staff_only(actor)
    if version.article_id != article.pk:
        raise InvalidInput(_("This version belongs to another article."), code="other_article")
    kept = [
        *("title_zh", "title_en", "summary_zh", "summary_en", "body_zh", "body_en"),
        *("html_zh", "html_en", "keywords", "warnings"),
    ]
    return _add_version(
        article,
        **{name: getattr(version, name) for name in kept},
        change_note=str(_("Version %(number)d again")) % {"number": version.number},
        actor=actor,
        at=at,
    )


@transaction.atomic
def submit(article: Article, *, actor: Actor, at: datetime) -> Article:
    """Ask for a review of a draft. Raises Conflict unless it is one and has a text."""
    _staff_only(actor)
    locked = _locked([article])[0]
    _newest(locked)
    return _move(locked, ArticleStatus.REVIEW)


@transaction.atomic
def send_back(article: Article, *, actor: Actor, at: datetime) -> Article:
    """Back to draft: after a review, or to work on a retired one. Raises Conflict when it is published."""
    _staff_only(actor)
    return _move(_locked([article])[0], ArticleStatus.DRAFT)


@transaction.atomic
def publish(
    article: Article, *, version: ArticleVersion | None = None, actor: Actor, at: datetime
) -> Article:
    """Make a version (the newest one unless given) what readers see. What they see already is left as it is.
    Raises Conflict when there is no text or the status does not allow it."""
    return publish_many([article], versions={article.pk: version} if version else None, actor=actor, at=at)[0]


@transaction.atomic
def publish_many(
    articles: Sequence[Article],
    *,
    versions: dict[int, ArticleVersion] | None = None,
    actor: Actor,
    at: datetime,
) -> list[Article]:
    """`publish` for a set: all or none, one pass over the index."""
    _staff_only(actor)
    changed, facts, done = [], [], []
    for article in _locked(articles):
        version = (versions or {}).get(article.pk) or _newest(article)
        if version.article_id != article.pk:
            raise InvalidInput(_("This version belongs to another article."), code="other_article")
        done.append(article)
        if article.status == ArticleStatus.PUBLISHED and article.current_id == version.pk:
            continue
        _move(article, ArticleStatus.PUBLISHED, current=version, at=at)
        changed.append(article.pk)
        facts.append(ArticlePublished(subject_id=article.pk, version=version.number))
    indexing.index_articles(changed)
    announce_many(list(facts), actor=actor, at=at)
    return done


@transaction.atomic
def retire(article: Article, *, actor: Actor, at: datetime) -> Article:
    """Take a published article away from readers and from the search. A retired one is left as it is. Raises
    Conflict when it was never published."""
    _staff_only(actor)
    locked = _locked([article])[0]
    if locked.status == ArticleStatus.RETIRED:
        return locked
    _move(locked, ArticleStatus.RETIRED)
    indexing.forget_articles([locked.pk])
    announce_many([ArticleRetired(subject_id=locked.pk)], actor=actor, at=at)
    return locked


def _move(
    article: Article, after: str, *, current: ArticleVersion | None = None, at: datetime | None = None
) -> Article:
    """The private writer; the caller holds the lock."""
    if not may_move(article.status, after):
        raise Conflict(
            _("This article cannot become that now."),
            code="illegal_transition",
            extra={"status": article.status, "allowed": allowed_from(article.status)},
        )
    article.status = after
    if current is not None:
        article.current, article.published_at = current, at
    article.save(update_fields=["status", "current", "published_at"])
    return article


def _locked(articles: Sequence[Article]) -> list[Article]:
    """Fresh rows under lock, in the caller's order; locked by id, so that two sets cannot wait for each
    other."""
    ids = [article.pk for article in articles]
    rows = {row.pk: row for row in lock_rows(Article.objects.filter(pk__in=ids).order_by("pk"))}
    if len(rows) < len(set(ids)):
        raise NotVisible
    return [rows[pk] for pk in dict.fromkeys(ids)]


def _newest(article: Article) -> ArticleVersion:
    version = article.versions.order_by("-number").first()
    if version is None:
        raise Conflict(_("Write the text first."), code="no_text")
    return version


def _add_version(article: Article, *, actor: Actor, at: datetime, **content: Any) -> ArticleVersion:
    locked = _locked([article])[0]
    last = locked.versions.aggregate(last=Max("number"))["last"] or 0
    return ArticleVersion.objects.create(
        article=locked,
        number=last + 1,
        created_by_id=actor.id if actor.is_staff else None,
        created_at=at,
        **content,
    )


def _check_text(text: dict[str, str], words: list[str]) -> None:
    wrong: dict[str, list[object]] = {}
    for name, value in text.items():
        longest = LONGEST.get(name.partition("_")[0], LONGEST_NOTE)
        if len(value) > longest:
            wrong[name] = [_("At most %(number)d characters.") % {"number": longest}]
    for name in ("title_zh", "body_zh"):
        if not text[name]:
            wrong[name] = [_("This field is required.")]
    if bool(text["title_en"]) != bool(text["body_en"]):
        missing = "body_en" if text["title_en"] else "title_en"
        wrong[missing] = [_("English needs both a title and a text.")]
    if len(words) > MOST_KEYWORDS or any(len(word) > LONGEST_KEYWORD for word in words):
        wrong["keywords"] = [_("At most 60 keywords of 60 characters.")]
    if wrong:
        raise InvalidInput(fields=wrong)


def _staff_only(actor: Actor) -> None:
    if not (actor.is_staff or actor.is_system):
        raise NotAllowed(_("This page is for staff."), code="staff_only")
