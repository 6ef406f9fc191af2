from django.db import migrations, models


class Migration(migrations.Migration):
    """Add the rounds of the review queue. The next migration fills them."""

    dependencies = [
        ('recognizer', '0013_forget_failed_logins'),
    ]

    operations = [
        migrations.AddField(
            model_name='submission',
            name='review_round',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False, help_text='the queue shows lower rounds first, so that no owner can flood it'),
        ),
    ]
