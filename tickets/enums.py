"""Codes of the tickets app."""

from django.db.models import IntegerChoices, TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Status(TextChoices):
    """State categories; people see the renamable names in StatusName."""

    NEW = "new", _("New")
    OPEN = "open", pgettext_lazy("state", "Open")
    WAITING_CUSTOMER = "waiting_customer", _("Waiting for the customer")
    WAITING_PART = "waiting_part", _("Waiting for a part")
    WAITING_THIRD_PARTY = "waiting_third_party", _("Waiting for a third party")
    RESOLVED = "resolved", _("Resolved")
    CLOSED = "closed", _("Closed")
    MERGED = "merged", _("Merged")


WAITING = frozenset({Status.WAITING_CUSTOMER, Status.WAITING_PART, Status.WAITING_THIRD_PARTY})
ACTIVE = frozenset({Status.NEW, Status.OPEN, *WAITING})
DONE = frozenset({Status.RESOLVED, Status.CLOSED, Status.MERGED})


class Grade(TextChoices):
    CONSULT = "consult", _("Question")
    SIMPLE = "simple", _("Simple fault")
    COMPLEX = "complex", _("Complex fault")
    MAJOR = "major", _("Major fault")


class Impact(IntegerChoices):
    LOW = 1, _("one function")
    MEDIUM = 2, _("one device")
    HIGH = 3, _("a household")
    CRITICAL = 4, _("safety or many users")


class Urgency(IntegerChoices):
    LOW = 1, _("can wait")
    MEDIUM = 2, _("soon")
    HIGH = 3, _("now")


class ClockKind(TextChoices):
    FIRST_RESPONSE = "first_response", _("First response")
    NEXT_RESPONSE = "next_response", _("Next response")
    RESOLUTION = "resolution", _("Resolution")
    REOPEN_RESOLUTION = "reopen_resolution", _("Resolution after reopening")
    TIER_HOP = "tier_hop", _("Time at this tier")


class ClockState(TextChoices):
    RUNNING = "running", _("running")
    PAUSED = "paused", _("paused")
    MET = "met", _("met")
    STOPPED = "stopped", _("stopped")


class EntryKind(TextChoices):
    MESSAGE = "message", _("message")
    NOTE = "note", _("note")
    EVENT = "event", _("event")


class HopDirection(TextChoices):
    UP = "up", _("up")
    DOWN = "down", _("down")


class CloseReason(TextChoices):
    CONFIRMED = "confirmed", _("confirmed by the customer")
    TIMEOUT = "timeout", _("no answer within the time given")
    BY_STAFF = "by_staff", _("closed by staff")


class AssignmentSource(TextChoices):
    ROUTED = "routed", _("automatic")
    CLAIMED = "claimed", _("taken")
    ASSIGNED = "assigned", _("by a person")
    OVERRIDDEN = "overridden", _("by a person, against the rules")


class DayKind(TextChoices):
    HOLIDAY = "holiday", _("day off")
    WORKING = "working", _("working day")


class DraftMode(TextChoices):
    REPLY = "reply", _("reply")
    NOTE = "note", _("note")


class WordClass(TextChoices):
    """Why somebody's words need a person of responsibility."""

    EMOTION = "emotion", _("Angry words")
    COMPLAINT = "complaint", _("Complaint")
    EXPOSURE = "exposure", _("Going public")
    REGULATOR = "regulator", _("Authority or court")
    SAFETY = "safety", _("Danger")


class MacroKind(TextChoices):
    SCRIPT = "script", _("script")
    MACRO = "macro", _("macro")


class WordLevel(TextChoices):
    STOP = "stop", _("stop: is not sent")
    WARN = "warn", _("warn: may be sent")


class WordLanguage(TextChoices):
    ZH = "zh", _("Chinese")
    EN = "en", _("English")


class WokenBy(TextChoices):
    TIME = "time", _("its time has come")
    CUSTOMER = "customer", _("the customer wrote")
    PERSON = "person", _("somebody woke it")
    MOVED = "moved", _("somebody else has it")


class LinkKind(TextChoices):
    RELATED = "related", _("related")
    DUPLICATE = "duplicate", _("same issue")
    PARENT = "parent", _("parent and part")
    FOLLOW_UP = "follow_up", _("follow-up")


#: kinds of links without a direction
MUTUAL = frozenset({LinkKind.RELATED, LinkKind.DUPLICATE})


class BulkAction(TextChoices):
    ASSIGN = "assign", _("assign")
    WAIT = "wait", _("wait for something")
    NOTE = "note", _("add a note")
    REGRADE = "regrade", _("change grade or category")
    RESOLVE = "resolve", _("resolve")
    MERGE = "merge", _("merge into one")


class BulkState(TextChoices):
    PENDING = "pending", _("to do")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")
