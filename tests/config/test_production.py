"""Production refuses to start half-configured, and passes Django's own deployment checks when it is not."""

import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

ENVIRONMENT = {
    "ANXIN_ENV": "production",
    "SECRET_KEY": secrets.token_urlsafe(60),
    "ALLOWED_HOSTS": "service.example.com",
    "DATABASE_URL": "postgres://anxin@localhost/anxin",
    "EMAIL_URL": "smtp+tls://user:password@smtp.example.com:587",
    "PUBLIC_URL": "https://service.example.com",
}


def check(tmp_path: Path, **changes: str | None) -> "subprocess.CompletedProcess[str]":
    """`manage.py check --deploy` in production's environment, changed."""
    environment = {"PATH": os.environ["PATH"], "ANXIN_VAR_DIR": str(tmp_path)} | ENVIRONMENT
    for key, value in changes.items():
        environment.pop(key, None)
        if value is not None:
            environment[key] = value
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_the_deployment_checks_are_clean(tmp_path: Path) -> None:
    done = check(tmp_path)
    assert (done.returncode, done.stdout) == (0, "System check identified no issues (0 silenced).\n"), (
        done.stderr
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"SECRET_KEY": None}, "SECRET_KEY must be set"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY must be set"),
        ({"SECRET_KEY": "change-me" * 10}, "SECRET_KEY must be set"),
        ({"ALLOWED_HOSTS": None}, "ALLOWED_HOSTS must be set"),
        ({"DATABASE_URL": None}, "DATABASE_URL must name a PostgreSQL database"),
        ({"EMAIL_URL": None}, "mail is printed, not sent"),
    ],
    ids=["no secret", "a short secret", "the default secret", "no hosts", "no database", "no mail"],
)
def test_production_does_not_start_half_configured(
    tmp_path: Path, changes: dict[str, str | None], reason: str
) -> None:
    done = check(tmp_path, **changes)
    assert done.returncode != 0
    assert reason in done.stderr
