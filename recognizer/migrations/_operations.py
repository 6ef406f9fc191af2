"""Operations that several migrations share."""

from django.db import migrations


class AddIndexConcurrently(migrations.AddIndex):
    """Create an index, on PostgreSQL without blocking writes.

    The migration needs `atomic = False`. Django's own operation of this name works only on
    PostgreSQL. On SQLite, this one creates the index as usual, which takes seconds for a million
    rows.

    An index that an interrupted run has left is dropped first.
    """

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        model = to_state.apps.get_model(app_label, self.model_name)
        drop_index(schema_editor, self.index.name)
        schema_editor.add_index(model, self.index, **_concurrently(schema_editor))

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        model = from_state.apps.get_model(app_label, self.model_name)
        schema_editor.remove_index(model, self.index, **_concurrently(schema_editor))


class RemoveIndexIfExists(migrations.RemoveIndex):
    """Drop an index, if it is still there after an interrupted run.

    On PostgreSQL, this does not block writes. The migration needs `atomic = False`.
    """

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        drop_index(schema_editor, self.name)


class AddFieldIfMissing(migrations.AddField):
    """Add a column, unless an interrupted run has already added it."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        model = to_state.apps.get_model(app_label, self.model_name)
        if not _has_column(schema_editor, model, self.name):
            super().database_forwards(app_label, schema_editor, from_state, to_state)


class RemoveFieldIfExists(migrations.RemoveField):
    """Remove a column, unless an interrupted run has already removed it."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        model = from_state.apps.get_model(app_label, self.model_name)
        if _has_column(schema_editor, model, self.name):
            super().database_forwards(app_label, schema_editor, from_state, to_state)


class DropForeignKeyIndex(migrations.AlterField):
    """Set `db_index=False` for a foreign key, and drop the index.

    On SQLite, Django's own operation would copy the whole table.
    """

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        model, field = self._model_and_field(app_label, to_state)
        connection = schema_editor.connection
        with connection.cursor() as cursor:
            found = connection.introspection.get_constraints(cursor, model._meta.db_table)
        for name, constraint in found.items():
            is_plain = constraint["index"] and not constraint["unique"]
            if is_plain and constraint["columns"] == [field.column]:
                schema_editor.execute(f"DROP INDEX {schema_editor.quote_name(name)}")

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        model, field = self._model_and_field(app_label, to_state)
        schema_editor.execute(schema_editor._create_index_sql(model, fields=[field]))

    def _model_and_field(self, app_label, state):
        model = state.apps.get_model(app_label, self.model_name)
        return model, model._meta.get_field(self.name)


def _has_column(schema_editor, model, name):
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        found = connection.introspection.get_table_description(cursor, model._meta.db_table)
    return model._meta.get_field(name).column in {column.name for column in found}


def drop_index(schema_editor, name):
    concurrently = "CONCURRENTLY " if _concurrently(schema_editor) else ""
    schema_editor.execute(f"DROP INDEX {concurrently}IF EXISTS {schema_editor.quote_name(name)}")


def _concurrently(schema_editor):
    return {"concurrently": True} if schema_editor.connection.vendor == "postgresql" else {}
