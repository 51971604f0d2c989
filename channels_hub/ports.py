"""What conversations must ask of the floor above; tickets provides it in its handlers.py."""

from dataclasses import dataclass

from core.ports import Port


@dataclass(frozen=True, slots=True)
class ThreadWork:
    """The piece of work that a thread belongs to, as its customer sees it. `url` is an absolute address, or
    empty."""

    reference: str
    subject: str
    url: str = ""


#: work_of_thread(thread_id) -> ThreadWork | None: the newest ticket on this thread. Changes nothing (a page
#: asks).
work_of_thread = Port("ticket of a thread")

#: mail_link_of_thread(thread_id, at) -> ThreadWork | None: the same with a link fit for a mail; may issue
#: one. Asked within the transaction that sends a message.
mail_link_of_thread = Port("link of a thread for a mail")

#: staff_sees_thread(viewer, thread_id) -> bool: whether a member of staff may see a ticket on this thread.
staff_sees_thread = Port("staff sees a thread", default=False)
