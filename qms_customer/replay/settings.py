"""The settings of a replay: QMS Customer Settings as they are exported, and what only a replay needs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from pathlib import Path

from qms_customer.replay import Unusable
from qms_customer.replay.columns import FIELDS, plain
from qms_customer.replay.values import COMMA, DAY_FIRST, MONTH_FIRST, POINT
from qms_customer.rules import aspects, mark
from qms_customer.rules.aspects import DEPARTMENTS, Department
from qms_customer.rules.classification import Thresholds
from qms_customer.rules.replay import IN_ORDER, Assumptions
from qms_customer.rules.review import routing_refusals

DOCTYPE = "QMS Customer Settings"
_DOCTYPES = Path(__file__).resolve().parent.parent / "doctype"
# What every document of Frappe carries.
_STANDARD = {
	*("doctype", "name", "owner", "creation", "modified", "modified_by", "docstatus", "idx", "parent"),
	*("parentfield", "parenttype", "amended_from"),
}
_WRAPPERS = ("message", "data", "docs")
_DATE_FORMATS = {
	**dict.fromkeys(("dd-mm-yyyy", "dd/mm/yyyy", "dd.mm.yyyy", DAY_FIRST), DAY_FIRST),
	**dict.fromkeys(("mm-dd-yyyy", "mm/dd/yyyy", MONTH_FIRST), MONTH_FIRST),
	"yyyy-mm-dd": "",
}
_NUMBER_FORMATS = {
	**dict.fromkeys((POINT, "#,###.##", "#, ###.##", "#,##,###.##", "# ###.##", "#'###.##"), POINT),
	**dict.fromkeys((COMMA, "#.###,##", "# ###,##"), COMMA),
}


# As a site has them that has just installed the app.
DEFAULT = Thresholds(large_amount=Decimal(500000), large_quantity=Decimal(10000))


@dataclass(frozen=True)
class Settings:
	"""Limits, routing and scope, and how to read the file; `source` names where they come from."""

	thresholds: Thresholds = DEFAULT
	departments: tuple[Department, ...] = DEPARTMENTS
	services: bool = True
	assumptions: Assumptions = IN_ORDER
	assumptions_given: bool = False
	companies: frozenset[str] = frozenset()
	item_groups: frozenset[str] = frozenset()
	# Pairs of company and item group, "" for all; an order counts that lies in one of them.
	scope: tuple[tuple[str, str], ...] = (("", ""),)
	columns: Mapping[str, tuple[str, str]] = field(default_factory=dict)
	date_format: str = ""
	number_format: str = ""
	try_amounts: tuple[Decimal, ...] = ()
	try_quantities: tuple[Decimal, ...] = ()
	source: str = ""


def read(path: Path) -> Settings:
	"""Return the settings of a JSON file.

	It is QMS Customer Settings as the Desk or `bench export-json` gives it, or an answer of the REST API,
	with an additional key "replay"; whatever is not known in it is refused.
	"""
	try:
		with path.open(encoding="utf-8-sig") as file:
			found = json.load(file, parse_float=Decimal)
	except OSError as error:
		raise Unusable(mark("{0} cannot be read: {1}"), str(path), error.strerror or str(error), usage=True)
	except (UnicodeDecodeError, json.JSONDecodeError) as error:
		raise Unusable(mark("{0} is no JSON that can be read: {1}"), path.name, str(error), usage=True)
	return parse(found, path.name)


def parse(found: object, source: str = "") -> Settings:
	"""Return the settings of a document that was read; refuse what is unknown or contradicts itself."""
	while True:
		if isinstance(found, list) and len(found) == 1:
			found = found[0]
		elif isinstance(found, dict) and len(found) == 1 and next(iter(found)) in _WRAPPERS:
			found = next(iter(found.values()))
		else:
			break
	if not isinstance(found, dict) or found.get("doctype", DOCTYPE) != DOCTYPE:
		raise Unusable(mark("{0} does not hold settings of the kind {1}."), source, DOCTYPE, usage=True)
	known = _fields("qms_customer_settings")
	_refuse_unknown(found, {*known, *_STANDARD, "replay"}, source)
	limits = {
		name: _limit(found.get(name, default), name)
		for name, default in (
			("small_amount", 0),
			("small_quantity", 0),
			("large_amount", known["large_amount"]),
			("large_quantity", known["large_quantity"]),
		)
	}
	check_limits(limits)
	replay = found.get("replay") or {}
	if not isinstance(replay, dict):
		raise Unusable(mark("{0}: {1} has to be an object."), source, "replay", usage=True)
	_refuse_unknown(replay, _REPLAY, source, "replay.")
	assume = replay.get("assume")
	companies = _names(replay.get("companies"), "companies")
	groups = _names(replay.get("item_groups"), "item_groups")
	return Settings(
		thresholds=Thresholds(**limits),
		departments=_departments(found, source),
		services=_flag(found.get("gate_services", True), "gate_services"),
		assumptions=IN_ORDER if assume is None else _assumptions(assume, source),
		assumptions_given=assume is not None,
		companies=companies,
		item_groups=groups,
		scope=_scope(found.get("scope"), companies, groups),
		columns=_columns(replay.get("columns"), source),
		date_format=_choice(replay.get("date_format"), _DATE_FORMATS, "date_format"),
		number_format=_choice(replay.get("number_format"), _NUMBER_FORMATS, "number_format"),
		try_amounts=_limits(replay.get("try_amounts"), "try_amounts"),
		try_quantities=_limits(replay.get("try_quantities"), "try_quantities"),
		source=source,
	)


_REPLAY = {
	*("assume", "companies", "item_groups", "columns", "date_format", "number_format"),
	*("try_amounts", "try_quantities"),
}


def _scope(rows: object, companies: frozenset[str], groups: frozenset[str]) -> tuple[tuple[str, str], ...]:
	"""Return what counts: what was asked for, else the scope of the settings, live or not yet; else all."""
	if companies or groups:
		return tuple((c, g) for c in sorted(companies or {""}) for g in sorted(groups or {""}))
	if not isinstance(rows or [], list) or not all(isinstance(row, dict) for row in rows or ()):
		raise Unusable(mark("{0} has to be a list."), "scope", usage=True)
	cells = {(str(r.get("for_company") or ""), str(r.get("item_group") or "")) for r in rows or ()}
	return (("", ""),) if not cells or ("", "") in cells else tuple(sorted(cells))


def _fields(folder: str) -> dict[str, object]:
	"""The fields of a DocType of the app with their defaults, as its own JSON says."""
	definition = json.loads((_DOCTYPES / folder / f"{folder}.json").read_text(encoding="utf-8"))
	return {f["fieldname"]: f.get("default") for f in definition["fields"]}


def _refuse_unknown(found: dict, known: set[str], source: str, prefix: str = "") -> None:
	# Frappe's own, such as __last_sync_on or _user_tags, say nothing here.
	unknown = sorted(prefix + str(key) for key in found if key not in known and not str(key).startswith("_"))
	if unknown:
		raise Unusable(
			mark("{0} holds settings that are not known: {1}"), source, ", ".join(unknown), usage=True
		)


def _number(value: object, name: str) -> Decimal:
	try:
		if isinstance(value, bool):
			raise ValueError(value)
		number = Decimal(str(value or 0))
	except (ValueError, ArithmeticError):
		number = None
	if number is None or not number.is_finite() or number < 0:
		raise Unusable(
			mark("{0} has to be a number that is not negative, not {1}."), name, str(value), usage=True
		)
	return number


def _limit(value: object, name: str) -> Decimal | None:
	"""A limit; 0 says that it is not used."""
	return _number(value, name) or None


def _limits(values: object, name: str) -> tuple[Decimal, ...]:
	if values is None:
		return ()
	if not isinstance(values, list):
		raise Unusable(mark("{0} has to be a list."), name, usage=True)
	return tuple(n for n in (_number(v, name) for v in values) if n)


def _names(values: object, name: str) -> frozenset[str]:
	if values is None:
		return frozenset()
	if not isinstance(values, list) or not all(isinstance(v, str) for v in values):
		raise Unusable(mark("{0} has to be a list."), name, usage=True)
	return frozenset(values)


def _choice(value: object, choices: Mapping[str, str], name: str) -> str:
	if value is None:
		return ""
	if value not in choices:
		raise Unusable(mark("{0} has to be one of: {1}"), name, "; ".join(choices), usage=True)
	return choices[value]


def _flag(value: object, name: str) -> bool:
	if value not in (0, 1, "0", "1", True, False):
		raise Unusable(mark("{0} has to be true or false, not {1}."), name, str(value), usage=True)
	return value in (1, "1", True)


def check_limits(limits: Mapping[str, Decimal | None]) -> None:
	"""Refuse limits that contradict each other, as the settings on a site do (C5)."""
	for what in ("amount", "quantity"):
		small, large = limits[f"small_{what}"], limits[f"large_{what}"]
		if small and large and small > large:
			raise Unusable(mark("The limit of small orders lies above that of large ones."), usage=True)
	if bool(limits["small_amount"]) != bool(limits["small_quantity"]):
		raise Unusable(mark("Small orders need both limits, amount and quantity, or none."), usage=True)


def _departments(found: dict, source: str) -> tuple[Department, ...]:
	"""The routing table (C3, C4), refused where the procedure does not allow it."""
	tables = {}
	for table, folder in (("departments", "review_department"), ("aspects", "review_aspect")):
		rows, known = found.get(table) or [], _fields(folder)
		if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
			raise Unusable(mark("{0} has to be a list."), table, usage=True)
		for row in rows:
			_refuse_unknown(row, {*known, *_STANDARD}, source, f"{table}.")
		tables[table] = rows
	departments = tuple(
		Department(
			str(row.get("department") or ""),
			str(row.get("role") or ""),
			bool(row.get("circulated")),
			bool(row.get("convened")),
			bool(row.get("leading")),
		)
		for row in tables["departments"]
	)
	asked = [
		aspects.Aspect(*(str(row.get(f) or "") for f in ("department", "topic", "question")))
		for row in tables["aspects"]
	]
	if not departments:
		return DEPARTMENTS
	# A routing table alone is enough; the aspects decide nothing here.
	asked = asked or [aspects.Aspect(d.name, aspects.TOPICS[0], d.name) for d in departments]
	if refusals := routing_refusals(departments, asked):
		raise Unusable(refusals[0].message, *refusals[0].args, usage=True)
	return departments


def _assumptions(found: object, source: str) -> Assumptions:
	if not isinstance(found, dict):
		raise Unusable(mark("{0}: {1} has to be an object."), source, "replay.assume", usage=True)
	_refuse_unknown(found, {f.name for f in fields(Assumptions)}, source, "replay.assume.")
	values = {}
	for name, value in found.items():
		if value is None:
			continue
		if name == "lead_time_days":
			days = _number(value, name)
			if days != int(days) or not days:
				raise Unusable(mark("{0} has to be a number of whole days above 0."), name, usage=True)
			values[name] = int(days)
		else:
			values[name] = _flag(value, name)
	return Assumptions(**values)


def _columns(found: object, source: str) -> dict[str, tuple[str, str]]:
	"""Headings of one's own: {"Heading": "field"} or {"Heading": "items.field"}."""
	if found is None:
		return {}
	if not isinstance(found, dict):
		raise Unusable(mark("{0}: {1} has to be an object."), source, "replay.columns", usage=True)
	own = {}
	for heading, name in found.items():
		table, dot, fieldname = str(name).rpartition(".")
		targets = [t for t in FIELDS if t[1] == fieldname and (t[0] == table if dot else True)]
		if not targets:
			raise Unusable(mark("{0} is no field that a replay reads."), str(name), usage=True)
		own[plain(heading)] = targets[0]
	return own
