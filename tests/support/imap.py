"""A mail server with one folder, which speaks as much IMAP as Frappe asks of it (RFC 3501)."""

from __future__ import annotations

import re
import socketserver
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


class _Session(socketserver.StreamRequestHandler):
	server: Mailbox

	def handle(self) -> None:
		self._say(b"* OK here")
		while line := self.rfile.readline().strip():
			tag, command = line.split(b" ", 1)
			words = command.upper().split()
			verb = words[1] if words[0] == b"UID" else words[0]
			if verb == b"CAPABILITY":
				self._say(b"* CAPABILITY IMAP4REV1")
			elif verb in (b"SELECT", b"EXAMINE"):
				self._say(b"* %d EXISTS" % len(self.server.mails))
			elif verb == b"STATUS":
				self._say(b'* STATUS "INBOX" (UIDVALIDITY 7 UIDNEXT %d)' % (len(self.server.mails) + 1))
			elif verb == b"SEARCH":
				self._say(b"* SEARCH " + b" ".join(b"%d" % uid for uid in self._found(command)))
			elif verb == b"FETCH":
				uid = int(words[2])
				raw = self.server.mails[uid - 1]
				flags = b"\\Seen" if uid in self.server.seen else b""
				self.wfile.write(
					b"* %d FETCH (UID %d FLAGS (%s) BODY[] {%d}\r\n" % (uid, uid, flags, len(raw))
				)
				self.wfile.write(raw + b")\r\n")
			elif verb == b"STORE":
				self.server.seen.add(int(words[2]))
			elif verb == b"LOGOUT":
				self._say(b"* BYE")
			self._say(tag + b" OK done")
			if verb == b"LOGOUT":
				return

	def _say(self, line: bytes) -> None:
		self.wfile.write(line + b"\r\n")

	def _found(self, command: bytes) -> list[int]:
		everything = range(1, len(self.server.mails) + 1)
		if asked := re.search(rb"UID (\d+):", command.split(b" ", 2)[2]):
			first = int(asked[1])
			# "n:*" always names the last one (RFC 3501, 6.4.8).
			return [uid for uid in everything if uid >= first] or list(everything)[-1:]
		return [uid for uid in everything if uid not in self.server.seen]


class Mailbox(socketserver.ThreadingTCPServer):
	"""The mailbox: what is in it, and what was marked as seen."""

	daemon_threads = allow_reuse_address = True

	def __init__(self, mails: Sequence[bytes]) -> None:
		self.mails, self.seen = list(mails), set[int]()
		super().__init__(("127.0.0.1", 0), _Session)


@contextmanager
def mailbox(*mails: bytes) -> Iterator[Mailbox]:
	"""Serve a mailbox with these mails within the block; its port is `.server_address[1]`."""
	server = Mailbox(mails)
	thread = threading.Thread(target=server.serve_forever, daemon=True)
	thread.start()
	try:
		yield server
	finally:
		server.shutdown()
		server.server_close()
		thread.join(timeout=5)
