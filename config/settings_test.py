"""Settings of the test suite: the real ones, with fast passwords, memory mail and files of its own."""

import os
import tempfile

os.environ.setdefault("ANXIN_VAR_DIR", tempfile.mkdtemp(prefix="anxin-tests-"))
os.environ.setdefault("LOG_LEVEL", "ERROR")

from config.settings import *  # noqa: E402, F403  (a settings module is its parent, changed)

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
ACCOUNT_RATE_LIMITS = False
