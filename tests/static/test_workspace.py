"""The workspace leads to every report, and each of its cards to something."""

from __future__ import annotations

import json

from tests.support import env

WORKSPACE = env.PACKAGE / "workspace/qms_customer/qms_customer.json"


def cards() -> dict[str, tuple[int, list[dict]]]:
	"""Return, by card, how many links it says it has, and those that it has."""
	found: dict[str, tuple[int, list[dict]]] = {}
	for row in json.loads(WORKSPACE.read_text())["links"]:
		if row["type"] == "Card Break":
			links: list[dict] = []
			found[row["label"]] = row["link_count"], links
		else:
			links.append(row)
	return found


def test_each_card_has_the_links_that_it_says() -> None:
	found = cards()
	assert {name: said for name, (said, _links) in found.items()} == {
		name: len(links) for name, (_said, links) in found.items()
	}
	assert all(links for _said, links in found.values())
	shown = [
		one["data"]["card_name"]
		for one in json.loads(json.loads(WORKSPACE.read_text())["content"])
		if one["type"] == "card"
	]
	assert sorted(shown) == sorted(found)


def test_every_report_is_reached_and_stands_in_one_place() -> None:
	linked = [row["link_to"] for _said, links in cards().values() for row in links]
	assert len(linked) == len(set(linked))
	reports = {json.loads(file.read_text())["name"] for file in env.PACKAGE.glob("report/*/*.json")}
	assert reports - set(linked) == set()
