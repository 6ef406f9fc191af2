"""Operations that several migrations share."""

from django.db import migrations


class AddIndexConcurrently(migrations.AddIndex):
    """Create an index, on PostgreSQL without blocking writes.

    The migration needs `atomic = False`. Django's own operation of this name works only on
    PostgreSQL. On SQLite, this one creates the index as usual, which takes seconds for a million
    rows.
    """

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        model = to_state.apps.get_model(app_label, self.model_name)
        schema_editor.add_index(model, self.index, **_concurrently(schema_editor))

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        model = from_state.apps.get_model(app_label, self.model_name)
        schema_editor.remove_index(model, self.index, **_concurrently(schema_editor))


def _concurrently(schema_editor):
    return {"concurrently": True} if schema_editor.connection.vendor == "postgresql" else {}
