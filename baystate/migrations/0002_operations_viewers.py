from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

NAME = "Operations viewers"
LOOKS_AT = {
    "scraping": ["view_operations", "view_scrapejob", "view_scraper"],
    "runners": ["view_runner", "view_runnerkey"],
}


def make_group(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    alias = schema_editor.connection.alias
    permission = apps.get_model("auth", "Permission").objects.using(alias)
    group, _ = apps.get_model("auth", "Group").objects.using(alias).get_or_create(name=NAME)
    for app, codenames in LOOKS_AT.items():
        group.permissions.add(*permission.filter(content_type__app_label=app, codename__in=codenames))


class Migration(migrations.Migration):
    """A group for those who watch scrapers and runners and leave the acting to others."""

    dependencies = [("baystate", "0001_groups")]
    operations = [migrations.RunPython(make_group, migrations.RunPython.noop)]
