import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    """Fingerprints of the last log posts without numbers, so that a repeated one is known."""

    dependencies = [("scraping", "0002_acknowledge_by")]

    operations = [
        migrations.AddField(
            model_name="scrapejob",
            name="log_bodies",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=16), blank=True, default=list, size=None
            ),
        ),
    ]
