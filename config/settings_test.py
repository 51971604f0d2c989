"""Settings of the test suite: the real ones, with fast passwords, memory mail and files of its own."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

# a directory for this run, shared with the processes it starts (pytest-xdist's workers, servers under test)
if "ANXIN_VAR_DIR" not in os.environ:
    os.environ["ANXIN_VAR_DIR"] = tempfile.mkdtemp(prefix="anxin-tests-")
    atexit.register(shutil.rmtree, os.environ["ANXIN_VAR_DIR"], ignore_errors=True)
# each worker of pytest-xdist has a cluster of its own where scripts/with_postgres gives several
if clusters := os.environ.get("DATABASE_URLS", "").split():
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    os.environ["DATABASE_URL"] = clusters[worker % len(clusters)]
os.environ.setdefault("LOG_LEVEL", "ERROR")
# fewer connections that outlive the thread that opened them
os.environ.setdefault("CONN_MAX_AGE", "0")

from config.settings import *  # noqa: F403  (a settings module is its parent, changed)
from config.settings import DATABASES, VAR_DIR

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
ACCOUNT_RATE_LIMITS = False
# each worker of pytest-xdist has media of its own, as it has a database of its own
MEDIA_ROOT = Path(VAR_DIR) / f"media-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
if "sqlite" in DATABASES["default"]["ENGINE"]:
    # a file, not memory: several threads (live server, sockets) write to it as they do in the product
    DATABASES["default"]["TEST"] = {"NAME": str(Path(VAR_DIR) / "test.sqlite3")}
# whitenoise warns about a directory that is absent, and warnings are errors
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # noqa: F405  (from the real settings)
