"""The moment around which test data stands: a quiet Tuesday morning in Shanghai, the same as the fixture
`at`."""

from datetime import datetime
from zoneinfo import ZoneInfo

NOW = datetime(2026, 3, 17, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
