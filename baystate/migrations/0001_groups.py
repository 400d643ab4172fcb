from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

PERMISSIONS = {
    ("pipeline", "product"): {
        "view_product": "Can view product",
        "add_product": "Can add product",
        "import_products": "Can import spreadsheets",
        "enhance_products": "Can enhance products",
        "review_products": "Can review products",
        "export_products": "Can export products",
    },
    ("pipeline", "productimport"): {"view_productimport": "Can view import"},
    ("pipeline", "productexport"): {"view_productexport": "Can view export"},
    ("scraping", "scraper"): {
        "view_scraper": "Can view scraper",
        "manage_scrapers": "Can manage scrapers",
        "manage_credentials": "Can manage credentials",
    },
    ("scraping", "scrapejob"): {
        "view_scrapejob": "Can view job",
        "view_operations": "Can view operations",
        "manage_operations": "Can manage operations",
    },
    ("runners", "runner"): {"view_runner": "Can view runner", "manage_runners": "Can manage runners and their keys"},
    ("runners", "runnerkey"): {"view_runnerkey": "Can view runner key"},
}

GROUPS = {
    "Staff": [
        "view_product", "add_product", "import_products", "enhance_products", "review_products", "export_products",
        "view_productimport", "view_productexport", "view_operations", "view_scrapejob",
    ],
    "Operations": [
        "view_product", "view_scraper", "manage_scrapers", "manage_credentials", "view_runner", "view_runnerkey",
        "manage_runners", "view_scrapejob", "view_operations", "manage_operations",
    ],
}  # fmt: skip


def make_groups(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Permissions are made by Django after all migrations; groups need theirs now."""
    alias = schema_editor.connection.alias
    content_type = apps.get_model("contenttypes", "ContentType").objects.using(alias)
    permission = apps.get_model("auth", "Permission").objects.using(alias)
    made = {}
    for (app, model), names in PERMISSIONS.items():
        kind, _ = content_type.get_or_create(app_label=app, model=model)
        for codename, name in names.items():
            made[codename], _ = permission.get_or_create(content_type=kind, codename=codename, defaults={"name": name})
    for name, codenames in GROUPS.items():
        group, _ = apps.get_model("auth", "Group").objects.using(alias).get_or_create(name=name)
        group.permissions.add(*(made[codename] for codename in codenames))


class Migration(migrations.Migration):
    """The two groups: staff who work on products, and those who keep scrapers and runners going."""

    initial = True
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("pipeline", "0002_products"),
        ("scraping", "0001_initial"),
        ("runners", "0001_initial"),
    ]
    operations = [migrations.RunPython(make_groups, migrations.RunPython.noop)]
