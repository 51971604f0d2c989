from accounts.models.agent import Agent, AgentSkill, DutyLog, Shift
from accounts.models.notice import Notice
from accounts.models.region import Region
from accounts.models.team import DutyReason, Skill, Team
from accounts.models.user import User

__all__ = [
    "Agent",
    "AgentSkill",
    "DutyLog",
    "DutyReason",
    "Notice",
    "Region",
    "Shift",
    "Skill",
    "Team",
    "User",
]
