"""The API's exception handler, by the name that settings give it."""

from core.api.problems import problem_response

__all__ = ["problem_response"]
