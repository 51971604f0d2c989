"""The admin site of this project, and the project itself as an app (commands, nothing else)."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class AnxinAdminConfig(AdminConfig):
    default_site = "config.admin_site.AnxinAdminSite"


class ProjectConfig(AppConfig):
    name = "config"
    label = "project"
    verbose_name = "Anxin Desk"
