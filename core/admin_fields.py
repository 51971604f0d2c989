"""Form fields for what is kept as JSON."""

from typing import Any

from django import forms
from unfold import widgets


class LinesField(forms.CharField):
    """A list of words, one a line, kept as JSON."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=widgets.UnfoldAdminTextareaWidget(attrs={"rows": 4}), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(str(v) for v in value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        if isinstance(value, list):
            return value
        lines = (line.strip() for line in str(value or "").splitlines())
        return list(dict.fromkeys(line for line in lines if line))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.to_python(initial) != self.to_python(data)


class ChosenField(forms.MultipleChoiceField):
    """Any of some codes, kept as JSON."""

    def __init__(self, choices: Any, **kwargs: Any) -> None:
        super().__init__(
            choices=choices,
            required=False,
            widget=widgets.UnfoldAdminCheckboxSelectMultipleWidget(),
            **kwargs,
        )

    def has_changed(self, initial: Any, data: Any) -> bool:
        return list(initial or []) != list(data or [])
