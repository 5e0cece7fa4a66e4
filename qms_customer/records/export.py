"""All records of a site in one file that is read and checked without Frappe, and the leave to uninstall (K2,
K6).

A ZIP: an index to read in a browser, every row of our tables as JSON lines, the chained entries and anchors
with the program that checks them, the attached files, and the SHA-256 of all that.
"""

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any, NamedTuple

import frappe
from frappe import _
from frappe.query_builder import Criterion
from frappe.query_builder.functions import Count, Max
from frappe.utils import add_to_date, get_datetime, now_datetime

from qms_customer.messages import refuse_one
from qms_customer.records import anchoring, contents, ledger, verification
from qms_customer.records.kinds import MODULE
from qms_customer.records.registry import RECORDS
from qms_customer.rules import chain, mark
from qms_customer.shown import label, render

SUMS, MANIFEST, INDEX = "SHA256SUMS", "manifest.json", "index.html"
ANCHORS, ENTRIES, CHECKER = "anchors.jsonl", "records.jsonl", "chain.py"
# Whose rows speak of our records: by the field that names the DocType.
ABOUT = {
	"Comment": "reference_doctype",
	"Version": "ref_doctype",
	"Communication": "reference_doctype",
	"File": "attached_to_doctype",
	"ToDo": "reference_type",
	"Workflow Action": "reference_doctype",
	"DocShare": "share_doctype",
	"Notification Log": "document_type",
}
# For whoever administers the site: in English, as the manifest is.
LEFT_BEHIND = (
	"The columns of our custom fields in ERPNext's tables, as with any field that is deleted: `bench "
	"trim-tables` drops them.",
	"Files attached to contracts, and comments on contracts.",
	"Logs that Frappe clears by itself (access, activity, errors, sent e-mails), and backups.",
)
TO_CHECK = (f"sha256sum -c {SUMS}", f"python3 {CHECKER} {ANCHORS} {ENTRIES}")
PAGE = 200
MARK, VALID_HOURS = "qms_uninstall_export", 24


class Made(NamedTuple):
	"""An export: how many records, entries and files, and what verification had found."""

	records: int
	entries: int
	files: int
	findings: list[chain.Finding]


# Writing


class Archive:
	"""A ZIP file that remembers the SHA-256 of all that is written into it."""

	def __init__(self, path: Path) -> None:
		self.zip = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)
		self.sums: dict[str, str] = {}

	@contextmanager
	def add(self, name: str) -> Iterator[Callable[[bytes], None]]:
		"""Let the block write one file, piece by piece."""
		digest = hashlib.sha256()
		with self.zip.open(name, "w", force_zip64=True) as stream:

			def write(data: bytes) -> None:
				digest.update(data)
				stream.write(data)

			yield write
		self.sums[name] = digest.hexdigest()

	def text(self, name: str, lines: Iterable[str]) -> int:
		"""Write lines of text; returns how many."""
		count = 0
		with self.add(name) as write:
			for line in lines:
				write(line.encode() + b"\n")
				count += 1
		return count

	def close(self) -> None:
		"""Write the hashes, as `sha256sum -c` reads them, and close."""
		self.zip.writestr(SUMS, "".join(f"{h}  {name}\n" for name, h in sorted(self.sums.items())))
		self.zip.close()


def export(path: Path) -> Made:
	"""Verify all records, and write them to one file (K2, K6).

	What verification finds is written down in it, too: a record that was tampered with stays so.
	"""
	anchoring.anchor()
	found = verification.verify().findings
	archive = Archive(path)
	tables = _tables()
	counts: dict[str, int] = {}
	archive.text(ANCHORS, anchoring.export_anchors())
	entries = archive.text(ENTRIES, anchoring.export_records())
	archive.text(CHECKER, [Path(chain.__file__).read_text(encoding="utf-8")])
	for doctype in tables:
		counts[doctype] = archive.text(f"tables/{doctype}.jsonl", _rows(doctype))
	for doctype, field in ABOUT.items():
		archive.text(f"about/{doctype}.jsonl", _rows(doctype, (field, _ours())))
	for doctype, fields in _contract_fields().items():
		archive.text(f"fields/{doctype}.jsonl", _filled(doctype, fields))
	files = _add_files(archive)
	pages = {doctype: _add_pages(archive, doctype) for doctype in RECORDS}
	manifest = {
		"app": "qms_customer",
		"version": frappe.get_attr("qms_customer.__version__"),
		"site": frappe.local.site,
		"made_at": ledger.now(),
		"state": state(),
		"rows": counts,
		"entries": entries,
		"files": files,
		"findings": [asdict(f) for f in found],
		"left_behind": LEFT_BEHIND,
	}
	archive.text(MANIFEST, [json.dumps(manifest, ensure_ascii=False, indent=1)])
	index = render(
		"records/export_index.html",
		manifest=manifest,
		counts=sorted(counts.items()),
		pages=pages,
		findings=found,
		files=files,
		check=TO_CHECK,
	)
	archive.text(INDEX, [index])
	archive.close()
	return Made(sum(counts[d] for d in RECORDS if d in counts), entries, files, found)


def _tables() -> list[str]:
	"""Our DocTypes that have a table, rows of documents among them."""
	return frappe.get_all("DocType", filters={"module": MODULE, "issingle": 0}, pluck="name", order_by="name")


def _ours() -> list[str]:
	return frappe.get_all("DocType", filters={"module": MODULE, "istable": 0}, pluck="name", order_by="name")


def _rows(doctype: str, where: tuple[str, list[str]] | None = None) -> Iterator[str]:
	table = frappe.qb.DocType(doctype)
	query = frappe.qb.from_(table).select("*").orderby(table.name)
	if where:
		query = query.where(table[where[0]].isin(where[1]))
	with frappe.db.unbuffered_cursor():
		for row in query.run(as_dict=True, as_iterator=True):
			yield json.dumps(row, ensure_ascii=False, default=str, sort_keys=True)


def _contract_fields() -> dict[str, list[str]]:
	"""Our custom fields by DocType, those with a column."""
	found: dict[str, list[str]] = {}
	for doctype, name in frappe.get_all(
		"Custom Field", filters={"module": MODULE}, fields=["dt", "fieldname"], as_list=True
	):
		if frappe.db.has_column(doctype, name):
			found.setdefault(doctype, []).append(name)
	return found


def _filled(doctype: str, fields: list[str]) -> Iterator[str]:
	table = frappe.qb.DocType(doctype)
	query = frappe.qb.from_(table).select(table.name, *(table[f] for f in fields)).orderby(table.name)
	query = query.where(Criterion.any([table[f].isnotnull() for f in fields]))
	with frappe.db.unbuffered_cursor():
		for row in query.run(as_dict=True, as_iterator=True):
			yield json.dumps(row, ensure_ascii=False, default=str, sort_keys=True)


def _add_files(archive: Archive) -> int:
	"""Add the files that records name or that are attached to them, each content once."""
	urls: dict[str, list[str]] = {}
	for url, doctype, name in frappe.get_all(
		"File",
		filters={"attached_to_doctype": ("in", _ours()), "is_folder": 0},
		fields=["file_url", "attached_to_doctype", "attached_to_name"],
		as_list=True,
	):
		urls.setdefault(url or "", []).append(f"{doctype} {name}")
	for doctype in _tables():
		meta = frappe.get_meta(doctype)
		for field in meta.get("fields", {"fieldtype": ("in", ("Attach", "Attach Image"))}):
			for name, parent, url in frappe.get_all(
				doctype,
				filters={field.fieldname: ("is", "set")},
				fields=["name", "parent" if meta.istable else "name as parent", field.fieldname],
				as_list=True,
			):
				urls.setdefault(url, []).append(f"{doctype} {parent or name}")
	listed = []
	for url, named in sorted(urls.items()):
		path = _path(url)
		entry = {"url": url, "named_by": sorted(set(named)), "sha256": "", "file": ""}
		if path and path.is_file():
			entry["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
			entry["file"] = f"files/{entry['sha256'][:16]}-{path.name}"
			if entry["file"] not in archive.sums:
				with archive.add(entry["file"]) as write, path.open("rb") as stream:
					while block := stream.read(1 << 20):
						write(block)
		listed.append(json.dumps(entry, ensure_ascii=False, sort_keys=True))
	archive.text("files.jsonl", listed)
	return len(listed)


def _path(url: str) -> Path | None:
	if not url.startswith(("/files/", "/private/files/")) or ".." in url:
		return None
	folder = "private" if url.startswith("/private/") else "public"
	return Path(frappe.get_site_path(folder, "files", url.rpartition("/files/")[2]))


def _add_pages(archive: Archive, doctype: str) -> list[str]:
	"""Add the records of a type as pages to read, so many on each; returns their names."""
	meta, names = frappe.get_meta(doctype), []
	if meta.issingle:
		keys = [doctype]
	else:
		keys = frappe.get_all(doctype, pluck="name", order_by="name")
	for start in range(0, len(keys), PAGE):
		some, number = keys[start : start + PAGE], start // PAGE + 1
		name = f"read/{frappe.scrub(doctype)}-{number:04}.html"
		texts = contents.stored_texts(doctype, some)
		signatures = _by_record(ledger.SIGNATURE, doctype, some)
		history = _by_record(ledger.SNAPSHOT, doctype, some)
		records = [
			{
				"name": one,
				**_readable(meta, json.loads(texts[one])),
				"signatures": signatures.get(one, ()),
				"history": history.get(one, ()),
			}
			for one in some
			if one in texts
		]
		archive.text(name, [render("records/export_page.html", doctype=doctype, records=records)])
		names.append(name)
	return names


def _by_record(table: str, doctype: str, names: Iterable[str]) -> dict[str, list[frappe._dict]]:
	fields = {
		ledger.SIGNATURE: ["full_name", "role", "acting_for_name", "meaning", "comment", "signed_at"],
		ledger.SNAPSHOT: ["event", "recorded_by", "recorded_at", "chain_hash"],
	}[table]
	found: dict[str, list[frappe._dict]] = {}
	for row in frappe.get_all(
		table,
		filters={"reference_doctype": doctype, "reference_name": ("in", list(names))},
		fields=["reference_name", "sequence", *fields],
		order_by="reference_name, sequence",
	):
		found.setdefault(row.reference_name, []).append(row)
	return found


def _readable(meta: Any, canonical: dict[str, Any]) -> dict[str, Any]:
	tables = []
	for table, rows in sorted(canonical["tables"].items()):
		child = frappe.get_meta(meta.get_field(table).options)
		columns = [f.fieldname for f in child.fields if any(f.fieldname in r for r in rows)]
		tables.append(
			{
				"label": label(meta, table),
				"columns": [label(child, c) for c in columns],
				"rows": [[r.get(c, "") for c in columns] for r in rows],
			}
		)
	order = [f.fieldname for f in meta.fields]
	fields = sorted(canonical["fields"].items(), key=lambda f: order.index(f[0]) if f[0] in order else -1)
	return {"fields": [(label(meta, name), value) for name, value in fields], "tables": tables}


# Checking


def check(path: Path) -> list[str]:
	"""Return what is wrong with an export: a file is not what was written, a chain is broken (K2)."""
	wrong = []
	try:
		with zipfile.ZipFile(path) as archive:
			listed = dict(_sums(archive))
			for name in sorted(set(archive.namelist()) - {SUMS} - listed.keys()):
				wrong.append(f"{name}: not listed")
			for name, expected in listed.items():
				digest = hashlib.sha256()
				try:
					with archive.open(name) as stream:
						while block := stream.read(1 << 20):
							digest.update(block)
				except (KeyError, zipfile.BadZipFile):
					wrong.append(f"{name}: missing or unreadable")
					continue
				if digest.hexdigest() != expected:
					wrong.append(f"{name}: changed")
			if not wrong:
				wrong = [f"{f.kind} {f.doctype} {f.name} {f.detail}".strip() for f in _chain(archive)]
	except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
		wrong.append(f"{type(error).__name__}: {error}")
	return wrong


def _sums(archive: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
	for line in archive.read(SUMS).decode().splitlines():
		digest, _space, name = line.partition("  ")
		yield name, digest


def _chain(archive: zipfile.ZipFile) -> Iterator[chain.Finding]:
	def lines(name: str) -> IO[str]:
		return TextIOWrapper(archive.open(name), encoding="utf-8")

	yield from chain.verify_anchors(chain.read_anchors(lines(ANCHORS)))
	yield from chain.verify(chain.read_entries(lines(ENTRIES)))


# The leave to uninstall


def state() -> str:
	"""Return a hash of where all our tables stand: one record more, or one changed, is another state."""
	digest = hashlib.sha256()
	for doctype in _tables():
		table = frappe.qb.DocType(doctype)
		row = frappe.qb.from_(table).select(Count("*"), Max(table.modified)).run()[0]
		digest.update(f"{doctype}\t{row[0]}\t{row[1]}\n".encode())
	for hashes in frappe.get_all(ledger.SNAPSHOT, pluck="chain_hash", order_by="chain_hash"):
		digest.update(hashes.encode())
	return digest.hexdigest()


def allow_uninstall(path: Path) -> None:
	"""Leave the mark that this export was verified: it stands for a day, and for this state alone."""
	leave = {
		"file": str(path.resolve()),
		"sha256": _file_hash(path),
		"state": state(),
		"at": str(now_datetime()),
	}
	frappe.db.set_default(MARK, json.dumps(leave))


def refuse_uninstall() -> None:
	"""Refuse to delete records that are not exported, verified, as they stand now (K2)."""
	how = "bench --site {0} qms-export --out FILE --allow-uninstall"
	leave = json.loads(frappe.db.get_default(MARK) or "{}")
	if not leave:
		why = mark(
			"The records of this site would be deleted. Export them first, with leave to uninstall: {0}"
		)
	elif get_datetime(leave["at"]) < add_to_date(now_datetime(), hours=-VALID_HOURS):
		why = mark("The leave to uninstall was given more than a day ago. Export the records again: {0}")
	elif leave["state"] != state():
		why = mark("Records were added or changed since they were exported. Export them again: {0}")
	elif _file_hash(Path(leave["file"])) != leave["sha256"]:
		why = mark("The exported file is gone, or is not the one that was verified. Export again: {0}")
	else:
		return
	refuse_one("K2", why, how.format(frappe.local.site), title=_("Records Would Be Lost"))


def _file_hash(path: Path) -> str:
	digest = hashlib.sha256()
	try:
		with path.open("rb") as stream:
			while block := stream.read(1 << 20):
				digest.update(block)
	except OSError:
		return ""
	return digest.hexdigest()
