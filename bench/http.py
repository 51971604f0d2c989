"""A client that costs little: one kept connection, timed from the first byte sent to the last byte read."""

import gzip
import http.client
import re
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from urllib.parse import urlsplit

#: elements that fetch a part as soon as the page stands
LOADS = re.compile(r"<[^>]*\bhx-get=\"([^\"]+)\"[^>]*>")
TRIGGER = re.compile(r"hx-trigger=\"([^\"]*)\"")


@dataclass
class Timing:
    """Milliseconds of each round, and requests a second with eight clients."""

    rounds: list[float] = field(default_factory=list)
    throughput: float = 0.0

    @property
    def p50(self) -> float:
        return statistics.median(self.rounds)

    @property
    def p95(self) -> float:
        ordered = sorted(self.rounds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]


_addresses = count(256)


class Client:
    """Speaks to one server as one person. With `moves`, it calls from another loopback address after so many requests:
    what is limited for one address is not what is measured."""

    def __init__(self, base: str, headers: dict[str, str] | None = None, *, moves: int = 0) -> None:
        self._base, self._moves, self._sent = urlsplit(base), moves, 0
        self._headers = {"Accept-Encoding": "gzip", "Accept-Language": "zh-CN", **(headers or {})}
        self._connect()

    def _connect(self) -> None:
        number = next(_addresses)
        own = (f"127.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}", 0) if self._moves else None
        self._connection = http.client.HTTPConnection(
            self._base.hostname or "127.0.0.1", self._base.port, timeout=30, source_address=own
        )

    def get(self, path: str, **headers: str) -> str:
        """The answer's text. Raises RuntimeError for anything but 200."""
        return self._send("GET", path, None, headers, {200})

    def post(self, path: str, body: bytes, **headers: str) -> str:
        """The answer's text. Raises RuntimeError for anything but 200 and 201."""
        return self._send("POST", path, body, headers, {200, 201})

    def _send(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str], good: set[int]
    ) -> str:
        if self._moves and self._sent and self._sent % self._moves == 0:
            self._connection.close()
            self._connect()
        self._sent += 1
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._connection.request(method, path, body=body, headers={**self._headers, **named})
        answer = self._connection.getresponse()
        raw = answer.read()
        if answer.status not in good:
            raise RuntimeError(f"{method} {path}: {answer.status} {raw[:400]!r}")
        if answer.getheader("Content-Encoding") == "gzip":
            raw = gzip.decompress(raw)
        return raw.decode()


def parts_of(page: str) -> list[str]:
    """The parts that a page fetches by itself when it is shown (hx-trigger with `load`)."""
    found = []
    for match in LOADS.finditer(page):
        trigger = TRIGGER.search(match.group())
        if trigger and re.search(r"(^|[ ,])load\b", trigger.group(1)):
            found.append(match.group(1).replace("&amp;", "&"))
    return found


def alone(act: Callable[[], object], *, rounds: int, seconds: float, warm: int = 5) -> Timing:
    """One client, one after the other, at most so many rounds and seconds."""
    for _ in range(warm):
        act()
    timing = Timing()
    end = time.perf_counter() + seconds
    while len(timing.rounds) < rounds and time.perf_counter() < end:
        start = time.perf_counter()
        act()
        timing.rounds.append((time.perf_counter() - start) * 1000)
    return timing


def together(make: Callable[[], Callable[[], object]], *, clients: int, seconds: float) -> float:
    """Rounds a second of several clients at once; each makes its own connection."""
    counts: list[int] = [0] * clients
    errors: list[Exception] = []
    end = time.perf_counter() + seconds

    def run(place: int) -> None:
        try:
            act = make()
            while time.perf_counter() < end:
                act()
                counts[place] += 1
        except (RuntimeError, OSError, http.client.HTTPException) as error:
            errors.append(error)

    start = time.perf_counter()
    threads = [threading.Thread(target=run, args=(place,)) for place in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return sum(counts) / (time.perf_counter() - start)
