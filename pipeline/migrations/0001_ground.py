from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations


class Migration(migrations.Migration):
    """What the tables stand on: trigram search and the order of arrival."""

    initial = True
    dependencies = []
    operations = [
        TrigramExtension(),
        migrations.RunSQL("CREATE SEQUENCE products_arrival_seq", "DROP SEQUENCE products_arrival_seq"),
    ]
