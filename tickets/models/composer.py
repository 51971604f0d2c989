"""What the composer offers and refuses: macros, their use, forbidden words."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from core.models.base import in_language
from tickets import wording
from tickets.enums import WAITING, MacroKind, WordLanguage, WordLevel
from tickets.models.config import CodedName
from tickets.querysets import MacroQuerySet


def known_variables(text: str) -> None:
    """Raises ValidationError when braces hold what is no variable."""
    wrong = wording.unknown_variables(text)
    if wrong:
        raise ValidationError(
            _("There is no variable %(wrong)s. You may use %(known)s.")
            % {
                "wrong": ", ".join(f"{{{name}}}" for name in wrong),
                "known": ", ".join(f"{{{name}}}" for name in wording.VARIABLES),
            }
        )


_VARIABLES_HELP = _(
    "{customer} the salutation, {model} the product, {reference} the ticket's number, {agent} who writes, "
    "{due} when it is to be solved"
)


class Macro(CodedName):
    """Approved words for a reply, with variables; a macro also sets a state and leaves a note when it is sent. Without
    category, queue or team it is for every ticket and everybody."""

    kind = models.CharField(
        _("kind"),
        max_length=6,
        choices=MacroKind,
        default=MacroKind.SCRIPT,
        help_text=_("A script is words to insert; a macro also does something once they are sent"),
    )
    body_zh = models.TextField(
        _("words (Chinese)"), max_length=4000, validators=[known_variables], help_text=_VARIABLES_HELP
    )
    body_en = models.TextField(
        _("words (English)"), max_length=4000, blank=True, validators=[known_variables]
    )
    category = models.ForeignKey(
        "tickets.Category",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("category"),
    )
    queue = models.ForeignKey(
        "tickets.Queue",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("queue"),
    )
    team = models.ForeignKey(
        "accounts.Team",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("team"),
    )
    then_status = models.CharField(
        _("state after sending"),
        max_length=20,
        blank=True,
        choices=[(status.value, status.label) for status in sorted(WAITING)],
    )
    note = models.TextField(_("internal note"), max_length=2000, blank=True, validators=[known_variables])

    objects = MacroQuerySet.as_manager()

    class Meta(CodedName.Meta):
        verbose_name = _("script or macro")
        verbose_name_plural = _("scripts and macros")
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=MacroKind.values), name="macro_kind_known"),
            models.CheckConstraint(
                condition=models.Q(then_status="") | models.Q(then_status__in=sorted(WAITING)),
                name="macro_then_is_a_wait",
            ),
            models.CheckConstraint(
                condition=models.Q(kind=MacroKind.MACRO) | models.Q(then_status="", note=""),
                name="macro_script_only_speaks",
            ),
        ]

    @property
    def body(self) -> str:
        """The words in the reader's language."""
        return in_language(self, "body")

    def clean(self) -> None:
        """A script only speaks: what happens with it is a macro's. Raises ValidationError."""
        if self.kind != MacroKind.SCRIPT:
            return
        only = _("Only a macro does this. Choose the kind “macro”, or leave it empty.")
        wrong = {name: only for name in ("then_status", "note") if getattr(self, name)}
        if wrong:
            raise ValidationError(wrong)


class MacroUse(models.Model):
    """Somebody put a macro into an answer. Writer: tickets.services.macros."""

    macro = models.ForeignKey(Macro, on_delete=models.CASCADE, related_name="uses", verbose_name=_("macro"))
    ticket = models.ForeignKey(
        "tickets.Ticket", on_delete=models.CASCADE, related_name="+", verbose_name=_("ticket")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("user")
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("use of a macro")
        verbose_name_plural = _("uses of macros")
        indexes = [models.Index(fields=["macro", "-at"], name="macro_use_newest")]

    def __str__(self) -> str:
        return f"{self.macro_id} on {self.ticket_id}"


class ForbiddenWord(models.Model):
    """What must not be said to a customer, and what to say instead. English words are matched as whole words, Chinese
    ones wherever they stand, but not inside an exception."""

    word = models.CharField(_("word"), max_length=40, unique=True)
    suggestion = models.CharField(
        _("say instead"), max_length=60, blank=True, help_text=_("Empty: leave the word out")
    )
    language = models.CharField(_("language"), max_length=2, choices=WordLanguage, default=WordLanguage.ZH)
    level = models.CharField(_("level"), max_length=4, choices=WordLevel, default=WordLevel.STOP)
    exceptions = models.JSONField(
        _("not when it is part of"), default=list, blank=True, help_text=_("For example: in person")
    )
    active = models.BooleanField(_("active"), default=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("forbidden word")
        verbose_name_plural = _("forbidden words")
        ordering = ["language", "word"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(level__in=WordLevel.values), name="forbidden_word_level_known"
            ),
            models.CheckConstraint(
                condition=models.Q(language__in=WordLanguage.values), name="forbidden_word_language_known"
            ),
            models.CheckConstraint(condition=~models.Q(word=""), name="forbidden_word_is_a_word"),
        ]

    def __str__(self) -> str:
        return self.word
