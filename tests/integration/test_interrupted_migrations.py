"""A migration that was killed can run again."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

# Atomic migrations leave nothing behind.
NOT_ATOMIC = ("0015_fill_review_rounds", "0017_fewer_indexes", "0018_source_in_indexes")


def index_names():
    with connection.cursor() as cursor:
        tables = connection.introspection.get_constraints(cursor, "recognizer_submission")
    return {name for name, constraint in tables.items() if constraint["index"]}


@pytest.mark.parametrize("name", NOT_ATOMIC)
def test_migration_killed_before_it_was_recorded_runs_again(name):
    expected = index_names()
    executor = MigrationExecutor(connection)
    migration = executor.loader.get_migration("recognizer", name)
    executor.migrate([migration.dependencies[0]])
    executor = MigrationExecutor(connection)
    state = executor.loader.project_state(migration.dependencies[0])
    with connection.schema_editor(atomic=False) as editor:
        migration.apply(state, editor)

    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())
    assert index_names() == expected
