"""The rating form, made of the survey's questions."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from surveys.enums import Polarity, QuestionKind, When
from surveys.models import ReasonTag, Survey, SurveyQuestion
from surveys.services.respond import LONGEST_COMMENT

#: best first: the page is read from right to left there, so that every star up to the chosen one fills without script
STARS = (
    (5, _("Very good")),
    (4, _("Good")),
    (3, _("Fair")),
    (2, _("Poor")),
    (1, _("Very poor")),
)
YES_NO = (("yes", _("Solved")), ("no", _("Not solved")))
#: questions with a column of their own in SurveyResponse; the others are kept in `answers` under their code
COLUMNS = {
    "solved": "solved",
    "overall": "stars",
    "effort": "ces",
    "nps": "nps",
    "reasons": "reasons",
    "comment": "comment",
    "call_me": "call_me",
}
REQUIRED = {"required": _("Please choose one.")}


@dataclass(frozen=True)
class Asked:
    """One question: `place` says where it stands on the page (main, low, more)."""

    kind: str
    text: str
    name: str
    optional: bool
    place: str
    choices: tuple[tuple[Any, Any], ...]


@dataclass(frozen=True)
class Block:
    """A question as the page shows it: `choices` are (value, words, whether it was sent)."""

    asked: Asked
    choices: list[tuple[Any, Any, bool]]
    sent: str
    errors: list[str]


class RatingForm(forms.Form):
    """Nothing is preselected. `asked` are the questions in their order, for the template."""

    def __init__(self, *args: Any, survey: Survey, nps_due: bool, after_visit: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.asked: list[Asked] = []
        self.tags = list(ReasonTag.objects.all())
        wanted = {When.ALWAYS}
        wanted |= {When.NPS_DUE} if nps_due else set()
        wanted |= {When.AFTER_VISIT} if after_visit else set()
        questions = [q for q in survey.questions.all() if q.when in wanted]
        if not any(q.code == "overall" and q.kind == QuestionKind.STARS for q in questions):
            # without stars there is no rating: this one cannot be configured away
            questions.insert(0, _overall())
        for question in questions:
            self._ask(question)

    def _ask(self, question: SurveyQuestion) -> None:
        name = COLUMNS.get(question.code, f"a_{question.code}")
        required = question.required or question.code == "overall"
        build = getattr(self, f"_{question.kind}")
        field, choices = build(required)
        field.label = question.text
        self.fields[name] = field
        self.asked.append(Asked(question.kind, question.text, name, not required, _place(question), choices))

    def _yesno(self, required: bool) -> tuple[forms.Field, tuple[tuple[Any, Any], ...]]:
        field = forms.TypedChoiceField(
            choices=YES_NO,
            coerce=lambda value: value == "yes",
            empty_value=None,
            required=required,
            error_messages=REQUIRED,
        )
        return field, YES_NO

    def _stars(self, required: bool) -> tuple[forms.Field, tuple[tuple[Any, Any], ...]]:
        return _number(range(1, 6), required), STARS

    def _scale7(self, required: bool) -> tuple[forms.Field, tuple[tuple[Any, Any], ...]]:
        return _number(range(1, 8), required), tuple((n, n) for n in range(1, 8))

    def _scale10(self, required: bool) -> tuple[forms.Field, tuple[tuple[Any, Any], ...]]:
        return _number(range(11), required), tuple((n, n) for n in range(11))

    def _tags(self, required: bool) -> tuple[forms.Field, tuple[tuple[Any, Any], ...]]:
        choices = tuple((tag.code, tag.name) for tag in self.tags)
        return forms.MultipleChoiceField(choices=choices, required=required), choices

    def _text(self, required: bool) -> tuple[forms.Field, tuple[tuple[Any, Any], ...]]:
        return forms.CharField(max_length=LONGEST_COMMENT, required=required), ()

    def _bool(self, required: bool) -> tuple[forms.Field, tuple[tuple[Any, Any], ...]]:
        return forms.BooleanField(required=False), ()

    def blocks(self, place: str) -> list[Block]:
        """The questions of a place; a form that was refused shows again all that was sent."""
        return [self._block(asked, asked.choices) for asked in self.asked if asked.place == place]

    def _block(self, asked: Asked, choices: Iterable[tuple[Any, Any]]) -> Block:
        data: Any = self.data
        sent = {str(value) for value in data.getlist(asked.name)} if self.is_bound else set()
        return Block(
            asked=asked,
            choices=[(value, words, str(value) in sent) for value, words in choices],
            sent=next(iter(sent), ""),
            errors=[str(error) for error in self.errors.get(asked.name, [])] if self.is_bound else [],
        )

    @property
    def main(self) -> list[Block]:
        return self.blocks("main")

    @property
    def low(self) -> list[Block]:
        return self.blocks("low")

    @property
    def more(self) -> list[Block]:
        # the word of one's own comes first
        return sorted(self.blocks("more"), key=lambda block: block.asked.kind != QuestionKind.TEXT)

    @property
    def reason_blocks(self) -> dict[str, Block]:
        """The reasons apart: those of a good and those of a bad rating; empty when none are asked."""
        asked = next((a for a in self.asked if a.name == "reasons"), None)
        if asked is None:
            return {}
        return {
            polarity: self._block(asked, [(t.code, t.name) for t in self.tags if t.polarity == polarity])
            for polarity in Polarity.values
        }

    def for_service(self) -> dict[str, Any]:
        """The keywords of surveys.services.respond."""
        cleaned = self.cleaned_data
        named = {name: cleaned[name] for name in COLUMNS.values() if name in cleaned}
        answers = {
            name.removeprefix("a_"): value
            for name, value in cleaned.items()
            if name.startswith("a_") and value not in (None, "", [])
        }
        return {**named, "answers": answers}


def _number(values: range, required: bool) -> forms.Field:
    return forms.TypedChoiceField(
        choices=[(n, n) for n in values],
        coerce=int,
        empty_value=None,
        required=required,
        error_messages=REQUIRED,
    )


def _place(question: SurveyQuestion) -> str:
    if question.code == "reasons":
        return "reasons"
    if question.code == "call_me":
        return "low"
    if question.code in ("effort", "nps", "comment"):
        return "more"
    return "main"


def _overall() -> SurveyQuestion:
    return SurveyQuestion(
        code="overall",
        kind=QuestionKind.STARS,
        text_zh="打几分？",
        text_en="How was this service?",
        required=True,
    )
