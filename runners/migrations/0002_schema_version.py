from django.db import migrations, models


class Migration(migrations.Migration):
    """The newest definitions that a runner says it reads, so that a job can say what it waits for."""

    dependencies = [("runners", "0001_initial")]

    operations = [
        migrations.AddField(
            "runner",
            "schema_version",
            models.PositiveIntegerField("reads definitions up to", null=True, blank=True, editable=False),
        ),
    ]
