"""The design system's template tags: the words they choose and the markup they write."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django import forms
from django.template import Context, Template
from django.utils import translation

from core.templatetags import ui

MINUTE, HOUR, DAY = 60, 3600, 86400


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def render(template: str, **context: object) -> str:
    return Template("{% load ui %}" + template).render(Context(context))


# --- words for time --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (6 * MINUTE + 59, "6m left"),
        (59, "under 1m left"),
        (0, "under 1m left"),
        (-1, "1m overdue"),
        (-8 * MINUTE, "8m overdue"),
        (HOUR + 52 * MINUTE, "1h 52m left"),
        (2 * HOUR, "2h left"),
        (5 * HOUR + 10 * MINUTE, "5h left"),
        (-(HOUR + 8 * MINUTE), "1h 8m overdue"),
        (25 * HOUR, "25h left"),
        (3 * DAY + HOUR, "3d left"),
        (timedelta(minutes=6), "6m left"),
        (None, ""),
    ],
)
def test_what_is_left_is_said_in_short_words(seconds, words):
    assert ui.remaining_words(seconds) == words


def test_the_ticket_head_keeps_two_units():
    assert ui.remaining_words(23 * HOUR + 26 * MINUTE, True) == "23h 26m left"
    assert ui.remaining_words(3 * DAY + HOUR, True) == "3d 1h left"


@pytest.mark.parametrize(
    ("seconds", "form", "words"),
    [
        (102, "short", "1m 42s"),
        (0, "short", "0s"),
        (HOUR, "short", "1h"),
        (timedelta(minutes=34), "short", "34m"),
        (30 * MINUTE, "long", "30 minutes"),
        (MINUTE, "long", "1 minute"),
        (24 * HOUR, "long", "24 hours"),
        (7 * DAY, "long", "7 days"),
        (1, "long", "1 second"),
        (None, "long", ""),
    ],
)
def test_spans_have_a_short_and_a_long_form(seconds, form, words):
    assert ui.duration_words(seconds, form) == words


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=2), "2 min ago"),
        (timedelta(minutes=30), "09:30"),
        (timedelta(days=1), "yesterday"),
        (timedelta(days=4), "03-13"),
        (timedelta(days=300), "2025-05-21"),
        (-timedelta(hours=2), "12:00"),
        (-timedelta(days=1), "tomorrow"),
    ],
)
def test_moments_are_told_as_people_tell_them(at, ago, words):
    assert f">{words}</time>" in ui.local_time(at - ago, now=at)


@pytest.mark.parametrize(
    ("mode", "words"),
    [("clock", "09:58"), ("day", "today 09:58"), ("date", "2026-03-17"), ("full", "2026-03-17 09:58")],
)
def test_a_moment_has_other_forms(at, mode, words):
    html = ui.local_time(at - timedelta(minutes=2), mode, now=at)
    assert html == f'<time datetime="2026-03-17T09:58:00+08:00" title="2026-03-17 09:58">{words}</time>'


def test_a_deadline_days_away_is_written_out(at):
    assert ">20 Mar 10:20</time>" in ui.local_time(at + timedelta(days=3, minutes=20), "day", now=at)


def test_only_recent_moments_are_counted_on_by_the_browser(at):
    assert "data-rel" in ui.local_time(at - timedelta(minutes=2), now=at)
    assert "data-rel" not in ui.local_time(at - timedelta(hours=2), now=at)


def test_times_are_shown_in_shanghai_whatever_the_zone(at):
    assert ">01:00</time>" in ui.local_time(datetime(2026, 3, 16, 17, 0, tzinfo=UTC), "clock", now=at)


def test_days_and_nothing_are_times_too():
    assert ui.local_time(date(2027, 3, 12)) == '<time datetime="2027-03-12">2027-03-12</time>'
    assert ui.local_time(None) == ""


# --- chips and people ------------------------------------------------------------------------------------
def test_an_icon_is_silent_beside_words_and_speaks_alone():
    assert 'aria-hidden="true"' in ui.icon("chat")
    assert 'class="i i--lg"' in ui.icon("chat", "i--lg")
    assert 'aria-label="Filter"' in ui.icon("filter", label="Filter")
    assert 'role="img"' in ui.icon("filter", label="Filter")


def test_a_running_clock_tells_the_browser_how_to_go_on(at):
    html = ui.sla_chip("yellow", 34.4, "26m left", at, timedelta(hours=1), label="Next reply")
    assert html == (
        '<span class="sla pc-35" data-sla="yellow" data-left="34" data-due="2026-03-17T10:00:00+08:00"'
        ' data-total="3600"><span class="vh">Next reply </span><span class="sla__t">26m left</span></span>'
    )


def test_a_stopped_clock_has_no_ring_and_no_deadline(at):
    html = ui.sla_chip("paused", 34, "waiting for the customer", at, 3600)
    assert (
        html
        == '<span class="sla" data-sla="paused"><span class="sla__t">waiting for the customer</span></span>'
    )


@pytest.mark.parametrize(
    ("left", "state"), [(50.1, "green"), (50, "yellow"), (20, "yellow"), (19.9, "orange"), (0, "red")]
)
def test_the_colour_follows_what_is_left(left, state):
    assert ui.sla_state(left) == state


@pytest.mark.parametrize(
    ("code", "look"),
    [("gold", "gold"), ("enterprise", "biz"), ("enterprise_vip", "biz"), ("normal", "normal")],
)
def test_levels_have_a_look(code, look):
    assert ui.level_badge(code, "L") == f'<span class="level" data-level="{look}">L</span>'


def test_diamond_shows_a_gem_where_there_is_room():
    assert "#i-gem" in ui.level_badge("diamond", "Diamond")
    assert "#i-gem" not in ui.level_badge("diamond", "Diamond", False)


def test_an_avatar_is_the_first_character():
    assert ">周</span>" in ui.avatar("周女士")
    assert ">L</span>" in ui.avatar("lin Xiao", "agent")
    assert 'class="avatar avatar--agent"' in ui.avatar("lin Xiao", "agent")
    assert "#i-bot" in ui.avatar("Xiaohe", "bot")
    assert 'data-state="viewing"' in ui.avatar("何婷", "", "viewing")


def test_names_are_escaped():
    assert "<script" not in ui.avatar("<script>")
    assert "<b>" not in render('{% sla_chip "green" 80 text %}', text="<b>")


def test_stars_carry_their_value_in_words():
    assert ui.stars(2) == '<span aria-label="2 of 5 stars" class="stars" role="img" data-bad>★★☆☆☆</span>'


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("13812345678", "138****5678"),
        ("+86 138 1234 5678", "138****5678"),
        ("8613812345678", "138****5678"),
        ("0571-88886666", "0571****6666"),
        ("4008000000", "4008****0000"),
        ("95598", "****98"),
        ("110", "****"),
        ("", ""),
        (None, ""),
    ],
)
def test_phones_are_masked(raw, shown):
    assert ui.mask_phone(raw) == shown


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("张伟", "张*"),
        ("欧阳娜娜", "欧**"),
        ("周女士", "周女士"),
        ("John Smith", "J***"),
        ("张", "张"),
        (None, ""),
    ],
)
def test_names_are_masked(raw, shown):
    assert ui.mask_name(raw) == shown


# --- figures ---------------------------------------------------------------------------------------------
def test_a_wait_is_drawn_against_its_warning_and_limit():
    html = ui.wait_bar(312)
    assert 'data-l="over"' in html
    assert 'width="86.7"' in html
    assert 'd="M83.3 -3v14"' in html
    assert ">5:12</b>" in html
    assert 'data-l="warn"' in ui.wait_bar(248)
    assert 'data-l="ok"' in ui.wait_bar(51)
    assert 'width="100.0"' in ui.wait_bar(3600)


def test_figures_say_their_value_and_carry_no_style():
    made = [
        ui.meter(88, "quite sure"),
        ui.stack_bar([("free", 15), ("call", 25)], "15 free, 25 on a call"),
        ui.spark([1, 4, 2]),
        ui.hour_bars([3, 5], [4, 4], "Contacts by the hour"),
        ui.goal_meter(63, 58, "63 %"),
    ]
    assert all("style=" not in html for html in made)
    assert 'aria-label="quite sure"' in made[0]
    assert 'viewBox="0 0 40 1"' in made[1]


def test_figures_of_nothing_are_empty_not_broken():
    assert ui.spark([]).startswith("<svg")
    assert ui.stack_bar([], "nobody").startswith("<svg")
    assert ui.hour_bars([], [], "none").startswith("<svg")


# --- forms -----------------------------------------------------------------------------------------------
class Purchase(forms.Form):
    serial = forms.CharField(label="Serial number", help_text="On the label")
    model = forms.CharField(label="Model", required=False)
    solved = forms.ChoiceField(label="Solved?", choices=[("y", "Yes"), ("n", "No")], widget=forms.RadioSelect)
    agree = forms.BooleanField(label="I agree")
    key = forms.CharField(widget=forms.HiddenInput, required=False)

    def clean(self):
        raise forms.ValidationError("Not sold yet")


def test_a_field_ties_its_hint_and_error_to_the_control():
    form = Purchase({"serial": ""})
    html = render('{% field_with_error form.serial autocomplete="off" data_max_mb="10" %}', form=form)
    assert '<div class="field" data-error="serial">' in html
    assert '<label for="id_serial">Serial number</label>' in html
    assert 'aria-describedby="id_serial_hint id_serial_error"' in html
    assert 'aria-invalid="true"' in html
    assert 'autocomplete="off"' in html
    assert 'data-max-mb="10"' in html
    assert 'class="input"' in html
    assert '<p class="field__hint" id="id_serial_hint">On the label</p>' in html
    assert re.search(r'id="id_serial_error">.*#i-alert.*<span>This field is required\.</span>', html)


def test_a_field_that_may_stay_empty_says_so():
    html = render("{% field_with_error form.model %}", form=Purchase())
    assert 'for="id_model">Model<span class="opt">optional</span></label>' in html
    assert "aria-invalid" not in html
    assert "aria-describedby" not in html


def test_choices_are_a_group_with_a_legend():
    html = render("{% field_with_error form.solved %}", form=Purchase({}))
    assert html.strip().startswith('<fieldset class="field" data-error="solved"')
    assert "<legend>Solved?</legend>" in html
    assert html.count('class="pick-in"') == 2
    assert '<label class="pick" for="id_solved_1">No</label>' in html
    assert 'aria-describedby="id_solved_error"' in html


def test_a_tick_box_stands_before_its_words():
    html = render("{% field_with_error form.agree %}", form=Purchase())
    assert re.search(r'<label class="check"><input type="checkbox"[^>]*><span>I agree</span></label>', html)


def test_a_hidden_field_is_only_itself():
    assert (
        render("{% field_with_error form.key %}", form=Purchase()).strip().startswith('<input type="hidden"')
    )


def test_a_refused_form_leads_to_its_fields():
    html = render("{% form_errors form %}", form=Purchase({"solved": "y", "agree": "on"}))
    assert 'role="alert"' in html
    assert "<p>Not sold yet</p>" in html
    assert '<a href="#id_serial">Serial number</a>' in html
    assert render("{% form_errors form %}", form=Purchase()).strip() == ""


def test_the_way_to_a_field_has_the_name_it_has_on_the_page_in_the_order_of_the_form():
    form = Purchase({"agree": "on"})
    form.is_valid()
    form.add_error("solved", "Say it")
    form.add_error("serial", "Say this, too")
    html = render("{% form_errors form serial='Number' %}", form=form)
    names = [form.fields[name].label for name in form.fields if name in form.errors]
    assert re.findall(r'<a href="#id_[^"]*">([^<]*)</a>', html) == [
        "Number" if name == "Serial number" else name for name in names
    ]


def test_the_scripts_get_the_words_of_the_page():
    html = ui.ui_words()
    assert 'data-left="%(time)s left"' in html
    assert 'data-ago="%(n)d min ago"' in html
