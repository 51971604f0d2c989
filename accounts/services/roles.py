"""The groups that carry rights, and which rights they carry."""

from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.db import transaction

from accounts.enums import Role

READ = frozenset({"view"})
EDIT = frozenset({"view", "add", "change"})
ALL = frozenset({"view", "add", "change", "delete"})

#: role → (app label, or app.model) → verbs; the narrowest entry wins. Administrators hold everything of ours.
RIGHTS: dict[str, dict[str, frozenset[str]]] = {
    Role.AGENT: {"tickets": READ, "customers": READ, "knowledge": READ, "channels_hub": READ},
    Role.LEAD: {
        "tickets": READ,
        "customers": READ,
        "knowledge": READ,
        "channels_hub": READ,
        "surveys": READ,
        "accounts": READ,
        "accounts.shift": ALL,
        "accounts.agentskill": EDIT,
    },
    Role.SUPERVISOR: {
        "tickets": EDIT,
        "customers": EDIT,
        "knowledge": EDIT,
        "channels_hub": EDIT,
        "surveys": EDIT,
        "core": READ,
        "accounts": EDIT,
        "accounts.user": READ,
        "accounts.shift": ALL,
        "accounts.agentskill": ALL,
    },
    Role.QUALITY: {
        "tickets": READ,
        "customers": READ,
        "knowledge": READ,
        "channels_hub": READ,
        "surveys": READ,
        "accounts": READ,
        "core": READ,
    },
    Role.EDITOR: {"knowledge": ALL, "customers.product": READ, "customers.productline": READ},
}


@transaction.atomic
def ensure_roles() -> dict[str, Group]:
    """Make sure that the groups exist; returns them by role. A new group gets its rights, an existing one
    only those on models that no role knows yet (a release brought them): what an administrator took away or
    gave stays so."""
    groups = {role: Group.objects.get_or_create(name=role)[0] for role in Role.values}
    known = set(
        Permission.objects.filter(group__in=groups.values())
        .order_by()
        .values_list("content_type_id", flat=True)
        .distinct()
    )
    empty = set(
        Group.objects.filter(pk__in=[g.pk for g in groups.values()], permissions=None).values_list(
            "name", flat=True
        )
    )
    ours = [app.label for app in apps.get_app_configs() if app.label in _our_labels()]
    permissions = list(
        Permission.objects.filter(content_type__app_label__in=ours).select_related("content_type")
    )
    for role, group in groups.items():
        fresh = not known or role in empty
        group.permissions.add(
            *[p.pk for p in permissions if (fresh or p.content_type_id not in known) and _holds(role, p)]
        )
    return groups


def _our_labels() -> set[str]:
    return {"core", "accounts", "customers", "knowledge", "channels_hub", "tickets", "surveys"}


def _holds(role: str, permission: Permission) -> bool:
    if role == Role.ADMINISTRATOR:
        return True
    rights = RIGHTS[role]
    app, model = permission.content_type.app_label, permission.content_type.model
    verbs = rights.get(f"{app}.{model}") or rights.get(app) or frozenset()
    return permission.codename.removesuffix(f"_{model}") in verbs
