from django.conf import settings
from django.db import migrations, models

from recognizer.migrations._operations import AddIndexConcurrently, drop_index


def index_audit_trail(apps, schema_editor):
    """Create an index on Django's admin log: the admin's front page shows a user's last rows."""
    meanwhile = "CONCURRENTLY " if schema_editor.connection.vendor == "postgresql" else ""
    drop_index(schema_editor, "audit_trail_by_user")
    schema_editor.execute(
        f"CREATE INDEX {meanwhile}audit_trail_by_user"
        " ON django_admin_log (user_id, action_time DESC)"
    )


def forget_audit_trail(apps, schema_editor):
    schema_editor.execute("DROP INDEX audit_trail_by_user")


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('recognizer', '0006_source_import'),
        ('admin', '0003_logentry_add_action_flag_choices'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='submission',
            index=models.Index(fields=['model_version', '-created', '-id'], name='submission_by_version_time'),
        ),
        AddIndexConcurrently(
            model_name='submission',
            index=models.Index(condition=models.Q(('label__isnull', False)), fields=['label', '-created', '-id'], name='submission_by_label'),
        ),
        AddIndexConcurrently(
            model_name='submission',
            index=models.Index(fields=['source', '-created', '-id'], name='submission_by_source'),
        ),
        migrations.RunPython(index_audit_trail, forget_audit_trail),
    ]
