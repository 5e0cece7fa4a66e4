"""Rules on the source that can be checked without running it."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import qms_customer
from tests.support.env import APP, CHECKOUT, PACKAGE

MODULE = "QMS Customer"
# Hooks whose strings are no dotted paths of functions, although they may look like it.
NO_PATHS = {"app_email", "app_name", "app_title", "app_publisher", "app_description", "app_license"}
NO_PATHS |= {"app_version", "required_apps", "fixtures", "app_home", "app_icon", "app_logo_url", "app_color"}
DOTTED = re.compile(rf"^{APP}(\.\w+)+$")


def sources(*below: str) -> list[Path]:
	"""Return the python files of the app, or of directories in it."""
	roots = [PACKAGE / part for part in below] if below else [PACKAGE]
	files = [file for root in roots for file in ([root] if root.is_file() else root.rglob("*.py"))]
	return sorted(file for file in files if "__pycache__" not in file.parts)


@cache
def tree(file: Path) -> ast.Module:
	"""Return the parsed file."""
	return ast.parse(file.read_text(encoding="utf-8"), str(file))


def place(file: Path, node: ast.AST | None = None) -> str:
	"""Return file and line for a message."""
	return f"{file.relative_to(CHECKOUT)}:{getattr(node, 'lineno', 1)}"


def dotted(node: ast.AST) -> str:
	"""Return `a.b.c` of an attribute chain, "" of anything else."""
	if isinstance(node, ast.Name):
		return node.id
	if isinstance(node, ast.Attribute) and (head := dotted(node.value)):
		return f"{head}.{node.attr}"
	return ""


def module_file(name: str) -> Path | None:
	"""Return the file of a module of the app; the directory of frappe's module is the package itself."""
	parts = name.split(".")[1:]
	candidates = [parts]
	if parts[:1] == [APP]:
		candidates.append(parts[1:])
	for rest in candidates:
		base = PACKAGE.joinpath(*rest)
		for file in (base / "__init__.py", base.parent / f"{base.name}.py"):
			if file.is_file() and file.is_relative_to(PACKAGE):
				return file
	return None


def defined(body: list[ast.stmt]) -> Iterator[tuple[str, ast.stmt]]:
	"""Yield the names that a module or class body binds."""
	for node in body:
		if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
			yield node.name, node
		elif isinstance(node, ast.ImportFrom | ast.Import):
			for alias in node.names:
				yield alias.asname or alias.name.split(".")[0], node
		elif isinstance(node, ast.Assign):
			for target in node.targets:
				if isinstance(target, ast.Name):
					yield target.id, node
		elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
			yield node.target.id, node
		elif isinstance(node, ast.If | ast.Try):
			yield from defined(node.body)
			yield from defined(node.orelse)


def resolves(path: str) -> bool:
	"""Return whether a dotted path names something of the app: a module, or a name bound in one."""
	if module_file(path):
		return True
	head, _, last = path.rpartition(".")
	if file := module_file(head):
		return last in dict(defined(tree(file).body))
	head, _, owner = head.rpartition(".")
	if head and (file := module_file(head)):
		found = dict(defined(tree(file).body)).get(owner)
		return isinstance(found, ast.ClassDef) and last in dict(defined(found.body))
	return False


def whole_strings(node: ast.AST) -> Iterator[ast.Constant]:
	"""Yield the string constants below a node, keys of dictionaries included."""
	for part in ast.walk(node):
		if isinstance(part, ast.Constant) and isinstance(part.value, str):
			yield part


def ruff(*arguments: str) -> None:
	"""Run ruff on the checkout; fail with what it says."""
	command = [sys.executable, "-m", "ruff", *arguments, "qms_customer", "tests"]
	done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True)
	assert done.returncode == 0, done.stdout + done.stderr


def test_the_tests_run_this_checkout() -> None:
	assert Path(qms_customer.__file__).resolve().parent == PACKAGE


def test_ruff_check() -> None:
	ruff("check", "--no-fix")


def test_ruff_format() -> None:
	ruff("format", "--check")


def test_rules_do_not_import_frappe() -> None:
	"""The rules are pure: of the app they import only themselves."""
	found = []
	for file in sources("rules"):
		for node in ast.walk(tree(file)):
			names = []
			if isinstance(node, ast.Import):
				names = [alias.name for alias in node.names]
			elif isinstance(node, ast.ImportFrom) and not node.level:
				names = [node.module or ""]
				if node.module == APP:
					names = [f"{APP}.{alias.name}" for alias in node.names]
			for name in names:
				top = name.split(".")[0]
				if top in ("frappe", "erpnext") or (
					top == APP and name.split(".")[1:2] not in ([], ["rules"])
				):
					found.append(f"{place(file, node)}: {name}")
	assert not found


def test_the_replay_does_not_import_frappe() -> None:
	"""It runs where there is none: of the app it imports the rules and itself."""
	found = []
	for file in sources("replay"):
		for node in ast.walk(tree(file)):
			names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
			if isinstance(node, ast.ImportFrom):
				names = [node.module or ""]
			for name in names:
				parts = name.split(".")
				if parts[0] in ("frappe", "erpnext") or (
					parts[0] == APP and parts[1:2] not in ([], ["rules"], ["replay"])
				):
					found.append(f"{place(file, node)}: {name}")
	assert not found


def test_hooks_resolve() -> None:
	"""Every dotted path of the app in hooks.py names something, and every asset file is there."""
	file = PACKAGE / "hooks.py"
	missing = []
	for node in tree(file).body:
		names = [target.id for target in getattr(node, "targets", []) if isinstance(target, ast.Name)]
		if not isinstance(node, ast.Assign) or set(names) & NO_PATHS:
			continue
		for text in whole_strings(node.value):
			value = text.value
			if DOTTED.match(value) and not resolves(value):
				missing.append(f"{place(file, text)}: {value}")
			elif value.startswith(f"/assets/{APP}/"):
				if not (PACKAGE / "public" / value.split("/", 3)[3].split("?")[0]).is_file():
					missing.append(f"{place(file, text)}: {value}")
			elif re.match(r"^public/.+\.(js|css)$", value) and not (PACKAGE / value).is_file():
				missing.append(f"{place(file, text)}: {value}")
	assert not missing


def test_whitelist_overrides_and_calls_resolve() -> None:
	"""Dotted paths of the app in python strings and in the client scripts name something."""
	missing = []
	for file in sources():
		for text in whole_strings(tree(file)):
			if DOTTED.match(text.value) and "." in text.value[len(APP) + 1 :] and not resolves(text.value):
				missing.append(f"{place(file, text)}: {text.value}")
	for file in sorted(PACKAGE.rglob("*.js")):
		for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
			for path in re.findall(rf"[\"'`]({APP}(?:\.\w+)+)[\"'`]", line):
				# A single part after the app is a name space of javascript, not a python function.
				if path.count(".") > 1 and not resolves(path):
					missing.append(f"{file.relative_to(CHECKOUT)}:{number}: {path}")
	assert not missing


def test_patches_resolve() -> None:
	"""Every line of patches.txt is a module of the app with a function `execute`."""
	bad = []
	for line in (PACKAGE / "patches.txt").read_text(encoding="utf-8").splitlines():
		line = line.split("#")[0].strip()
		if not line or line.startswith("[") or line.startswith(("execute:", "finally:")):
			continue
		file = module_file(line.split()[0])
		if not file or "execute" not in dict(defined(tree(file).body)):
			bad.append(line)
	assert not bad


# A wrong try at signing, and a reading of patient data, are kept although their request is rolled back:
# written, and committed, after that. Each batch of an adoption is a transaction of its own, so that the site
# is not held up. A command is no request.
MAY_COMMIT = (
	"setup/",
	"patches/",
	"records/signing.py",
	"feedback/patient_log.py",
	"contract/adopt_job.py",
	"contract/sweep_job.py",
	"contract/register_job.py",
	"commands.py",
)


def test_commits_only_in_setup_and_patches() -> None:
	bad = []
	for file in sources():
		if str(file.relative_to(PACKAGE)).startswith(MAY_COMMIT):
			continue
		for node in ast.walk(tree(file)):
			if isinstance(node, ast.Call) and dotted(node.func) in (
				"frappe.db.commit",
				"frappe.local.db.commit",
			):
				bad.append(place(file, node))
	assert not bad


def _whitelist(function: ast.FunctionDef) -> ast.Call | ast.expr | None:
	for decorator in function.decorator_list:
		target = decorator.func if isinstance(decorator, ast.Call) else decorator
		if dotted(target) in ("frappe.whitelist", "whitelist"):
			return decorator
	return None


def test_whitelisted_functions_are_typed_and_name_their_methods() -> None:
	"""frappe checks the types of annotated arguments; `methods` keeps GET from changing anything."""
	bad = []
	for file in sources():
		classes = {
			id(method)
			for owner in ast.walk(tree(file))
			if isinstance(owner, ast.ClassDef)
			for method in owner.body
		}
		for function in ast.walk(tree(file)):
			if not isinstance(function, ast.FunctionDef) or (decorator := _whitelist(function)) is None:
				continue
			where = f"{place(file, function)} {function.name}"
			keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
			methods = [keyword.value for keyword in keywords if keyword.arg == "methods"]
			if not methods or not isinstance(methods[0], ast.List | ast.Tuple) or not methods[0].elts:
				bad.append(f"{where}: names no methods=[...]")
			arguments = function.args.posonlyargs + function.args.args + function.args.kwonlyargs
			if id(function) in classes:
				arguments = arguments[1:]
			arguments += [extra for extra in (function.args.vararg, function.args.kwarg) if extra]
			bad += [f"{where}: no type of {one.arg}" for one in arguments if one.annotation is None]
			if function.returns is None:
				bad.append(f"{where}: no type of the result")
	assert not bad


def _definitions() -> list[tuple[Path, dict[str, Any]]]:
	found = []
	for file in sorted(PACKAGE.rglob("*.json")):
		content = json.loads(file.read_text(encoding="utf-8"))
		if isinstance(content, dict) and content.get("doctype"):
			found.append((file, content))
	return found


def test_documents_belong_to_the_module() -> None:
	"""Every document that ships as JSON and has a module has ours, and lies where frappe looks for it."""
	bad = []
	for file, content in _definitions():
		if content["doctype"] == "DocType" or "module" in content:
			if content.get("module") != MODULE:
				bad.append(f"{place(file)}: module {content.get('module')!r}")
		if content["doctype"] == "DocType":
			name = content["name"].lower().replace(" ", "_").replace("-", "_")
			if file != PACKAGE / "doctype" / name / f"{name}.json":
				bad.append(f"{place(file)}: not at doctype/{name}/{name}.json")
			for needed in ("__init__.py", f"{name}.py"):
				if not (file.parent / needed).is_file():
					bad.append(f"{place(file)}: no {needed}")
	assert not bad


SQL_CALLS = re.compile(r"(^|\.)db\.(sql|sql_list|sql_ddl|multisql)$")


def _is_built(node: ast.AST) -> bool:
	"""Return whether an expression puts values into a text: f-string, %, .format or + with a non-literal."""
	if isinstance(node, ast.JoinedStr):
		return any(isinstance(part, ast.FormattedValue) for part in node.values)
	if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
		return True
	if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
		return not all(
			isinstance(part, ast.Constant) or (isinstance(part, ast.BinOp) and not _is_built(part))
			for part in (node.left, node.right)
		)
	if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
		return node.func.attr in ("format", "join", "replace")
	return False


def test_sql_is_never_built_from_texts() -> None:
	"""Values go to frappe.db.sql as parameters; the statement itself is a literal."""
	bad = []
	for file in sources():
		for scope in ast.walk(tree(file)):
			if not isinstance(scope, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef):
				continue
			built: set[str] = set()
			for node in ast.walk(scope):
				if isinstance(node, ast.Assign) and _is_built(node.value):
					built |= {target.id for target in node.targets if isinstance(target, ast.Name)}
				elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
					if isinstance(node.op, ast.Add) and not isinstance(node.value, ast.Constant):
						built.add(node.target.id)
			for node in ast.walk(scope):
				if not isinstance(node, ast.Call) or not SQL_CALLS.search(dotted(node.func)):
					continue
				arguments = [*node.args[:1], *[key.value for key in node.keywords if key.arg == "query"]]
				for argument in arguments:
					if _is_built(argument) or (isinstance(argument, ast.Name) and argument.id in built):
						bad.append(place(file, node))
	assert not sorted(set(bad))


def _at_import(body: list[ast.stmt]) -> Iterator[ast.AST]:
	"""Yield the nodes that run when the module is imported: not the bodies of functions."""
	waiting: list[ast.AST] = list(body)
	while waiting:
		node = waiting.pop()
		if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
			waiting += [*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)]
			continue
		if isinstance(node, ast.Lambda):
			continue
		yield node
		waiting += list(ast.iter_child_nodes(node))


def test_nothing_reads_the_site_at_import() -> None:
	"""A module is imported once for all sites: what it reads at import belongs to the wrong site."""
	forbidden = re.compile(
		r"^frappe\.(db|local|session|conf|flags|cache|qb\.from_)\b|^frappe\.(get_doc|get_all|get_meta|_)$"
	)
	bad = []
	for file in sources():
		for node in _at_import(tree(file).body):
			name = dotted(node.func) if isinstance(node, ast.Call) else dotted(node)
			if isinstance(node, ast.Call | ast.Attribute) and forbidden.match(name):
				bad.append(f"{place(file, node)}: {name}")
			elif isinstance(node, ast.Call) and name == "_":
				bad.append(f"{place(file, node)}: translated at import")
	assert not sorted(set(bad))


def test_executables() -> None:
	"""The commands of the checkout can be run."""
	for command in ("bin/test", ".ci/run"):
		assert os.access(CHECKOUT / command, os.X_OK), command
		done = subprocess.run(["bash", "-n", str(CHECKOUT / command)], capture_output=True, text=True)
		assert done.returncode == 0, done.stderr


# The checks themselves must find what they look for.


@pytest.mark.parametrize(
	("text", "built"),
	[
		("f'select {x}'", True),
		("'select %s' % x", True),
		("'select {}'.format(x)", True),
		("'select ' + x", True),
		("'select ' 'a'", False),
		("'select ' + 'a'", False),
		("f'select'", False),
	],
)
def test_built_sql_is_recognised(text: str, built: bool) -> None:
	assert _is_built(ast.parse(text, mode="eval").body) is built


def test_paths_are_resolved() -> None:
	assert resolves(f"{APP}.hooks") and resolves(f"{APP}.hooks.app_name")
	assert not resolves(f"{APP}.hooks.nothing") and not resolves(f"{APP}.nothing")
