"""Uninstalling leaves ERPNext as it was: tried on a copy of the test site."""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import frappe
import pytest

from qms_customer.contract import adopt
from qms_customer.records import export
from tests.support import contracts as c
from tests.support import env, services, sites
from tests.support.people import as_user, make_user

COPY = "qms-uninstall.localhost"


@pytest.fixture
def copied_site(site: str) -> Iterator[str]:
	"""A site of its own with the tables of the test site."""
	name, password = f"{sites.database()}u", secrets.token_urlsafe(18)
	folder = env.sites_path() / COPY
	shutil.rmtree(folder, ignore_errors=True)
	for part in ("private/files", "public/files", "logs", "locks"):
		(folder / part).mkdir(parents=True, exist_ok=True)
	config = json.loads((sites.site_path() / "site_config.json").read_text())
	(folder / "site_config.json").write_text(json.dumps({**config, "db_name": name, "db_password": password}))
	drop = [f"drop database if exists `{name}`", f"drop user if exists `{name}`@localhost"]
	services.admin_sql(
		";\n".join(
			[
				*drop,
				f"create database `{name}` character set utf8mb4 collate utf8mb4_unicode_ci",
				f"create user `{name}`@localhost identified by '{password}'",
				f"grant all privileges on `{name}`.* to `{name}`@localhost",
			]
		)
	)
	login = [
		"--socket",
		str(services.DB_SOCKET),
		"--user",
		config["db_name"],
		f"--password={config['db_password']}",
	]
	target = ["--socket", str(services.DB_SOCKET), "--user", name, f"--password={password}", name]
	try:
		dump = subprocess.Popen(
			["mariadb-dump", "--single-transaction", *login, config["db_name"]], stdout=subprocess.PIPE
		)
		subprocess.run(["mariadb", *target], stdin=dump.stdout, check=True)
		assert dump.wait() == 0
		for part in ("private/files", "public/files"):
			shutil.copytree(sites.site_path() / part, folder / part, dirs_exist_ok=True)
		yield COPY
	finally:
		services.admin_sql(";\n".join(drop))
		shutil.rmtree(folder, ignore_errors=True)


def run(site: str, *arguments: str, refused: str = "") -> str:
	done = subprocess.run(
		[sys.executable, "-m", "frappe.utils.bench_helper", "frappe", "--site", site, *arguments],
		cwd=env.sites_path(),
		env=env.frappe_environment(),
		capture_output=True,
		text=True,
	)
	said = done.stdout + done.stderr
	if refused:
		assert done.returncode and refused in said, said
	else:
		assert done.returncode == 0, said
	return said


def on_site(site: str, script: str) -> dict:
	"""Run a script with frappe on a site; it prints "RESULT " and JSON."""
	said = sites.script(site, script).splitlines()
	return json.loads(next(line for line in said if line.startswith("RESULT ")).removeprefix("RESULT "))


STEPS = sorted(
	json.loads(file.read_text())["name"] for file in (env.PACKAGE / "onboarding_step").glob("*/*.json")
)
RESIDUE = """
import frappe, json
ours = %s
about = {
	"Comment": "reference_doctype", "Version": "ref_doctype", "Communication": "reference_doctype",
	"File": "attached_to_doctype", "ToDo": "reference_type", "Workflow Action": "reference_doctype",
	"DocShare": "share_doctype", "Notification Log": "document_type", "Property Setter": "doc_type",
	"Custom DocPerm": "parent", "DocField": "options", "Singles": "doctype",
}
tables = {t.removeprefix("tab") for t in frappe.db.get_tables(cached=False)}
like = {"like": ("like", "QMS %%")}
print("RESULT " + json.dumps({
	"doctypes": frappe.get_all("DocType", {"module": "QMS Customer"}, pluck="name"),
	"tables": sorted(tables & set(ours)),
	"fields": frappe.get_all("Custom Field", {"fieldname": ("like", "qms\\\\_%%")}, pluck="name"),
	"workflows": frappe.get_all("Workflow", {"name": ("like", "QMS %%")}, pluck="name"),
	"states": frappe.get_all("Workflow State", {"name": ("in", ["In Review", "Refused"])}, pluck="name"),
	"roles": frappe.get_all("Role", {"name": ("like", "QMS %%")}, pluck="name"),
	"assigned roles": frappe.get_all("Has Role", {"role": ("like", "QMS %%")}, pluck="name"),
	"permissions": frappe.get_all("Custom DocPerm", {"role": ("like", "QMS %%")}, pluck="name"),
	"module": frappe.get_all("Module Def", {"app_name": "qms_customer"}, pluck="name"),
	"copied permissions": frappe.get_all("Custom DocPerm", {"parent": "Blanket Order"}, pluck="name"),
	"defaults": frappe.get_all("DefaultValue", {"defkey": ("like", "qms\\\\_%%")}, pluck="name"),
	"jobs": frappe.get_all("Scheduled Job Type", {"method": ("like", "qms\\\\_%%")}, pluck="name"),
	"patches": frappe.get_all("Patch Log", {"patch": ("like", "qms\\\\_customer.%%")}, pluck="name"),
	"print formats": frappe.get_all("Print Format", {"module": "QMS Customer"}, pluck="name"),
	"steps": frappe.get_all("Onboarding Step", {"name": ("in", %s)}, pluck="name"),
	**{
		kind: frappe.get_all(kind, {"module": "QMS Customer"}, pluck="name")
		for kind in (
			"Workspace", "Number Card", "Dashboard Chart", "Report", "Module Onboarding", "Form Tour",
			"Page",
		)
	},
	"series": frappe.db.sql_list("select name from tabSeries where name regexp '^(CR|CA|DA)-'"),
	**{
		f"about us in {d}": frappe.get_all(d, {f: ("in", ours)}, pluck="name")
		for d, f in about.items() if d != "Singles"
	},
	"singles": frappe.db.sql_list("select field from tabSingles where doctype = 'QMS Customer Settings'"),
}, default=str))
"""

# ERPNext without us: what was committed before is delivered, and a new order is submitted and delivered.
TRADES = """
import frappe, json
from erpnext.selling.doctype.sales_order.sales_order import make_delivery_note
frappe.flags.in_test = True
frappe.set_user("Administrator")
name = %r
def deliver(order):
	note = make_delivery_note(order)
	note.insert()
	note.submit()
	return note.docstatus
before = deliver(name)
old = frappe.get_doc("Sales Order", name)
new = frappe.copy_doc(old)
new.docstatus = 0
new.insert()
new.submit()
after = deliver(new.name)
old.reload()
old.update_status("Closed")
frappe.db.rollback()
print("RESULT " + json.dumps([before, new.docstatus, after]))
"""


@pytest.fixture
def traded(committed: Callable[[], None]) -> str:
	"""An order that was reviewed and committed, and a signed adoption, before the site is copied."""
	world = c.World()
	doc = c.committed_order(world, c.item(stock=50), qty=2)
	file = c.upload(attached_to_doctype="Contract Review", attached_to_name=doc.qms_contract_review)
	assert file.name
	late = c.imported_order(c.item())
	with as_user(make_user("System Manager")):
		record = adopt.supplement([("Sales Order", late.name)], "Imported")
	with as_user(world.gm):
		adopt.sign(record.name, record.baseline_hash, "/")
	committed()
	return doc.name


@pytest.mark.rule("K2")
def test_uninstall_leaves_no_residue_and_erpnext_works(traded: str, copied_site: str, tmp_path: Path) -> None:
	uninstall = ("uninstall-app", env.APP, "--yes", "--no-backup", "--force")
	run(copied_site, *uninstall, refused="Export them first")
	out = tmp_path / "records.zip"
	# An export alone is no leave.
	assert "verified" in run(copied_site, "qms-export", "--out", str(out))
	run(copied_site, *uninstall, refused="Export them first")
	run(copied_site, "qms-export", "--out", str(out), "--allow-uninstall")
	# What is recorded afterwards would be lost.
	on_site(copied_site, RECORD_ONE)
	run(copied_site, *uninstall, refused="added or changed since")
	run(copied_site, "qms-export", "--out", str(out), "--allow-uninstall")
	whole = out.read_bytes()
	out.write_bytes(whole + b"x")
	run(copied_site, *uninstall, refused="not the one that was verified")
	out.write_bytes(whole)
	on_site(copied_site, A_DAY_LATER)
	run(copied_site, *uninstall, refused="more than a day ago")
	run(copied_site, "qms-export", "--out", str(out), "--allow-uninstall")
	_read_without_frappe(out, tmp_path / "unpacked", traded)
	ours = frappe.get_all("DocType", {"module": "QMS Customer"}, pluck="name")
	run(copied_site, *uninstall)
	left = {
		kind: names
		for kind, names in on_site(copied_site, RESIDUE % (json.dumps(ours), json.dumps(STEPS))).items()
		if names
	}
	assert not left
	run(copied_site, "migrate", "--skip-search-index")
	assert on_site(copied_site, TRADES % traded) == [1, 1, 1]


RECORD_ONE = """
import frappe
from qms_customer.contract import approved, content
from qms_customer.records import anchoring, ledger
doc = frappe.get_last_doc("Contract Review")
ledger.append(doc, "Edited")
frappe.db.commit()
print("RESULT 1")
"""
A_DAY_LATER = """
import frappe, json
leave = json.loads(frappe.db.get_default("qms_uninstall_export"))
leave["at"] = "2020-01-01 00:00:00"
frappe.db.set_default("qms_uninstall_export", json.dumps(leave))
frappe.db.commit()
print("RESULT 1")
"""


def _read_without_frappe(out: Path, folder: Path, order: str) -> None:
	"""With nothing but python and coreutils, as an auditor has them years later."""
	with zipfile.ZipFile(out) as archive:
		archive.extractall(folder)
	for command in (
		["sha256sum", "--check", "--quiet", "SHA256SUMS"],
		[sys.executable, "-I", "chain.py", "anchors.jsonl", "records.jsonl"],
	):
		done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
		assert done.returncode == 0, done.stdout + done.stderr
	reviews = [json.loads(line) for line in (folder / "tables/Contract Review.jsonl").open()]
	assert order in [r["reference_name"] for r in reviews]
	(review,) = (r for r in reviews if r["reference_name"] == order)
	page = (folder / "read/contract_review-0001.html").read_text()
	assert review["name"] in page and "Approved" in page
	index = (folder / "index.html").read_text()
	assert "read/contract_review-0001.html" in index and "sha256sum" in index
	assert (folder / "tables/Adopted Contract.jsonl").read_text().count("\n") == 1
	files = [json.loads(line) for line in (folder / "files.jsonl").open()]
	(attached,) = (f for f in files if f"Contract Review {review['name']}" in f["named_by"])
	assert hashlib.sha256((folder / attached["file"]).read_bytes()).hexdigest() == attached["sha256"]
	manifest = json.loads((folder / "manifest.json").read_text())
	assert manifest["findings"] == [] and manifest["rows"]["Contract Review"] == len(reviews)


@pytest.mark.rule("K2")
def test_an_export_that_was_tampered_with_is_found(isolated: None, tmp_path: Path) -> None:
	world = c.World()
	c.committed_order(world, c.item(stock=5))
	out = tmp_path / "records.zip"
	made = export.export(out)
	assert made.entries and not made.findings and export.check(out) == []
	for name, change in (
		("tables/Contract Review.jsonl", lambda data: data.replace(b"Approved", b"Rejected")),
		("records.jsonl", lambda data: data[: len(data) // 2]),
		("chain.py", lambda data: b"print('all is well')"),
		("files.jsonl", None),
	):
		altered = tmp_path / "altered.zip"
		with zipfile.ZipFile(out) as old, zipfile.ZipFile(altered, "w") as new:
			for one in old.namelist():
				data = old.read(one)
				if one != name:
					new.writestr(one, data)
				elif change:
					new.writestr(one, change(data))
		assert any(name in line for line in export.check(altered)), name
	# With the hashes made to fit, the chain still says so.
	altered = tmp_path / "altered.zip"
	with zipfile.ZipFile(out) as old, zipfile.ZipFile(altered, "w") as new:
		parts = {n: old.read(n) for n in old.namelist() if n != export.SUMS}
		parts["records.jsonl"] = parts["records.jsonl"].replace(b"Sea freight", b"Air freight", 1)
		for one, data in parts.items():
			new.writestr(one, data)
		lines = (f"{hashlib.sha256(d).hexdigest()}  {n}\n" for n, d in parts.items())
		new.writestr(export.SUMS, "".join(lines))
	assert export.check(altered)
	out.write_bytes(b"no zip")
	assert export.check(out)


@pytest.mark.rule("K2")
def test_an_export_says_what_verification_found(isolated: None, tmp_path: Path) -> None:
	world = c.World()
	doc = c.committed_order(world, c.item(stock=5))
	frappe.db.set_value("Contract Review", doc.qms_contract_review, "decision_comment", "forged")
	out = tmp_path / "records.zip"
	made = export.export(out)
	assert [(f.doctype, f.name) for f in made.findings] == [("Contract Review", doc.qms_contract_review)]
	assert export.check(out) == []
	with zipfile.ZipFile(out) as archive:
		assert json.loads(archive.read("manifest.json"))["findings"][0]["name"] == doc.qms_contract_review
