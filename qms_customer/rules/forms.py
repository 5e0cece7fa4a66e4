"""The forms of the records: number, version, owner, how long they are kept (K4)."""

from collections.abc import Sequence
from dataclasses import dataclass

from qms_customer.rules import mark
from qms_customer.rules.review import Refusal

ROUTINE_REVIEW = "Routine Contract Review"
NON_ROUTINE_REVIEW = "Non-routine Contract Review"
SALES_RECORD = "Sales Record"
CUSTOMER_REGISTER = "Customer Register"
DESTRUCTION_CERTIFICATE = "Destruction Certificate"
PERMANENT = 0


@dataclass(frozen=True)
class Form:
	"""K4: the form of one type of record. `years` is how long it is kept; 0 is for good."""

	record_type: str
	number: str
	version: str
	owner: str
	years: int


# The excerpts give years and owner, and no numbers for these forms: the numbers are ours until a site has its
# own.
DEFAULTS = (
	Form(ROUTINE_REVIEW, "QMS-CR-01", "A/0", "Sales", 5),
	Form(NON_ROUTINE_REVIEW, "QMS-CR-02", "A/0", "Sales", 5),
	Form("Contract Review Opinion", "QMS-CR-03", "A/0", "Sales", 5),
	Form("Review Action", "QMS-CR-04", "A/0", "Sales", 5),
	Form("Approval Delegation", "QMS-CR-05", "A/0", "Sales", 5),
	Form("Delivery Authorisation", "QMS-CR-06", "A/0", "Sales", 5),
	Form("Contract Register", "QMS-CR-07", "A/0", "Sales", PERMANENT),
	Form("Sales Order", "QMS-CR-08", "A/0", "Sales", 5),
	Form("Return Slip", "QMS-CR-09", "A/0", "Sales", 3),
	Form(DESTRUCTION_CERTIFICATE, "QMS-CR-16", "A/0", "Sales", 3),
	Form(CUSTOMER_REGISTER, "QMS-CR-10", "A/0", "Sales", PERMANENT),
	Form("Contract Change Notice", "QMS-CR-11", "A/0", "Sales", 5),
	Form("Change Acknowledgement", "QMS-CR-13", "A/0", "Sales", 5),
	Form("Contract Sweep Finding", "QMS-CR-15", "A/0", "Management Representative", 5),
	Form("Complaint Signal", "QMS-CR-24", "A/0", "Quality", 5),
	# The one form that the excerpts number. They give no years: as long as a device may be in use.
	Form(SALES_RECORD, "QP07-02", "A/0", "Sales", PERMANENT),
	Form("Production Notice", "QMS-CR-12", "A/0", "Production", 5),
	# The excerpts give no years, and what is reported about an implant is kept for good.
	Form("Customer Complaint", "QP07-01", "A/0", "Quality", PERMANENT),
	# As long as a device may be in use.
	Form("Customer Feedback", "QP17-01", "A/0", "Sales", PERMANENT),
	# Records of adverse events are kept for good where the device is an implant; it is not asked which is.
	Form("Reportability Decision", "QMS-CR-19", "A/0", "Quality", PERMANENT),
	# Kept as the notice that follows from it, of which the excerpts say nothing.
	Form("Advisory Notice Decision", "QMS-CR-27", "A/0", "Management Representative", PERMANENT),
)


def refusals(forms: Sequence[Form]) -> list[Refusal]:
	"""Return what stands against a table of forms: a type twice, a form without a number or version (K4)."""
	found, seen = [], set()
	for form in forms:
		if form.record_type in seen:
			found.append(Refusal("K4", mark("{0} has two forms: keep one."), (form.record_type,)))
		seen.add(form.record_type)
		if not form.number.strip() or not form.version.strip():
			found.append(
				Refusal("K4", mark("The form of {0} needs a number and a version."), (form.record_type,))
			)
		if form.years < 0:
			found.append(
				Refusal("K4", mark("{0} is kept for a number of years, or 0: for good."), (form.record_type,))
			)
	return found
