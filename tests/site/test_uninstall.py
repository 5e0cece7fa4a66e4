"""Uninstalling leaves ERPNext as it was: tried on a copy of the test site."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.support import env, services, sites

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
		yield COPY
	finally:
		services.admin_sql(";\n".join(drop))
		shutil.rmtree(folder, ignore_errors=True)


def run(site: str, *arguments: str) -> str:
	done = subprocess.run(
		[sys.executable, "-m", "frappe.utils.bench_helper", "frappe", "--site", site, *arguments],
		cwd=env.sites_path(),
		env=env.frappe_environment(),
		capture_output=True,
		text=True,
	)
	assert done.returncode == 0, done.stdout + done.stderr
	return done.stdout


STEPS = sorted(
	json.loads(file.read_text())["name"] for file in (env.PACKAGE / "onboarding_step").glob("*/*.json")
)
RESIDUE = (
	f"STEPS = {STEPS!r}"
	+ """
import frappe, json
from frappe.query_builder import DocType
print("RESIDUE " + json.dumps({
	"doctypes": frappe.get_all("DocType", {"module": "QMS Customer"}, pluck="name"),
	"custom fields": frappe.get_all("Custom Field", {"fieldname": ("like", "qms\\\\_%")}, pluck="name"),
	"workflows": frappe.get_all("Workflow", {"name": ("like", "QMS %")}, pluck="name"),
	"permissions": frappe.get_all("Custom DocPerm", {"role": ("like", "QMS %")}, pluck="name"),
	"module": frappe.get_all("Module Def", {"app_name": "qms_customer"}, pluck="name"),
	"copied permissions": frappe.get_all("Custom DocPerm", {"parent": "Blanket Order"}, pluck="name"),
	"defaults": frappe.get_all("DefaultValue", {"defkey": ("like", "qms\\\\_%")}, pluck="name"),
	"steps": frappe.get_all("Onboarding Step", {"name": ("in", STEPS)}, pluck="name"),
	**{
		kind: frappe.get_all(kind, {"module": "QMS Customer"}, pluck="name")
		for kind in (
			"Workspace", "Number Card", "Dashboard Chart", "Report", "Module Onboarding", "Form Tour",
			"Print Format",
		)
	},
	"jobs": frappe.get_all("Scheduled Job Type", {"method": ("like", "qms\\\\_%")}, pluck="name"),
}))
"""
)


def test_uninstall_leaves_no_residue_and_erpnext_works(copied_site: str) -> None:
	run(copied_site, "uninstall-app", env.APP, "--yes", "--no-backup", "--force")
	script = env.sites_path() / COPY / "residue.py"
	script.write_text(RESIDUE)
	done = subprocess.run(
		[
			sys.executable,
			"-c",
			f"import frappe; frappe.init('{COPY}'); frappe.connect(); exec(open({str(script)!r}).read())",
		],
		cwd=env.sites_path(),
		env=env.frappe_environment(),
		capture_output=True,
		text=True,
	)
	assert done.returncode == 0, done.stderr
	line = next(row for row in done.stdout.splitlines() if row.startswith("RESIDUE "))
	left = {kind: names for kind, names in json.loads(line[8:]).items() if names}
	assert not left
	run(copied_site, "migrate", "--skip-search-index")
