"""Verbs as buttons: a page of its own for each, GET shows the form, POST calls the service.

    class TicketAdmin(VerbsMixin, BaseAdmin):
        verbs = (Verb("note", _("Note"), icon="edit_note", form=NoteForm, call=note, done=_("Note saved.")),)

`call(row, data, actor=, at=)` ends in one service call. The address is `admin:<app>_<model>_do` (pk, verb). A form that
is sent twice is done once.
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from core import clock
from core.admin_base import ACTION_LIMIT, BaseAdmin, dress, viewer_of
from core.errors import DomainError
from core.forms import add_domain_error
from core.services import once


class Nothing(forms.Form):
    """A verb that needs no words: its page only asks whether to."""


def always(row: Any) -> bool:
    return True


def nothing(row: Any) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Verb:
    """One verb of a model's page. `needs`: the permission method (has_<needs>_permission). `shown(row)`: whether the
    button stands on the page; the service decides whether the verb works. `hint`: one line above the form."""

    name: str
    label: Any
    call: Callable[..., object]
    done: Any
    icon: str = "play_arrow"
    form: type[forms.Form] = Nothing
    initial: Callable[[Any], dict[str, Any]] = nothing
    shown: Callable[[Any], bool] = always
    needs: str = "work"
    hint: Any = ""
    tone: str = "default"


class VerbsMixin(BaseAdmin):
    """A model admin whose change page has verbs."""

    verbs: ClassVar[tuple[Verb, ...]] = ()
    change_form_outer_before_template = "admin/verb_bar.html"
    verb_template = "admin/verb.html"

    def get_urls(self) -> list[URLPattern]:
        opts = self.opts
        view = self.admin_site.admin_view(self.do_view)
        own = [path("<int:pk>/do/<slug:name>/", view, name=f"{opts.app_label}_{opts.model_name}_do")]
        return own + super().get_urls()

    def may(self, request: HttpRequest, verb: Verb) -> bool:
        return bool(getattr(self, f"has_{verb.needs}_permission")(request))

    def buttons(self, request: HttpRequest, row: Any) -> list[dict[str, Any]]:
        """The verbs that this person finds on the row's page."""
        opts = self.opts
        return [
            {
                "verb": verb,
                "url": reverse(f"admin:{opts.app_label}_{opts.model_name}_do", args=[row.pk, verb.name]),
            }
            for verb in self.verbs
            if self.may(request, verb) and verb.shown(row)
        ]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        row = kwargs.get("obj")
        context["verb_buttons"] = self.buttons(request, row) if row is not None else []
        return super().render_change_form(request, context, *args, **kwargs)

    def do_view(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        """The page of one verb."""
        verb = next((v for v in self.verbs if v.name == name), None)
        if verb is None:
            raise Http404
        if not self.may(request, verb):
            raise PermissionDenied
        row = self.get_queryset(request).filter(pk=pk).first()
        if row is None:
            raise Http404
        refused: DomainError | None = None
        form = dress(self.verb_form(request, verb, row))
        if request.method == "POST" and form.is_valid():
            try:
                self.use(request, verb, row, form.cleaned_data)
            except DomainError as error:
                if error.status == 404:
                    raise
                add_domain_error(form, error)
                self.refresh(form, error)
                refused = error
            else:
                messages.success(request, str(verb.done))
                return HttpResponseRedirect(self.after(request, row))
        status = refused.status if refused else (400 if form.errors else 200)
        return self.verb_page(request, verb, row, form, refused, status)

    def verb_form(self, request: HttpRequest, verb: Verb, row: Any) -> forms.Form:
        if request.method == "POST":
            return verb.form(request.POST, request.FILES, initial=verb.initial(row))
        return verb.form(initial=verb.initial(row))

    def use(self, request: HttpRequest, verb: Verb, row: Any, data: dict[str, Any]) -> None:
        """Call the verb once for each form that was shown."""
        actor, at = viewer_of(request), clock.now()
        key = request.POST.get("form_token", "")[:64]
        scope = f"admin:{self.opts.label_lower}:{verb.name}:{actor.id}"
        with transaction.atomic():
            if key and once.claim(scope=scope, key=key, content=str(row.pk).encode(), at=at) is not None:
                return
            verb.call(row, data, actor=actor, at=at)
            if key:
                once.keep(scope=scope, key=key, result_id=row.pk)
        # the service wrote its event; this line says that it was done here
        self.log_change(request, row, verb.name)

    def refresh(self, form: forms.Form, refused: DomainError) -> None:
        """What a refused form must know before it is sent again."""

    def after(self, request: HttpRequest, row: Any) -> str:
        """Where a verb that worked leads."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[row.pk])

    def allowed_words(self, row: Any, allowed: Sequence[str]) -> str:
        """What a conflict says is possible, in words."""
        return ", ".join(allowed)

    def verb_context(self, request: HttpRequest, verb: Verb, row: Any) -> dict[str, Any]:
        """What more a verb's page shows."""
        return {}

    def verb_page(
        self,
        request: HttpRequest,
        verb: Verb,
        row: Any,
        form: forms.Form,
        refused: DomainError | None,
        status: int,
    ) -> HttpResponse:
        allowed = refused.extra.get("allowed") if refused else None
        words = self.allowed_words(row, [str(code) for code in allowed]) if isinstance(allowed, list) else ""
        return TemplateResponse(
            request,
            self.verb_template,
            {
                **self.admin_site.each_context(request),
                "title": f"{verb.label} · {row}",
                "opts": self.opts,
                "original": row,
                "verb": verb,
                "form": form,
                "allowed": _("Possible now: %(what)s") % {"what": words} if words else "",
                "form_token": request.POST.get("form_token") or uuid.uuid4().hex,
                "back": self.after(request, row),
                "wants_files": form.is_multipart(),
                **self.verb_context(request, verb, row),
            },
            status=status,
        )


def bulk(verb: Verb, description: Any) -> Callable[..., HttpResponse | None]:
    """The same verb for the rows that are ticked in a list: one form, then one call a row; a row that refuses does not
    stop the others, and each says what came of it."""

    def run(admin: VerbsMixin, request: HttpRequest, rows: Any) -> HttpResponse | None:
        if not admin.may(request, verb):
            raise PermissionDenied
        sent = "apply" in request.POST
        form = dress(verb.form(request.POST, request.FILES) if sent else verb.form())
        if verb.form is Nothing or (sent and form.is_valid()):
            data = form.cleaned_data if sent and form.is_valid() else {}
            actor, at = viewer_of(request), clock.now()
            done = _("%(n)d rows: %(done)s")

            def one(row: Any) -> None:
                verb.call(row, dict(data), actor=actor, at=at)
                admin.log_change(request, row, verb.name)

            admin.each(request, rows, one, done.replace("%(done)s", str(verb.done)))
            return None
        return TemplateResponse(
            request,
            "admin/bulk.html",
            {
                **admin.admin_site.each_context(request),
                "title": description,
                "opts": admin.opts,
                "verb": verb,
                "form": form,
                "rows": rows[: ACTION_LIMIT + 1],
                "action": run.__name__,
                "back": request.get_full_path(),
            },
            status=400 if sent else 200,
        )

    run.__name__ = f"{verb.name.replace('-', '_')}_many"
    run.short_description = description  # type: ignore[attr-defined]
    run.allowed_permissions = (verb.needs,)  # type: ignore[attr-defined]
    return run
