import django.db.models.deletion
import django.db.models.functions
from django.conf import settings
from django.db import migrations, models
from django.db.models import Case, F, Q, Value, When

# In ModelVersion.card and TrainingRun.scores: {old key: new key}.
RENAMED_CARD_KEYS = {
    "learned": "training",
    "copies": "duplicates",
    "over_share": "over_cap",
    "likely_mislabelled": "label_noise",
    "other_styles": "restyled",
    "no_digits": "negatives",
}
# ((old name, old verbose name), (new name, new verbose name)) of each renamed model.
RENAMED_MODELS = [
    (("key", "key"), ("apikey", "API key")),
    (("secondlook", "second look"), ("blindreview", "blind review")),
]


def _rename_keys(value, names):
    if isinstance(value, dict):
        return {names.get(key, key): _rename_keys(item, names) for key, item in value.items()}
    return value


def _rename_in_json(apps, names):
    for version in apps.get_model("recognizer", "ModelVersion").objects.only("card"):
        version.card = _rename_keys(version.card, names)
        version.save(update_fields=["card"])
    runs = apps.get_model("recognizer", "TrainingRun").objects.exclude(scores=None)
    for run in runs.only("scores"):
        run.scores = _rename_keys(run.scores, names)
        run.save(update_fields=["scores"])


def _rename_state(apps, old, new):
    for model in ("ModelVersion", "TrainingRun"):
        apps.get_model("recognizer", model).objects.filter(state=old).update(state=new)


def _rename_permissions(apps, old, new):
    """Rename the permissions, so that users and groups keep them.

    Otherwise, Django would create new permissions that nobody has.
    """
    permissions = apps.get_model("auth", "Permission").objects.filter(
        content_type__app_label="recognizer"
    )
    for action in ("add", "change", "delete", "view"):
        permissions.filter(codename=f"{action}_{old[0]}").update(
            codename=f"{action}_{new[0]}", name=f"Can {action} {new[1]}"
        )


def rename_values(apps, schema_editor):
    _rename_in_json(apps, RENAMED_CARD_KEYS)
    _rename_state(apps, "refused", "rejected")
    for old, new in RENAMED_MODELS:
        _rename_permissions(apps, old, new)


def restore_values(apps, schema_editor):
    _rename_in_json(apps, {new: old for old, new in RENAMED_CARD_KEYS.items()})
    _rename_state(apps, "rejected", "refused")
    for old, new in RENAMED_MODELS:
        _rename_permissions(apps, new, old)


def points_if(condition, points):
    return Case(When(condition, then=Value(points)), default=Value(0.0))


LABELS = [(0, '0'), (1, '1'), (2, '2'), (3, '3'), (4, '4'), (5, '5'), (6, '6'), (7, '7'), (8, '8'), (9, '9'), (10, 'not a digit')]
RUN_STATES = [('waiting', 'Waiting'), ('running', 'Running'), ('done', 'Done'), ('rejected', 'Rejected'), ('failed', 'Failed'), ('cancelled', 'Cancelled')]


class Migration(migrations.Migration):
    """Rename models, columns and stored values to the terms of the glossary in docs/design.md."""

    dependencies = [
        ('recognizer', '0007_lists_of_a_million'),
        ('auth', '0012_alter_user_first_name_max_length'),
        ('contenttypes', '0002_remove_content_type_name'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RenameModel('Key', 'ApiKey'),
        migrations.RenameModel('SecondLook', 'BlindReview'),
        migrations.AlterField(
            model_name='blindreview',
            name='submission',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='blind_reviews', to='recognizer.submission'),
        ),
        migrations.RemoveConstraint(model_name='blindreview', name='one_second_look_each'),
        migrations.AddConstraint(
            model_name='blindreview',
            constraint=models.UniqueConstraint(fields=('submission', 'reviewer'), name='one_blind_review_per_reviewer'),
        ),
        # A generated column cannot be altered. So `doubt` and its indexes are removed before the
        # columns that it is computed from are renamed. `review_priority` replaces it below, and
        # 0009 creates the indexes again.
        migrations.RemoveIndex(model_name='submission', name='submission_by_doubt'),
        migrations.RemoveIndex(model_name='submission', name='submission_by_proposal'),
        migrations.RemoveIndex(model_name='submission', name='submission_by_latest'),
        migrations.RemoveField(model_name='submission', name='doubt'),
        migrations.RenameField('submission', 'found_odd', 'flagged'),
        migrations.RenameField('submission', 'latest_digit', 'live_prediction'),
        migrations.RenameField('submission', 'latest_version', 'live_prediction_version'),
        migrations.RenameField('submission', 'proposed_digit', 'suggested_label'),
        migrations.AddField(
            model_name='submission',
            name='review_priority',
            field=models.GeneratedField(
                db_persist=True,
                expression=Value(1.0)
                - F('confidence')
                + points_if(Q(live_prediction__isnull=False) & ~Q(live_prediction=F('predicted_digit')), 1.0)
                + points_if(Q(corrected_digit__isnull=False) & ~Q(corrected_digit=F('predicted_digit')), 2.0)
                + points_if(Q(flagged=True), 4.0),
                output_field=models.FloatField(),
            ),
        ),
        migrations.AlterField(
            model_name='submission',
            name='live_prediction',
            field=models.PositiveSmallIntegerField(choices=LABELS, editable=False, help_text='predicted by live_prediction_version', null=True),
        ),
        migrations.AlterField(
            model_name='submission',
            name='pixels',
            field=models.BinaryField(help_text='the model input: 28×28 bytes', max_length=784),
        ),
        migrations.AlterField(
            model_name='submission',
            name='idempotency_key',
            field=models.CharField(editable=False, help_text='chosen by the API client', max_length=64, null=True),
        ),
        migrations.RenameField('trainingrun', 'asked_by', 'requested_by'),
        migrations.RenameField('trainingrun', 'seen', 'heartbeat_at'),
        migrations.AlterField(
            model_name='trainingrun',
            name='heartbeat_at',
            field=models.DateTimeField(blank=True, help_text='time of the last heartbeat', null=True),
        ),
        migrations.AlterField(
            model_name='trainingrun',
            name='progress',
            field=models.JSONField(blank=True, help_text='as ml.training.results.Progress', null=True),
        ),
        migrations.AlterField(
            model_name='trainingrun',
            name='reason',
            field=models.TextField(blank=True, help_text='the result in a sentence'),
        ),
        migrations.AlterField(
            model_name='trainingrun',
            name='state',
            field=models.CharField(choices=RUN_STATES, default='waiting', max_length=9),
        ),
        migrations.AlterField(
            model_name='modelversion',
            name='state',
            field=models.CharField(choices=[('live', 'Live'), ('retired', 'Retired'), ('rejected', 'Rejected')], max_length=8),
        ),
        migrations.AlterField(
            model_name='modelversion',
            name='reason',
            field=models.TextField(help_text='why it was promoted or rejected'),
        ),
        migrations.AlterField(
            model_name='modelversion',
            name='card',
            field=models.JSONField(help_text='training data and scores'),
        ),
        migrations.AlterField(
            model_name='modelfiles',
            name='weights',
            field=models.BinaryField(help_text='Keras weights, from which the next training run starts'),
        ),
        migrations.AlterField(
            model_name='apikey',
            name='name',
            field=models.CharField(help_text='The program that uses the key, for example “import script”.', max_length=60),
        ),
        migrations.AlterModelOptions(
            name='apikey',
            options={'ordering': ('-created',), 'verbose_name': 'API key'},
        ),
        migrations.RunPython(rename_values, restore_values),
    ]
