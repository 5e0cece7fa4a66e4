"""What is done about a signal that needs action: opened from it, as from a complaint, and followed (H8)."""

from typing import Any

import frappe
from frappe.model.document import Document

from qms_customer.feedback import action_rows, handled, signals, standing
from qms_customer.messages import refuse_one
from qms_customer.records import signing
from qms_customer.returns import opened
from qms_customer.rules import mark
from qms_customer.rules import signals as rules

# K2, K3: the events of the chain, and what the signature means.
ADDED = mark("Action on Signal Added")
DONE = mark("Action on Signal Done")
FOLLOWED = mark("Signal Followed Its Documents")


def opened_one(name: str, content_hash: str) -> Document:
	"""Lock a signal and return it if it was assessed to need action; more may follow after the first is done
	(H8).
	"""
	signal = _locked(name, content_hash)
	signals.require_assessor()
	if signal.outcome != rules.ACTION:
		refuse_one("H8", mark("Assess the signal first: something is done where action is needed."))
	return signal


def append(signal: Document, row: dict[str, Any]) -> Document:
	"""Write an action of `action_rows` on a signal, and return it (H8)."""
	signal.append("corrections", {**row, **handled.signed_now("added")})
	_settle(signal)
	opened.save(signal, ADDED)
	signals.ask(signal)
	return signal


def finish(name: str, content_hash: str, row: str, comment: str) -> Document:
	"""Sign that an action is done, by its owner or who assesses signals; returns the signal (H8, K3)."""
	signal = _locked(name, content_hash)
	done, role = action_rows.finishing(signal, row, comment, signals.require_assessor)
	signing.in_hand()
	done.update({"comment": comment, **handled.signed_now("done")})
	_settle(signal)
	opened.save(signal)
	signing.sign(signal, DONE, role, "", comment, content_hash)
	signals.ask(signal)
	return signal


def on_document(document: Document, method: str | None = None) -> None:
	"""A Non Conformance or Quality Action has changed: signals follow it (H8)."""
	for name in action_rows.parents(document, signals.DOCTYPE):
		signal = frappe.get_doc(signals.DOCTYPE, name, for_update=True)
		before = signal.status
		_settle(signal)
		if signal.status != before:
			opened.save(signal, FOLLOWED)
			signals.ask(signal)


def before_deletion(document: Document, method: str | None = None) -> None:
	"""Refuse to delete what was opened for a signal (H8, K2)."""
	for name in action_rows.parents(document, signals.DOCTYPE):
		refuse_one("H8", mark("Signal {0} is acted on by {1}: it is not deleted."), name, document.name)


def _locked(name: str, content_hash: str) -> Document:
	signals.readable(name)
	signal = frappe.get_doc(signals.DOCTYPE, name, for_update=True)
	signals.require_shown(signal, content_hash)
	return signal


def _settle(signal: Document) -> None:
	signal.status = rules.status(signal.outcome or "", [one.open for one in standing.actions(signal)])
