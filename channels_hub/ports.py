"""What conversations must ask of the floor above; tickets provides it in its handlers.py."""

from dataclasses import dataclass

from core.ports import Port


@dataclass(frozen=True, slots=True)
class ThreadWork:
    """The piece of work that a thread belongs to, as its customer sees it. `url`, an absolute address, is
    given by mail_link_of_thread only."""

    reference: str
    subject: str
    url: str = ""


#: work_of_thread(thread_id) -> ThreadWork | None: the newest ticket on this thread. Changes nothing (a page
#: asks).
work_of_thread = Port("ticket of a thread")

#: mail_link_of_thread(thread_id, at) -> ThreadWork | None: the same with a private link to its progress; may
#: issue one. Asked within the transaction that sends a message, and when a visitor follows the reference.
mail_link_of_thread = Port("link of a thread for a mail")

#: may_see_thread(viewer, thread_id) -> bool: whether staff or the holder of a tracking link may watch a
#: thread because of its work. The visitor and the customer of the thread need not be asked about.
may_see_thread = Port("viewer sees a thread's work", default=False)

#: seen_by_staff(thread_id) -> int: the number of the last message that somebody of the staff has seen.
seen_by_staff = Port("seen by staff", default=0)


@dataclass(frozen=True, slots=True)
class QueuePlace:
    """How many are served before this one, and about how long that takes."""

    ahead: int
    minutes: int | None = None


#: place_in_queue(thread_id) -> QueuePlace | None: None when nothing honest can be said.
place_in_queue = Port("place in the queue")
