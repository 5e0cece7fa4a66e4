"""Verification of records: each chain in itself and against the anchors; each document against its last
snapshot; each approval and each correction against who gave it (K2; 21 CFR 11.10(c)).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import frappe

from qms_customer.records import approvals, ledger, live
from qms_customer.records.registry import RECORDS
from qms_customer.rules import chain

BATCH = 200


@dataclass
class Result:
	"""What was verified, and what was found.

	`holds`: number and time of the last anchor up to which every anchor, and every entry that it lists, is
	there as it was.
	"""

	entries: int = 0
	signatures: int = 0
	records: int = 0
	anchors: int = 0
	last_anchor: str = ""
	holds: tuple[int, str] = (0, "")
	findings: list[chain.Finding] = field(default_factory=list)


def verify(
	doctype: str = "",
	name: str = "",
	exported: Iterable[chain.Anchor] = (),
	progress: Callable[[int], None] | None = None,
) -> Result:
	"""Verify everything, one DocType's records, or one record; returns what was found, by record (K2).

	`exported`: anchors that were kept elsewhere, to compare with; what a restored backup lacks shows by them
	alone. Memory is bounded by one anchor's manifest and one batch of documents, whatever the number of
	records. All is read as it stood at one moment, whoever signs meanwhile.
	"""
	result = Result()
	aliases = live.Aliases()
	_verify_chains(result, doctype, name, progress)
	_verify_stray_signatures(result, doctype, name)
	_verify_anchors(result, doctype, name, exported)
	for one in [doctype] if doctype else RECORDS:
		if one in RECORDS:
			result.findings += live.verify(one, name, aliases)
	result.findings += approvals.verify(doctype, name)
	result.findings = sorted(dict.fromkeys(result.findings), key=_order)
	return result


def _order(finding: chain.Finding) -> tuple:
	return (finding.doctype, finding.name, finding.sequence, chain.FINDINGS.index(finding.kind))


def known_doctypes() -> list[str]:
	"""Return the DocTypes whose documents can be verified: the records, and the ledger of approvals."""
	return [*RECORDS, approvals.approved.DOCTYPE]


# The chains


def _verify_chains(result: Result, doctype: str, name: str, progress: Callable[[int], None] | None) -> None:
	limits, latest = _limits()

	def counted(rows: Iterator[tuple[chain.Stored, ledger.Beside]]) -> Iterator[chain.Stored]:
		record = None
		for stored, beside in rows:
			entry = stored.entry
			result.entries += 1
			result.signatures += stored.signature is not None
			result.records += entry.record != record
			record = entry.record
			# Of an anchor that is gone nobody knows what it followed; that it is gone is said below.
			if entry.at < (limits.get(stored.anchor, "") if stored.anchor else latest):
				result.findings.append(_finding(chain.ANCHORED_LATE, entry))
			result.findings += _verify_beside(stored, beside)
			if progress and not result.entries % 1000:
				progress(result.entries)
			yield stored

	result.findings += chain.verify(counted(ledger.rows(doctype, name)))


def _limits() -> tuple[dict[str, str], str]:
	"""Return from when on the entries of an anchor are dated, by its name; and those that have none yet."""
	limits, before = {}, ""
	for name, made_at in frappe.get_all(
		ledger.ANCHOR, fields=["name", "made_at"], order_by="sequence, name", as_list=True
	):
		limits[name], before = before, chain.late_before(made_at or "")
	return limits, before


def _verify_beside(stored: chain.Stored, beside: ledger.Beside) -> Iterator[chain.Finding]:
	"""Yield what people are shown beside the chained values, or find them by, and is not what was chained."""
	entry, signature = stored.entry, stored.signature
	# A time that was changed itself is named by its hash.
	if not _is_shown(entry.at, beside.recorded_on, beside.time_zone) and entry.hash() == entry.chain_hash:
		yield _finding(chain.ENTRY_CHANGED, entry, "recorded_on")
	if signature is None:
		return
	if beside.signed_record != (*entry.record, entry.sequence) and signature.hash() == entry.signature_hash:
		yield _finding(chain.SIGNATURE_CHANGED, entry, "reference_name")
	if (
		not _is_shown(signature.signed_at, beside.signed_on, beside.signed_zone)
		and signature.hash() == entry.signature_hash
	):
		yield _finding(chain.SIGNATURE_CHANGED, entry, "signed_on")


def _is_shown(at: str, shown: datetime | None, zone: str) -> bool:
	try:
		return datetime.fromisoformat(at).astimezone(ZoneInfo(zone)).replace(tzinfo=None) == shown
	except (ValueError, ZoneInfoNotFoundError):
		return False


def _verify_stray_signatures(result: Result, doctype: str, name: str) -> None:
	"""A signature belongs to the entry at its place; one that was found changed there is not named twice."""
	signed, snapshot = frappe.qb.DocType(ledger.SIGNATURE), frappe.qb.DocType(ledger.SNAPSHOT)
	query = (
		frappe.qb.from_(signed)
		.left_join(snapshot)
		.on(
			(snapshot.reference_doctype == signed.reference_doctype)
			& (snapshot.reference_name == signed.reference_name)
			& (snapshot.sequence == signed.sequence)
			& (snapshot.signature == signed.name)
		)
		.select(signed.reference_doctype, signed.reference_name, signed.sequence, signed.full_name)
		.where(snapshot.name.isnull())
	)
	if doctype:
		query = query.where(signed.reference_doctype == doctype)
	if name:
		query = query.where(signed.reference_name == name)
	named = {
		(f.doctype, f.name, f.sequence)
		for f in result.findings
		if f.kind in (chain.SIGNATURE_CHANGED, chain.SIGNATURE_REMOVED)
	}
	for place in query.run():
		if place[:3] not in named:
			of_doctype, of_name, sequence, who = place
			result.findings.append(
				chain.Finding(
					chain.SIGNATURE_STRAY, of_doctype or "", of_name or "", sequence or 0, who or ""
				)
			)


def _finding(kind: str, entry: chain.Entry, detail: str = "") -> chain.Finding:
	return chain.Finding(kind, entry.doctype, entry.name, entry.sequence, detail)


# The anchors


def _verify_anchors(result: Result, doctype: str, name: str, exported: Iterable[chain.Anchor]) -> None:
	"""The anchors are a chain of their own; what each lists is there, and what names it is listed."""
	broken: set[int] = set()
	moments: list[tuple[int, str]] = []

	def each() -> Iterator[chain.Anchor]:
		for row in ledger.anchor_names():
			one, beside = ledger.anchor(row)
			result.anchors, result.last_anchor = result.anchors + 1, one.anchor_hash
			moments.append((one.sequence, one.at))
			found = list(_compare_anchor(one, row, doctype, name))
			if beside.entries != (one.manifest.count("\n") + 1 if one.manifest else 0):
				found.append(chain.Finding(chain.ANCHOR_CHANGED, sequence=one.sequence, detail="entries"))
			if not _is_shown(one.at, beside.made_on, beside.time_zone or ""):
				found.append(chain.Finding(chain.ANCHOR_CHANGED, sequence=one.sequence, detail="made_on"))
			if found:
				broken.add(one.sequence)
			result.findings += found
			yield one

	chained = list(chain.verify_anchors(each()))
	chained += _dangling(chained, moments)
	for known, kind in chain.compare_exports(ledger.anchors(), exported):
		if kind:
			chained.append(chain.Finding(kind, sequence=known.sequence, detail=known.at))
		if kind == chain.ANCHOR_REMOVED:
			# What the anchor that is gone knew is looked for all the same.
			chained += _missing(known, dict(_lines(known, doctype, name)))
	result.findings += chained
	broken |= {f.sequence for f in chained if not f.doctype}
	for sequence, at in moments:
		if any(n <= sequence for n in broken):
			break
		result.holds = (sequence, at)


def _lines(one: chain.Anchor, doctype: str, name: str) -> Iterator[tuple[str, str]]:
	of = f"{doctype}\t" + (f"{name}\t" if name else "") if doctype else ""
	return ((key, h) for key, h in chain.lines_of(one) if key.startswith(of))


def _compare_anchor(one: chain.Anchor, row: str, doctype: str, name: str) -> Iterator[chain.Finding]:
	snapshot, anchored = frappe.qb.DocType(ledger.SNAPSHOT), frappe.qb.DocType(ledger.ANCHORED)
	query = (
		frappe.qb.from_(anchored)
		.join(snapshot)
		.on(snapshot.name == anchored.name)
		.select(snapshot.reference_doctype, snapshot.reference_name, snapshot.sequence, snapshot.chain_hash)
		.where(anchored.anchor == row)
	)
	if doctype:
		query = query.where(snapshot.reference_doctype == doctype)
	if name:
		query = query.where(snapshot.reference_name == name)
	claiming = {f"{d}\t{n}\t{s}": h for d, n, s, h in query.run()}
	missing: dict[str, str] = {}
	for key, chain_hash in _lines(one, doctype, name):
		stored = claiming.pop(key, None)
		if stored is None:
			missing[key] = chain_hash
		elif stored != chain_hash:
			yield chain.missed(one, key, chain.NOT_ANCHORED)
	yield from _missing(one, missing)
	for key in claiming:
		# Put there later, with the name of an anchor that never saw it.
		yield chain.missed(one, key, chain.NOT_ANCHORED)


def _missing(one: chain.Anchor, missing: dict[str, str]) -> Iterator[chain.Finding]:
	"""Yield what became of entries that an anchor lists and that do not name it."""
	snapshot = frappe.qb.DocType(ledger.SNAPSHOT)
	keys = list(missing)
	for start in range(0, len(keys), BATCH):
		some = keys[start : start + BATCH]
		rows = (
			frappe.qb.from_(snapshot)
			.select(
				snapshot.reference_doctype,
				snapshot.reference_name,
				snapshot.sequence,
				snapshot.chain_hash,
			)
			.where(snapshot.reference_name.isin(sorted({k.split("\t")[1] for k in some if "\t" in k})))
			.run()
		)
		present = {f"{d}\t{n}\t{s}": h for d, n, s, h in rows}
		for key in some:
			stored = present.get(key)
			if stored is None:
				yield chain.missed(one, key, chain.RECORD_REMOVED)
			elif stored != missing[key]:
				yield chain.missed(one, key, chain.NOT_ANCHORED)
			else:
				yield replace(chain.missed(one, key, chain.ENTRY_CHANGED), detail="anchor")


def _dangling(chained: list[chain.Finding], moments: list[tuple[int, str]]) -> Iterator[chain.Finding]:
	"""Yield anchors that entries name and that are gone, but for those whose gap in the numbers was found."""
	anchored, anchor = frappe.qb.DocType(ledger.ANCHORED), frappe.qb.DocType(ledger.ANCHOR)
	gone = (
		frappe.qb.from_(anchored)
		.left_join(anchor)
		.on(anchor.name == anchored.anchor)
		.select(anchored.anchor)
		.distinct()
		.where(anchor.name.isnull())
		.run(pluck=True)
	)
	gaps = sum(1 for f in chained if f.kind == chain.ANCHOR_REMOVED)
	behind = max((n for n, _at in moments), default=0)
	for number, name in enumerate(sorted(n or "" for n in gone)[gaps:], 1):
		yield chain.Finding(chain.ANCHOR_REMOVED, sequence=behind + number, detail=name)
