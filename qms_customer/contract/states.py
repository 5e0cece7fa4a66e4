"""Names of the workflow states and actions of our records (L3)."""

IN_REVIEW = "In Review"
PENDING_APPROVAL = "Pending Approval"
RETURNED = "Review Returned"
OUT_OF_DATE = "Out of Date"
APPROVED = "Approved"
REJECTED = "Rejected"
SUPERSEDED = "Superseded"
UNDECIDED = (IN_REVIEW, PENDING_APPROVAL, RETURNED, OUT_OF_DATE)

AWAITING_OPINION = "Awaiting Opinion"
OPINION_GIVEN = "Opinion Given"
OPINION_CLOSED = "Opinion Closed"

PENDING_AUTHORISATION = "Pending Authorisation"
AUTHORISED = "Authorised"
REFUSED = "Refused"

APPROVE, REJECT, RETURN = "Approve", "Reject", "Return"
SUBMIT_OPINION, RE_AFFIRM = "Submit Opinion", "Re-affirm"
AUTHORISE, REFUSE = "Authorise", "Refuse"
