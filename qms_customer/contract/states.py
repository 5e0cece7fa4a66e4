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

NOTICE_DRAFT = "Notice Draft"
NOTICE_CONFIRMING = "Awaiting Customer"
NOTICE_REVIEW = "Notice In Review"
NOTICE_PENDING = "Notice Pending Approval"
NOTICE_APPLIED = "Change Applied"
NOTICE_REJECTED = "Change Rejected"
NOTICE_WITHDRAWN = "Change Withdrawn"
# Whoever waits for the order waits for these: put forward and not decided (D4).
NOTICE_OPEN = (NOTICE_DRAFT, NOTICE_CONFIRMING, NOTICE_REVIEW, NOTICE_PENDING)

AWAITING_ACKNOWLEDGEMENT = "Awaiting Acknowledgement"
ACKNOWLEDGED = "Acknowledged"
PRODUCTION_PASSED = "Passed to Production"
PRODUCTION_RELEASED = "Released to Production"
PRODUCTION_WITHDRAWN = "Withdrawn from Production"

# The states of a return slip (G2-G6); rules/returns.py says which one follows from what.
RETURN_DRAFT = "Return Draft"
RETURN_TESTING = "Sample Test"
RETURN_EXPLAINING = "With the Customer"
RETURN_PENDING = "Return Pending Approval"
RETURN_ROUTING = "Route to be Decided"
RETURN_AWAITED = "Goods Awaited"
RETURN_DESTROYING = "Destruction Awaited"
RETURN_QUARANTINED = "In Quarantine"
RETURN_SETTLING = "Settlement Due"
RETURN_CLOSED = "Return Closed"
RETURN_REJECTED = "Return Rejected"
RETURN_WITHDRAWN = "Return Withdrawn"
# Before it is decided, and from then on.
RETURN_OPEN = (RETURN_DRAFT, RETURN_TESTING, RETURN_EXPLAINING, RETURN_PENDING)
RETURN_APPROVED = (
	*(RETURN_ROUTING, RETURN_AWAITED, RETURN_DESTROYING, RETURN_QUARANTINED),
	*(RETURN_SETTLING, RETURN_CLOSED),
)

# The states of a complaint (H3, H5); rules/complaint.py says which one follows from what.
COMPLAINT_INVESTIGATING = "Complaint in Investigation"
COMPLAINT_ACTING = "Action on Complaint"
COMPLAINT_REPLYING = "Reply to Complaint Due"
COMPLAINT_VERIFYING = "Effectiveness to be Checked"
COMPLAINT_CLOSING = "Complaint to be Closed"
COMPLAINT_CLOSED = "Complaint Closed"
COMPLAINT_OPEN = (
	*(COMPLAINT_INVESTIGATING, COMPLAINT_ACTING, COMPLAINT_REPLYING),
	*(COMPLAINT_VERIFYING, COMPLAINT_CLOSING),
)
# The states of feedback (H2, A10).
FEEDBACK_TO_ASSESS = "Feedback to be Assessed"
FEEDBACK_TO_ANSWER = "Feedback to be Answered"
FEEDBACK_CLOSED = "Feedback Closed"
COMPLAINT_OPENED = "Complaint Opened"

APPROVE, REJECT, RETURN = "Approve", "Reject", "Return"
SUBMIT_OPINION, RE_AFFIRM = "Submit Opinion", "Re-affirm"
AUTHORISE, REFUSE = "Authorise", "Refuse"
ACKNOWLEDGE = "Acknowledge"
RELEASE = "Release to Production"
CLOSE_COMPLAINT = "Close Complaint"
ASSESS = "Assess"
