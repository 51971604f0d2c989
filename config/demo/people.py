"""The staff of the demo and its households."""

import random
from datetime import date, datetime, timedelta

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group

from accounts.enums import DutyState, UserKind
from accounts.models import Agent, AgentSkill, Region, Skill, Team, User
from accounts.services.duty import set_duty
from accounts.services.roles import ensure_roles
from config.demo import words
from core.actors import SYSTEM
from customers.enums import CareFlag, DeviceStatus, IdentityKind, Level
from customers.models import Customer, Device, Firmware, Identity, Product

PASSWORD = "anxin-demo-2026"  # noqa: S105  a demo's sign-in, printed at start; refused in production
LEVELS = (
    [Level.NORMAL] * 50
    + [Level.SILVER] * 22
    + [Level.GOLD] * 14
    + [Level.DIAMOND] * 6
    + [Level.ENTERPRISE] * 6
)
LEVELS += [Level.ENTERPRISE_VIP] * 2
FIRST_EMPLOYEE = 1001


def hire_staff(*, at: datetime) -> dict[str, Agent]:
    """Agents with teams, skills and regions, and the people around them; login name → agent."""
    roles = ensure_roles()
    password = make_password(PASSWORD)
    for login, name, english, role in words.OTHERS:
        user = User.objects.create(
            username=login,
            password=password,
            display_name=name,
            display_name_en=english,
            kind=UserKind.STAFF,
            is_staff=True,
            is_superuser=role == "administrator",
        )
        user.groups.add(roles[role])
    teams = {team.code: team for team in Team.objects.prefetch_related("skills")}
    regions = list(Region.objects.all())
    agents = {}
    for number, (login, name, english, tier, team_codes) in enumerate(words.STAFF, FIRST_EMPLOYEE):
        lead = login in ("linxiao", "tangli", "shenyu", "heting")
        user = User.objects.create(
            username=login,
            password=password,
            display_name=name,
            display_name_en=english,
            kind=UserKind.STAFF,
            is_staff=lead,
        )
        user.groups.add(*_groups(roles, lead))
        agent = Agent.objects.create(
            user=user,
            employee_no=f"HQ{number}",
            tier=tier,
            ticket_capacity=30 if tier == "L1" else 25,
            signature_zh=f"禾栖智家 {name}",
            signature_en=f"{english}, Heqi Home",
        )
        agent.teams.add(*(teams[code] for code in team_codes))
        agent.regions.add(*regions)
        _teach(agent, [skill for code in team_codes for skill in teams[code].skills.all()], seed=number)
        agents[login] = agent
        if lead:
            Team.objects.filter(code=team_codes[0]).update(lead=user)
    for agent in agents.values():
        set_duty(agent=agent, state=DutyState.AVAILABLE, reason="", actor=SYSTEM, at=at)
    return agents


def _groups(roles: dict[str, Group], lead: bool) -> list[Group]:
    return [roles["agent"], roles["lead"]] if lead else [roles["agent"]]


def _teach(agent: Agent, skills: list[Skill], *, seed: int) -> None:
    chance = random.Random(seed)
    levels = {skill.pk: chance.randint(2, 5) for skill in skills}
    AgentSkill.objects.bulk_create(
        AgentSkill(agent=agent, skill_id=pk, level=level) for pk, level in levels.items()
    )


def move_in(
    chance: random.Random, *, customers: int, devices: int, today: date, at: datetime
) -> list[Customer]:
    """Households with devices, as they stand in the maker's books before anybody asks for service (bulk: these rows
    come from the shop and the cloud, not from service)."""
    regions = list(Region.objects.all())
    weights = [6 if region.code == "hangzhou" else 1 for region in regions]
    people = []
    for index in range(customers):
        woman = chance.random() < 0.5
        surname = chance.choice(words.SURNAMES)
        company = index % 25 == 24
        name = surname + chance.choice(words.GIVEN_F if woman else words.GIVEN_M)
        level = chance.choice(LEVELS)
        if company:
            level = chance.choice([Level.ENTERPRISE, Level.ENTERPRISE_VIP])
        elif level in (Level.ENTERPRISE, Level.ENTERPRISE_VIP):
            level = Level.NORMAL
        people.append(
            Customer(
                name=f"{surname}氏物业" if company else name,
                salutation=f"{surname}氏物业" if company else surname + ("女士" if woman else "先生"),
                level=level,
                level_since=today - timedelta(days=chance.randint(20, 400)),
                care_flags=[chance.choice(CareFlag.values[:4])] if chance.random() < 0.07 else [],
                # 1990000xxxx: numbers that no operator has given to a subscriber of this demo
                phone=f"199{index:08d}",
                region=chance.choices(regions, weights)[0],
                district=chance.choice(words.DISTRICTS),
                address=f"示范路{chance.randint(1, 300)}号{chance.randint(1, 30)}幢{chance.randint(101, 2604)}室",
                created_at=at - timedelta(days=chance.randint(10, 700)),
            )
        )
    people = Customer.objects.bulk_create(people, batch_size=2_000)
    Identity.objects.bulk_create(
        Identity(customer=person, kind=IdentityKind.PHONE, value=person.phone, verified_at=person.created_at)
        for person in people
    )
    _give_devices(chance, people, devices=devices, today=today, at=at)
    return people


def _give_devices(
    chance: random.Random, people: list[Customer], *, devices: int, today: date, at: datetime
) -> None:
    products = list(Product.objects.select_related("line"))
    versions: dict[int, list[str]] = {}
    for firmware in Firmware.objects.order_by("pk"):
        versions.setdefault(firmware.product_id, []).append(firmware.version)
    rows = []
    for index in range(devices):
        product = products[index % len(products)]
        bought = today - timedelta(days=chance.randint(5, 1200))
        online = chance.random() < 0.88
        rows.append(
            Device(
                serial=f"{product.serial_prefix}{bought:%y%m}{index:06d}",
                product=product,
                customer=people[index] if index < len(people) else chance.choice(people),
                firmware=chance.choice(versions.get(product.pk, [""])),
                produced_on=bought - timedelta(days=60),
                purchased_on=bought,
                activated_on=bought + timedelta(days=chance.randint(0, 9)),
                order_no=f"HQ{bought:%Y%m%d}{index:05d}",
                room=chance.choice(words.ROOMS),
                status=(DeviceStatus.ONLINE if online else DeviceStatus.OFFLINE)
                if product.connected
                else DeviceStatus.UNKNOWN,
                status_since=at - timedelta(hours=chance.randint(1, 60)),
            )
        )
    Device.objects.bulk_create(rows, batch_size=500)
