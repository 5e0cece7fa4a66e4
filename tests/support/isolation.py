"""Keep the tests of the site apart: rollback, caches, and putting back what was committed."""

from __future__ import annotations

import contextlib
import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import frappe

from tests.support import baseline, env, sites, sql

# Redis keys that follow from the code and the metadata alone: kept until a test writes metadata.
KEEP = (
	"app_hooks",
	"app_modules",
	"all_apps",
	"installed_app_modules",
	"module_app",
	"module_installed_app",
	"installed_apps",
	"assets_json",
	"doctype_meta",
	"doctype_form_meta",
	"table_columns",
	"db_tables",
	"is_table",
	"workflow",
	"server_script_map",
	"lang_user_translations",
	"merged_translations",
	"lang_full_dict",
	"bootinfo_lang",
	"website_generator_routes",
)
# Writing to one of these tables makes the kept keys doubtful too. (A Workflow Action is a task of somebody.)
METADATA = re.compile(
	r"tab(DocType|DocField|DocPerm|Custom |Property Setter|Workflow(?! Action)|Translation|Module|Role\b"
	r"|Language|Document Naming|Server Script|Client Script|Installed Application|Domain)"
)
# Redis keys that follow from a few tables besides: kept until a test writes to one of those. Cached documents
# likewise follow from their own table and those of their rows.
KEEP_UNLESS = {
	"document_naming_rule_map": re.compile("tabDocument Naming Rule"),
	"assignment_rule_map": re.compile("tabAssignment Rule"),
	"milestone_tracker_map": re.compile("tabMilestone Tracker"),
	"energy_point_rule_map": re.compile("tabEnergy Point Rule"),
	"notifications": re.compile("tabNotification$"),
	"webhooks": re.compile("tabWebhook"),
	"doctypes_with_active_sla": re.compile("tabService Level Agreement"),
	"fiscal_years": re.compile("tabFiscal Year"),
	"defaults": re.compile("tabDefaultValue"),
	"user_permissions": re.compile("tabUser Permission"),
	"non_standard_user_types": re.compile("tabUser Type"),
}
DOCUMENT = "document_cache"
# What frappe remembers in the process itself, of the metadata alone.
KEEP_IN_PROCESS = (
	"frappe.model.utils.is_virtual_doctype",
	"frappe.model.utils.is_single_doctype",
	"frappe.modules.utils.get_doctype_app_map",
)


@dataclass
class State:
	"""What the running test has done to the site."""

	allowed: bool = False
	committed: bool = False
	pending: set[str] = field(default_factory=set)
	written: set[str] = field(default_factory=set)
	since: str = ""


_state: State | None = None
_names: set[str] = set()
_flags: dict[str, Any] = {}


def connect() -> None:
	"""Connect this process to the test site, once per run."""
	global _names, _flags
	frappe.init(env.SITE, sites_path=".")
	frappe.connect()
	frappe.flags.in_test = True
	frappe.flags.mute_emails = True
	frappe.local.lang = "en"
	sql.install()
	sql.listen(_notice, always=True)
	_names = {name for name, _value in frappe.local}
	_flags = copy.deepcopy(dict(frappe.local.flags))


def disconnect() -> None:
	"""Leave the site."""
	sql.unlisten(_notice)
	frappe.destroy()


def _notice(statement: sql.Statement) -> None:
	if _state is None:
		return
	if statement.kind == "write":
		_state.pending.add(statement.table)
	elif statement.kind == "rollback":
		_state.written |= _state.pending
		_state.pending.clear()
	elif statement.kind in ("commit", "ddl"):
		if _state.pending or statement.kind == "ddl":
			if not _state.committed:
				baseline.mark_dirty(sites.site_path())
			_state.committed = True
		_state.written |= _state.pending | ({statement.table} if statement.table else set())
		_state.pending.clear()


@contextlib.contextmanager
def isolated() -> Iterator[State]:
	"""Run a test; whatever it does, the next one finds the site as it was made."""
	global _state
	frappe.db.rollback()
	_reset_locals()
	_state = State()
	_state.since = str(frappe.db.sql("select date_sub(now(), interval 1 second)")[0][0])
	state = _state
	try:
		yield state
	finally:
		_state = None
		written = state.written | state.pending
		if not frappe.db or not frappe.db._conn:
			frappe.connect()  # a test may have closed or lost the connection
		# What a request would do after its rollback is not to be done after the test's.
		frappe.db.after_rollback.reset()
		frappe.db.rollback()
		# A request has a connection of its own: Frappe leaves the limit of a list's counts on it.
		frappe.db.set_execution_timeout(0)
		if state.allowed or state.committed:
			changed = baseline.restore(sites.database(), sites.site_path(), since=state.since)
			written |= set(changed)
			frappe.db.rollback()  # the snapshot of this connection must see the rows put back
			_new_generation()
		_drop_cache(written, metadata=is_metadata(written))
		_reset_locals(metadata=is_metadata(written))


def allow_commits() -> Callable[[], None]:
	"""Let the running test commit; return the function to do it with."""
	assert _state is not None, "the fixture `isolated` comes first"
	_state.allowed = True
	baseline.mark_dirty(sites.site_path())

	def commit() -> None:
		frappe.db.commit()
		# What the server has changed is to be seen.
		frappe.local.cache = {}

	return commit


def is_metadata(written: set[str]) -> bool:
	"""Return whether one of these tables says how others are built."""
	return any(METADATA.search(table) for table in written)


def _reset_locals(metadata: bool = False) -> None:
	"""Forget what frappe keeps for one request."""
	from frappe.utils import caching

	for name, _value in list(frappe.local):
		if name not in _names:
			delattr(frappe.local, name)
	frappe.local.flags = frappe._dict(copy.deepcopy(_flags))
	for name in ("message_log", "error_log", "debug_log", "locked_documents"):
		setattr(frappe.local, name, [])
	frappe.local.response = frappe._dict({"docs": []})
	frappe.local.lang = "en"
	for name in ("system_settings", "website_settings"):
		if hasattr(frappe.local, name):
			delattr(frappe.local, name)
	if hasattr(frappe.local, "request_cache"):
		frappe.local.request_cache.clear()
	for function in list(caching._SITE_CACHE):
		if metadata or function not in KEEP_IN_PROCESS:
			del caching._SITE_CACHE[function]
	frappe.set_user("Administrator")


def _drop_cache(written: set[str], metadata: bool) -> None:
	"""Empty the private redis, except for what every test would only read again: what follows from tables
	to which nobody wrote.
	"""
	if metadata:
		frappe.cache.flushdb()
		return
	prefix = frappe.cache.make_key("").decode()
	drop = []
	for raw in frappe.cache.keys("*"):
		name = raw.decode(errors="replace").removeprefix(prefix)
		if name.startswith(KEEP):
			continue
		if name in KEEP_UNLESS:
			if any(KEEP_UNLESS[name].match(table) for table in written):
				drop.append(raw)
		elif not (name.startswith(f"{DOCUMENT}::") and _is_as_stored(name, written)):
			drop.append(raw)
	if drop:
		frappe.cache.delete(*drop)


def _is_as_stored(key: str, written: set[str]) -> bool:
	"""Return whether nobody wrote to the tables that a cached document comes from."""
	doctype = key.split("::")[1]
	meta = frappe.get_meta(doctype)
	tables = {f"tab{row.options}" for row in meta.get_table_fields()}
	tables.add("tabSingles" if meta.issingle else f"tab{doctype}")
	return not tables & written


def _new_generation() -> None:
	"""Tell the web server's processes that what they remember is old (see tests/support/wsgi)."""
	(env.home() / "run/generation").touch()


def stored(tables: set[str]) -> None:
	"""Rows were written past Frappe: forget what is remembered of their tables, and put them back later."""
	from tests.support import people

	assert _state is not None
	_state.pending |= tables
	_drop_cache(tables, metadata=False)
	sid, data = frappe.session.sid, frappe.session.data
	people.become(frappe.session.user)
	frappe.session.sid, frappe.session.data = sid, data
	frappe.db.value_cache.clear()
	if hasattr(frappe.local, "request_cache"):
		frappe.local.request_cache.clear()


def forget() -> None:
	"""Forget what is cached of rows that were just rolled back to a savepoint, amid a test."""
	assert _state is not None
	_drop_cache(_state.written | _state.pending, metadata=False)
	_reset_locals()
