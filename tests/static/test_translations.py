"""Whatever the app shows stands in translations/zh.csv, and nothing else does."""

from __future__ import annotations

import ast
import csv
import enum
import importlib
import io
import json
import pkgutil
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import qms_customer.rules
from qms_customer.rules import aspects, classification, contract, distribution, people, review
from tests.support.env import CHECKOUT, PACKAGE

CSV = PACKAGE / "translations/zh.csv"
PYTHON_CALLS = {"_", "frappe._", "_lt", "frappe._lt", "mark", "rules.mark"}
# The functions that show a text at once: what they get is wrapped, or comes from elsewhere.
SHOWS = {"frappe.throw": 0, "throw": 0, "frappe.msgprint": 0, "msgprint": 0, "refuse_one": 1}
SHOWS |= {"Refusal": 1, "rules.Refusal": 1, "Missing": 1, "Evidence": 1}
# Keys of JSON documents that are shown.
SHOWN_KEYS = {
	*("label", "title", "description", "report_name", "chart_name", "button_label", "success_title"),
	*("success_message", "introduction_text", "column_labels", "empty_message", "placeholder", "subtitle"),
	*("role_name", "workflow_state_name", "workflow_action_name"),
	# Onboarding steps, and the counts on shortcuts.
	*("action_label", "format"),
}
# DocTypes whose documents are shown by their name.
NAMED = {"Report", "Print Format", "Workspace", "Number Card", "Dashboard Chart", "Dashboard", "Web Form"}
NAMED |= {"Page", "Module Onboarding", "Onboarding Step", "Form Tour", "Email Template"}
# What is the same in Chinese.
SAME = {"PMC", "SHA-256", "BOM"}
# Latin words that a translation may contain although its source does not.
WORDS = {"PMC", "BOM", "PO", "QMS", "SHA", "ISO", "ID", "JSON", "POS"}
RULE_ID = re.compile(r"\b[A-M]\d{1,2}[a-z]?\b")
CJK = "\u3400-\u9fff"


class Text(NamedTuple):
	"""A string that is shown, and the context (for a field its DocType) under which it is looked up."""

	source: str
	context: str = ""


class Problem(NamedTuple):
	"""Something that cannot be translated, and where."""

	place: str
	what: str


class Found:
	"""What the source shows: each text with one of its places, and what cannot be translated."""

	def __init__(self) -> None:
		self.texts: dict[Text, str] = {}
		self.problems: list[Problem] = []

	def add(self, source: object, place: str, context: str = "") -> None:
		"""Note a string; what has neither a letter nor punctuation between values needs no translation."""
		if isinstance(source, str) and (text := source.strip()) and re.search(r"[^\W\d_]|\}[,:;]", text):
			self.texts.setdefault(Text(text, context), place)

	def problem(self, place: str, what: str) -> None:
		"""Note something that cannot be translated."""
		self.problems.append(Problem(place, what))


def where(file: Path, line: int = 1) -> str:
	"""Return file and line for a message."""
	return f"{file.relative_to(CHECKOUT)}:{line}"


def files(*suffixes: str) -> list[Path]:
	"""Return the files of the app by ending."""
	return sorted(
		file
		for file in PACKAGE.rglob("*")
		if file.suffix in suffixes and "__pycache__" not in file.parts and "node_modules" not in file.parts
	)


# Python


def dotted(node: ast.AST) -> str:
	"""Return `a.b.c` of an attribute chain, "" of anything else."""
	if isinstance(node, ast.Name):
		return node.id
	if isinstance(node, ast.Attribute) and (head := dotted(node.value)):
		return f"{head}.{node.attr}"
	return ""


def literals(node: ast.AST) -> Iterator[str]:
	"""Yield the strings that an argument can be: a literal, or the ends of a condition."""
	if isinstance(node, ast.Constant) and isinstance(node.value, str):
		yield node.value
	elif isinstance(node, ast.IfExp):
		yield from literals(node.body)
		yield from literals(node.orelse)
	elif isinstance(node, ast.BoolOp):
		for value in node.values:
			yield from literals(value)


def built(node: ast.AST) -> bool:
	"""Return whether a text is put together before it is translated, so that no translation is found."""
	if isinstance(node, ast.JoinedStr):
		return True
	if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
		return any(isinstance(n, ast.Constant) and isinstance(n.value, str) for n in ast.walk(node))
	if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
		return node.func.attr in ("format", "join") and isinstance(node.func.value, ast.Constant)
	if isinstance(node, ast.IfExp):
		return built(node.body) or built(node.orelse)
	return False


def read_python(source: str, place: str, found: Found) -> None:
	"""Collect what `_()` and `mark()` get, and texts that are shown without them."""
	for node in ast.walk(ast.parse(source)):
		if not isinstance(node, ast.Call):
			continue
		name, line = dotted(node.func), f"{place}:{node.lineno}"
		if name in PYTHON_CALLS and node.args:
			if built(node.args[0]):
				found.problem(line, f"{name}() of a text that is put together: {ast.unparse(node.args[0])}")
			contexts = [
				k.value.value for k in node.keywords if k.arg == "context" and hasattr(k.value, "value")
			]
			for text in literals(node.args[0]):
				found.add(text, line, contexts[0] if contexts and isinstance(contexts[0], str) else "")
		elif name in SHOWS and len(node.args) > SHOWS[name]:
			shown = node.args[SHOWS[name]]
			if built(shown) or any(literals(shown)):
				found.problem(line, f"{name}() shows a text that is not translated: {ast.unparse(shown)}")
		for keyword in node.keywords:
			if keyword.arg == "title" and name in SHOWS and any(literals(keyword.value)):
				found.problem(line, f"a title that is not translated: {ast.unparse(keyword.value)}")


# JavaScript and templates


class Call(NamedTuple):
	"""A call in JavaScript or a template: its line, what its first argument can be, if that is built."""

	line: int
	texts: list[str]
	built: bool
	context: str


_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "0": "\0", "\n": ""}


def _string(source: str, start: int) -> tuple[str, int, bool]:
	"""Return the literal at `start`, the position behind it, and whether it has `${...}` in it."""
	quote, position, text, dynamic = source[start], start + 1, [], False
	while position < len(source) and source[position] != quote:
		char = source[position]
		if char == "\\":
			position += 1
			code = source[position]
			if code == "u" and re.match(r"u[0-9a-fA-F]{4}", source[position:]):
				text.append(chr(int(source[position + 1 : position + 5], 16)))
				position += 4
			else:
				text.append(_ESCAPES.get(code, code))
		else:
			if quote == "`" and source.startswith("${", position):
				dynamic = True
			text.append(char)
		position += 1
	return "".join(text), position + 1, dynamic


def calls(source: str, name: str) -> Iterator[Call]:
	"""Yield the calls of a function, `__`, `_` or a macro, whose text may go over several lines."""
	for match in re.finditer(rf"(?<![\w$.]){re.escape(name)}\(", source):
		position, depth, argument = match.end(), 0, 0
		texts: dict[int, list[str]] = defaultdict(list)
		named = re.compile(r"context\s*=\s*$")
		context = ""
		joined, dynamic = False, False
		while position < len(source):
			char = source[position]
			if char in "\"'`":
				before = source[match.end() : position]
				text, position, has_holes = _string(source, position)
				if depth == 0 and argument and named.search(before):
					context = text
				elif depth == 0:
					texts[argument].append(text)
					dynamic |= has_holes and argument == 0
				continue
			if char in "([{":
				depth += 1
			elif char in ")]}":
				if depth == 0:
					break
				depth -= 1
			elif char == "," and depth == 0:
				argument += 1
			elif char in "+~%" and depth == 0 and argument == 0:
				joined = True
			position += 1
		first = texts[0]
		if joined and first:
			# Literals joined by + are one text for a reader, but no translation is found for it.
			dynamic = True
		yield Call(
			source.count("\n", 0, match.start()) + 1, first, dynamic, context or (texts.get(2) or [""])[0]
		)


def without_comments(source: str) -> str:
	"""Return JavaScript without its comments, line numbers kept."""
	kept, position = [], 0
	while position < len(source):
		char = source[position]
		if char in "\"'`":
			_text, end, _dynamic = _string(source, position)
			kept.append(source[position:end])
			position = end
		elif source.startswith("//", position):
			end = source.find("\n", position)
			position = len(source) if end < 0 else end
		elif source.startswith("/*", position):
			end = source.find("*/", position)
			end = len(source) if end < 0 else end + 2
			kept.append("\n" * source.count("\n", position, end))
			position = end
		else:
			kept.append(char)
			position += 1
	return "".join(kept)


BARE_JS = re.compile(
	r"""(?x) (?: \b(?:label|title|description|primary_action_label|placeholder) \s*:\s*
	| \b(?:msgprint|show_alert|throw|confirm|set_intro|add_custom_button|set_headline) \(\s* )
	(["'`]) (?P<text>[^"'`]*[A-Za-z]{2}[^"'`]*) \1"""
)


def read_javascript(source: str, place: str, found: Found) -> None:
	"""Collect what `__()` gets, and labels and messages that are shown without it."""
	source = without_comments(source)
	for call in calls(source, "__"):
		if call.built:
			found.problem(f"{place}:{call.line}", f"__() of a text that is put together: {call.texts}")
		for text in call.texts:
			found.add(text, f"{place}:{call.line}", call.context)
	for match in BARE_JS.finditer(source):
		if not re.search(r"[A-Za-z]{2}", re.sub(r"\$\{.*?\}", "", match["text"])):
			continue
		line = source.count("\n", 0, match.start()) + 1
		found.problem(f"{place}:{line}", f"shown without __(): {match['text']!r}")


MACROS = ("pill",)


def read_template(source: str, place: str, found: Found) -> None:
	"""Collect what `_()` and the macros that translate get, and words outside of them."""
	source = re.sub(r"\{#.*?#\}", lambda m: "\n" * m[0].count("\n"), source, flags=re.DOTALL)
	for name in ("_", "__", *MACROS):
		for call in calls(source, name):
			if call.built:
				found.problem(
					f"{place}:{call.line}", f"{name}() of a text that is put together: {call.texts}"
				)
			for text in call.texts:
				found.add(text, f"{place}:{call.line}", call.context if name in ("_", "__") else "")

	def blank(match: re.Match) -> str:
		return "\n" * match[0].count("\n") or " "

	bare = source
	for pattern in (r"<(style|script)\b.*?</\1>", r"\{\{.*?\}\}", r"\{%.*?%\}", r"<[^>]*>", r"&\w+;"):
		bare = re.sub(pattern, blank, bare, flags=re.DOTALL)
	for number, line in enumerate(bare.splitlines(), 1):
		words = RULE_ID.sub("", line)
		for word in SAME:
			words = words.replace(word, "")
		if re.search(r"[^\W\d_]{2}", words):
			found.problem(f"{place}:{number}", f"words that are not translated: {line.strip()!r}")


# JSON: DocTypes, fixtures, reports, print formats, workspaces


def read_doctype(content: dict[str, Any], place: str, found: Found) -> None:
	"""Collect what a DocType shows: its name, what its fields say, our roles."""
	name = content["name"]
	for key in ("name", "description"):
		found.add(content.get(key), place)
	read_fields(content.get("fields", ()), name, place, found)
	for row in content.get("permissions", ()):
		if str(row.get("role", "")).startswith("QMS "):
			found.add(row["role"], place)
	for row in (*content.get("actions", ()), *content.get("links", ()), *content.get("states", ())):
		for key in ("label", "group", "title"):
			found.add(row.get(key), place)


def read_fields(fields: Any, doctype: str, place: str, found: Found) -> None:
	"""Collect labels, descriptions and options of fields, in the context of their DocType."""
	for field in fields:
		for key in ("label", "description", "placeholder"):
			found.add(field.get(key), place, doctype)
		options = field.get("options") or ""
		if field["fieldtype"] == "Select" and field["fieldname"] != "naming_series":
			for option in options.split("\n"):
				found.add(option, place, doctype)
		elif field["fieldtype"] in ("HTML", "Heading", "Button") and options:
			read_template(options, f"{place}/{field['fieldname']}", found)


def read_document(content: Any, place: str, found: Found, top: bool = True) -> None:
	"""Collect what any other document that ships as JSON shows."""
	if isinstance(content, list):
		for one in content:
			read_document(one, place, found, top)
		return
	if not isinstance(content, dict):
		return
	if content.get("doctype") in NAMED:
		found.add(content.get("name"), place)
	for key, value in content.items():
		if isinstance(value, dict | list):
			read_document(value, place, found, False)
		elif not isinstance(value, str) or not value:
			continue
		elif key in ("html", "message", "subject", "response", "header", "footer", "raw_commands"):
			if "{{" in value or "{%" in value or "<" in value:
				read_template(value, f"{place}/{key}", found)
			else:
				found.add(value, place)
		elif key == "content" and value.startswith("["):
			for block in json.loads(value):
				found.add(re.sub(r"<[^>]*>|&\w+;", " ", str(block.get("data", {}).get("text", ""))), place)
		elif key in SHOWN_KEYS:
			found.add(value, place)


# Python without a bench: modules that import frappe for what they do, but name what they show in plain data


def run_without_frappe(file: Path) -> dict[str, Any]:
	"""Run a module of the app without its imports of frappe, and return what it defines."""
	tree = ast.parse(file.read_text(encoding="utf-8"), str(file))

	def needs_frappe(node: ast.stmt) -> bool:
		names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
		if isinstance(node, ast.ImportFrom):
			names = [node.module or ""]
		return any(n.split(".")[0] in ("frappe", "erpnext") for n in names)

	tree.body = [n for n in tree.body if not needs_frappe(n)]
	tree.body.insert(0, ast.parse("from __future__ import annotations").body[0])
	space: dict[str, Any] = {"__name__": file.stem}
	exec(compile(tree, str(file), "exec"), space)
	return space


def constant(file: Path, name: str) -> Any:
	"""Return a constant of a module, read from its source."""
	for node in ast.parse(file.read_text(encoding="utf-8")).body:
		if isinstance(node, ast.Assign) and any(
			isinstance(t, ast.Name) and t.id == name for t in node.targets
		):
			return ast.literal_eval(node.value)
	raise AssertionError(f"{where(file)}: no {name}")


def read_values(found: Found) -> None:
	"""Collect the values that rules and records know by name and that forms, panels and messages show."""
	for group, values in {
		"rules/review.py": (*review.ANSWERS, *review.BLOCKS),
		"rules/contract.py": (*contract.CLASSES, *contract.SPECIALS),
		"rules/classification.py": tuple(classification.CRITERIA.values()),
		"rules/aspects.py": (*(a.question for a in aspects.ASPECTS),),
		"rules/people.py": people.ROLES,
	}.items():
		for value in values:
			found.add(value, f"qms_customer/{group}")
	# In a context of their own: Sales or Production mean the department here, elsewhere in ERPNext not.
	for department in aspects.DEPARTMENTS:
		found.add(department.name, "qms_customer/rules/aspects.py", "Review Department")
	found.add(distribution.FINANCE_DEPARTMENT, "qms_customer/rules/distribution.py", "Review Department")
	for topic in aspects.TOPICS:
		found.add(topic, "qms_customer/rules/aspects.py", "Review Aspect")
	for form in contract.FORMS:
		found.add(form, "qms_customer/rules/contract.py", "Sales Order")
	for module in pkgutil.iter_modules(qms_customer.rules.__path__):
		loaded = importlib.import_module(f"qms_customer.rules.{module.name}")
		for kind in vars(loaded).values():
			if isinstance(kind, type) and issubclass(kind, enum.Enum) and kind.__module__ == loaded.__name__:
				for member in kind:
					found.add(member.value, f"qms_customer/rules/{module.name}.py")
	states = PACKAGE / "contract/states.py"
	for name, value in run_without_frappe(states).items():
		if name.isupper() and isinstance(value, str):
			found.add(value, where(states))
	custom = PACKAGE / "setup/custom_fields.py"
	for doctype, fields in run_without_frappe(custom)["fields"]().items():
		read_fields(fields, doctype, where(custom), found)
	install = PACKAGE / "setup/install.py"
	for description in constant(install, "REASON_CODES").values():
		found.add(description, where(install))
	changes = PACKAGE / "erp/status_change.py"
	for action in constant(changes, "ACTIONS"):
		found.add(action, where(changes))
	found.add(constant(PACKAGE / "hooks.py", "app_title"), where(PACKAGE / "hooks.py"))
	for line in (PACKAGE / "modules.txt").read_text(encoding="utf-8").splitlines():
		found.add(line, where(PACKAGE / "modules.txt"))


@cache
def collected() -> Found:
	"""Return all that the app shows."""
	found = Found()
	for file in files(".py"):
		read_python(file.read_text(encoding="utf-8"), where(file).rsplit(":", 1)[0], found)
	for file in files(".js", ".ts", ".vue"):
		if "dist" not in file.parts:
			read_javascript(file.read_text(encoding="utf-8"), where(file).rsplit(":", 1)[0], found)
	for file in files(".html", ".jinja"):
		read_template(file.read_text(encoding="utf-8"), where(file).rsplit(":", 1)[0], found)
	for file in files(".json"):
		content = json.loads(file.read_text(encoding="utf-8"))
		if isinstance(content, dict) and content.get("doctype") == "DocType":
			read_doctype(content, where(file), found)
		else:
			read_document(content, where(file), found)
	read_values(found)
	return found


# The translations


def rows() -> list[tuple[int, list[str]]]:
	"""Return the rows of the file with their numbers."""
	with CSV.open(encoding="utf-8", newline="") as file:
		return [(number, row) for number, row in enumerate(csv.reader(file), 1) if row]


@cache
def translations() -> dict[Text, str]:
	"""Return the translations as frappe reads them."""
	return {
		Text(row[0].replace("\\n", "\n"), row[2] if len(row) > 2 else ""): row[1].replace("\\n", "\n").strip()
		for _number, row in rows()
	}


def as_csv(lines: list[list[str]]) -> str:
	"""Return rows as they stand in the file."""
	out = io.StringIO()
	csv.writer(out, lineterminator="\n").writerows(lines)
	return out.getvalue()


def missing(found: Found, known: dict[Text, str]) -> list[Text]:
	"""Return the texts that have no translation, neither in their context nor without one; each text once."""
	lacking = [t for t in found.texts if t not in known and Text(t.source) not in known]
	bare = {t.source for t in lacking if not t.context}
	once: dict[str, Text] = {}
	for text in lacking:
		if text.source in bare:
			once[text.source] = Text(text.source)
		else:
			# In several DocTypes: one row for all of them will do.
			once[text.source] = Text(text.source) if text.source in once else text
	return sorted(once.values())


def placeholders(text: str) -> set[str]:
	"""Return the places that values are put into."""
	return set(re.findall(r"\{[^{}]*\}", text))


def wrong(source: str, target: str) -> list[str]:
	"""Return what is wrong with a translation."""
	said = []
	if source != source.strip():
		said.append("blanks around the source: frappe does not find it")
	if not target:
		said.append("no translation")
	if placeholders(source) != placeholders(target):
		said.append(f"placeholders {sorted(placeholders(source))} became {sorted(placeholders(target))}")
	if re.search(r"[\uff5b\uff5d]|\{[\uff10-\uff19]+\}|\{\s+\d|\d\s+\}", target):
		said.append("a placeholder of full-width characters or with blanks")
	if target == source and source not in SAME and not RULE_ID.fullmatch(source):
		said.append("the same as the source")
	if set(RULE_ID.findall(source)) != set(RULE_ID.findall(target)):
		said.append("rule IDs differ")
	if (head := re.match(rf"{RULE_ID.pattern}[:,]", source)) and head[0][-1] == ":":
		if not target.startswith(head[0]):
			said.append(f"does not begin with {head[0]!r}")
	if source.endswith(".") and not target.endswith("。"):
		said.append("a sentence that does not end with 。")
	if source.endswith("?") and not target.endswith("？"):
		said.append("a question that does not end with ？")
	if re.search(rf"[{CJK}][,;:!?()]|[,;!?()][{CJK}]|[{CJK}]\.(?!\w)", target):
		said.append("half-width punctuation beside Chinese")
	english = set(re.findall(r"[A-Za-z]{2,}", target)) - WORDS - set(re.findall(r"[A-Za-z]{2,}", source))
	if english:
		said.append(f"words that are not in the source: {sorted(english)}")
	left = [w for w in re.findall(r"[a-z]{3,}", re.sub(r"\{[^{}]*\}", "", target)) if w in source]
	if left:
		said.append(f"words left in English: {left}")
	return said


def test_every_text_is_translated() -> None:
	"""What is missing is printed as rows for translations/zh.csv."""
	lacking = missing(collected(), translations())
	places = [f"{collected().texts.get(t) or '(several DocTypes)'}: {t.source!r}" for t in lacking]
	lines = as_csv([[t.source, "", *([t.context] if t.context else [])] for t in lacking])
	assert not lacking, f"{len(lacking)} texts are not translated:\n" + "\n".join(places) + f"\n\n{lines}"


def test_texts_can_be_translated() -> None:
	"""No text is put together before it is translated, and none is shown without being translated."""
	problems = collected().problems
	assert not problems, "\n".join(f"{p.place}: {p.what}" for p in sorted(set(problems)))


def test_no_translation_is_stale() -> None:
	"""Each row is about a text that the app shows."""
	known = collected().texts
	sources = {t.source for t in known}
	stale = [t for t in translations() if t not in known and (t.context or t.source not in sources)]
	assert not stale, "nothing shows these any more:\n" + as_csv([[t.source, "", t.context] for t in stale])


def test_rows_are_well_formed_and_unique() -> None:
	"""Each row has source, translation and at most a context; no text stands there twice."""
	bad = [
		f"{number}: {row}"
		for number, row in rows()
		if len(row) not in (2, 3) or (len(row) == 3 and not row[2])
	]
	assert not bad
	counts = Counter(Text(row[0], row[2] if len(row) > 2 else "") for _number, row in rows())
	assert not [t for t, count in counts.items() if count > 1]
	raw = CSV.read_bytes()
	assert not raw.startswith(b"\xef\xbb\xbf") and b"\r" not in raw and raw.endswith(b"\n")
	raw.decode("utf-8")


def test_a_context_says_something_of_its_own() -> None:
	"""A row with a context is needed only where it says something else than the row without one."""
	known = translations()
	idle = [t for t, target in known.items() if t.context and known.get(Text(t.source)) == target]
	assert not idle


def test_translations_are_right() -> None:
	"""Placeholders, rule IDs and punctuation are those that the text needs; no English is left."""
	bad = [
		f"{t.source!r} -> {target!r}: {said}"
		for t, target in translations().items()
		for said in wrong(t.source, target)
	]
	assert not bad, "\n".join(bad)


# Words that were used beside the one of the procedures, or of ERPNext, for the same thing.
ONE_WORD = {"现场销毁": "就地销毁", "批量退货": "批量退换货", "不合格单": "不合格", "不合格项": "不合格"}
# Labels of returns whose row without a context is about another screen.
IN_RETURNS = {
	Text("Put Forward", "Return Slip"): "提交退货单",
	Text("How", "Return Arrival"): "处理方式",
	Text("Name", "Return Arrival"): "姓名",
	Text("Taken Back", "Return Arrival"): "已撤销",
	Text("Taken Back", "Return Disposition"): "已撤销",
}


@pytest.mark.rule("K6")
def test_one_thing_has_one_word() -> None:
	shown = [CSV.read_text(encoding="utf-8")]
	shown += [file.read_text(encoding="utf-8") for file in files(".html", ".jinja")]
	assert not [word for word in ONE_WORD for text in shown if word in text]
	known, texts = translations(), collected().texts
	for text, word in IN_RETURNS.items():
		assert known[text] == word and text in texts
	# The decision on a return and the state that follows from it.
	for decision, state in (("Rejected", "Return Rejected"), ("Withdrawn", "Return Withdrawn")):
		assert known[Text(state)] == "退货" + known[Text(decision, "Return Slip")]
	assert known[Text("Rejected", "Return Approval")] == known[Text("Rejected", "Return Slip")]


def test_rows_are_sorted() -> None:
	"""In the order of their sources, so that two people's additions meet where they say the same."""
	keys = [(row[0].lower(), row[0], row[2] if len(row) > 2 else "") for _number, row in rows()]
	assert keys == sorted(keys)


# The checks themselves must find what they look for.


def _python(source: str) -> Found:
	found = Found()
	read_python(source, "x.py", found)
	return found


def _javascript(source: str) -> Found:
	found = Found()
	read_javascript(source, "x.js", found)
	return found


def _template(source: str) -> Found:
	found = Found()
	read_template(source, "x.html", found)
	return found


@pytest.mark.parametrize(
	("source", "texts"),
	[
		('_("One " "text")', {Text("One text")}),
		('mark(\n\t"One "\n\t"text"\n)', {Text("One text")}),
		('frappe._("Yes", context="Form")', {Text("Yes", "Form")}),
		('_("One" if x else "Two")', {Text("One"), Text("Two")}),
		("_(label)", set()),
		('f(_("One"), mark("Two"))', {Text("One"), Text("Two")}),
	],
)
def test_python_is_read(source: str, texts: set[Text]) -> None:
	found = _python(source)
	assert set(found.texts) == texts and not found.problems


@pytest.mark.parametrize(
	"source",
	[
		'_(f"One {x}")',
		'mark(f"One")',
		'_("One %s" % x)',
		'_("One " + x)',
		'_("One {0}".format(x))',
		'frappe.throw("One")',
		'refuse_one("C1", "One")',
		'Refusal("C1", f"One {x}")',
		'refuse_one("C1", mark("One"), title="Two")',
	],
)
def test_untranslatable_python_is_found(source: str) -> None:
	assert _python(source).problems


@pytest.mark.parametrize(
	("source", "texts"),
	[
		("__('It is \\'so\\'')", {Text("It is 'so'")}),
		('__(\n\t"One {0}",\n\t[name]\n)', {Text("One {0}")}),
		('__("One", null, "Form")', {Text("One", "Form")}),
		("{ label: `(${c.code}) ${__(c.title)}` }", set()),
		('__(x ? "One" : "Two")', {Text("One"), Text("Two")}),
		('`<p>${__("One")}</p>`', {Text("One")}),
		("__(`One`)", {Text("One")}),
		('__(map["key"])', set()),
		('// __("No")\n/* __("No") */ __("One")', {Text("One")}),
		('f("http://x", __("One"))', {Text("One")}),
		('{ label: __("One"), fieldname: "two" }', {Text("One")}),
	],
)
def test_javascript_is_read(source: str, texts: set[Text]) -> None:
	found = _javascript(source)
	assert set(found.texts) == texts and not found.problems


@pytest.mark.parametrize(
	"source",
	["__(`One ${x}`)", '__("One " + x)', '{ label: "One" }', 'frappe.msgprint("One")', "{ title:\n'One' }"],
)
def test_untranslatable_javascript_is_found(source: str) -> None:
	assert _javascript(source).problems


def test_templates_are_read() -> None:
	macro = '{{ pill("Two" if b else "Three", "red") }}'
	macro += '{{ _("Four", context="Form") }}{{ _(a.b, context="Form") }}'
	found = _template('{# no #}<p class="x">{{ _("One {0}").format(a) }}' + macro + " C5 </p>")
	assert set(found.texts) == {Text("One {0}"), Text("Two"), Text("Three"), Text("Four", "Form")}
	assert not found.problems
	assert _template("<p>\n{{ x }} by hand</p>").problems == [
		Problem("x.html:2", "words that are not translated: 'by hand'")
	]


def test_documents_are_read() -> None:
	found = Found()
	blocks = json.dumps([{"type": "header", "data": {"text": '<span class="h4"><b>Head</b></span>'}}])
	workspace = {"doctype": "Workspace", "name": "Work", "content": blocks, "links": [{"label": "Link"}]}
	read_document([workspace, {"doctype": "Role", "name": "Key", "role_name": "Role"}], "x.json", found)
	assert {t.source for t in found.texts} == {"Work", "Head", "Link", "Role"}
	found = Found()
	field = {"fieldname": "f", "fieldtype": "Select", "label": "Field", "options": "\nOne\n2"}
	read_doctype({"name": "Form", "fields": [field]}, "x.json", found)
	assert set(found.texts) == {Text("Form"), Text("Field", "Form"), Text("One", "Form")}


@pytest.mark.parametrize(
	("source", "target"),
	[
		("Review {0}", "评审"),
		("Review {0}", "评审｛0｝"),
		("Review {0}", "评审{ 0 }"),
		("Review", "Review"),
		("Say why.", "请说明原因"),
		("B3: a reason.", "B3：原因。"),
		("Needed (C5)", "需要(C5)"),
		("Needed (C5)", "需要"),
		("The Review", "评审 review"),
		("the review", "该 review"),
	],
)
def test_wrong_translations_are_found(source: str, target: str) -> None:
	assert wrong(source, target)


@pytest.mark.parametrize(
	("source", "target"),
	[("PMC", "PMC"), ("C4", "C4"), ("B3: a reason.", "B3: 原因。"), ("{0}: {1} for {2}", "{0}：{2}，{1}")],
)
def test_right_translations_pass(source: str, target: str) -> None:
	assert not wrong(source, target)
