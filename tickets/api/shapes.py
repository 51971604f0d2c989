"""What tickets look like as JSON, to customers and to staff."""

from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import User
from core.api.fields import FileOut, Named, Person
from core.masks import mask_email, mask_phone
from customers.enums import Level
from customers.services.warranty import warranty_of
from tickets.enums import EntryKind, Grade, Status
from tickets.models import StatusName, Ticket
from tickets.services import classify, desk
from tickets.services.clocks.views import queue_chip
from tickets.services.relations import related_of
from tickets.services.timeline import person_name


def status_names(*, for_customer: bool = False) -> dict[str, str]:
    """Code → what the state is called, in one query."""
    rows = StatusName.objects.all()
    return {row.code: row.customer_name if for_customer else row.name for row in rows}


def person(user: User | None) -> dict[str, Any] | None:
    return None if user is None else {"id": user.pk, "name": user.name}


class LineOut(serializers.Serializer[Any]):
    """One line of a timeline. `facts` (what exactly an event says, in codes) is for staff only."""

    id = serializers.IntegerField(help_text="For ?after= and ?before=")
    at = serializers.DateTimeField()
    kind = serializers.ChoiceField(choices=EntryKind.choices)
    code = serializers.CharField(allow_blank=True, help_text="Of an event: which one")
    author = serializers.CharField(help_text="customer, agent, bot, system, or who caused the event")
    name = serializers.CharField(allow_blank=True)
    mine = serializers.BooleanField()
    public = serializers.BooleanField()
    text = serializers.CharField(allow_blank=True)
    reason = serializers.CharField(allow_blank=True)
    seq = serializers.IntegerField(help_text="Of a message: its number; `seen_seq` of a reply")
    state = serializers.CharField(allow_blank=True, help_text="Of our message: queued, sent, read, failed…")
    files = FileOut(many=True)
    facts = serializers.SerializerMethodField()

    def get_facts(self, line: Any) -> dict[str, Any]:
        return line.data if self.context["viewer"].is_staff else {}


class TimelineOut(serializers.Serializer[Any]):
    results = LineOut(many=True)
    last = serializers.IntegerField(help_text="To ask ?after= next; 0 while there is nothing")


class TimelineIn(serializers.Serializer[Any]):
    after = serializers.IntegerField(min_value=0, max_value=2**63 - 1, required=False)
    before = serializers.IntegerField(min_value=0, max_value=2**63 - 1, required=False)
    limit = serializers.IntegerField(min_value=1, max_value=100, default=50)


# --- for customers ------------------------------------------------------------------------------------------
class ModelOut(Named):
    model = serializers.CharField()


class RequestOut(serializers.Serializer[Ticket]):
    """A request as its customer sees it."""

    reference = serializers.CharField()
    subject = serializers.CharField()
    status = serializers.ChoiceField(choices=Status.choices)
    status_name = serializers.SerializerMethodField()
    product = ModelOut(allow_null=True)
    created_at = serializers.DateTimeField()
    last_public_at = serializers.DateTimeField(allow_null=True)
    resolved_at = serializers.DateTimeField(allow_null=True)
    confirm_by = serializers.DateTimeField(allow_null=True)

    def get_status_name(self, ticket: Ticket) -> str:
        return str(self.context["names"].get(ticket.status, ticket.status))


class StepOut(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    code = serializers.CharField()
    title = serializers.CharField()
    current = serializers.BooleanField()


class RequestDetailOut(RequestOut):
    symptom = serializers.CharField()
    serial = serializers.CharField()
    error_code = serializers.CharField()
    purchased_on = serializers.DateField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    agent = serializers.SerializerMethodField()
    topic = serializers.SerializerMethodField()
    allowed = serializers.SerializerMethodField()
    steps = serializers.SerializerMethodField()

    def get_agent(self, ticket: Ticket) -> str:
        return ticket.assignee.name if ticket.assignee else ""

    def get_topic(self, ticket: Ticket) -> str:
        return f"request:{ticket.pk}"

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_allowed(self, ticket: Ticket) -> list[str]:
        may = {
            "messages": ticket.status != Status.MERGED,
            "confirm": ticket.status == Status.RESOLVED,
            "not-solved": ticket.status in (Status.RESOLVED, Status.CLOSED),
        }
        return [name for name, allowed in may.items() if allowed]

    @extend_schema_field(StepOut(many=True))
    def get_steps(self, ticket: Ticket) -> Any:
        return StepOut(self.context["steps"], many=True).data


# --- for staff ----------------------------------------------------------------------------------------------
class DueOut(serializers.Serializer[Any]):
    state = serializers.CharField(help_text="green, yellow, orange, red, paused or none")
    kind = serializers.CharField(allow_blank=True)
    due_at = serializers.DateTimeField(allow_null=True)
    seconds = serializers.IntegerField(help_text="To the deadline; negative once it is past")
    left_percent = serializers.IntegerField()


class RowOut(serializers.Serializer[dict[str, Any]]):
    """A ticket in a list."""

    id = serializers.IntegerField()
    reference = serializers.CharField()
    subject = serializers.CharField()
    status = serializers.ChoiceField(choices=Status.choices)
    status_name = serializers.SerializerMethodField()
    grade = serializers.ChoiceField(choices=Grade.choices, allow_blank=True)
    priority = serializers.IntegerField()
    level = serializers.ChoiceField(choices=Level.choices)
    channel = serializers.CharField(source="channel__kind")
    customer = serializers.SerializerMethodField()
    model = serializers.CharField(source="product__model", allow_null=True)
    category = serializers.SerializerMethodField()
    queue = serializers.IntegerField(source="queue_id", allow_null=True)
    assignee = serializers.SerializerMethodField()
    awaiting_reply = serializers.BooleanField()
    unread = serializers.BooleanField()
    due = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    last_customer_at = serializers.DateTimeField(allow_null=True)

    def get_status_name(self, row: dict[str, Any]) -> str:
        return str(self.context["names"].get(row["status"], row["status"]))

    def get_customer(self, row: dict[str, Any]) -> str:
        return str(row["customer__salutation"] or row["customer__name"])

    def get_category(self, row: dict[str, Any]) -> str:
        return person_name(row["category__name_zh"] or "", row["category__name_en"] or "", "")

    @extend_schema_field(Person(allow_null=True))
    def get_assignee(self, row: dict[str, Any]) -> Any:
        if row["assignee_id"] is None:
            return None
        name = person_name(row["assignee__display_name"], row["assignee__display_name_en"], "")
        return {"id": row["assignee_id"], "name": name}

    @extend_schema_field(DueOut)
    def get_due(self, row: dict[str, Any]) -> Any:
        return DueOut(queue_chip(row, self.context["at"])).data


class ListOut(serializers.Serializer[Any]):
    """One page: `next` is the address of the following one."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = RowOut(many=True)


class ClockOut(serializers.Serializer[Any]):
    kind = serializers.CharField()
    name = serializers.CharField(source="label")
    state = serializers.CharField(help_text="green, yellow, orange, red, paused, met or stopped")
    left_percent = serializers.IntegerField()
    seconds = serializers.IntegerField(help_text="To the deadline; negative once it is past")
    total = serializers.IntegerField(help_text="Seconds promised")
    used = serializers.IntegerField()
    paused = serializers.IntegerField()
    due_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    late = serializers.BooleanField()
    calendar = serializers.CharField(allow_blank=True)


class CustomerOut(serializers.Serializer[Any]):
    """Who it is; phone and email masked (POST …/reveal/ with a reason shows them)."""

    id = serializers.IntegerField()
    name = serializers.SerializerMethodField()
    level = serializers.ChoiceField(choices=Level.choices)
    phone = serializers.SerializerMethodField()
    email = serializers.SerializerMethodField()
    care = serializers.ListField(child=serializers.CharField(), source="care_labels")
    city = serializers.SerializerMethodField()

    def get_name(self, customer: Any) -> str:
        return str(customer)

    def get_phone(self, customer: Any) -> str:
        return mask_phone(customer.phone)

    def get_email(self, customer: Any) -> str:
        return mask_email(customer.email)

    def get_city(self, customer: Any) -> str:
        return customer.region.name if customer.region else ""


class TicketDeviceOut(serializers.Serializer[Any]):
    serial = serializers.CharField()
    model = serializers.CharField(source="product.model")
    firmware = serializers.CharField()
    purchased_on = serializers.DateField(allow_null=True)
    in_warranty = serializers.SerializerMethodField()
    warranty_until = serializers.SerializerMethodField()

    def get_in_warranty(self, device: Any) -> bool:
        return self.context["warranty"].in_warranty  # type: ignore[no-any-return]  # a Warranty

    @extend_schema_field(serializers.DateField(allow_null=True))
    def get_warranty_until(self, device: Any) -> Any:
        return self.context["warranty"].until


class WhyRowOut(serializers.Serializer[Any]):
    name = serializers.CharField()
    total = serializers.FloatField()
    won = serializers.BooleanField()
    out = serializers.CharField(allow_blank=True)
    open = serializers.IntegerField()
    capacity = serializers.IntegerField()


class WhyOut(serializers.Serializer[Any]):
    sentence = serializers.CharField(allow_blank=True)
    rows = WhyRowOut(many=True)


class HopOut(serializers.Serializer[Any]):
    """A move between the tiers, with what was passed on."""

    at = serializers.DateTimeField()
    direction = serializers.CharField()
    from_tier = serializers.CharField(source="from_tier.code")
    to_tier = serializers.CharField(source="to_tier.code")
    reason = Named(allow_null=True)
    by = serializers.SerializerMethodField()
    steps_tried = serializers.CharField(allow_blank=True)
    evidence = serializers.CharField(allow_blank=True)
    instruction = serializers.CharField(allow_blank=True)

    def get_by(self, hop: Any) -> str:
        return hop.by.name if hop.by else ""


class RelatedOut(serializers.Serializer[Any]):
    """Another ticket that this one has to do with; `id` of the link, null for what is no link that somebody made."""

    id = serializers.IntegerField(source="link_id", allow_null=True)
    kind = serializers.CharField(help_text="related, duplicate, parent, follow_up, split or merged")
    words = serializers.CharField(help_text="How, seen from here")
    reference = serializers.CharField()
    subject = serializers.CharField()
    status = serializers.ChoiceField(choices=Status.choices)


class TicketOut(serializers.Serializer[Ticket]):
    """A ticket with everything that an agent needs to work on it."""

    id = serializers.IntegerField()
    reference = serializers.CharField()
    subject = serializers.CharField()
    symptom = serializers.CharField(allow_blank=True)
    status = serializers.ChoiceField(choices=Status.choices)
    status_name = serializers.SerializerMethodField()
    allowed = serializers.SerializerMethodField()
    grade = serializers.ChoiceField(choices=Grade.choices, allow_blank=True)
    why_grade = serializers.SerializerMethodField()
    category = Named(allow_null=True)
    impact = serializers.IntegerField()
    urgency = serializers.IntegerField()
    priority = serializers.IntegerField()
    level = serializers.ChoiceField(choices=Level.choices)
    channel = Named()
    tier = Named(allow_null=True)
    queue = Named(allow_null=True)
    assignee = serializers.SerializerMethodField()
    steward = serializers.SerializerMethodField()
    why_person = serializers.SerializerMethodField()
    customer = CustomerOut()
    product = ModelOut(allow_null=True)
    device = serializers.SerializerMethodField()
    serial = serializers.CharField(allow_blank=True)
    error_code = serializers.CharField(allow_blank=True)
    purchased_on = serializers.DateField(allow_null=True)
    clocks = serializers.SerializerMethodField()
    hops = serializers.SerializerMethodField()
    cycle = serializers.IntegerField()
    awaiting_reply = serializers.BooleanField()
    snoozed_until = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    first_responded_at = serializers.DateTimeField(allow_null=True)
    resolved_at = serializers.DateTimeField(allow_null=True)
    confirm_by = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    solution_code = Named(allow_null=True)
    root_cause = Named(allow_null=True)
    merged_into = serializers.SerializerMethodField(help_text="The number of the ticket that it is part of")
    links = serializers.SerializerMethodField()
    topic = serializers.SerializerMethodField()

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_merged_into(self, ticket: Ticket) -> str | None:
        return ticket.merged_into.reference if ticket.merged_into else None

    @extend_schema_field(RelatedOut(many=True))
    def get_links(self, ticket: Ticket) -> Any:
        return RelatedOut(related_of(ticket, viewer=self.context["viewer"]), many=True).data

    def get_status_name(self, ticket: Ticket) -> str:
        return str(self.context["names"].get(ticket.status, ticket.status))

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_allowed(self, ticket: Ticket) -> list[str]:
        return desk.acts_for(ticket, self.context["viewer"])

    def get_why_grade(self, ticket: Ticket) -> str:
        return classify.reason_words(ticket)

    @extend_schema_field(Person(allow_null=True))
    def get_assignee(self, ticket: Ticket) -> Any:
        return person(ticket.assignee)

    @extend_schema_field(Person(allow_null=True))
    def get_steward(self, ticket: Ticket) -> Any:
        return person(ticket.steward)

    @extend_schema_field(WhyOut(allow_null=True))
    def get_why_person(self, ticket: Ticket) -> Any:
        why = self.context["why"]
        return None if why is None else WhyOut(why).data

    @extend_schema_field(TicketDeviceOut(allow_null=True))
    def get_device(self, ticket: Ticket) -> Any:
        at: datetime = self.context["at"]
        if ticket.device is None:
            return None
        return TicketDeviceOut(
            ticket.device, context={"warranty": warranty_of(ticket.device, at.date())}
        ).data

    @extend_schema_field(ClockOut(many=True))
    def get_clocks(self, ticket: Ticket) -> Any:
        return ClockOut(self.context["clocks"], many=True).data

    @extend_schema_field(HopOut(many=True))
    def get_hops(self, ticket: Ticket) -> Any:
        return HopOut(self.context["hops"], many=True).data

    def get_topic(self, ticket: Ticket) -> str:
        return f"ticket:{ticket.pk}"
