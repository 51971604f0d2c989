"""The admin site."""

from unfold.sites import UnfoldAdminSite


class AnxinAdminSite(UnfoldAdminSite):
    """unfold's site under this project's name."""
