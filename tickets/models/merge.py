"""Tickets that belong together: merged, linked, or looked at and found to be different."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from tickets.enums import LinkKind


class TicketMerge(models.Model):
    """One ticket became part of another. `before` holds all that undoing it needs: which entries and links were moved,
    and how state and clocks stood. Writer: tickets.services.merge."""

    source = models.ForeignKey(
        "tickets.Ticket", on_delete=models.PROTECT, related_name="merges", verbose_name=_("merged")
    )
    target = models.ForeignKey(
        "tickets.Ticket", on_delete=models.PROTECT, related_name="absorbed", verbose_name=_("into")
    )
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("by"),
    )
    at = models.DateTimeField(_("at"))
    before = models.JSONField(_("how it was"), default=dict)
    undone_at = models.DateTimeField(_("undone at"), null=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("undone by"),
    )

    class Meta:
        verbose_name = _("merge")
        verbose_name_plural = _("merges")
        ordering = ["-at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["source"], condition=models.Q(undone_at=None), name="merge_one_at_a_time"
            ),
            models.CheckConstraint(
                condition=~models.Q(source=models.F("target")), name="merge_not_into_itself"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source_id} → {self.target_id}"


class TicketLink(models.Model):
    """Two tickets have to do with each other. Of a parent, `source` is the parent; of a follow-up, `source` follows on
    from `target`; the other kinds have no direction. Writer: tickets.services.relations (merging moves them)."""

    source = models.ForeignKey(
        "tickets.Ticket", on_delete=models.CASCADE, related_name="links_out", verbose_name=_("ticket")
    )
    target = models.ForeignKey(
        "tickets.Ticket", on_delete=models.CASCADE, related_name="links_in", verbose_name=_("linked with")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=LinkKind)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("by"),
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("ticket link")
        verbose_name_plural = _("ticket links")
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["source", "target", "kind"], name="link_once"),
            models.CheckConstraint(
                condition=~models.Q(source=models.F("target")), name="link_not_with_itself"
            ),
            models.CheckConstraint(condition=models.Q(kind__in=LinkKind.values), name="link_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.source_id} {self.kind} {self.target_id}"


class NotDuplicate(models.Model):
    """Somebody looked at two tickets and said that they are different issues; `first` is the older one. Writer:
    tickets.services.duplicates."""

    first = models.ForeignKey(
        "tickets.Ticket", on_delete=models.CASCADE, related_name="+", verbose_name=_("ticket")
    )
    second = models.ForeignKey(
        "tickets.Ticket", on_delete=models.CASCADE, related_name="+", verbose_name=_("is not")
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("by"),
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("pair that is no duplicate")
        verbose_name_plural = _("pairs that are no duplicates")
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="not_duplicate_once"),
            models.CheckConstraint(
                condition=models.Q(first__lt=models.F("second")), name="not_duplicate_in_order"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first_id} is not {self.second_id}"
