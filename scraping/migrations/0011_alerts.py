from django.db import migrations, models


class Migration(migrations.Migration):
    """What was announced of the things that need attention."""

    dependencies = [
        ("scraping", "0010_moves_by_condition"),
    ]

    operations = [
        migrations.CreateModel(
            name="ScrapeAlert",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=300, verbose_name="key")),
                ("word", models.CharField(max_length=100, verbose_name="what")),
                ("subject", models.CharField(max_length=200, verbose_name="whose")),
                ("sentence", models.TextField(verbose_name="sentence")),
                ("action", models.CharField(max_length=100)),
                ("url", models.TextField(blank=True)),
                ("since", models.DateTimeField(verbose_name="since")),
                ("gone_at", models.DateTimeField(null=True)),
                ("over_at", models.DateTimeField(null=True, verbose_name="over")),
                ("told", models.JSONField(default=dict)),
                ("announced_at", models.DateTimeField(null=True, verbose_name="announced")),
                ("trouble", models.JSONField(default=dict, verbose_name="trouble")),
            ],
            options={
                "verbose_name": "alert",
                "verbose_name_plural": "alerts",
                "db_table": "scrape_alerts",
                "ordering": ["since", "id"],
                "indexes": [models.Index(fields=["over_at"], name="scrape_alerts_over")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("over_at__isnull", True)), fields=("key",), name="scrape_alerts_standing"
                    )
                ],
            },
        ),
    ]
