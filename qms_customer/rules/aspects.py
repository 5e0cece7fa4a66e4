"""What each department answers for, and which topic each part of a contract's content touches (C6, C7)."""

from dataclasses import dataclass

from qms_customer.rules import mark, people

# The topics of C6. A department is concerned by a change when one of its topics is touched.
TECHNICAL = "Technical"
ACCEPTANCE = "Acceptance"
PRODUCTION = "Production"
PLANNING = "Planning"
MATERIALS = "Materials"
COMMERCIAL = "Commercial"
TOPICS = (TECHNICAL, ACCEPTANCE, PRODUCTION, PLANNING, MATERIALS, COMMERCIAL)

SALES = "Sales"
RND = "R&D"
QUALITY = "Quality"
PRODUCTION_DEPT = "Production"
PMC = "PMC"
PURCHASING = "Purchasing"


@dataclass(frozen=True)
class Department:
	"""C3, C4: a department of the routing table, with the role whose holders answer for it."""

	name: str
	role: str
	circulated: bool
	convened: bool
	leading: bool = False


@dataclass(frozen=True)
class Aspect:
	"""C6: one question that a department answers in its opinion."""

	department: str
	topic: str
	question: str


# C3 names Production, Technology and Quality; Sales answers for its own aspects in every review (C6).
DEPARTMENTS = (
	Department(SALES, people.SALES_USER, circulated=True, convened=True),
	Department(RND, people.RND, circulated=True, convened=True, leading=True),
	Department(QUALITY, people.QUALITY, circulated=True, convened=True),
	Department(PRODUCTION_DEPT, people.PRODUCTION, circulated=True, convened=True),
	Department(PMC, people.PLANNING, circulated=False, convened=True),
	Department(PURCHASING, people.PURCHASING, circulated=False, convened=True),
)

# What the settings may not take away: C3 and C4 name these departments.
CIRCULATED_FLOOR = frozenset({SALES, RND, QUALITY, PRODUCTION_DEPT})
CONVENED_FLOOR = CIRCULATED_FLOOR | {PMC, PURCHASING}

# C6, and C7 spread over those who can know the answer.
ASPECTS = (
	Aspect(SALES, COMMERCIAL, mark("Product name, model, specification and quantity")),  # C2
	Aspect(SALES, COMMERCIAL, mark("Price")),
	Aspect(SALES, COMMERCIAL, mark("Payment method and term")),
	Aspect(SALES, COMMERCIAL, mark("Delivery method")),
	Aspect(SALES, COMMERCIAL, mark("Differences from the quotation or tender are resolved")),
	Aspect(
		SALES, COMMERCIAL, mark("Requirements are defined, documented and understood alike by both sides")
	),
	Aspect(SALES, COMMERCIAL, mark("Product information given to the customer is consistent")),
	Aspect(SALES, COMMERCIAL, mark("Identified user training is available or planned")),
	Aspect(RND, TECHNICAL, mark("Technical standards")),
	Aspect(RND, TECHNICAL, mark("Environmental requirements")),
	Aspect(RND, TECHNICAL, mark("Special packaging and process")),
	Aspect(QUALITY, ACCEPTANCE, mark("Acceptance criteria")),
	Aspect(QUALITY, ACCEPTANCE, mark("Inspection capability for new requirements")),
	Aspect(QUALITY, ACCEPTANCE, mark("Statutory and regulatory requirements are met")),
	Aspect(PRODUCTION_DEPT, PRODUCTION, mark("Production capacity")),
	Aspect(PRODUCTION_DEPT, PRODUCTION, mark("Equipment")),
	Aspect(PRODUCTION_DEPT, PRODUCTION, mark("Production process")),
	Aspect(PMC, PLANNING, mark("Overall capacity")),
	Aspect(PMC, PLANNING, mark("Delivery date")),
	Aspect(PURCHASING, MATERIALS, mark("Raw material availability")),
	Aspect(PURCHASING, MATERIALS, mark("Raw material lead time")),
)
