"""What readers say about an article."""

from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from core.actors import Actor
from core.db import lock_rows
from core.errors import InvalidInput, NotVisible
from core.events import announce
from knowledge.events import ArticleRated
from knowledge.models import Article, ArticleFeedback


@transaction.atomic
def rate_article(
    article: Article, *, reader: str, solved: bool, actor: Actor, at: datetime
) -> ArticleFeedback:
    """Keep a reader's answer to "did this solve it?": once per reader and version, a later answer replaces
    the earlier one, the same again changes nothing. `reader` is a random key (knowledge.readers). Raises
    NotVisible for an article this reader cannot see, InvalidInput without a key."""
    if not 8 <= len(reader) <= 40:
        raise InvalidInput(_("The reader is unknown."), code="no_reader")
    visible = Article.objects.visible_to(actor).published().filter(pk=article.pk)
    # the lock puts raters of one article in a row, so that the counters stay those of the rows
    locked = lock_rows(visible).first()
    if locked is None:
        raise NotVisible
    version = locked.shown
    given = ArticleFeedback.objects.filter(version=version, reader=reader).first()
    if given is not None and given.solved == solved:
        return given
    if given is None:
        given = ArticleFeedback(article=locked, version=version, reader=reader)
        helped, not_helped = (1, 0) if solved else (0, 1)
    else:
        helped, not_helped = (1, -1) if solved else (-1, 1)
    given.solved, given.at = solved, at
    given.save()
    Article.objects.filter(pk=locked.pk).update(
        helped=F("helped") + helped, not_helped=F("not_helped") + not_helped
    )
    announce(ArticleRated(subject_id=locked.pk, version=version.number, solved=solved), actor=actor, at=at)
    return given


def count_view(article: Article, *, actor: Actor, at: datetime) -> None:
    """One more reader opened it. A figure for editors, no fact: nothing is announced."""
    Article.objects.visible_to(actor).filter(pk=article.pk).update(views=F("views") + 1)
