import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


def read_by_their_own_version(apps, schema_editor):
    """Set the latest prediction of each submission to its original prediction."""
    apps.get_model("recognizer", "Submission").objects.update(
        latest_digit=models.F("predicted_digit"), latest_version=models.F("model_version")
    )


def make_reviewers(apps, schema_editor):
    """Create a group whose members (staff) may see and review submissions, and nothing else."""
    content_type, _ = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
        app_label="recognizer", model="submission"
    )
    permissions = [
        # Django creates missing permissions only after all migrations, and keeps existing ones.
        apps.get_model("auth", "Permission").objects.get_or_create(
            content_type=content_type,
            codename=f"{verb}_submission",
            defaults={"name": f"Can {verb} submission"},
        )[0]
        for verb in ("view", "change")
    ]
    group, _ = apps.get_model("auth", "Group").objects.get_or_create(name="Reviewers")
    group.permissions.add(*permissions)


class Migration(migrations.Migration):

    dependencies = [
        ('recognizer', '0002_trainingrun'),
        ('auth', '0012_alter_user_first_name_max_length'),
        ('contenttypes', '0002_remove_content_type_name'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='SecondLook',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created', models.DateTimeField(default=django.utils.timezone.now)),
                ('answered_at', models.DateTimeField(null=True)),
                ('label', models.PositiveSmallIntegerField(choices=[(0, '0'), (1, '1'), (2, '2'), (3, '3'), (4, '4'), (5, '5'), (6, '6'), (7, '7'), (8, '8'), (9, '9'), (10, 'not a digit')], help_text='null: rejected', null=True)),
                ('agrees', models.BooleanField(null=True)),
            ],
        ),
        migrations.RemoveIndex(
            model_name='submission',
            name='submission_by_time',
        ),
        migrations.AddField(
            model_name='submission',
            name='claimed_by',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='submission',
            name='claimed_until',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='submission',
            name='found_odd',
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.AddField(
            model_name='submission',
            name='latest_digit',
            field=models.PositiveSmallIntegerField(choices=[(0, '0'), (1, '1'), (2, '2'), (3, '3'), (4, '4'), (5, '5'), (6, '6'), (7, '7'), (8, '8'), (9, '9'), (10, 'not a digit')], editable=False, help_text='as the newest live version reads it', null=True),
        ),
        migrations.AddField(
            model_name='submission',
            name='latest_version',
            field=models.ForeignKey(db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='recognizer.modelversion'),
        ),
        migrations.AddField(
            model_name='secondlook',
            name='reviewer',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='secondlook',
            name='submission',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='second_looks', to='recognizer.submission'),
        ),
        migrations.AddConstraint(
            model_name='secondlook',
            constraint=models.UniqueConstraint(fields=('submission', 'reviewer'), name='one_second_look_each'),
        ),
        migrations.RunPython(read_by_their_own_version, migrations.RunPython.noop),
        migrations.AddField(
            model_name='submission',
            name='doubt',
            field=models.GeneratedField(db_persist=True, expression=django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.Value(1.0), '-', models.F('confidence')), '+', models.Case(models.When(models.Q(('latest_digit__isnull', False), models.Q(('latest_digit', models.F('predicted_digit')), _negated=True)), then=models.Value(1.0)), default=models.Value(0.0))), '+', models.Case(models.When(models.Q(('corrected_digit__isnull', False), models.Q(('corrected_digit', models.F('predicted_digit')), _negated=True)), then=models.Value(2.0)), default=models.Value(0.0))), '+', models.Case(models.When(models.Q(('found_odd', True)), then=models.Value(4.0)), default=models.Value(0.0))), output_field=models.FloatField()),
        ),
        migrations.AddField(
            model_name='submission',
            name='proposed_digit',
            field=models.GeneratedField(db_persist=True, expression=django.db.models.functions.comparison.Coalesce('corrected_digit', 'predicted_digit'), output_field=models.PositiveSmallIntegerField(choices=[(0, '0'), (1, '1'), (2, '2'), (3, '3'), (4, '4'), (5, '5'), (6, '6'), (7, '7'), (8, '8'), (9, '9'), (10, 'not a digit')])),
        ),
        migrations.AddIndex(
            model_name='submission',
            index=models.Index(fields=['-created', '-id', 'corrected_digit', 'predicted_digit'], name='submission_by_time'),
        ),
        migrations.AddIndex(
            model_name='submission',
            index=models.Index(fields=['model_version', 'predicted_digit', 'corrected_digit'], name='submission_by_version'),
        ),
        migrations.AddIndex(
            model_name='submission',
            index=models.Index(fields=['review', 'doubt', 'id'], name='submission_by_doubt'),
        ),
        migrations.AddIndex(
            model_name='submission',
            index=models.Index(fields=['review', 'proposed_digit', 'doubt', 'id'], name='submission_by_proposal'),
        ),
        migrations.AddIndex(
            model_name='submission',
            index=models.Index(fields=['review', 'latest_version'], name='submission_by_latest'),
        ),
        migrations.AddIndex(
            model_name='submission',
            index=models.Index(fields=['reviewed_at'], name='submission_by_reviewed_at'),
        ),
        migrations.AddIndex(
            model_name='submission',
            index=models.Index(fields=['review', 'claimed_until'], name='submission_by_claim'),
        ),
        migrations.RunPython(make_reviewers, migrations.RunPython.noop),
    ]
