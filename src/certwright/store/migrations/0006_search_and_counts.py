from pathlib import Path

from django.db import DatabaseError, migrations

from certwright.model.errors import Misconfigured


def run_sql(apps, schema_editor):
    """Run the statements of this database's own file, and count what was there before."""
    folder = Path(__file__).parent.parent / 'sql'
    vendor = schema_editor.connection.vendor
    try:
        for statement in (folder / f'{vendor}.sql').read_text(encoding='utf-8').split(';;\n'):
            if statement.strip():
                schema_editor.execute(statement)
    except DatabaseError as error:
        if 'extension' not in str(error):
            raise
        raise Misconfigured(
            f'PostgreSQL does not let Certwright have its extension pg_trgm: {str(error).splitlines()[0]}',
            advice='Have its administrator run CREATE EXTENSION pg_trgm in this database (it comes with postgresql-contrib).',
        ) from error
    day = {'sqlite': 'substr(not_after, 1, 10)', 'postgresql': "(not_after AT TIME ZONE 'UTC')::date"}[vendor]
    schema_editor.execute(
        'INSERT INTO rollup (day, account, state, count) '
        f'SELECT {day}, coalesce(account_id, 0), state, count(*) FROM certificate WHERE is_leaf GROUP BY 1, 2, 3'
    )
    if vendor == 'sqlite':
        schema_editor.execute(
            "INSERT INTO certificate_search (rowid, text) SELECT id, replace(names, ' ', char(10)) || char(10) || common_name "
            'FROM certificate WHERE is_leaf'
        )


class Migration(migrations.Migration):

    dependencies = [
        ('store', '0005_inventory'),
    ]

    operations = [
        migrations.RunPython(run_sql, migrations.RunPython.noop),
    ]
