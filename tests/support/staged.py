"""Tests begin with what others begin with too: customers, approved orders, complaints. Helpers that make such
things, `@staged`, are carried out once in a process for what they are called with; the statements that they
sent to the database are kept, and sent again when another test calls them at the same place, which takes a
tenth of the time.

At the same place means: since its beginning the test has stored nothing but by the same calls, as the same
user. Whatever comes after a write of the test's own is carried out, and so is what comes after a patch that
is not `assumed`, what is done while queries are counted, and everything with QMS_TEST_STAGED=0.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import frappe
import pytest
from frappe.model.document import Document

from tests.support import env, isolation, sites, sql

P = ParamSpec("P")
R = TypeVar("R")
# How much of statements is kept in memory, in characters.
LIMIT = 400_000_000
CALLBACKS = ("before_commit", "after_commit")


@dataclass
class Stage:
	"""What a helper did: statements, callbacks, files, and its arguments and result as they were after it."""

	statements: list[str]
	tables: set[str]
	callbacks: dict[str, list[Callable]]
	files: dict[Path, bytes]
	after: list[Any]
	result: Any
	size: int = 0


@dataclass
class _Test:
	"""The running test: which stages it went through, None when it has stored something else."""

	passed: str | None = ""
	recorders: list[_Recorder] = field(default_factory=list)
	assumed: list[str] = field(default_factory=list)


@dataclass
class _Recorder:
	statements: list[str] = field(default_factory=list)
	tables: set[str] = field(default_factory=set)
	spoilt: bool = False


_test = _Test(passed=None)
_kept: OrderedDict[str, Stage] = OrderedDict()
_size = 0
_pending: sql.Statement | None = None
_installed = False


class _NotKept(Exception):
	"""A call that cannot be told from another one."""


def begin() -> None:
	"""A test begins, with nothing stored yet."""
	global _test
	_install()
	_test = _Test(passed="" if env.flag("QMS_TEST_STAGED", default=True) else None)


@contextlib.contextmanager
def assumed(what: str, patch: Callable[[], None]) -> Iterator[None]:
	"""Patch something that helpers rest on, called `what`: with it they make other things than without it."""
	test, before = _test, _test.passed
	patch()
	if before is not None:
		test.passed = before
	test.assumed.append(what)
	try:
		yield
	finally:
		test.assumed.remove(what)


def staged(helper: Callable[P, R]) -> Callable[P, R]:
	"""Keep what a helper of the tests stores, and store it again instead of making it anew."""

	@functools.wraps(helper)
	def call(*args: P.args, **kwargs: P.kwargs) -> R:
		if _test.passed is None or sql.counting():
			_spoil()
			return helper(*args, **kwargs)
		try:
			key = _key(helper, args, kwargs)
		except _NotKept:
			_spoil()
			return helper(*args, **kwargs)
		given = [*args, *kwargs.values()]
		if (stage := _kept.get(key)) is not None:
			_kept.move_to_end(key)
			result = _again(stage, given)
		else:
			result = _anew(key, helper, args, kwargs, given)
		if _test.passed is not None:
			_test.passed = key
		return result

	return call


def _spoil() -> None:
	"""From here on the test is its own; so is the helper that is being carried out."""
	_test.passed = None
	for recorder in _test.recorders:
		recorder.spoilt = True


# Carrying out


def _anew(key: str, helper: Callable, args: Any, kwargs: Any, given: list[Any]) -> Any:
	global _size
	before = {name: len(getattr(frappe.db, name)._functions) for name in CALLBACKS}
	files = _files()
	recorder = _Recorder()
	_test.recorders.append(recorder)
	try:
		result = helper(*args, **kwargs)
	except BaseException:
		_spoil()
		raise
	finally:
		_test.recorders.pop()
	if recorder.spoilt or _test.passed is None or isolation.is_metadata(recorder.tables):
		_spoil()
		return result
	_hand_up(recorder.statements, recorder.tables)
	try:
		stage = Stage(
			recorder.statements,
			recorder.tables,
			{name: list(getattr(frappe.db, name)._functions)[before[name] :] for name in CALLBACKS},
			{file: file.read_bytes() for file in _files() - files},
			[_copy(value) for value in given],
			_result(result, given),
		)
	except _NotKept:
		_spoil()
		return result
	stage.size = sum(map(len, stage.statements))
	_kept[key] = stage
	_size += stage.size
	while _size > LIMIT and len(_kept) > 1:
		_size -= _kept.popitem(last=False)[1].size
	return result


def _again(stage: Stage, given: list[Any]) -> Any:
	for statement in stage.statements:
		frappe.db._cursor.execute(statement)
	_hand_up(stage.statements, stage.tables)
	isolation.stored(stage.tables)
	for name, functions in stage.callbacks.items():
		for function in functions:
			getattr(frappe.db, name).add(function)
	for file, content in stage.files.items():
		file.write_bytes(content)
	for value, after in zip(given, stage.after, strict=True):
		if isinstance(value, Document) or _is_plain_object(value):
			value.__dict__.clear()
			value.__dict__.update(_copy(after).__dict__)
			_adopt(value)
	kind, found = stage.result
	if kind == "argument":
		return given[found]
	return _copy(found)


def _hand_up(statements: list[str], tables: set[str]) -> None:
	"""What a helper stored belongs to the one that called it, too."""
	if _test.recorders:
		_test.recorders[-1].statements += statements
		_test.recorders[-1].tables |= tables


# What is kept


def _key(helper: Callable, args: Any, kwargs: Any) -> str:
	said = [
		_test.passed,
		*_test.assumed,
		helper.__module__,
		helper.__qualname__,
		frappe.session.user,
		frappe.local.lang,
		bool(frappe.flags.in_test),
		frappe.utils.nowdate(),
		_told(list(args)),
		_told(kwargs),
	]
	return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _told(value: Any) -> Any:
	"""Return what tells a value from others, as JSON."""
	if value is None or isinstance(value, str | int | float | bool):
		return value
	if isinstance(value, list | tuple):
		return [_told(one) for one in value]
	if isinstance(value, Document):
		return [value.doctype, _told(value.as_dict()), _told(dict(value.flags))]
	if isinstance(value, dict):
		return [[str(key), _told(one)] for key, one in value.items()]
	if _is_plain_object(value):
		return [type(value).__name__, _told(value.__dict__)]
	if type(value).__module__ in ("datetime", "decimal"):
		return str(value)
	raise _NotKept


def _is_plain_object(value: Any) -> bool:
	return type(value).__module__.startswith("tests.") and hasattr(value, "__dict__") and not callable(value)


def _copy(value: Any) -> Any:
	try:
		made = copy.deepcopy(value)
	except Exception as error:
		raise _NotKept from error
	_adopt(made)
	return made


def _adopt(value: Any) -> None:
	"""Copied rows of documents do not know whose they are."""
	if isinstance(value, list | tuple):
		for one in value:
			_adopt(one)
	elif isinstance(value, Document):
		for row in value.get_all_children():
			row.parent_doc = value


def _result(result: Any, given: list[Any]) -> tuple[str, Any]:
	for place, value in enumerate(given):
		if result is value and isinstance(value, Document):
			return "argument", place
	return "value", _copy(result)


def _files() -> set[Path]:
	places = (sites.site_path() / "private/files", sites.site_path() / "public/files")
	return {file for place in places if place.is_dir() for file in place.iterdir() if file.is_file()}


# Watching


def _install() -> None:
	global _installed
	if _installed:
		return
	from frappe.database.mariadb.database import MariaDBDatabase

	sql.listen(_sent, always=True)
	original = MariaDBDatabase.log_query

	def log_query(self: MariaDBDatabase, *args: Any) -> Any:
		executed = original(self, *args)
		_done(executed)
		return executed

	MariaDBDatabase.log_query = log_query
	for name in ("setattr", "delattr", "setitem", "delitem", "setenv", "delenv"):
		setattr(pytest.MonkeyPatch, name, _spoiling(getattr(pytest.MonkeyPatch, name)))
	_installed = True


def _spoiling(patch: Callable) -> Callable:
	@functools.wraps(patch)
	def patched(*args: Any, **kwargs: Any) -> Any:
		_spoil()
		return patch(*args, **kwargs)

	return patched


def _sent(statement: sql.Statement) -> None:
	global _pending
	if threading.current_thread() is threading.main_thread():
		_pending = statement


def _done(executed: Any) -> None:
	"""A statement was carried out: it belongs to the helpers that are at work, or to the test."""
	statement = _pending
	if _test.passed is None or statement is None or statement.kind == "read":
		return
	if threading.current_thread() is not threading.main_thread():
		return
	if statement.kind in ("commit", "ddl", "rollback") or not _test.recorders:
		if statement.kind != "other" or "rollback" in statement.text.lower():
			_spoil()
		return
	text = executed.decode() if isinstance(executed, bytes) else str(executed)
	_test.recorders[-1].statements.append(text)
	if statement.kind == "write":
		_test.recorders[-1].tables.add(statement.table)
