"""E-mails that come in: which of them a person has written, and which belongs to a record already (A10, H1,
H5).

Who sends a mail can say anything in it, and in its head. So nothing but the identifier of a mail that they
have received puts theirs on a record: no number in the subject, no address.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

# What kind of mail it is.
PERSON, AUTOMATIC, BOUNCE, OWN = "", "Automatic", "Bounce", "Own"
# RFC 3834, and what was usual before it.
_AUTOMATIC_PRECEDENCE = frozenset({"bulk", "junk", "auto_reply"})
_AUTOMATIC_HEADERS = ("x-autoreply", "x-autorespond", "x-auto-reply-from", "x-mail-autoreply")
_BOUNCING = frozenset({"mailer-daemon", "postmaster", "mail-daemon", "mailerdaemon"})
# How programs begin a subject that say nothing of themselves in the head.
_AUTOMATIC_SUBJECTS = (
	*("automatic reply:", "auto reply:", "auto-reply:", "autoreply:", "out of office:", "out of office re:"),
	*("自动回复", "自动答复", "休假自动回复"),
)
_BOUNCE_SUBJECTS = ("undeliverable:", "undelivered mail returned to sender", "系统退信", "退信通知")
_NOBODY = re.compile(r"^(no|do.?not|dont|donot)[-_.]?reply|^(bounces?|notifications?)([-+_.]|$)")
# What a browser takes for the beginning of a tag.
_TAG = re.compile(r"<(?=[a-zA-Z/!?])")
# What is no part of a file's name.
_NO_NAME = re.compile(r"[<>:\"|?*&'`%#$;{}\[\]]|\.\.+")
_STEM, _ENDING = 100, 10
_BLANKS = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\n{3,}")


@dataclass(frozen=True)
class Head:
	"""The head of a mail. `headers`: by name in small letters; `report`: it is a report on a mail (RFC 6522).
	`own`: the addresses of our accounts, in small letters; `site` and `domain`: how our site calls itself in
	its mails, and in their identifiers.
	"""

	sender: str
	subject: str = ""
	headers: Mapping[str, str] = field(default_factory=dict)
	report: str = ""
	own: Collection[str] = ()
	site: str = ""
	domain: str = ""

	def says(self, name: str) -> str:
		"""Return what a header says, in small letters, "" if it is not there."""
		return str(self.headers.get(name) or "").strip().lower()


def kind(head: Head) -> str:
	"""Return what a mail is: PERSON, or sent by a program: AUTOMATIC, a BOUNCE, or our OWN (A10, H1).

	A mail of a program makes no record and is never answered: two programs would answer each other for ever.
	It is kept, and may be recorded by a person.
	"""
	sender, subject = head.sender.lower(), head.subject.strip().lower()
	if head.site and head.says("x-frappe-site") == head.site.lower():
		return OWN
	if head.domain and head.says("message-id").strip("<>").endswith(f"@{head.domain.lower()}"):
		return OWN
	local = sender.partition("@")[0]
	if (
		local in _BOUNCING
		or head.report == "delivery-status"
		or head.says("x-failed-recipients")
		or subject.startswith(_BOUNCE_SUBJECTS)
	):
		return BOUNCE
	answered = head.says("auto-submitted").partition(";")[0].strip()
	if (
		answered not in ("", "no")
		or head.says("precedence") in _AUTOMATIC_PRECEDENCE
		or head.says("return-path") == "<>"
		or head.report
		or any(head.says(name) not in ("", "no") for name in _AUTOMATIC_HEADERS)
		or subject.startswith(_AUTOMATIC_SUBJECTS)
	):
		return AUTOMATIC
	return PERSON


def may_answer(head: Head) -> bool:
	"""Return whether a receipt may be sent for a mail: a person has sent it, and reads the answer (A10).

	Not to an address of ours: whoever of ours passes a mail on needs none.
	"""
	if kind(head) or "@" not in head.sender or head.sender.lower() in head.own:
		return False
	if _NOBODY.search(head.sender.partition("@")[0].lower()):
		return False
	asked = head.says("x-auto-response-suppress")
	return asked in ("", "none") and not any(head.says(name) for name in ("list-id", "list-unsubscribe"))


def belongs(sent_by_us: bool, sender: str, people: Collection[str]) -> bool:
	"""Return whether an answer belongs to the record of the mail that it answers (H1, H5).

	Its identifier was made here at random and stands in that mail alone: who names it has got the mail. That
	of a mail from elsewhere can be guessed: then the sender has to be among its `people`.
	"""
	return sent_by_us or (bool(sender) and sender.lower() in {one.lower() for one in people})


def plain(text: str) -> str:
	"""Return a text as it is read, without what a browser would take for markup; blank lines are few (H1)."""
	lines = (
		_BLANKS.sub(" ", line).strip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
	)
	shown = "".join(c for c in "\n".join(lines) if c == "\n" or c.isprintable())
	return _TAG.sub("< ", _LINES.sub("\n\n", shown)).strip()


def file_name(text: str) -> str:
	"""Return the name of an attachment without what is a path, markup or an escape anywhere (H1)."""
	last = "".join(c for c in text.replace("\\", "/").rpartition("/")[2] if c.isprintable())
	name = " ".join(_NO_NAME.sub("_", last).split()).lstrip(". ")
	stem, dot, ending = name.rpartition(".")
	if dot and len(ending) <= _ENDING:
		return f"{stem[:_STEM] or '_'}.{ending}"
	return name[:_STEM] or "_"


def shortened(text: str, most: int) -> tuple[str, bool]:
	"""Return a text of at most so many bytes, and whether something was left off; no character is cut."""
	stored = text.encode("utf-8", "replace")
	if len(stored) <= most:
		return stored.decode(), False
	return stored[:most].decode("utf-8", "ignore").rstrip(), True
