"""Chains of records: whatever is done to one is found, and named (K2, K3)."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_customer.rules import chain

RECORD = ("Contract Review", "CR-1")
NOW = "2026-11-25T10:00:00.000000+00:00"


def signature(content: str, **values: object) -> chain.Signature:
	return chain.Signature(
		**{
			"meaning": "Approved",
			"signer": "vp@example.com",
			"full_name": "Wang Fang",
			"role": "QMS Sales VP",
			"acting_for": "",
			"acting_for_name": "",
			"signed_at": NOW,
			"comment": "/",
			"factor": "Password",
			"session": "s",
			"record_version": 1,
			"content_hash": chain.sha256(content),
			"shown_hash": "",
			"attachments": "[]",
			**values,
		}
	)


def made(contents: list[str], record: tuple[str, str] = RECORD, signed: bool = True) -> list[chain.Stored]:
	found: list[chain.Stored] = []
	for number, content in enumerate(contents):
		sign = signature(content) if signed and number % 2 else None
		last = found[-1].entry if found else None
		entry = chain.link(record, "Event", "someone", NOW, content, sign, last)
		found.append(chain.Stored(entry, content, sign))
	return found


def kinds(stored: list[chain.Stored]) -> list[tuple[str, int]]:
	return [(f.kind, f.sequence) for f in chain.verify(stored)]


def replaced(stored: chain.Stored, **values: object) -> chain.Stored:
	return dataclasses.replace(stored, entry=dataclasses.replace(stored.entry, **values))


contents = st.lists(st.text(max_size=20), min_size=1, max_size=6)


@pytest.mark.rule("K2")
@given(contents)
def test_k2_a_chain_that_nobody_touched_is_sound(texts: list[str]) -> None:
	assert kinds(made(texts)) == []


@pytest.mark.rule("K2", "K3")
@given(contents, st.data())
def test_k2_whatever_is_changed_in_an_entry_is_named(texts: list[str], data: st.DataObject) -> None:
	stored = made(texts)
	number = data.draw(st.integers(0, len(stored) - 1))
	field = data.draw(
		st.sampled_from(
			["event", "by", "at", "content_hash", "signature_hash", "previous_hash", "chain_hash"]
		)
	)
	value = getattr(stored[number].entry, field)
	other = data.draw(st.text(max_size=5).filter(lambda t: t != value))
	stored[number] = replaced(stored[number], **{field: other})
	assert (chain.ENTRY_CHANGED, number + 1) in kinds(stored)


@pytest.mark.rule("K2")
@given(contents, st.text(max_size=20), st.data())
def test_k2_changed_content_is_named(texts: list[str], other: str, data: st.DataObject) -> None:
	stored = made(texts)
	number = data.draw(st.integers(0, len(stored) - 1))
	if other != texts[number]:
		stored[number] = dataclasses.replace(stored[number], content=other)
		assert kinds(stored) == [(chain.CONTENT_CHANGED, number + 1)]


@pytest.mark.rule("K2")
@given(contents, st.data())
def test_k2_a_rewritten_entry_is_named_by_the_one_that_follows(texts: list[str], data: st.DataObject) -> None:
	"""Even with its own hash computed anew: the next entry was made to follow another."""
	stored = made([*texts, "last"])
	number = data.draw(st.integers(0, len(stored) - 2))
	forged = chain.sealed(dataclasses.replace(stored[number].entry, by="somebody else"))
	stored[number] = dataclasses.replace(stored[number], entry=forged)
	assert kinds(stored) == [(chain.ENTRY_CHANGED, number + 1)]


@pytest.mark.rule("K3")
@given(st.sampled_from([f.name for f in dataclasses.fields(chain.Signature)]))
def test_k3_whatever_is_changed_in_a_signature_is_named(field: str) -> None:
	stored = made(["a", "b", "c"])
	sign = stored[1].signature
	other = 2 if field == "record_version" else "other"
	stored[1] = dataclasses.replace(stored[1], signature=dataclasses.replace(sign, **{field: other}))
	assert kinds(stored) == [(chain.SIGNATURE_CHANGED, 2)]


@pytest.mark.rule("K3")
def test_k3_a_signature_taken_away_or_put_in_is_named() -> None:
	stored = made(["a", "b", "c"])
	stored[1] = dataclasses.replace(stored[1], signature=None)
	assert kinds(stored) == [(chain.SIGNATURE_REMOVED, 2)]
	stored = made(["a", "b", "c"])
	stored[0] = dataclasses.replace(stored[0], signature=signature("a"))
	assert kinds(stored) == [(chain.SIGNATURE_INSERTED, 1)]


@pytest.mark.rule("K3")
def test_k3_a_signature_moved_to_another_content_is_named() -> None:
	"""11.70: a signature cannot be cut out and put under another record."""
	stored = made(["a", "b"])
	elsewhere = chain.Stored(
		chain.link(RECORD, "Event", "someone", NOW, "c", stored[1].signature, stored[1].entry),
		"c",
		stored[1].signature,
	)
	assert kinds([*stored, elsewhere]) == [(chain.SIGNATURE_CHANGED, 3)]


@pytest.mark.rule("K2")
@given(st.integers(3, 8), st.data())
def test_k2_a_removed_entry_is_named(length: int, data: st.DataObject) -> None:
	stored = made([str(n) for n in range(length)])
	# The last one is missed by the anchor and by the document itself.
	gone = data.draw(st.integers(0, length - 2))
	del stored[gone]
	assert kinds(stored) == [(chain.REMOVED, gone + 1)]


@pytest.mark.rule("K2")
@given(st.integers(2, 8), st.data())
def test_k2_exchanged_entries_are_named(length: int, data: st.DataObject) -> None:
	stored = made([str(n) for n in range(length)])
	one, two = sorted(data.draw(st.sets(st.integers(0, length - 1), min_size=2, max_size=2)))
	stored[one], stored[two] = (
		replaced(stored[two], sequence=one + 1),
		replaced(stored[one], sequence=two + 1),
	)
	found = kinds(stored)
	assert (chain.REORDERED, one + 1) in found and (chain.REORDERED, two + 1) in found


@pytest.mark.rule("K2")
@given(st.integers(2, 8), st.data())
def test_k2_an_inserted_entry_is_named(length: int, data: st.DataObject) -> None:
	"""With the numbers of those behind it raised, by somebody who knows how hashes are made."""
	stored = made([str(n) for n in range(length)])
	place = data.draw(st.integers(1, length - 1))
	entry = chain.link(RECORD, "Forged", "someone", NOW, "x", None, stored[place - 1].entry)
	behind = [
		dataclasses.replace(
			s, entry=chain.sealed(dataclasses.replace(s.entry, sequence=s.entry.sequence + 1))
		)
		for s in stored[place:]
	]
	found = kinds([*stored[:place], chain.Stored(entry, "x"), *behind])
	assert (chain.INSERTED, place + 1) in found
	moved = [replaced(s, sequence=s.entry.sequence + 1) for s in stored[place:]]
	found = kinds([*stored[:place], chain.Stored(entry, "x"), *moved])
	assert all((chain.REORDERED, n + 1) in found for n in range(place + 1, length + 1))
	twice = [*stored[: place + 1], chain.Stored(entry, "x"), *stored[place + 1 :]]
	assert (chain.INSERTED, place + 1) in kinds(twice)


@pytest.mark.rule("K3")
@given(st.datetimes(), st.datetimes())
def test_k3_time_never_runs_backwards(first: object, second: object) -> None:
	entry = chain.link(RECORD, "Event", "someone", first.isoformat(), "a")
	following = chain.link(RECORD, "Event", "someone", second.isoformat(), "b", None, entry)
	assert following.at >= entry.at
	assert kinds([chain.Stored(entry, "a"), chain.Stored(following, "b")]) == []
	assert chain.time_of(first.isoformat(), None, second.isoformat()) >= second.isoformat()
	back = chain.sealed(dataclasses.replace(following, at="0001"))
	assert (chain.TIME_BACKWARDS, 2) in kinds([chain.Stored(entry, "a"), chain.Stored(back, "b")])


def several(records: int) -> list[chain.Stored]:
	return [s for n in range(records) for s in made(["a", "b"], ("Contract Review", f"CR-{n}"))]


def anchors_of(stored: list[chain.Stored], days: int = 3) -> list[chain.Anchor]:
	found: list[chain.Anchor] = []
	for day in range(days):
		lines = [chain.manifest_line(s.entry) for s in stored[day::days]]
		found.append(chain.anchor(lines, f"2026-11-{day + 1:02}", found[-1] if found else None))
	return found


def present(stored: list[chain.Stored]) -> dict[str, str]:
	pairs = (chain.manifest_line(s.entry).rpartition("\t") for s in stored)
	return {key: chain_hash for key, _tab, chain_hash in pairs}


@pytest.mark.rule("K2")
def test_k2_the_anchor_misses_a_record_that_is_gone_as_a_whole() -> None:
	stored = several(4)
	anchors = anchors_of(stored)
	left = [s for s in stored if s.entry.name != "CR-2"]
	assert kinds(left) == []
	found = {f for a in anchors for f in chain.compare_with_manifest(a, present(left))}
	assert {(f.kind, f.name, f.sequence) for f in found} == {
		(chain.RECORD_REMOVED, "CR-2", 1),
		(chain.RECORD_REMOVED, "CR-2", 2),
	}
	assert not [f for a in anchors for f in chain.compare_with_manifest(a, present(stored))]


@pytest.mark.rule("K2")
@given(st.integers(0, 2), st.sampled_from(["at", "manifest", "previous_hash", "anchor_hash"]))
def test_k2_a_changed_anchor_is_named(number: int, field: str) -> None:
	anchors = anchors_of(several(4))
	assert not list(chain.verify_anchors(anchors))
	anchors[number] = dataclasses.replace(anchors[number], **{field: "x"})
	assert chain.ANCHOR_CHANGED in {
		f.kind for f in chain.verify_anchors(anchors) if f.sequence in (number + 1, number + 2)
	}


@pytest.mark.rule("K2")
def test_k2_a_removed_anchor_is_named() -> None:
	anchors = anchors_of(several(4))
	assert chain.Finding(chain.ANCHOR_REMOVED, sequence=2) in list(
		chain.verify_anchors([anchors[0], anchors[2]])
	)


@pytest.mark.rule("K2")
def test_k2_an_export_is_checked_without_frappe(tmp_path: Path) -> None:
	"""The file alone, in an interpreter that finds no other module."""
	stored = several(3)
	anchors = tmp_path / "anchors.jsonl"
	anchors.write_text("\n".join(json.dumps(dataclasses.asdict(a)) for a in anchors_of(stored)))
	records = tmp_path / "records.jsonl"

	def checked(rows: list[chain.Stored]) -> subprocess.CompletedProcess[str]:
		records.write_text("\n".join(json.dumps(dataclasses.asdict(s)) for s in rows))
		script = tmp_path / "check.py"
		script.write_text(Path(chain.__file__).read_text())
		return subprocess.run(
			[sys.executable, "-I", "-S", script, anchors, records], capture_output=True, text=True
		)

	sound = checked(stored)
	assert (sound.returncode, sound.stderr) == (0, "") and "3 anchors" in sound.stdout, sound
	broken = checked(stored[2:])
	assert broken.returncode == 1
	assert f"{chain.RECORD_REMOVED}\tContract Review\tCR-0\t1" in broken.stdout
