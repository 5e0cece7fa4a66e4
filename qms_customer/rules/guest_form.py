"""What a visitor of the site may tell us, and what is let in of it (H1, A10; ISO 13485 8.2.1).

A visitor is nobody: what they say is text, what they name may not exist, and whoever fills in the form may be
a machine. What is let in is decided here; nothing that a person says is dropped without telling them.
"""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qms_customer.rules import feedback, mark, says
from qms_customer.rules.review import Refusal

# Who a visitor may be: our own people have the Desk.
SOURCES = tuple(source for source in feedback.SOURCES if source != "Employee")
# What it is about, as the visitor sees it; what it is, is decided by who assesses it (H2).
PROBLEM = "Problem"
CONCERNS = (PROBLEM, feedback.ENQUIRY, feedback.SUGGESTION, feedback.PRAISE, feedback.OTHER)

# All that a visitor may say, with the most characters of each; these are fields of Customer Feedback.
LENGTHS: Mapping[str, int] = {
	"source": 40,
	"concern": 40,
	"details": 5000,
	"customer_told": 140,
	"contact_name": 140,
	"contact_email": 140,
	"contact_phone": 40,
	"item_told": 140,
	"batch_no": 140,
	"serial_no": 140,
	"udi": 300,
	"happened_on": 10,
	"aware_on": 10,
	"event_country": 140,
	"patient_details": 2000,
}
# The fields in which a line may end.
LINES = frozenset({"details", "patient_details"})
# How many addresses of other sites a text may name: advertising is made of them.
LINKS = 3
_LINK = re.compile(r"https?://|www\.|\[url", re.IGNORECASE)

# Attachments: what they are by their first bytes, and the endings that such a file may have.
KINDS: Mapping[str, tuple[str, ...]] = {
	"image/jpeg": (".jpg", ".jpeg"),
	"image/png": (".png",),
	"image/webp": (".webp",),
	"application/pdf": (".pdf",),
	"video/mp4": (".mp4",),
}
MEGABYTE = 1024 * 1024
FILES, FILE_SIZE, ALL_SIZE = 5, 8 * MEGABYTE, 20 * MEGABYTE
# What nobody's camera writes into a picture: a file that is a picture and a page at once.
_PAGE = re.compile(rb"<(script|html|\?php|!doctype html)", re.IGNORECASE)


# Texts


def plain(value: str, lines: bool = False) -> str:
	"""Return what somebody typed as text that is stored and shown as it was written (H1).

	What a browser would take for a tag is parted from its bracket by a space, so that nothing of the words is
	lost to the filter of those who read them; characters that show nothing, or turn the line around, go.
	"""
	text = unicodedata.normalize("NFC", str(value or "")).replace("\r\n", "\n").replace("\r", "\n")
	if not lines:
		text = " ".join(text.split())
	text = "".join(one for one in text if one in "\n\t" or unicodedata.category(one)[0] != "C")
	return re.sub(r"<(?=[a-zA-Z/!?])", "< ", text).strip()


def file_name(name: str, kind: str) -> str:
	"""Return a name for an attachment: of the visitor's own only letters, digits and hyphens, and the ending
	of what it is (H1).
	"""
	stem = re.split(r"[/\\]", unicodedata.normalize("NFKC", name or ""))[-1].rpartition(".")[0]
	stem = re.sub(r"[^\w-]+", "-", stem).strip("-_")[:40]
	return (stem or "file") + KINDS[kind][0]


# What stands against it


@dataclass(frozen=True)
class Attached:
	"""A file that came with the form. `kind`: what it is by its first bytes, "" if that is not known.
	`unsafe`: it was opened, and cannot be read, is locked, or does more than show something.
	"""

	name: str
	size: int
	kind: str = ""
	unsafe: bool = False


def refusals(said: Mapping[str, str], files: Sequence[Attached] = (), trap: str = "") -> list[Refusal]:
	"""Return what stands against taking in what a visitor sent, all at once (H1).

	`trap`: what stands in the field that nobody sees. It is not thrown away in silence: browsers fill in
	fields as well.
	"""
	found = []
	if trap:
		found.append(
			Refusal(
				"H1",
				mark("A field that people leave empty is filled in. Empty it, and send the form again."),
				(),
			)
		)
	if said.get("source") not in SOURCES:
		found.append(Refusal("H1", mark("Choose who you are."), ()))
	if said.get("concern") not in CONCERNS:
		found.append(Refusal("H1", mark("Choose what it is about."), ()))
	if not says(said.get("details") or ""):
		found.append(Refusal("H1", mark("Write what you want to tell us."), ()))
	for name, most in LENGTHS.items():
		if len(said.get(name) or "") > most:
			found.append(Refusal("H1", mark("{0}: at most {1} characters."), (LABELS[name], str(most))))
	if sum(len(_LINK.findall(text)) for text in said.values()) > LINKS:
		found.append(
			Refusal("H1", mark("Name at most {0} addresses of web pages; attach the rest."), (str(LINKS),))
		)
	return [*found, *file_refusals(files)]


def file_refusals(files: Sequence[Attached]) -> list[Refusal]:
	"""Return what stands against the attachments (H1): too many, too large, or not what they seem to be."""
	found = []
	if len(files) > FILES:
		found.append(Refusal("H1", mark("Attach at most {0} files."), (str(FILES),)))
	if sum(one.size for one in files) > ALL_SIZE:
		found.append(
			Refusal("H1", mark("The files are too large together: at most {0} MB."), (_megabytes(ALL_SIZE),))
		)
	for one in files:
		if one.size > FILE_SIZE:
			found.append(
				Refusal("H1", mark("{0} is too large: at most {1} MB."), (one.name, _megabytes(FILE_SIZE)))
			)
		elif not one.name.lower().endswith(KINDS.get(one.kind, ())):
			found.append(
				Refusal(
					"H1",
					mark("{0} is not accepted. Attach pictures (JPEG, PNG, WebP), PDF or MP4."),
					(one.name,),
				)
			)
		elif one.unsafe:
			found.append(
				Refusal(
					"H1",
					mark("{0} cannot be read, is locked, or contains a program. Attach a picture of it."),
					(one.name,),
				)
			)
	return found


def is_page(content: bytes) -> bool:
	"""Return whether a picture has a page or a program in it besides (H1)."""
	return bool(_PAGE.search(content))


# What the refusals call a field: its label on the form.
LABELS: Mapping[str, str] = {
	"source": mark("Who are you?"),
	"concern": mark("What is it about?"),
	"details": mark("What do you want to tell us?"),
	"customer_told": mark("Hospital, clinic or company"),
	"contact_name": mark("Your Name"),
	"contact_email": mark("Your e-mail address"),
	"contact_phone": mark("Your telephone number"),
	"item_told": mark("Product, model"),
	"batch_no": mark("Batch number (LOT)"),
	"serial_no": mark("Serial number (SN)"),
	"udi": mark("Code on the label (UDI)"),
	"happened_on": mark("When did it happen?"),
	"aware_on": mark("As a distributor: since when did you know of it?"),
	"event_country": mark("In which country?"),
	"patient_details": mark("What happened to the patient?"),
}


def _megabytes(size: int) -> str:
	return str(size // MEGABYTE)


# The form itself

# Nobody fills it in within so many seconds; whoever leaves it open for so many hours gets a new one.
FASTEST, LONGEST = 3, 24 * 60 * 60
GOOD, EARLY, OVER = "Good", "Early", "Over"


def ticket(secret: bytes, at: int, nonce: str) -> str:
	"""Return what a form carries that we have given out at a time in seconds (H1)."""
	return f"{at}.{nonce}.{_seal(secret, at, nonce)}"


def read_ticket(secret: bytes, given: str, now: int) -> tuple[str, str]:
	"""Return how a form stands that comes back now, and its nonce: GOOD, EARLY or OVER, which is also what
	we have not given out (H1).
	"""
	at, nonce, seal = (*str(given or "").split("."), "", "", "")[:3]
	if not re.fullmatch(r"[0-9]{1,12}", at, re.ASCII) or not re.fullmatch(r"[0-9a-zA-Z]{8,64}", nonce):
		return OVER, ""
	if not hmac.compare_digest(_seal(secret, int(at), nonce).encode(), seal.encode(errors="replace")):
		return OVER, ""
	age = now - int(at)
	if age > LONGEST:
		return OVER, nonce
	return (EARLY if age < FASTEST else GOOD), nonce


def _seal(secret: bytes, at: int, nonce: str) -> str:
	return hmac.new(secret, f"qms_customer guest form {at} {nonce}".encode(), hashlib.sha256).hexdigest()
