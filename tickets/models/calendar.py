"""Business time: several windows a day, days off and make-up working days (调休)."""

import uuid

import chinese_calendar.constants
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from core.models.base import TwoLanguageNames
from tickets.enums import DayKind


def holidays_known_until() -> int:
    """The last year whose public holidays the installed chinesecalendar knows."""
    return max(chinese_calendar.constants.holidays).year


class Calendar(TwoLanguageNames):
    """One version of a calendar. Clocks point at the version they run on; an edit through
    tickets.services.calendars makes a new version, so that running clocks keep theirs.

    `holidays_until` pins the years of public holidays that this version uses: a later release of the holiday table
    changes no deadline that was already promised. `key` names the row's content in caches. A window that closes at
    23:59 closes at midnight.
    """

    code = models.SlugField(_("code"))
    version = models.PositiveIntegerField(_("version"), default=1)
    is_current = models.BooleanField(_("current"), default=True)
    always_open = models.BooleanField(_("round the clock"), default=False)
    follows_holidays = models.BooleanField(_("follows public holidays"), default=False)
    time_zone = models.CharField(_("time zone"), max_length=40, default="Asia/Shanghai")
    holidays_until = models.PositiveSmallIntegerField(
        _("public holidays known until"), default=holidays_known_until, editable=False
    )
    key = models.UUIDField(default=uuid.uuid4, editable=False)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("calendar")
        verbose_name_plural = _("calendars")
        ordering = ["code", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["code", "version"], name="calendar_version_once"),
            models.UniqueConstraint(
                fields=["code"], condition=models.Q(is_current=True), name="calendar_one_current"
            ),
        ]


class CalendarWindow(models.Model):
    """An open stretch on a weekday (0 = Monday)."""

    calendar = models.ForeignKey(
        Calendar, on_delete=models.CASCADE, related_name="windows", verbose_name=_("calendar")
    )
    weekday = models.PositiveSmallIntegerField(
        _("weekday"),
        choices=[
            (0, _("Monday")),
            (1, _("Tuesday")),
            (2, _("Wednesday")),
            (3, _("Thursday")),
            (4, _("Friday")),
            (5, _("Saturday")),
            (6, _("Sunday")),
        ],
    )
    opens = models.TimeField(_("opens"))
    closes = models.TimeField(_("closes"))

    class Meta:
        verbose_name = _("opening time")
        verbose_name_plural = _("opening times")
        ordering = ["weekday", "opens"]
        constraints = [
            models.CheckConstraint(condition=models.Q(weekday__range=(0, 6)), name="window_weekday_known"),
            models.CheckConstraint(
                condition=models.Q(closes__gt=models.F("opens")), name="window_closes_after_it_opens"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens:%H:%M}–{self.closes:%H:%M}"


class CalendarDay(models.Model):
    """A day that is not what its weekday says. A working day takes the windows of Monday unless it names others
    (`windows`: [["09:00", "12:00"], …]). It wins over the public holidays."""

    calendar = models.ForeignKey(
        Calendar, on_delete=models.CASCADE, related_name="days", verbose_name=_("calendar")
    )
    date = models.DateField(_("date"))
    kind = models.CharField(_("kind"), max_length=8, choices=DayKind)
    windows = models.JSONField(_("opening times"), default=list, blank=True)
    note = models.CharField(_("note"), max_length=80, blank=True)

    class Meta:
        verbose_name = _("special day")
        verbose_name_plural = _("special days")
        ordering = ["date"]
        constraints = [models.UniqueConstraint(fields=["calendar", "date"], name="calendar_day_once")]

    def __str__(self) -> str:
        return f"{self.date} {self.get_kind_display()}"
