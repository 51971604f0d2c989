"""Stopwatches."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tickets.enums import ClockKind, ClockState


class Clock(models.Model):
    """One stopwatch of one ticket: a promise of `target_seconds` on a calendar (none = natural time), declared by the
    states it runs in (tickets.rules.CLOCK_RUNS_IN). Writer: tickets.services.clocks; the arithmetic is
    tickets.stopwatch's. All times stand on whole seconds.

    While running, `due_at` is the deadline and `running_since` the last start; `elapsed_seconds` (on the clock's own
    calendar) and `paused_seconds` (natural) hold what lies before. `pause_until` ends a pause that may not last for
    ever, `capped_seconds` counts such pauses; `warned_percent` is the last step of the ladder that was announced. A
    breach on record stays.
    """

    ticket = models.ForeignKey(
        "tickets.Ticket", on_delete=models.CASCADE, related_name="clocks", verbose_name=_("ticket")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=ClockKind)
    cycle = models.PositiveSmallIntegerField(_("number"), default=1)
    state = models.CharField(_("state"), max_length=8, choices=ClockState, default=ClockState.RUNNING)
    calendar = models.ForeignKey(
        "tickets.Calendar",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("runs on"),
    )
    target_seconds = models.PositiveIntegerField(_("seconds promised"))
    started_at = models.DateTimeField(_("started at"))
    running_since = models.DateTimeField(_("running since"), null=True)
    paused_since = models.DateTimeField(_("paused since"), null=True)
    elapsed_seconds = models.PositiveIntegerField(_("seconds used before"), default=0)
    paused_seconds = models.PositiveIntegerField(_("seconds paused"), default=0)
    pause_until = models.DateTimeField(_("paused at most until"), null=True)
    capped_seconds = models.PositiveIntegerField(_("seconds of limited pauses"), default=0)
    warned_percent = models.PositiveSmallIntegerField(_("percent warned of"), default=0)
    due_at = models.DateTimeField(_("due at"), null=True)
    finished_at = models.DateTimeField(_("finished at"), null=True)
    breached_at = models.DateTimeField(_("breached at"), null=True)

    class Meta:
        verbose_name = _("clock")
        verbose_name_plural = _("clocks")
        constraints = [
            models.UniqueConstraint(fields=["ticket", "kind", "cycle"], name="clock_once"),
            models.CheckConstraint(
                condition=models.Q(target_seconds__gt=0), name="clock_promises_a_second_at_least"
            ),
            models.UniqueConstraint(
                fields=["ticket", "kind"],
                condition=models.Q(state__in=["running", "paused"]),
                name="clock_one_live",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    state="running", running_since__isnull=False, due_at__isnull=False, paused_since=None
                )
                | models.Q(state="paused", running_since=None, paused_since__isnull=False)
                | models.Q(
                    state__in=["met", "stopped"],
                    running_since=None,
                    paused_since=None,
                    finished_at__isnull=False,
                ),
                name="clock_times_fit_state",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"], condition=models.Q(state="running", breached_at=None), name="clock_due"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.ticket_id}"
