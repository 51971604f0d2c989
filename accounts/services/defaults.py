"""The places, skills, teams, reasons and groups that a new installation starts with."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from accounts.models import DutyReason, Region, Skill, Team
from accounts.services.roles import ensure_roles
from core.services.defaults import create_missing, read_defaults


@transaction.atomic
def load_defaults(at: datetime) -> int:
    """Insert what is missing of accounts/defaults/people.yaml, and the groups; returns how many rows were
    new. Rows that are there stay as an administrator left them."""
    given = read_defaults("accounts", "people")
    ensure_roles()
    new = 0
    # a municipality is its own province: only real provinces become parents
    provinces = {
        slugify(row["province_en"]): Region(
            code=slugify(row["province_en"]), name_zh=row["province_zh"], name_en=row["province_en"]
        )
        for row in given["regions"]
        if slugify(row["province_en"]) != row["code"]
    }
    new += len(create_missing(list(provinces.values()), key=["code"], at=at))
    parents = Region.objects.in_bulk(list(provinces), field_name="code")
    cities = [
        Region(
            code=row["code"],
            name_zh=row["name_zh"],
            name_en=row["name_en"],
            parent=parents.get(slugify(row["province_en"])),
        )
        for row in given["regions"]
    ]
    new += len(create_missing(cities, key=["code"], at=at))
    new += len(create_missing([Skill(**row) for row in given["skills"]], key=["code"], at=at))
    new += len(_load_teams(given["teams"], at))
    reasons = [DutyReason(position=place, **row) for place, row in enumerate(given["duty_reasons"])]
    return new + len(create_missing(reasons, key=["code"], at=at))


def _load_teams(rows: list[dict[str, Any]], at: datetime) -> list[Team]:
    skills = {str(row["code"]): row["skills"] for row in rows}
    teams: list[Team] = create_missing(
        [
            Team(
                code=row["code"],
                name_zh=row["name_zh"],
                name_en=row["name_en"],
                tier=row["tier"] or "",
                purpose=row["purpose"],
            )
            for row in rows
        ],
        key=["code"],
        at=at,
    )
    known = Skill.objects.in_bulk(field_name="code")
    links = Team.skills.through
    links.objects.bulk_create(
        [links(team_id=team.pk, skill_id=known[code].pk) for team in teams for code in skills[team.code]]
    )
    return teams
