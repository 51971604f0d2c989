"""The one work item."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.enums import Level
from tickets.enums import ACTIVE, CloseReason, Grade, Impact, Status, Urgency
from tickets.querysets import TicketQuerySet


class Ticket(models.Model):
    """Something a customer needs from us, from the first word to the confirmation.

    Writers: `status` and the times of its changes: tickets.services.state._move; `grade`, `category`, `priority`:
    services.classify; `tier`, `queue`, `assignee`: services.routing and services.escalate; `sla_*`, `due_*`:
    services.clocks. `due_at`/`due_kind`/`due_total` repeat the earliest running clock, so that the queue is one indexed
    read. Personal data stands on the customer, not here; subject and symptom are the customer's own words.
    """

    reference = models.CharField(_("number"), max_length=24, unique=True)
    brand = models.ForeignKey(
        "customers.Brand", on_delete=models.PROTECT, related_name="tickets", verbose_name=_("brand")
    )
    customer = models.ForeignKey(
        "customers.Customer", on_delete=models.PROTECT, related_name="tickets", verbose_name=_("customer")
    )
    level = models.CharField(
        _("level when it was opened"), max_length=16, choices=Level, default=Level.NORMAL
    )
    channel = models.ForeignKey(
        "channels_hub.Channel", on_delete=models.PROTECT, related_name="+", verbose_name=_("channel")
    )
    thread = models.ForeignKey(
        "channels_hub.Thread", on_delete=models.PROTECT, related_name="tickets", verbose_name=_("thread")
    )
    region = models.ForeignKey(
        "accounts.Region",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("city"),
    )

    subject = models.CharField(_("subject"), max_length=200)
    symptom = models.TextField(_("symptom"), blank=True)
    product = models.ForeignKey(
        "customers.Product",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("model"),
    )
    device = models.ForeignKey(
        "customers.Device",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="tickets",
        verbose_name=_("device"),
    )
    serial = models.CharField(_("serial number"), max_length=40, blank=True)
    error_code = models.CharField(_("error code"), max_length=12, blank=True)
    purchased_on = models.DateField(_("purchased on"), null=True, blank=True)
    custom = models.JSONField(_("other fields"), default=dict, blank=True)
    #: written by services.assist: ids of articles, the best first; None until somebody looked
    suggested = models.JSONField(_("suggested articles"), null=True, blank=True, editable=False)
    #: written by services.sections: codes of what the ticket has beside its conversation (tickets.sections)
    sections = models.JSONField(_("sections of the page"), default=list, blank=True, editable=False)

    category = models.ForeignKey(
        "tickets.Category",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="tickets",
        verbose_name=_("category"),
    )
    grade = models.CharField(_("grade"), max_length=8, choices=Grade, blank=True)
    grade_reason = models.JSONField(_("why this grade"), default=dict, blank=True)
    impact = models.PositiveSmallIntegerField(_("impact"), choices=Impact, default=Impact.MEDIUM)
    urgency = models.PositiveSmallIntegerField(_("urgency"), choices=Urgency, default=Urgency.MEDIUM)
    priority = models.PositiveSmallIntegerField(_("priority"), default=3, help_text=_("1 is the highest"))

    status = models.CharField(_("state"), max_length=20, choices=Status, default=Status.NEW)
    tier = models.ForeignKey(
        "tickets.Tier",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="tickets",
        verbose_name=_("tier"),
    )
    queue = models.ForeignKey(
        "tickets.Queue",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="tickets",
        verbose_name=_("queue"),
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="assigned_tickets",
        verbose_name=_("assignee"),
    )
    steward = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("steward"),
    )

    sla_policy = models.ForeignKey(
        "tickets.SlaPolicy",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("SLA policy"),
    )
    sla_target = models.ForeignKey(
        "tickets.SlaTarget",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("SLA target"),
    )
    due_at = models.DateTimeField(_("due at"), null=True, blank=True)
    due_kind = models.CharField(_("what is due"), max_length=20, blank=True)
    due_total = models.PositiveIntegerField(_("seconds promised"), default=0)

    snoozed_until = models.DateTimeField(_("put aside until"), null=True, blank=True)
    snoozed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("put aside by"),
    )
    woke_at = models.DateTimeField(_("came back at"), null=True, blank=True)

    cycle = models.PositiveSmallIntegerField(_("times opened"), default=1)
    awaiting_reply = models.BooleanField(_("customer waits for an answer"), default=True)
    last_customer_at = models.DateTimeField(_("customer last wrote"), null=True, blank=True)
    last_public_at = models.DateTimeField(_("last public entry"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"))
    updated_at = models.DateTimeField(_("changed at"))
    first_responded_at = models.DateTimeField(_("first answered at"), null=True, blank=True)
    resolved_at = models.DateTimeField(_("resolved at"), null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("resolved by"),
    )
    confirm_by = models.DateTimeField(_("closes by itself at"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    close_reason = models.CharField(_("why closed"), max_length=10, choices=CloseReason, blank=True)
    solution_code = models.ForeignKey(
        "tickets.SolutionCode",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("solution"),
    )
    root_cause = models.ForeignKey(
        "tickets.RootCause",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("root cause"),
    )
    merged_into = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="merged_from",
        verbose_name=_("merged into"),
    )
    linked_to = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="followers",
        verbose_name=_("follows on from"),
    )
    split_from = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="split_off",
        verbose_name=_("split from"),
    )

    objects = TicketQuerySet.as_manager()

    class Meta:
        verbose_name = _("ticket")
        verbose_name_plural = _("tickets")
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=Status.values), name="ticket_status_known"),
            models.CheckConstraint(
                condition=models.Q(grade="") | models.Q(grade__in=Grade.values), name="ticket_grade_known"
            ),
            models.CheckConstraint(
                condition=~models.Q(status__in=[Status.RESOLVED, Status.CLOSED])
                | models.Q(resolved_at__isnull=False, solution_code__isnull=False, root_cause__isnull=False),
                name="ticket_resolved_says_how",
            ),
            models.CheckConstraint(
                condition=models.Q(status=Status.CLOSED, closed_at__isnull=False) & ~models.Q(close_reason="")
                | ~models.Q(status=Status.CLOSED) & models.Q(closed_at=None),
                name="ticket_closed_has_time",
            ),
            models.CheckConstraint(
                condition=~models.Q(status=Status.MERGED) | models.Q(merged_into__isnull=False),
                name="ticket_merged_points_on",
            ),
            models.CheckConstraint(
                condition=models.Q(merged_into=None)
                | models.Q(status=Status.MERGED) & ~models.Q(merged_into=models.F("pk")),
                name="ticket_only_merged_points_on",
            ),
            models.CheckConstraint(
                condition=~models.Q(status=Status.NEW) | models.Q(first_responded_at=None),
                name="ticket_new_is_unanswered",
            ),
            models.CheckConstraint(
                condition=models.Q(snoozed_until=None, snoozed_by=None)
                | models.Q(snoozed_until__isnull=False, snoozed_by__isnull=False, status__in=sorted(ACTIVE)),
                name="ticket_snoozed_is_active",
            ),
        ]
        indexes = [
            # the desk's lists: what is open, by the next deadline
            models.Index(
                fields=["assignee", "due_at", "id"],
                condition=models.Q(
                    status__in=["new", "open", "waiting_customer", "waiting_part", "waiting_third_party"]
                ),
                name="ticket_of_agent_by_due",
            ),
            models.Index(
                fields=["queue", "due_at", "id"],
                condition=models.Q(
                    status__in=["new", "open", "waiting_customer", "waiting_part", "waiting_third_party"]
                ),
                name="ticket_of_queue_by_due",
            ),
            models.Index(
                fields=["due_at", "id"],
                condition=models.Q(
                    status__in=["new", "open", "waiting_customer", "waiting_part", "waiting_third_party"]
                ),
                name="ticket_open_by_due",
            ),
            models.Index(
                fields=["priority", "created_at"],
                condition=models.Q(assignee=None, status__in=["new", "open"]),
                name="ticket_to_assign",
            ),
            models.Index(fields=["customer", "-created_at"], name="ticket_of_customer"),
            models.Index(fields=["serial"], condition=~models.Q(serial=""), name="ticket_of_serial"),
            models.Index(fields=["-created_at", "-id"], name="ticket_newest"),
            models.Index(fields=["status", "-created_at"], name="ticket_by_status"),
        ]

    def __str__(self) -> str:
        return self.reference
