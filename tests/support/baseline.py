"""A copy of the test site's rows, to put the site back after a test that committed.

What a web request or a committing test leaves behind (rows of other doctypes, counters, sessions, logs)
cannot be listed by the test. So the rows are copied once, into a second database beside the site's, and
whichever tables a test changed are filled again from there.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Protocol

# Tables whose rows say nothing about the site: putting them back would only cost time.
UNIMPORTANT = {"tabRecorder", "__global_search", "__UserSettings"}


class Cursor(Protocol):
	"""The part of a database cursor that is used here."""

	def execute(self, query: str, args: Any = None) -> Any: ...
	def fetchall(self) -> Any: ...


def copy_of(database: str) -> str:
	"""Return the name of the database with the copied rows."""
	return f"{database}_base"


def _connect(database: str, site: Path) -> Any:
	import pymysql

	configuration = json.loads((site / "site_config.json").read_text())
	socket = configuration.get("db_socket")
	if not socket:
		socket = json.loads((site.parent / "common_site_config.json").read_text())["db_socket"]
	return pymysql.connect(
		unix_socket=socket,
		user=database,
		password=configuration["db_password"],
		database=database,
		charset="utf8mb4",
		autocommit=True,
	)


def _tables(cursor: Cursor, database: str) -> list[str]:
	cursor.execute(
		"select table_name from information_schema.tables"
		" where table_schema = %s and table_type = 'BASE TABLE'",
		(database,),
	)
	return [row[0] for row in cursor.fetchall() if row[0] not in UNIMPORTANT]


def _columns(cursor: Cursor, database: str) -> dict[str, list[str]]:
	cursor.execute(
		"select table_name, column_name from information_schema.columns where table_schema = %s"
		" order by table_name, ordinal_position",
		(database,),
	)
	found: dict[str, list[str]] = {}
	for table, column in cursor.fetchall():
		found.setdefault(table, []).append(column)
	return found


def _counts(cursor: Cursor, database: str, tables: dict[str, bool]) -> dict[str, tuple]:
	"""Return rows and latest modification of tables ({name: has a column `modified`})."""
	found: dict[str, tuple] = {}
	names = sorted(tables)
	for start in range(0, len(names), 100):
		parts = [
			f"select '{name}', count(*), {'max(modified)' if tables[name] else 'null'}"
			f" from `{database}`.`{name}`"
			for name in names[start : start + 100]
		]
		cursor.execute(" union all ".join(parts))
		found.update({row[0]: (row[1], str(row[2])) for row in cursor.fetchall()})
	return found


def take(database: str, site: Path) -> None:
	"""Copy the rows of every table that has some."""
	connection = _connect(database, site)
	copy = copy_of(database)
	with connection, connection.cursor() as cursor:
		for table in _tables(cursor, copy):
			cursor.execute(f"drop table `{copy}`.`{table}`")
		columns = _columns(cursor, database)
		tables = {table: "modified" in columns[table] for table in _tables(cursor, database)}
		counts = _counts(cursor, database, tables)
		for table, (rows, _modified) in counts.items():
			if rows:
				cursor.execute(
					f"create table `{copy}`.`{table}` engine=InnoDB as select * from `{database}`.`{table}`"
				)
	files = sorted(str(file.relative_to(site)) for file in _files(site))
	state = {"counts": counts, "files": files, "columns": _kept_columns(columns, counts)}
	(site / "test_baseline.json").write_text(json.dumps(state))
	(site / "test_dirty").unlink(missing_ok=True)


def _kept_columns(columns: dict[str, list[str]], counts: dict[str, tuple]) -> dict[str, list[str]]:
	return {table: columns[table] for table, (rows, _modified) in counts.items() if rows}


def _files(site: Path) -> list[Path]:
	places = (site / "private/files", site / "public/files", site / "private/backups")
	return [file for place in places if place.is_dir() for file in place.rglob("*") if file.is_file()]


def mark_dirty(site: Path) -> None:
	"""Note that commits may follow: a run that is killed before `restore` leaves the note for the next."""
	(site / "test_dirty").touch()


def recover(database: str, site: Path) -> None:
	"""Put everything back when the previous run was killed amid a committing test."""
	if (site / "test_dirty").exists():
		restore(database, site, everything=True)


def restore(database: str, site: Path, since: str | None = None, everything: bool = False) -> list[str]:
	"""Put back the tables that changed since a time of the database server; return their names.

	A table counts as changed by the server's own time stamp, or when its number of rows or latest
	modification differ: the server forgets the time stamps of tables that it drops from its cache.
	"""
	state = json.loads((site / "test_baseline.json").read_text())
	before = {table: tuple(value) for table, value in state["counts"].items()}
	connection = _connect(database, site)
	with connection, connection.cursor() as cursor:
		columns = _columns(cursor, database)
		tables = {table: "modified" in columns[table] for table in _tables(cursor, database)}
		now = _counts(cursor, database, tables)
		changed = {table for table in tables if now[table] != before.get(table, (0, "None"))}
		if everything:
			changed |= set(state["columns"]) & set(tables)
		elif since:
			cursor.execute(
				"select table_name from information_schema.tables"
				" where table_schema = %s and update_time >= %s",
				(database, since),
			)
			changed |= {row[0] for row in cursor.fetchall()} & set(tables)
		cursor.execute("set foreign_key_checks = 0")
		# A connection that a test left open in a transaction must not block the run for a minute.
		cursor.execute("set innodb_lock_wait_timeout = 10")
		cursor.execute("begin")
		for table in sorted(changed):
			cursor.execute(f"delete from `{database}`.`{table}`")
			if kept := state["columns"].get(table):
				names = ", ".join(f"`{name}`" for name in kept if name in columns[table])
				cursor.execute(
					f"insert into `{database}`.`{table}` ({names})"
					f" select {names} from `{copy_of(database)}`.`{table}`"
				)
		cursor.execute("commit")
	for file in _files(site):
		if str(file.relative_to(site)) not in state["files"]:
			file.unlink()
	(site / "test_dirty").unlink(missing_ok=True)
	return sorted(changed)
