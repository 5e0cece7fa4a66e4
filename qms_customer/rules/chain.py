"""The chain of a record's snapshots and signatures, and the daily anchor over all chains (K2, K3; 21 CFR
11.10(c), 11.70).

Only the standard library is used: the same file, alone, checks an exported chain where there is no Frappe:

        python chain.py anchors.jsonl [records.jsonl]
"""

import hashlib
import json
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from itertools import groupby

FORMAT = 1
# What stands before the first link of a chain.
START = "0" * 64
# How far behind the end of a chain an entry that was moved is looked for, and how many that miss are named.
REACH = 50
# How much of a chain is kept at hand to tell what stands in a place that is not its own.
KEPT = 1000
# An entry is dated before the anchor that precedes its own by no more than it took to be committed.
LATE = timedelta(hours=1)


def mark(text: str) -> str:
	"""Return `text` unchanged; as in rules/, but this file stands alone."""
	return text


# What verification finds; the texts are for people and are translated where they are shown.
CONTENT_CHANGED = mark("The stored content was changed")
ENTRY_CHANGED = mark("The entry was changed")
SIGNATURE_CHANGED = mark("The signature was changed")
SIGNATURE_REMOVED = mark("The signature was removed")
SIGNATURE_INSERTED = mark("A signature was inserted that the chain does not know")
REMOVED = mark("An entry was removed")
INSERTED = mark("An entry was inserted")
REORDERED = mark("The entry was moved")
TIME_BACKWARDS = mark("The entry is dated before the one that it follows")
NOT_ANCHORED = mark("The anchor of its day does not know the entry")
RECORD_REMOVED = mark("An entry that was anchored is gone")
ANCHOR_CHANGED = mark("The anchor was changed")
ANCHOR_REMOVED = mark("An anchor was removed")
ANCHORED_LATE = mark("The entry was anchored long after its own date")
SIGNATURE_STRAY = mark("A signature that no entry of its record holds")
DOCUMENT_CHANGED = mark("The document differs from its last snapshot")
DOCUMENT_REMOVED = mark("The document is gone")
NOT_RECORDED = mark("The document has no chain: nobody recorded it")
ATTACHMENT_CHANGED = mark("An attachment differs from the one that was signed")
ATTACHMENT_REMOVED = mark("An attachment that was signed is gone")
NOT_APPROVED = mark("An approval that nobody gave")
APPROVAL_REMOVED = mark("An approval that was given is missing from the ledger")
CORRECTION_STRAY = mark("A correction that nobody signed")
CORRECTION_REMOVED = mark("The note of a signed correction is gone")
FINDINGS = (
	CONTENT_CHANGED,
	ENTRY_CHANGED,
	SIGNATURE_CHANGED,
	SIGNATURE_REMOVED,
	SIGNATURE_INSERTED,
	SIGNATURE_STRAY,
	REMOVED,
	INSERTED,
	REORDERED,
	TIME_BACKWARDS,
	NOT_ANCHORED,
	RECORD_REMOVED,
	ANCHOR_CHANGED,
	ANCHOR_REMOVED,
	ANCHORED_LATE,
	DOCUMENT_CHANGED,
	DOCUMENT_REMOVED,
	NOT_RECORDED,
	ATTACHMENT_CHANGED,
	ATTACHMENT_REMOVED,
	NOT_APPROVED,
	APPROVAL_REMOVED,
	CORRECTION_STRAY,
	CORRECTION_REMOVED,
)


@dataclass(frozen=True, slots=True)
class Signature:
	"""K3: who signed what, when, with which meaning; bound to the content that the signer was shown."""

	meaning: str
	signer: str
	full_name: str
	role: str
	acting_for: str
	acting_for_name: str
	signed_at: str
	comment: str
	factor: str
	session: str
	record_version: int
	content_hash: str
	shown_hash: str
	attachments: str

	def hash(self) -> str:
		"""Return the SHA-256 that binds the signature into the chain of its record (11.70)."""
		return sha256(canonical({name: getattr(self, name) for name in self.__slots__}))


@dataclass(frozen=True, slots=True)
class Entry:
	"""K2: one recorded state of a record. `at` is ISO 8601 with zone; the hashes are hexadecimal SHA-256."""

	doctype: str
	name: str
	sequence: int
	event: str
	by: str
	at: str
	content_hash: str
	signature_hash: str
	previous_hash: str
	chain_hash: str = ""

	@property
	def record(self) -> tuple[str, str]:
		"""The record that the entry is of."""
		return (self.doctype, self.name)

	def hash(self, sequence: int | None = None) -> str:
		"""Return the SHA-256 of the entry, as it stands or as if it stood elsewhere in the chain."""
		return sha256(
			canonical(
				[
					FORMAT,
					self.doctype,
					self.name,
					self.sequence if sequence is None else sequence,
					self.event,
					self.by,
					self.at,
					self.content_hash,
					self.signature_hash,
					self.previous_hash,
				]
			)
		)


@dataclass(frozen=True, slots=True)
class Stored:
	"""An entry as it is read back, with the content and the signature that lie beside it."""

	entry: Entry
	content: str
	signature: Signature | None = None
	anchor: str = ""


@dataclass(frozen=True, slots=True)
class Anchor:
	"""Chained over all entries since the one before: a whole record that is removed is missed by it.

	`manifest`: a line an entry, "doctype TAB name TAB sequence TAB chain hash", sorted.
	"""

	sequence: int
	at: str
	manifest: str
	previous_hash: str
	anchor_hash: str = ""

	def hash(self) -> str:
		"""Return the SHA-256 of the anchor."""
		return sha256(canonical([FORMAT, self.sequence, self.at, sha256(self.manifest), self.previous_hash]))


@dataclass(frozen=True, slots=True)
class Finding:
	"""What is wrong, and where: of an anchor the record's name is empty."""

	kind: str
	doctype: str = ""
	name: str = ""
	sequence: int = 0
	detail: str = ""


def sha256(text: str) -> str:
	"""Return the hexadecimal SHA-256 of a text in UTF-8."""
	return hashlib.sha256(text.encode()).hexdigest()


def canonical(value: object) -> str:
	"""Return a value as JSON that is the same for the same value."""
	return _encode(value)


# Made once: json.dumps would make one at each call.
_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def time_of(now: str, last: Entry | None = None, not_before: str = "") -> str:
	"""Return the time that the next entry of a chain bears (K3).

	Time never runs backwards: with the clock set back, or behind the last anchor (`not_before`), it is the
	time of what the entry follows. All times are in UTC, so that they compare as texts.
	"""
	return max(now, last.at if last else "", not_before)


def link(
	record: tuple[str, str],
	event: str,
	by: str,
	now: str,
	content: str,
	signature: Signature | None = None,
	last: Entry | None = None,
) -> Entry:
	"""Return the next entry of a record's chain (K2)."""
	at = time_of(now, last)
	entry = Entry(
		*record,
		last.sequence + 1 if last else 1,
		event,
		by,
		at,
		sha256(content),
		signature.hash() if signature else "",
		last.chain_hash if last else START,
	)
	return sealed(entry)


def sealed(entry: Entry) -> Entry:
	"""Return the entry with its own hash."""
	values = {f.name: getattr(entry, f.name) for f in fields(entry)}
	return Entry(**{**values, "chain_hash": entry.hash()})


def verify(entries: Iterable[Stored]) -> Iterator[Finding]:
	"""Yield what is wrong with chains; `entries` come sorted by record and sequence (K2; 11.10(c)).

	Memory grows neither with the number of records nor with the length of a chain.
	"""
	for _record, chain in groupby(entries, key=lambda s: s.entry.record):
		yield from _verify_chain(chain)


def _verify_chain(chain: Iterable[Stored]) -> Iterator[Finding]:
	seen: deque[Entry] = deque(maxlen=KEPT)
	for stored in chain:
		entry, last = stored.entry, seen[-1] if seen else None
		yield from _verify_place(entry, seen)
		if sha256(stored.content) != entry.content_hash:
			yield _found(CONTENT_CHANGED, entry)
		yield from _verify_signature(stored)
		if last and entry.at < last.at:
			yield _found(TIME_BACKWARDS, entry)
		seen.append(entry)


def _verify_place(entry: Entry, seen: Sequence[Entry]) -> Iterator[Finding]:
	"""Yield whether an entry is whole in itself, and follows what it was made to follow."""
	last = seen[-1] if seen else None
	expected = last.sequence + 1 if last else 1
	if entry.hash() != entry.chain_hash:
		place = next((n for n in range(1, expected + REACH) if entry.hash(n) == entry.chain_hash), None)
		yield _found(REORDERED, entry, str(place)) if place else _found(ENTRY_CHANGED, entry)
		return
	for missing in range(expected, min(entry.sequence, expected + REACH)):
		yield Finding(REMOVED, entry.doctype, entry.name, missing)
	if entry.sequence != expected:
		if entry.sequence < expected:
			yield _found(INSERTED, entry)
		return
	if entry.previous_hash == (last.chain_hash if last else START):
		return
	# Whole, but made to follow another: what stands in between was put there, or took that one's place.
	followed = next((n for n, e in enumerate(seen) if e.chain_hash == entry.previous_hash), None)
	if followed is not None:
		for between in list(seen)[followed + 1 :]:
			yield _found(INSERTED, between)
	else:
		yield _found(ENTRY_CHANGED, last or entry)


def _verify_signature(stored: Stored) -> Iterator[Finding]:
	entry, signature = stored.entry, stored.signature
	if signature is None:
		if entry.signature_hash:
			yield _found(SIGNATURE_REMOVED, entry)
	elif not entry.signature_hash:
		yield _found(SIGNATURE_INSERTED, entry, signature.full_name)
	elif signature.hash() != entry.signature_hash or signature.content_hash != entry.content_hash:
		yield _found(SIGNATURE_CHANGED, entry, signature.full_name)


def _found(kind: str, entry: Entry, detail: str = "") -> Finding:
	return Finding(kind, entry.doctype, entry.name, entry.sequence, detail)


# The anchor


def manifest_line(entry: Entry) -> str:
	"""Return how an anchor names an entry."""
	return "\t".join((entry.doctype, entry.name, str(entry.sequence), entry.chain_hash))


def anchor(lines: Iterable[str], at: str, last: Anchor | None = None) -> Anchor:
	"""Return the next anchor over entries, given as manifest lines."""
	made = Anchor(
		last.sequence + 1 if last else 1,
		max(at, last.at) if last else at,
		"\n".join(sorted(lines)),
		last.anchor_hash if last else START,
	)
	values = {f.name: getattr(made, f.name) for f in fields(made)}
	return Anchor(**{**values, "anchor_hash": made.hash()})


def verify_anchors(anchors: Iterable[Anchor]) -> Iterator[Finding]:
	"""Yield what is wrong with the chain of anchors, which come sorted by sequence."""
	last: Anchor | None = None
	for one in anchors:
		expected = last.sequence + 1 if last else 1
		for missing in range(expected, min(one.sequence, expected + REACH)):
			yield Finding(ANCHOR_REMOVED, sequence=missing)
		if (
			one.hash() != one.anchor_hash
			or one.sequence < expected
			or (
				one.sequence == expected
				and (
					one.previous_hash != (last.anchor_hash if last else START) or (last and one.at < last.at)
				)
			)
		):
			yield Finding(ANCHOR_CHANGED, sequence=one.sequence)
		# One manifest at a time.
		last = replace(one, manifest="")


def compare_with_manifest(one: Anchor, present: Mapping[str, str]) -> Iterator[Finding]:
	"""Yield what an anchor knows and is not `present`, or is there with another hash.

	`present`: by "doctype TAB name TAB sequence", the chain hash that is stored now.
	"""
	for key, chain_hash in lines_of(one):
		stored = present.get(key)
		if stored != chain_hash:
			yield missed(one, key, NOT_ANCHORED if stored else RECORD_REMOVED)


def lines_of(one: Anchor) -> Iterator[tuple[str, str]]:
	"""Yield the lines of an anchor's manifest: "doctype TAB name TAB sequence", and the chain hash."""
	for line in one.manifest.split("\n") if one.manifest else ():
		key, _tab, chain_hash = line.rpartition("\t")
		yield key, chain_hash


def missed(one: Anchor, key: str, kind: str) -> Finding:
	"""Return the finding that an anchor and an entry do not agree."""
	doctype, _tab, rest = key.partition("\t")
	name, _tab, sequence = rest.partition("\t")
	return Finding(kind, doctype, name, int(sequence) if sequence.isdigit() else 0, f"{one.sequence}")


def late_before(at: str) -> str:
	"""Return the time before which an entry is late that the anchor made `at` did not know; "" without one.

	Who appends sees the last anchor and dates the entry behind it (`time_of`): one that is dated well before,
	and is not in it, was put there later. All times are in UTC, so that they compare as texts.
	"""
	if not at:
		return ""
	try:
		return (datetime.fromisoformat(at) - LATE).isoformat(timespec="microseconds")
	except ValueError:
		# Not a time at all: the anchor's own hash says so.
		return ""


def compare_exports(anchors: Iterable[Anchor], exported: Iterable[Anchor]) -> Iterator[tuple[Anchor, str]]:
	"""Yield each exported anchor with what became of it here: "" if it is the same, else a finding's kind.

	Both sorted by sequence. `anchors` may have gone on since the export.
	"""
	here = iter(anchors)
	one = next(here, None)
	for known in exported:
		while one and one.sequence < known.sequence:
			one = next(here, None)
		if one is None or one.sequence != known.sequence:
			yield known, ANCHOR_REMOVED
		else:
			yield known, "" if one.anchor_hash == known.anchor_hash == known.hash() else ANCHOR_CHANGED


# Alone, without Frappe


def read_anchors(lines: Iterable[str]) -> Iterator[Anchor]:
	"""Yield the anchors of an export, an object a line."""
	for line in lines:
		if line.strip():
			yield Anchor(**json.loads(line))


def read_entries(lines: Iterable[str]) -> Iterator[Stored]:
	"""Yield the entries of an export, an object a line, with content and signature."""
	for line in lines:
		if line.strip():
			row = json.loads(line)
			signature = row.get("signature")
			yield Stored(
				Entry(**row["entry"]),
				row["content"],
				Signature(**signature) if signature else None,
				row.get("anchor") or "",
			)


def main(arguments: Sequence[str]) -> int:
	"""Check exported anchors, and exported records against them; return 0 if all is well."""
	if not 1 <= len(arguments) <= 2:
		print(__doc__)
		return 2
	with open(arguments[0], encoding="utf-8") as file:
		anchors = list(read_anchors(file))
	found = list(verify_anchors(anchors))
	count = 0
	if len(arguments) == 2:
		# In which anchor an entry is, and from when on it is dated if it was there in time.
		limits = ["", *(late_before(a.at) for a in anchors)]
		limit_of = {key: limits[i] for i, a in enumerate(anchors) for key, _hash in lines_of(a)}
		present: dict[str, str] = {}
		late = []

		def noting(entries: Iterable[Stored]) -> Iterator[Stored]:
			for stored in entries:
				key, _tab, chain_hash = manifest_line(stored.entry).rpartition("\t")
				present[key] = chain_hash
				if stored.entry.at < limit_of.get(key, limits[-1]):
					late.append(_found(ANCHORED_LATE, stored.entry))
				yield stored

		with open(arguments[1], encoding="utf-8") as file:
			found += verify(noting(read_entries(file)))
		count = len(present)
		found += late
		for one in anchors:
			found += compare_with_manifest(one, present)
	for finding in found:
		print(finding.kind, finding.doctype, finding.name, finding.sequence or "", finding.detail, sep="\t")
	last = f", last {anchors[-1].anchor_hash} of {anchors[-1].at}" if anchors else ""
	print(f"{len(anchors)} anchors{last}, {count} entries, {len(found)} findings")
	return 1 if found else 0


if __name__ == "__main__":
	sys.exit(main(sys.argv[1:]))
