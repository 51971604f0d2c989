"""What the staff of the demo were told: the old is read and taken note of, a colleague calls, a ticket is watched."""

from datetime import datetime, timedelta

from accounts.models import Notice, User
from accounts.services.notices import mark_read
from accounts.services.people import staff_actor
from tickets.models import Ticket, TicketAlert
from tickets.services.alerts import acknowledge_alert
from tickets.services.talk import add_note
from tickets.services.watchers import watch

#: what is older was dealt with
FRESH = timedelta(minutes=40)
WORDS = "@林晓 这个型号昨天也有两单，固件回退后恢复，可以先试这一步。"


def settle(*, at: datetime) -> None:
    """Everybody has read what is old; alerts of the days before were taken note of."""
    old = Notice.objects.unread().filter(created_at__lt=at - FRESH).order_by().values("recipient_id")
    boss = staff_actor(User.objects.get(username="qinlan"))
    for user in User.objects.filter(pk__in=old).order_by("pk"):
        newest = Notice.objects.filter(recipient=user, created_at__lt=at - FRESH).order_by("-pk").first()
        if newest is not None:
            mark_read(up_to=newest.pk, actor=staff_actor(user), at=at)
    for alert in TicketAlert.objects.open().filter(raised_at__lt=at - timedelta(hours=12)).order_by("pk"):
        acknowledge_alert(alert=alert, actor=boss, at=at)


def call(*, at: datetime) -> None:
    """The supervisor looks at a ticket of the agent whom visitors sign in as, watches it, and calls her."""
    boss = staff_actor(User.objects.get(username="qinlan"))
    ticket = Ticket.objects.active().filter(assignee__username="linxiao").order_by("-created_at").first()
    if ticket is not None:
        watch(ticket=ticket, actor=boss, at=at)
        add_note(ticket=ticket, body=WORDS, actor=boss, at=at)
