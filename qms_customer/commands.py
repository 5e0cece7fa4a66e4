"""`bench` commands: verify the records of a site, and export them to be checked elsewhere (K2)."""

import json
import sys
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path

import click
import frappe
from frappe.commands import get_site, pass_context


@click.command("verify-records")
@click.option("--doctype", default="", help="Only the records of this DocType")
@click.option("--name", default="", help="Only this record (with --doctype)")
@click.option(
	"--anchors",
	type=click.Path(exists=True, dir_okay=False, path_type=Path),
	help="Anchors that were exported earlier, to compare with",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON")
@click.option("--progress", is_flag=True, help="Say on standard error how far it is")
@pass_context
def verify_records(
	context: dict, doctype: str, name: str, anchors: Path | None, as_json: bool, progress: bool
) -> None:
	"""Verify signatures, chains, anchors, documents and approvals; exit with 1 if something was found."""
	site = get_site(context)
	frappe.init(site=site)
	frappe.connect()
	try:
		from qms_customer.records import verification
		from qms_customer.rules import chain

		if name and not doctype:
			raise click.UsageError("--name needs --doctype")
		if doctype and doctype not in verification.known_doctypes():
			raise click.UsageError(f"{doctype} is not a record; {', '.join(verification.known_doctypes())}")

		def say(entries: int) -> None:
			click.echo(f"{entries} entries", err=True)

		with anchors.open(encoding="utf-8") if anchors else nullcontext(()) as file:
			result = verification.verify(
				doctype, name, chain.read_anchors(file), progress=say if progress else None
			)
		click.echo(json.dumps(asdict(result), ensure_ascii=False) if as_json else _as_text(result))
	finally:
		frappe.destroy()
	sys.exit(1 if result.findings else 0)


def _as_text(result: object) -> str:
	lines = [
		"\t".join(str(v) for v in (f.kind, f.doctype, f.name, f.sequence or "", f.detail))
		for f in result.findings
	]
	number, at = result.holds
	lines.append(
		f"{result.records} records, {result.entries} entries, {result.signatures} signatures, "
		f"{result.anchors} anchors, {len(result.findings)} findings"
	)
	if result.anchors:
		lines.append(f"holds up to anchor {number} of {at}" if number else "no anchor holds")
		lines.append(f"last anchor {result.last_anchor}")
	return "\n".join(lines)


@click.command("export-records")
@click.option(
	"--anchors", type=click.Path(dir_okay=False, path_type=Path), required=True, help="File for the anchors"
)
@click.option(
	"--records", type=click.Path(dir_okay=False, path_type=Path), help="File for contents and signatures"
)
@pass_context
def export_records(context: dict, anchors: Path, records: Path | None) -> None:
	"""Export the anchors, and the records with contents and signatures, an object a line.

	`python chain.py ANCHORS [RECORDS]`, the file rules/chain.py of this app, checks them where there is no
	Frappe.
	"""
	frappe.init(site=get_site(context))
	frappe.connect()
	try:
		from qms_customer.records import anchoring

		for path, lines in ((anchors, anchoring.export_anchors), (records, anchoring.export_records)):
			if path is None:
				continue
			count = 0
			with path.open("w", encoding="utf-8") as file:
				for count, line in enumerate(lines(), 1):  # noqa: B007
					file.write(line + "\n")
			click.echo(f"{count} lines in {path}")
	finally:
		frappe.destroy()


@click.command("qms-export")
@click.option(
	"--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="ZIP file to write"
)
@click.option(
	"--allow-uninstall",
	is_flag=True,
	help="Let the app be uninstalled within a day, if nothing else is recorded",
)
@click.option(
	"--accept-findings", is_flag=True, help="With --allow-uninstall: although verification found something"
)
@pass_context
def qms_export(context: dict, out: Path, allow_uninstall: bool, accept_findings: bool) -> None:
	"""Verify all records and write them to one file, which is read and checked without Frappe.

	Exit with 1 if the export cannot be checked, or if something was found and not accepted.
	"""
	frappe.init(site=get_site(context))
	frappe.connect()
	try:
		from qms_customer.records import export

		made = export.export(out)
		# A command has no request that would end the transaction: what was exported stays on record.
		frappe.db.commit()
		click.echo(f"{made.records} records, {made.entries} entries, {made.files} files in {out}")
		wrong = export.check(out)
		for f in made.findings:
			click.echo("\t".join(("found", f.kind, f.doctype, f.name, f.detail)))
		for line in wrong:
			click.echo(f"not as it was written: {line}")
		if wrong or (made.findings and not accept_findings):
			if allow_uninstall:
				click.echo("no leave to uninstall was given")
			sys.exit(1)
		click.echo("verified")
		if allow_uninstall:
			export.allow_uninstall(out)
			frappe.db.commit()
			click.echo(
				f"the app may be uninstalled within {export.VALID_HOURS} hours, if nothing is recorded"
			)
	finally:
		frappe.destroy()


commands = [verify_records, export_records, qms_export]
