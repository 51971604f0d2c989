"""Staff for tests: `make_agent(...)` gives a user who works in a team with skills."""

from datetime import datetime
from typing import Any

import factory
from django.contrib.auth.models import Group

from accounts.enums import DutyState, SkillKind, UserKind
from accounts.models import Agent, AgentSkill, DutyLog, Region, Skill, Team, User
from tests.factories.times import NOW


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"user{n}")
    display_name = factory.Sequence(lambda n: f"同事{n}")
    display_name_en = factory.Sequence(lambda n: f"Colleague {n}")
    kind = UserKind.STAFF
    password = factory.django.Password("correct horse battery")


class CustomerUserFactory(UserFactory):
    """The account of a customer; customers.CustomerFactory(user=...) makes the person."""

    kind = UserKind.CUSTOMER


class RegionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Region
        django_get_or_create = ("code",)

    code = factory.Sequence(lambda n: f"city-{n}")
    name_zh = factory.LazyAttribute(lambda o: f"市{o.code}")
    name_en = factory.LazyAttribute(lambda o: o.code.title())


class SkillFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Skill
        django_get_or_create = ("code",)

    code = factory.Sequence(lambda n: f"skill-{n}")
    name_zh = factory.LazyAttribute(lambda o: f"技能{o.code}")
    name_en = factory.LazyAttribute(lambda o: o.code.title())
    kind = SkillKind.PRODUCT


class TeamFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Team
        django_get_or_create = ("code",)

    code = factory.Sequence(lambda n: f"team-{n}")
    name_zh = factory.LazyAttribute(lambda o: f"组{o.code}")
    name_en = factory.LazyAttribute(lambda o: o.code.title())
    tier = "L1"


class AgentFactory(factory.django.DjangoModelFactory):
    """An agent who is available since `NOW`, with the log row that belongs to it."""

    class Meta:
        model = Agent
        skip_postgeneration_save = True

    user = factory.SubFactory(UserFactory)
    employee_no = factory.Sequence(lambda n: f"E{n:05d}")
    tier = "L1"
    duty_state = DutyState.AVAILABLE
    duty_since = NOW

    @factory.post_generation
    def duty_row(self, create: bool, extracted: Any, **kwargs: Any) -> None:
        if create and self.duty_since is not None:
            DutyLog.objects.create(agent=self, state=self.duty_state, since=self.duty_since)


def make_agent(
    name: str = "",
    *,
    teams: tuple[Team, ...] = (),
    skills: dict[str, int] | None = None,
    regions: tuple[Region, ...] = (),
    roles: tuple[str, ...] = (),
    tier: str = "L1",
    duty: str = DutyState.AVAILABLE,
    since: datetime | None = NOW,
    **agent: Any,
) -> User:
    """A member of staff at work: `make_agent("林晓", teams=(team,), skills={"lock": 3},
    roles=(Role.LEAD,))`."""
    user = UserFactory(**({"display_name": name} if name else {}))
    row = AgentFactory(user=user, tier=tier, duty_state=duty, duty_since=since, **agent)
    row.teams.set(teams)
    row.regions.set(regions)
    for code, level in (skills or {}).items():
        AgentSkill.objects.create(agent=row, skill=SkillFactory(code=code), level=level)
    for role in roles:
        user.groups.add(Group.objects.get_or_create(name=role)[0])
    return user
