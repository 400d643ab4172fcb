from django.db import migrations, models


class Migration(migrations.Migration):
    """Since when somebody is there to hear the runners."""

    dependencies = [("scraping", "0003_log_bodies")]

    operations = [
        migrations.CreateModel(
            name="Presence",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, editable=False, primary_key=True, serialize=False)),
                ("seen_at", models.DateTimeField()),
                ("resumed_at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "presence",
                "verbose_name_plural": "presence",
                "db_table": "scraping_presence",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="scraping_presence_one_row")
                ],
            },
        ),
    ]
