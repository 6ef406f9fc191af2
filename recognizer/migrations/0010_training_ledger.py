import django.db.models.deletion
from django.db import migrations, models

LABELS = [(0, '0'), (1, '1'), (2, '2'), (3, '3'), (4, '4'), (5, '5'), (6, '6'), (7, '7'), (8, '8'), (9, '9'), (10, 'not a digit')]
VERSION_STATES = [('live', 'Live'), ('candidate', 'Candidate'), ('retired', 'Retired'), ('rejected', 'Rejected')]


class Migration(migrations.Migration):
    """Create the training ledger. The next migration fills it."""

    dependencies = [
        ('recognizer', '0009_standard_term_indexes'),
    ]

    operations = [
        migrations.CreateModel(
            name='LedgerEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('label', models.PositiveSmallIntegerField(choices=LABELS)),
                ('confirmed', models.BooleanField(default=False, help_text='a reviewer had confirmed the label, although it was doubtful')),
                ('owner', models.UUIDField(db_index=True, help_text='pseudonym of the owner')),
                ('submission', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='ledger_entries', to='recognizer.submission')),
                ('version', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='ledger_entries', to='recognizer.modelversion')),
            ],
            options={
                'verbose_name_plural': 'ledger entries',
                'indexes': [models.Index(fields=['version', 'submission'], name='ledger_by_version')],
                'constraints': [models.UniqueConstraint(fields=('submission', 'version'), name='one_entry_per_drawing_and_version')],
            },
        ),
        migrations.CreateModel(
            name='DeletedEntryCount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('owner', models.UUIDField(db_index=True)),
                ('count', models.PositiveIntegerField(default=0)),
                ('version', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='deleted_entry_counts', to='recognizer.modelversion')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('version', 'owner'), name='one_count_per_version_and_owner')],
            },
        ),
        migrations.RenameField('modelversion', 'parent', 'predecessor'),
        migrations.AlterField(
            model_name='modelversion',
            name='predecessor',
            field=models.ForeignKey(blank=True, help_text='the version that was live when this one was trained', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='recognizer.modelversion'),
        ),
        migrations.AlterField(
            model_name='modelversion',
            name='state',
            field=models.CharField(choices=VERSION_STATES, max_length=9),
        ),
        migrations.AddField(
            model_name='modelversion',
            name='weights_sha256',
            field=models.CharField(default='', help_text='of the Keras weights', max_length=64),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='submission',
            name='for_evaluation',
            field=models.BooleanField(db_default=False, default=False, editable=False, help_text='never used for training, because it belongs to the test split of a dataset'),
        ),
        migrations.AddField(
            model_name='submission',
            name='label_confirmed',
            field=models.BooleanField(db_default=False, default=False, editable=False, help_text='a reviewer kept the label although it was probably wrong'),
        ),
        migrations.AddField(
            model_name='submission',
            name='label_noise',
            field=models.FloatField(editable=False, help_text='the probability that the label is wrong, if a training run found it doubtful', null=True),
        ),
        migrations.AddField(
            model_name='trainingrun',
            name='evaluation',
            field=models.JSONField(blank=True, help_text='as a list of candidate_evaluation.SetResult', null=True),
        ),
        migrations.AddField(
            model_name='trainingrun',
            name='rehearsal',
            field=models.JSONField(blank=True, help_text='as training.rehearsal.Rehearsal', null=True),
        ),
    ]
