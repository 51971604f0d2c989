"""The design system's tags: pure presentation, no queries. docs/design.md shows each of them in use.

Words are short on purpose (rows and chips): "6m left", never a clock time to subtract from. The browser
counts on with the same words, which `ui_words` hands over.
"""

import math
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from django import template
from django.contrib.staticfiles import finders
from django.forms import BaseForm, BoundField, widgets
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from core.html import attributes as flatatt
from core.html import markup as format_html

register = template.Library()

SHANGHAI = ZoneInfo("Asia/Shanghai")
MINUTE, HOUR, DAY = 60, 3600, 86400
SALUTATIONS = ("先生", "女士", "小姐", "老师")

# what ui.js and its siblings say: key -> words, with the same %(x)d places as here
WORDS = {
    "d": gettext_lazy("%(n)dd"),
    "h": gettext_lazy("%(n)dh"),
    "m": gettext_lazy("%(n)dm"),
    "s": gettext_lazy("%(n)ds"),
    "left": gettext_lazy("%(time)s left"),
    "over": gettext_lazy("%(time)s overdue"),
    "soon": gettext_lazy("under 1m left"),
    "now": gettext_lazy("just now"),
    "ago": gettext_lazy("%(n)d min ago"),
    "today": gettext_lazy("today %(time)s"),
    "yesterday": gettext_lazy("yesterday"),
    "tomorrow": gettext_lazy("tomorrow"),
    "undo": gettext_lazy("Undo"),
    "close": gettext_lazy("Close"),
    "copied": gettext_lazy("Copied"),
    "saved": gettext_lazy("Draft saved %(time)s"),
    "restored": gettext_lazy("Your draft is back"),
    "remove": gettext_lazy("Remove %(name)s"),
    "too-big": gettext_lazy("%(name)s is larger than %(n)d MB. Please choose a smaller file"),
    "wrong-type": gettext_lazy("%(name)s can't be used here. Please choose another kind of file"),
    "too-many": gettext_lazy("At most %(n)d files. Remove one first"),
    "retry": gettext_lazy("Try again"),
    "failed": gettext_lazy("This part couldn't be read"),
    "failed-text": gettext_lazy("Everything else is safe. Error number %(code)s"),
    "not-sent": gettext_lazy("Not sent yet"),
    "not-sent-text": gettext_lazy("Your text is still here. Please try again. Error number %(code)s"),
    "no-answer": gettext_lazy("no connection"),
    "stale": gettext_lazy("Data from %(n)d min ago"),
    "offline-pending": gettext_lazy("%(n)d waiting to be sent"),
    "updates": gettext_lazy("%(n)d updates"),
    "open": gettext_lazy("Open"),
    "alerts": gettext_lazy("%(n)d alerts. The bell lists them"),
    "chosen": gettext_lazy("%(n)d chosen"),
}


# --- words for time --------------------------------------------------------------------------------------
def _short(seconds: int, units: int = 2) -> str:
    """The largest `units` units: 1h 8m, 23h, 1m 42s."""
    parts, rest = [], max(int(seconds), 0)
    for key, size in (("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", 1)):
        n, rest = divmod(rest, size)
        if n or parts:
            parts.append((key, n))
    shown = [(key, n) for key, n in parts[:units] if n] or [("s", 0)]
    return " ".join(str(WORDS[key]) % {"n": n} for key, n in shown)


@register.filter
def duration_words(seconds: float | timedelta | None, form: str = "short") -> str:
    """A span: "1m 42s", or in sentences (`|duration_words:"long"`) "30 minutes"."""
    if seconds is None:
        return ""
    total = int(seconds.total_seconds() if isinstance(seconds, timedelta) else seconds)
    if form != "long":
        return _short(total)
    if total >= 2 * DAY:
        return ngettext("%(n)d day", "%(n)d days", total // DAY) % {"n": total // DAY}
    if total >= HOUR and total % HOUR < MINUTE:
        return ngettext("%(n)d hour", "%(n)d hours", total // HOUR) % {"n": total // HOUR}
    if total >= MINUTE:
        return ngettext("%(n)d minute", "%(n)d minutes", total // MINUTE) % {"n": total // MINUTE}
    return ngettext("%(n)d second", "%(n)d seconds", total) % {"n": total}


@register.filter
def remaining_words(seconds: float | timedelta | None, precise: bool = False) -> str:
    """Until a deadline: "6m left", "1h 52m left", "5h left", past it "1m overdue". From 3 h on whole hours
    are enough in a row; `precise` keeps two units (ticket head)."""
    if seconds is None:
        return ""
    total = math.floor(seconds.total_seconds() if isinstance(seconds, timedelta) else seconds)
    over, span = total < 0, abs(total)
    if not over and span < MINUTE:
        return str(WORDS["soon"])
    span = max(span - span % MINUTE, MINUTE)
    if span >= 2 * DAY:
        words = _short(span - span % HOUR, 2 if precise else 1)
    elif span >= DAY:  # "25h" says more than "1d"
        words = str(WORDS["h"]) % {"n": span // HOUR}
    else:
        words = _short(span, 2 if precise or span < 3 * HOUR else 1)
    return str(WORDS["over" if over else "left"]) % {"time": words}


@register.simple_tag
def local_time(
    value: datetime | date | None, mode: str = "short", now: datetime | None = None, css: str = ""
) -> str:
    """<time> in Shanghai. short: just now, 2 min ago, 09:08, yesterday, 03-17 · clock: 09:08 ·
    day: today 10:20 · date: 2026-03-17 · full: 2026-03-17 09:08."""
    if value is None:
        return ""
    if not isinstance(value, datetime):
        return format_html('<time datetime="{0}">{0}</time>', value.isoformat())
    at = value.astimezone(SHANGHAI) if timezone.is_aware(value) else value.replace(tzinfo=SHANGHAI)
    today = (now or timezone.now()).astimezone(SHANGHAI)
    days = (at.date() - today.date()).days
    clock, same_year = f"{at.hour:02}:{at.minute:02}", at.year == today.year
    minutes = int((today - at).total_seconds() // MINUTE)
    date_text = at.date().isoformat()
    full = f"{date_text} {clock}"
    fixed = {"clock": clock, "date": date_text, "full": full}
    if mode in fixed:
        text = fixed[mode]
    elif mode == "day":
        text = _day_words(at, days, clock, same_year=same_year)
    else:
        text = _short_moment(at, days, clock, minutes, same_year=same_year)
    # fifty to a list: flatatt would cost three times as much
    return format_html(
        '<time datetime="{}" title="{}"{}{}>{}</time>',
        at.isoformat(timespec="seconds"),
        full,
        _class(css),
        REL if mode == "short" and 0 <= minutes < 30 else "",
        text,
    )


#: the browser goes on counting
REL = SafeString(" data-rel")


@cache
def _class(css: str) -> SafeString | str:
    return format_html(' class="{}"', css) if css else ""


def _short_moment(at: datetime, days: int, clock: str, minutes: int, *, same_year: bool) -> str:
    if 0 <= minutes < 1:
        return str(WORDS["now"])
    if 1 <= minutes < 30:
        return str(WORDS["ago"]) % {"n": minutes}
    if days == 0:
        return clock
    if days in (-1, 1):
        return str(WORDS["yesterday" if days < 0 else "tomorrow"])
    return f"{at:%m-%d}" if same_year else f"{at:%Y-%m-%d}"


def _day_words(at: datetime, days: int, clock: str, *, same_year: bool) -> str:
    if days == 0:
        return str(WORDS["today"]) % {"time": clock}
    if days in (-1, 1):
        return f"{WORDS['yesterday' if days < 0 else 'tomorrow']} {clock}"
    pattern = pgettext("Django date format", "j M") if same_year else pgettext("Django date format", "j M Y")
    return _("%(day)s %(time)s") % {"day": date_format(at.date(), pattern), "time": clock}


# --- icons, chips, people --------------------------------------------------------------------------------
def _said(label: str) -> dict[str, str]:  # it speaks for itself, or the words beside it do
    return {"role": "img", "aria-label": label} if label else {"aria-hidden": "true"}


@register.simple_tag
def icon(name: str, css: str = "", label: str = "") -> SafeString:
    """One symbol of the sprite. An icon without a word beside it needs `label`."""
    return _icon(name, css, str(label))


@lru_cache(maxsize=2_000)
def _icon(name: str, css: str, label: str) -> SafeString:
    attrs = flatatt({"class": f"i {css}".strip(), **_said(label)})
    return format_html('<svg{}><use href="{}#i-{}"></use></svg>', attrs, static("icons/sprite.svg"), name)


@register.simple_tag
def icon_names() -> list[str]:
    """Every symbol there is (the gallery shows them)."""
    return re.findall(r'id="i-([\w-]+)"', Path(finders.find("icons/sprite.svg") or "").read_text())


def sla_state(left_percent: float) -> str:
    """green > 50 %, yellow, orange < 20 %, red when nothing is left. ui.js keeps the same steps."""
    if left_percent <= 0:
        return "red"
    if left_percent < 20:
        return "orange"
    return "yellow" if left_percent <= 50 else "green"


def _step(percent: float | None) -> int:
    return min(100, max(0, 5 * round((percent or 0) / 5)))


@register.simple_tag
def sla_chip(
    state: str,
    left_percent: float | None = None,
    text: str = "",
    due_iso: str | datetime = "",
    total: float | timedelta | None = None,
    precise: bool = False,
    label: str = "",
) -> SafeString:
    """Ring and words. `state`: green, yellow, orange, red, paused, met. With `due_iso` and `total` (seconds)
    the browser goes on counting; `label` is what a screen reader hears first ("Next reply")."""
    due = due_iso.isoformat(timespec="seconds") if isinstance(due_iso, datetime) else due_iso
    seconds = int(total.total_seconds() if isinstance(total, timedelta) else total or 0)
    running = state not in ("paused", "met")
    ring = running and left_percent is not None
    left = format_html(' data-left="{}"', round(left_percent)) if ring and left_percent is not None else ""
    counted = format_html(' data-due="{}" data-total="{}"', due, seconds) if running and due else ""
    spoken = format_html('<span class="vh">{} </span>', label) if label else ""
    return format_html(
        '<span class="{}" data-sla="{}"{}{}{}>{}<span class="sla__t">{}</span></span>',
        f"sla pc-{_step(left_percent)}" if ring else "sla",
        state,
        left,
        counted,
        PRECISE if precise else "",
        spoken,
        text,
    )


PRECISE = SafeString(" data-precise")


@register.simple_tag
def level_badge(code: str, label: str, gem: bool = True) -> SafeString:
    """The customer's level, beside the name: normal, silver, gold, diamond, enterprise, enterprise_vip."""
    look = "biz" if code.startswith(("enterprise", "biz")) else code
    sign = icon("gem") if look == "diamond" and gem else ""
    return format_html('<span class="level" data-level="{}">{}{}</span>', look, sign, label)


@register.simple_tag
def avatar(name: str, kind: str = "", state: str = "", size: str = "", label: str = "") -> SafeString:
    """First character of a name. kind: "" (customer), agent, bot. state: online, viewing, editing.
    size: sm, lg."""
    css = " ".join(["avatar", *(f"avatar--{part}" for part in (kind, size) if part)])
    attrs = flatatt({"class": css, "data-state": state or None, **_said(label)})
    face = icon("bot") if kind == "bot" else (str(name).strip()[:1].upper() or "?")
    return format_html("<span{}>{}</span>", attrs, face)


@register.simple_tag
def stars(n: int, of: int = 5) -> SafeString:
    spoken = _said(_("%(n)d of %(of)d stars") % {"n": n, "of": of})
    attrs = flatatt({"class": "stars", "data-bad": n <= 2, **spoken})
    return format_html("<span{}>{}{}</span>", attrs, "★" * n, "☆" * (of - n))


# --- masks -----------------------------------------------------------------------------------------------
@register.filter
def mask_phone(value: object) -> str:
    """138****5678; a landline keeps its area code, anything too short shows its last two digits only."""
    raw = str(value or "").strip()
    digits = re.sub(r"^86(?=1\d{10}$)", "", re.sub(r"\D", "", raw))
    if not digits:
        return ""
    if len(digits) >= 10:
        area = digits[:3] if digits.startswith("1") else raw.split("-")[0] if "-" in raw else digits[:4]
        return f"{area}****{digits[-4:]}"
    return "****" + digits[-2:] if len(digits) > 4 else "****"


@register.filter
def mask_name(value: object) -> str:
    """张*, J***; a salutation (周女士) hides the name already."""
    name = str(value or "").strip()
    if len(name) < 2 or name.endswith(SALUTATIONS):
        return name
    return name[0] + "*" * (3 if name.isascii() else min(len(name) - 1, 2))


# --- figures as SVG: attributes, not styles, so the content security policy lets them be ----------------
@register.simple_tag
def meter(percent: float, label: str, tone: str = "") -> SafeString:
    attrs = flatatt({"class": "meter", "data-tone": tone or None, **_said(label)})
    return format_html(
        '<span{}><i class="pc-{}" data-v="{}"></i></span>', attrs, _step(percent), round(percent)
    )


@register.simple_tag
def wait_bar(seconds: int, warn: int = 180, limit: int = 300) -> SafeString:
    """The longest wait on one scale for all queues; the warning and the limit are drawn."""
    scale = limit * 1.2
    return format_html(
        '<span class="wait" data-l="{}"><svg class="wait__bar" viewBox="0 0 100 8" preserveAspectRatio="none"'
        ' aria-hidden="true"><rect class="track" width="100" height="8"/><rect class="bar" width="{}" height="8"/>'
        '<path class="at-warn" d="M{} -3v14"/><path class="at-limit" d="M{} -3v14"/></svg><b class="num">{}</b></span>',
        "over" if seconds > limit else "warn" if seconds > warn else "ok",
        round(min(100.0, 100 * seconds / scale), 1),
        round(100 * warn / scale, 1),
        round(100 * limit / scale, 1),
        f"{seconds // 60}:{seconds % 60:02d}",
    )


@register.simple_tag
def stack_bar(parts: Iterable[tuple[str, int]], label: str) -> SafeString:
    """Parts of a whole: (free | call | wrap | break | busy | off, count)."""
    rows, at = [], 0
    for css, n in parts:
        rows.append((css, at, n))
        at += n
    rects = format_html_join("", '<rect class="{}" x="{}" width="{}" height="1"/>', rows)
    box = {"class": "parts", "viewBox": f"0 0 {max(at, 1)} 1", "preserveAspectRatio": "none", **_said(label)}
    return format_html("<svg{}>{}</svg>", flatatt(box), rects)


@register.simple_tag
def spark(values: Sequence[float]) -> SafeString:
    """A line 72 × 20 without axes; the number stands beside it."""
    top, last = max([*values, 1]), max(len(values) - 1, 1)
    line = " ".join(f"{72 * i / last:.1f},{18 - 16 * v / top:.1f}" for i, v in enumerate(values))
    box = flatatt({"class": "spark", "viewBox": "0 0 72 20", **_said("")})
    return format_html('<svg{}><polyline points="{}"/></svg>', box, line)


@register.simple_tag
def hour_bars(today: Sequence[int], before: Sequence[int], label: str) -> SafeString:
    """The hours of today in front of those of the day before (admin start page)."""
    top = max([*today, *before, 1])

    def bars(css: str, values: Sequence[int], left: int, width: int) -> SafeString:
        heights = [(hour, 96 * n / top) for hour, n in enumerate(values)]
        rows = ((css, f"{left + 24.5 * h:.1f}", f"{112 - y:.1f}", width, f"{y:.1f}") for h, y in heights)
        return format_html_join("", '<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="1.5"/>', rows)

    marks = ((16 + 24.5 * hour, hour) for hour in (0, 4, 8, 12, 16, 20, 23))
    return format_html(
        '<svg{}><path class="base" d="M4 112.5h592"/>{}{}{}</svg>',
        flatatt({"class": "ax-hours", "viewBox": "0 0 600 134", **_said(label)}),
        bars("y", before, 8, 17),
        bars("t", today, 12, 9),
        format_html_join("", '<text x="{}" y="128">{}</text>', marks),
    )


@register.simple_tag
def goal_meter(percent: float, pace: float, label: str, tone: str = "") -> SafeString:
    """Progress to a target; the upright line is where it should be today."""
    box = {"class": "ax-meter", "viewBox": "0 0 100 12", "preserveAspectRatio": "none", **_said(label)}
    return format_html(
        '<svg{}><rect class="track" y="4" width="100" height="4"/>'
        '<rect class="bar" y="4" width="{}" height="4"/><path class="pace" d="M{} 0v12"/></svg>',
        flatatt({**box, "data-tone": tone or None}),
        round(min(max(percent, 0), 100), 1),
        round(min(max(pace, 0), 100), 1),
    )


# --- forms -----------------------------------------------------------------------------------------------
@register.inclusion_tag("partials/field.html")
def field_with_error(
    field: BoundField, label: str = "", hint: str = "", optional: bool = True, **attrs: str | bool
) -> dict[str, object]:
    """Label, control, hint and, beside it, what is wrong and how to mend it. Further keywords become
    attributes of the control (`autocomplete="tel"`, `data_max_mb=10`)."""
    widget, hint, base = field.field.widget, hint or str(field.help_text), field.auto_id
    described = [f"{base}_hint"] * bool(hint) + [f"{base}_error"] * bool(field.errors)
    control: dict[str, str | bool] = {key.replace("_", "-"): value for key, value in attrs.items()}
    if described:
        control["aria-describedby"] = " ".join(described)
    if field.errors:
        control["aria-invalid"] = "true"
    picks = []
    if isinstance(widget, widgets.RadioSelect | widgets.CheckboxSelectMultiple):
        kind = "picks"
        for choice in field.subwidgets:
            choice.data["attrs"]["class"] = "pick-in"
            picks.append((choice.tag(), choice.id_for_label, choice.choice_label))
    elif isinstance(widget, widgets.CheckboxInput):
        kind = "check"
    else:
        kind = "input"
        control["class"] = f"{widget.attrs.get('class', '')} input".strip()
    return {
        "field": field,
        "kind": "hidden" if field.is_hidden else kind,
        "base": base,
        "label": label or field.label,
        "hint": hint,
        "optional": optional and not field.field.required,
        "control": "" if kind == "picks" else field.as_widget(attrs=control),
        "picks": picks,
        "described": control.get("aria-describedby"),
    }


@register.inclusion_tag("partials/form_errors.html")
def form_errors(form: BaseForm, **labels: str) -> dict[str, object]:
    """Above a form that was refused: what is wrong as a whole, and a way to each field in the form's order. `labels`:
    field → its name, where the page calls it otherwise than the form does."""
    fields = [(field, labels.get(field.name) or field.label) for field in form if field.name in form.errors]
    return {"general": form.non_field_errors(), "fields": fields}


@register.simple_tag
def ui_words() -> SafeString:
    """The words the scripts need, in the page's language."""
    return format_html(
        '<div id="ui-words" hidden{}></div>', flatatt({f"data-{k}": v for k, v in WORDS.items()})
    )
