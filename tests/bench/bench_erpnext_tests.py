"""ERPNext's own tests with our app installed, its scope set off their companies, beside those without it.

	bin/test tests/bench/bench_erpnext_tests.py -s

Two sites, made and dropped here; half an hour or so. What differs fails.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import env, services, sites

DOCTYPES = os.environ.get(
	"QMS_BENCH_DOCTYPES", "Quotation,Sales Order,Delivery Note,Pick List,Work Order"
).split(",")
APPS = ("erpnext", "payments")
ELSEWHERE = "QMS Elsewhere"
# As frappe's runner prints them.
FAILED = re.compile(r"^(FAIL|ERROR): (\w+)", re.MULTILINE)
TOTAL = re.compile(r"^Ran (\d+) tests?", re.MULTILINE)

# On both sites, so that their tests find the same companies and masters. The runner makes the records of
# every DocType that a field links to; with our fields it would do so in another order, and fail at its own.
PREPARE = f"""
import frappe
from erpnext.setup.utils import before_tests
from frappe.test_runner import make_test_records
frappe.flags.in_test = True
frappe.set_user("Administrator")
before_tests()
frappe.get_doc({{
	"doctype": "Company", "company_name": {ELSEWHERE!r}, "abbr": "QE", "default_currency": "USD",
	"country": "United States",
}}).insert()
frappe.db.commit()
for doctype in {DOCTYPES!r}:
	make_test_records(doctype, commit=True)
frappe.db.commit()
"""
SCOPE = f"""
import frappe
from qms_customer.contract import adopt, scope
from qms_customer.contract.settings import DOCTYPE
from qms_customer.records.token import moving
from qms_customer.rules.scope import Cell
doc = frappe.get_doc(DOCTYPE)
adopt.set_cells(doc, [Cell({ELSEWHERE!r}, "", "2026-01-01 00:00:00")])
with moving(doc, "Installed"):
	doc.save(ignore_permissions=True)
frappe.db.commit()
assert not scope.everything()
"""


def frappe(site: str, *arguments: str) -> str:
	done = subprocess.run(
		[sys.executable, "-m", "frappe.utils.bench_helper", "frappe", "--site", site, *arguments],
		cwd=env.sites_path(),
		env=env.frappe_environment(),
		stdin=subprocess.DEVNULL,
		stdout=subprocess.PIPE,
		stderr=subprocess.STDOUT,
		text=True,
	)
	if done.returncode and arguments[0] != "run-tests":
		raise AssertionError(done.stdout[-4000:])
	return done.stdout


@pytest.fixture
def made(site: str) -> Iterator[dict[str, str]]:
	"""A site of ERPNext alone, and one with our app."""
	made: dict[str, str] = {}
	databases = []
	try:
		for kind in ("plain", "ours"):
			name, password = f"erpnext-{kind}.localhost", secrets.token_urlsafe(18)
			database = f"{sites.database()}{kind[0]}"
			databases.append(database)
			shutil.rmtree(env.sites_path() / name, ignore_errors=True)
			services.admin_sql(
				f"drop database if exists `{database}`; drop user if exists `{database}`@localhost;"
				f"create database `{database}` character set utf8mb4 collate utf8mb4_unicode_ci;"
				f"create user `{database}`@localhost identified by '{password}';"
				f"grant all privileges on `{database}`.* to `{database}`@localhost"
			)
			frappe(
				name,
				"new-site",
				name,
				"--no-setup-db",
				*("--db-name", database, "--db-password", password, "--db-socket", str(services.DB_SOCKET)),
				*("--admin-password", env.PASSWORD),
			)
			for app in APPS:
				if (env.home() / "apps" / app).is_dir():
					frappe(name, "install-app", app)
			sites.script(name, PREPARE)
			if kind == "ours":
				frappe(name, "install-app", env.APP)
				sites.script(name, SCOPE)
			made[kind] = name
		yield made
	finally:
		for database in databases:
			services.admin_sql(
				f"drop database if exists `{database}`; drop user if exists `{database}`@localhost"
			)
		for kind in ("plain", "ours"):
			shutil.rmtree(env.sites_path() / f"erpnext-{kind}.localhost", ignore_errors=True)


def results(site: str, doctype: str, log: Path) -> tuple[dict[str, str], int]:
	"""Run the tests of a DocType, and return which failed, and how, and how many were run."""
	said = frappe(site, "run-tests", "--app", "erpnext", "--doctype", doctype, "--skip-before-tests")
	log.write_text(said)
	total = TOTAL.search(said)
	assert total, said[-3000:]
	return {name: how for how, name in FAILED.findall(said)}, int(total[1])


def test_erpnexts_own_tests_end_the_same(made: dict[str, str]) -> None:
	print(f"\n{'tests of':<16} {'run':>5} {'passed':>7} {'with us':>8}")
	differ: dict[str, tuple[str | None, str | None]] = {}
	for doctype in DOCTYPES:
		ended: dict[str, dict[str, str]] = {}
		counts = {}
		for kind, site in made.items():
			log = env.home() / "logs" / f"{kind}-{doctype.replace(' ', '_')}.log"
			ended[kind], counts[kind] = results(site, doctype, log)
		plain, ours = ended["plain"], ended["ours"]
		passed = {kind: counts[kind] - len(some) for kind, some in ended.items()}
		print(f"{doctype:<16} {counts['plain']:>5} {passed['plain']:>7} {passed['ours']:>8}")
		assert counts["plain"] == counts["ours"], doctype
		differ |= {
			f"{doctype}: {name}": (plain.get(name), ours.get(name))
			for name in sorted({*plain, *ours})
			if plain.get(name) != ours.get(name)
		}
	assert not differ, differ
