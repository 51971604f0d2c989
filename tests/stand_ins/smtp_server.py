"""A mail server in the test's own process: it speaks SMTP over a real socket, keeps what it took, and fails on demand.

with SmtpServer() as server:
    server.refuse_recipient("nobody@example.com", 550)
    server.answer_data(451, times=2)
    server.drop_after_data(times=1)      # takes the mail, then hangs up without an answer
    server.stop()                        # connections are refused, as from a machine that is down
"""

import email
import email.policy
import socketserver
import threading
from dataclasses import dataclass, field
from email.message import EmailMessage
from types import TracebackType


@dataclass
class Mail:
    """One mail as the server got it."""

    sender: str
    recipients: list[str]
    raw: bytes

    @property
    def parsed(self) -> EmailMessage:
        message = email.message_from_bytes(self.raw, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        return message


@dataclass
class Faults:
    """What goes wrong next."""

    greeting: int = 0
    sender: int = 0
    recipients: dict[str, int] = field(default_factory=dict)
    data: list[int] = field(default_factory=list)
    drops: int = 0
    drops_at_data: int = 0


class _Dialogue(socketserver.StreamRequestHandler):
    server: "_Server"
    timeout = 10

    def say(self, code: int, text: str = "ok") -> None:
        self.wfile.write(f"{code} {text}\r\n".encode())

    def handle(self) -> None:
        faults = self.server.owner.faults
        self.server.owner.connections += 1
        if faults.greeting:
            self.say(faults.greeting, "go away")
            return
        self.say(220, "stand-in")
        sender, recipients = "", []
        while line := self.rfile.readline().decode().strip():
            verb, rest = line[:4].upper(), line[4:].strip()
            if verb in ("EHLO", "HELO"):
                self.wfile.write(b"250-stand-in\r\n250 8BITMIME\r\n")
            elif verb == "MAIL":
                sender, recipients = _address(rest), []
                self.say(faults.sender or 250, "sender")
            elif verb == "RCPT":
                address = _address(rest)
                code = faults.recipients.get(address, 250)
                if code == 250:
                    recipients.append(address)
                self.say(code, f"recipient {address}")
            elif verb == "DATA":
                if faults.drops_at_data:
                    faults.drops_at_data -= 1
                    return
                self.say(354, "go on")
                raw = self.read_data()
                code = faults.data.pop(0) if faults.data else 250
                if code == 250:
                    self.server.owner.mails.append(Mail(sender, recipients, raw))
                if faults.drops:
                    faults.drops -= 1
                    return
                self.say(code, "data")
            elif verb == "QUIT":
                self.say(221, "bye")
                return
            else:
                self.say(250)

    def read_data(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line[1:] if line.startswith(b"..") else line)
        return b"".join(lines)


def _address(text: str) -> str:
    return text[text.index("<") + 1 : text.index(">")]


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    owner: "SmtpServer"


class SmtpServer:
    """The stand-in; `port` stays the same when it is stopped and started anew."""

    host = "127.0.0.1"

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.faults = Faults()
        self.connections = 0
        self.port = 0
        self._server: _Server | None = None

    def start(self) -> None:
        self._server = _Server((self.host, self.port), _Dialogue)
        self._server.owner = self
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> "SmtpServer":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def refuse_recipient(self, address: str, code: int) -> None:
        self.faults.recipients[address] = code

    def answer_data(self, code: int, times: int = 1) -> None:
        self.faults.data += [code] * times

    def drop_after_data(self, times: int = 1) -> None:
        self.faults.drops += times

    def drop_at_data(self, times: int = 1) -> None:
        self.faults.drops_at_data += times
