"""What a member of staff should hear of."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.enums import NoticeLevel
from accounts.querysets import NoticeQuerySet


class Notice(models.Model):
    """One thing for one person. `kind` and `data` are codes and ids; the app that owns the kind says it in words
    (accounts.notice_words) when it is read, in the reader's language and as far as the reader may see it. Writer:
    accounts.services.notices."""

    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="notices",
        verbose_name=pgettext_lazy("notice", "recipient"),
    )
    kind = models.CharField(_("kind"), max_length=60)
    subject_kind = models.CharField(_("about"), max_length=40)
    subject_id = models.BigIntegerField(_("its number"))
    data = models.JSONField(_("data"), default=dict, blank=True)
    level = models.CharField(_("urgency"), max_length=5, choices=NoticeLevel, default=NoticeLevel.INFO)
    dedupe = models.CharField(_("once for"), max_length=120)
    created_at = models.DateTimeField(_("at"))
    read_at = models.DateTimeField(_("read at"), null=True, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["recipient", "dedupe"], name="notice_once"),
            models.CheckConstraint(
                condition=models.Q(level__in=NoticeLevel.values), name="notice_level_known"
            ),
        ]
        indexes = [
            models.Index(fields=["recipient", "-id"], name="notice_of_recipient"),
            models.Index(
                fields=["recipient", "subject_kind", "subject_id"],
                condition=models.Q(read_at=None),
                name="notice_unread",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_id}"
