"""A migration that was killed can run again."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from recognizer.models import Submission

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

# Atomic migrations leave nothing behind.
NOT_ATOMIC = [
    name
    for (app, name), migration in sorted(MigrationLoader(None).disk_migrations.items())
    if app == "recognizer" and not migration.atomic
]


def columns_and_indexes():
    with connection.cursor() as cursor:
        columns = connection.introspection.get_table_description(cursor, "recognizer_submission")
        found = connection.introspection.get_constraints(cursor, "recognizer_submission")
    indexes = {name for name, constraint in found.items() if constraint["index"]}
    return {column.name for column in columns}, indexes


def test_there_are_no_other_columns_than_those_of_the_model():
    columns, _ = columns_and_indexes()
    assert columns == {field.column for field in Submission._meta.local_concrete_fields}


@pytest.mark.parametrize("name", NOT_ATOMIC)
def test_migration_killed_before_it_was_recorded_runs_again(name):
    expected = columns_and_indexes()
    executor = MigrationExecutor(connection)
    migration = executor.loader.get_migration("recognizer", name)
    executor.migrate([migration.dependencies[0]])
    try:
        executor = MigrationExecutor(connection)
        state = executor.loader.project_state(migration.dependencies[0])
        with connection.schema_editor(atomic=False) as editor:
            migration.apply(state, editor)
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes())
    assert columns_and_indexes() == expected
