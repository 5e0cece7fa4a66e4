"""Adopting contracts that were committed before anybody reviewed (E8): what is signed, and who may sign.

The general manager or the management representative signs one list; its hash binds each contract on it with
the content that was found.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from qms_customer.rules import mark
from qms_customer.rules.people import GENERAL_MANAGER, MANAGEMENT_REPRESENTATIVE
from qms_customer.rules.review import Refusal

# Either answers for the records and for the baseline (5.5.1, 5.5.2); both can delegate it (L2).
SIGNERS = (GENERAL_MANAGER, MANAGEMENT_REPRESENTATIVE)
GO_LIVE, SUPPLEMENT = "Go-Live", "Supplement"
# What a signature on a list means: at go-live, and on a supplement.
MEANINGS = (mark("Gone Live"), mark("Adopted"))
PREPARED, COLLECTING, READY = "Prepared", "Collecting", "Ready"
SIGNED, SUPERSEDED = "Signed", "Superseded"


def line(doctype: str, name: str, fingerprint: str) -> str:
	"""Return the line of one contract; of one that could not be read the fingerprint is empty."""
	return f"{doctype}\t{name}\t{fingerprint}"


def baseline_hash(lines: Iterable[str]) -> str:
	"""Return the SHA-256 (hex) over the sorted lines of a list, each ended by a line feed (E8)."""
	digest = hashlib.sha256()
	for one in sorted(lines):
		digest.update(one.encode() + b"\n")
	return digest.hexdigest()


def problem_of(canonical: Mapping[str, Any]) -> str:
	"""Return why the content of a contract cannot be adopted (marked for translation), "" if it can."""
	if not canonical["tables"].get("items"):
		return mark("It has no rows of goods or services.")
	if not canonical["fields"].get("company"):
		return mark("It names no company.")
	return ""


@dataclass(frozen=True)
class Candidate:
	"""A contract that somebody wants on a supplementary list.

	`dated`: the day that it bears; `live_since`: the day on which its part of the scope went live, None where
	that is not live. `rejected`: a review rejected it, or one that says the same; `in_review`: one is open or
	decided.
	"""

	name: str
	docstatus: int
	dated: date | None
	live_since: date | None
	approved: bool = False
	in_review: bool = False
	rejected: bool = False
	problem: str = ""


def supplement_refusals(candidates: Iterable[Candidate]) -> list[Refusal]:
	"""Return what stands against adopting single contracts afterwards (E8, C1, C13).

	It is for what was agreed before the go-live and comes into the system later. What was agreed since then
	is reviewed; what a review looks at, or has rejected, is decided there.
	"""
	found = []
	for one in candidates:
		if one.problem:
			found.append(Refusal("E8", mark("{0}: {1}"), (one.name, one.problem)))
			continue
		if one.docstatus == 2:
			text = mark("{0} is cancelled.")
		elif one.live_since is None:
			text = mark("{0} lies in no part of the scope that is live: nothing blocks it.")
		elif one.approved:
			text = mark("What {0} says is approved already.")
		elif one.rejected:
			text = mark("What {0} says was rejected by a review.")
		elif one.in_review:
			text = mark("{0} has a contract review of its own, which decides it.")
		elif one.dated is None or one.dated > one.live_since:
			text = mark("{0} is dated after the go-live: it is reviewed like any other.")
		else:
			continue
		found.append(Refusal("E8", text, (one.name,)))
	return found
