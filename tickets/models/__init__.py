from tickets.models.alert import AlertWord, TicketAlert
from tickets.models.bulk import BulkRow, BulkRun
from tickets.models.calendar import Calendar, CalendarDay, CalendarWindow
from tickets.models.clock import Clock
from tickets.models.composer import ForbiddenWord, Macro, MacroUse
from tickets.models.config import (
    Category,
    EscalationReason,
    Queue,
    RootCause,
    SafetyWord,
    SolutionCode,
    StatusName,
    Tier,
)
from tickets.models.entry import Note, TicketEntry
from tickets.models.merge import NotDuplicate, TicketLink, TicketMerge
from tickets.models.search import TicketSearchEntry
from tickets.models.sla import EscalationStep, SlaPolicy, SlaTarget
from tickets.models.ticket import Ticket
from tickets.models.watch import TicketWatcher
from tickets.models.work import Assignment, Draft, SeenMark, TierHop, TrackingLink

__all__ = [
    "AlertWord",
    "Assignment",
    "BulkRow",
    "BulkRun",
    "Calendar",
    "CalendarDay",
    "CalendarWindow",
    "Category",
    "Clock",
    "Draft",
    "EscalationReason",
    "EscalationStep",
    "ForbiddenWord",
    "Macro",
    "MacroUse",
    "NotDuplicate",
    "Note",
    "Queue",
    "RootCause",
    "SafetyWord",
    "SeenMark",
    "SlaPolicy",
    "SlaTarget",
    "SolutionCode",
    "StatusName",
    "Ticket",
    "TicketAlert",
    "TicketEntry",
    "TicketLink",
    "TicketMerge",
    "TicketSearchEntry",
    "TicketWatcher",
    "Tier",
    "TierHop",
    "TrackingLink",
]
