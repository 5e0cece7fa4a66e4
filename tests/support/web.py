"""Talk to the web server of the test site."""

from __future__ import annotations

import json
from typing import Any

import requests


class Client(requests.Session):
	"""A session at the test site; paths are relative to it: `client.get("/api/resource/Customer")`."""

	def __init__(self, url: str) -> None:
		super().__init__()
		self.url = url
		self.trust_env = False  # no proxy for the loopback interface
		self.headers["Accept"] = "application/json"

	def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> requests.Response:
		"""Send a request to a path of the site."""
		kwargs.setdefault("timeout", 60)
		return super().request(method, self.url + url if url.startswith("/") else url, *args, **kwargs)

	def login(self, user: str, password: str) -> None:
		"""Log in; raise when the site refuses."""
		self.post("/api/method/login", data={"usr": user, "pwd": password}).raise_for_status()
		self.pen = {"user": user, "password": password}

	def sign(self, method: str, /, **arguments: Any) -> requests.Response:
		"""Call a function as the dialog of the Desk does, with what the user signs with."""
		return self.call(method, **arguments, signature=self.pen)

	def call(self, method: str, /, http_method: str = "POST", **arguments: Any) -> requests.Response:
		"""Call a whitelisted function by its dotted path; refusals come back as responses."""
		if http_method == "GET":
			simple = {
				key: value if isinstance(value, str) else json.dumps(value)
				for key, value in arguments.items()
			}
			return self.get(f"/api/method/{method}", params=simple)
		return self.request(http_method, f"/api/method/{method}", json=arguments)


def messages(response: requests.Response) -> list[str]:
	"""Return the texts that the site would show the user: those of frappe.throw and frappe.msgprint."""
	try:
		raw = response.json().get("_server_messages") or "[]"
	except ValueError:
		return []
	return [json.loads(message)["message"] for message in json.loads(raw)]
