"""Who looks: from the signed-in user to the value that `visible_to` takes."""

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from accounts.enums import UserKind
from accounts.models import User
from accounts.services.people import staff_actor
from core.actors import NOBODY, Actor
from customers.models import Customer

_CACHE = "_viewer"


def viewer_of(request: HttpRequest) -> Actor:
    """The viewer of a request: staff, customer or nobody."""
    return viewer_of_user(request.user)


def viewer_of_user(user: User | AnonymousUser) -> Actor:
    """Staff as `staff_actor`, a customer's account as that customer (the one it was merged into), everybody
    else `NOBODY`. At most two queries, kept on the instance."""
    if not isinstance(user, User) or not user.is_active:
        return NOBODY
    if user.kind == UserKind.STAFF:
        return staff_actor(user)
    known = user.__dict__.get(_CACHE)
    if isinstance(known, Actor):
        return known
    found = (
        Customer.objects.filter(user_id=user.pk)
        .values_list("pk", "merged_into_id", "salutation", "name")
        .first()
    )
    viewer = NOBODY if found is None else Actor("customer", found[1] or found[0], found[2] or found[3])
    user.__dict__[_CACHE] = viewer
    return viewer


def customer_behind(viewer: Actor) -> Customer | None:
    """The customer who is signed in, with their city; None for anybody else."""
    if viewer.kind != "customer" or viewer.id is None:
        return None
    return Customer.objects.visible_to(viewer).select_related("region").filter(pk=viewer.id).first()
