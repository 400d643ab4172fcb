from django.db import migrations, models


class Migration(migrations.Migration):
    """Until when a claim has to be acknowledged: plain clients have longer than ours."""

    dependencies = [("scraping", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="scrapejob",
            name="acknowledge_by",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
