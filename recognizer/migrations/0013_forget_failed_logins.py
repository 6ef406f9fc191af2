"""Delete the failed logins that django-axes stored. They are now counted in the cache.

The previous release still uses the tables, so a later release drops them.
"""

from django.db import migrations

TABLES = (
    "axes_accessattemptexpiration",
    "axes_accessattempt",
    "axes_accessfailurelog",
    "axes_accesslog",
)


def forget_failed_logins(apps, schema_editor):
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        existing = connection.introspection.table_names(cursor)
        for table in TABLES:
            if table in existing:
                cursor.execute(f"DELETE FROM {table}")


class Migration(migrations.Migration):
    dependencies = [("recognizer", "0012_remove_learned_in")]
    operations = [migrations.RunPython(forget_failed_logins, migrations.RunPython.noop)]
