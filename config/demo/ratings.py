"""The rating of a past ticket: asked after the resolution, given or not, followed up when it is bad."""

import hashlib
from datetime import datetime, timedelta
from functools import cache

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext

from channels_hub.enums import Author
from config.demo import words
from config.demo.ledger import REASONS
from config.demo.pen import SYSTEM, Pen
from core.models import Timer
from surveys import rules
from surveys.enums import FollowUpState
from surveys.events import FollowUpEscalated, FollowUpMoved, FollowUpOpened, SurveyAnswered, SurveyOffered
from surveys.models import BadRatingFollowUp, SurveyInvitation, SurveyResponse
from surveys.services.followups import TIMER
from surveys.services.invite import MESSAGE_KEY
from tickets.models import Ticket

BAD_REASONS = ("slow", "unsolved", "attitude", "process")
WON_BACK = "道歉并送一次免费清洗，客户接受"
PATH = (FollowUpState.CONTACTING, FollowUpState.CONTACTED, FollowUpState.HANDLING, FollowUpState.WON_BACK)
TOKEN = "t" * 32


@cache
def _address() -> str:
    """Where a rating is given, with TOKEN in place of the token."""
    return settings.PUBLIC_URL + reverse("surveys:rate", args=[TOKEN])


class Rating:
    """What became of the question for one resolution."""

    def __init__(self, pen: Pen, ticket: Ticket, *, rated_agent_id: int, now: datetime) -> None:
        self.pen, self.ticket, self.rated_agent_id, self.now = pen, ticket, rated_agent_id, now
        chance = pen.chance
        self.stars = chance.choices([1, 2, 3, 4, 5], [2, 4, 9, 30, 55])[0]
        self.solved = self.stars > 2 or chance.random() < 0.6
        self.invitation: SurveyInvitation

    @property
    def says_unsolved(self) -> bool:
        """Whether the rating, once given, opens the ticket again."""
        return not self.solved

    def ask(self, at: datetime) -> None:
        """Offered, and told in the thread."""
        pen, survey = self.pen, self.pen.books.survey
        token = f"{pen.chance.getrandbits(192):048x}"
        self.invitation = pen.ledger.add(
            SurveyInvitation(
                survey=survey,
                ticket_id=self.ticket.pk,
                cycle=self.ticket.cycle,
                rated_agent_id=self.rated_agent_id,
                token_hash=hashlib.sha256(token.encode()).hexdigest(),
                offered_at=at,
                expires_at=at + timedelta(hours=survey.valid_hours),
            )
        )
        fact = SurveyOffered(
            subject_id=self.ticket.pk, invitation_id=self.invitation.pk, cycle=self.ticket.cycle
        )
        pen.tell(fact, at, who=SYSTEM)
        body = gettext("How was this service? Two taps, valid for %(hours)d hours: %(url)s") % {
            "hours": survey.valid_hours,
            "url": _address().replace(TOKEN, token),
        }
        message = pen.say(body, at, author=Author.SYSTEM)
        message.client_id = f"{MESSAGE_KEY}{self.invitation.pk}"
        pen.show(message)

    def give(self, at: datetime) -> None:
        """Answered; a bad rating is followed up."""
        pen, chance, stars = self.pen, self.pen.chance, self.stars
        pen.actor = ("customer", self.ticket.customer_id)
        response: SurveyResponse = pen.ledger.add(
            SurveyResponse(
                invitation=self.invitation,
                solved=self.solved,
                stars=stars,
                ces=min(7, stars + 2),
                comment=chance.choice(words.GOOD_COMMENTS if stars > 3 else words.BAD_COMMENTS),
                at=at,
            )
        )
        tag = None
        if stars <= 2:
            tag = pen.books.tags[chance.choice(BAD_REASONS)]
            pen.ledger.add(REASONS(surveyresponse_id=response.pk, reasontag_id=tag.pk))
        fact = SurveyAnswered(
            subject_id=self.ticket.pk,
            invitation_id=self.invitation.pk,
            response_id=response.pk,
            stars=stars,
            solved=self.solved,
        )
        pen.tell(fact, at)
        survey = pen.books.survey
        if rules.wants_follow_up(stars=stars, bad_stars=survey.bad_stars, call_me=False):
            owner = pen.books.caller(chance, self.rated_agent_id)
            follow_up: BadRatingFollowUp = pen.ledger.add(
                BadRatingFollowUp(
                    response=response,
                    ticket_id=self.ticket.pk,
                    rated_agent_id=self.rated_agent_id,
                    owner_id=owner.user_id,
                    due_at=at + timedelta(hours=survey.follow_up_hours),
                    created_at=at,
                    reason=tag,
                )
            )
            opened = FollowUpOpened(
                subject_id=self.ticket.pk, follow_up_id=follow_up.pk, owner_id=owner.user_id
            )
            pen.tell(opened, at)
            self._follow_up(follow_up, survey.follow_up_hours, at)

    def _follow_up(self, follow_up: BadRatingFollowUp, hours: int, at: datetime) -> None:
        """The call, within the day but for one in ten; its reminders until then."""
        pen, chance = self.pen, self.pen.chance
        late = chance.random() < 0.1
        done_at = at + timedelta(minutes=int(60 + 1240 * chance.random() ** 2.2) + (900 if late else 0))
        finished = done_at <= self.now
        for step, moment in enumerate(rules.reminder_times(at, hours), start=1):
            if finished and moment >= done_at:
                continue
            if moment > self.now:
                pen.ledger.add(
                    Timer(
                        kind=TIMER,
                        subject_id=follow_up.pk,
                        due_at=moment,
                        dedupe=f"{TIMER}:{follow_up.pk}:{step}",
                        data={"step": step},
                    )
                )
                continue
            fact = FollowUpEscalated(
                subject_id=self.ticket.pk, follow_up_id=follow_up.pk, step=step, owner_id=follow_up.owner_id
            )
            pen.tell(fact, moment, who=SYSTEM)
        if not finished:
            return
        before: str = follow_up.state
        for state in PATH:
            last = state == FollowUpState.WON_BACK
            moved = FollowUpMoved(
                subject_id=self.ticket.pk, follow_up_id=follow_up.pk, before=before, after=state.value
            )
            detail = {"action": WON_BACK} if last else None
            pen.tell(moved, done_at, who=("staff", follow_up.owner_id), detail=detail)
            before = state.value
        follow_up.state, follow_up.action = FollowUpState.WON_BACK.value, WON_BACK
        follow_up.first_contact_at = follow_up.finished_at = done_at
