"""The validation matrix: which test proves which rule. `python -m tests.support.matrix` writes
docs/validation-matrix.md.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "docs" / "validation-matrix.md"

TITLES = {
	"A1": "Five forms of contract",
	"A2": "Five classes of requirement",
	"A3": "Verbal orders are confirmed by the customer",
	"A6": "Documents that carry requirements, with version",
	"A7": "Special requirements; design before production",
	"A9": "Delivery and payment method are stated",
	"B1": "Routine: three criteria",
	"B2": "Unknown is never met",
	"B3": "Evidence kept; overrides",
	"B4": "Class evaluated again; validity of approvals",
	"C1": "No commitment before approval",
	"C2": "Routine, in stock: Sales alone",
	"C3": "Routine, not in stock: circulated",
	"C4": "Non-routine, large, special: convened",
	"C5": "Small routine: the salesperson's signature",
	"C6": "Each department its own aspects",
	"C7": "Differences from earlier statements are resolved",
	"C8": "Capacity forecast; the delivery date is agreed",
	"C9": "Matrix of approvers",
	"C10": "Numbered records; actions followed to the end",
	"C11": "Opinions in parallel; objections and overruling",
	"C12": "Nobody decides their own work; what was shown is what is approved",
	"C13": "Rejection is final; versions",
	"D4": "No delivery and no production without approval",
	"E8": "No alteration of a committed contract",
	"L1": "Roles",
	"L2": "Delegation for a period",
	"L3": "The ERP inbox; overdue work goes up",
}


def collect() -> dict[str, list[str]]:
	"""Return the tests by rule, as `path::function`, sorted."""
	found: dict[str, set[str]] = defaultdict(set)
	for path in sorted((ROOT / "tests").rglob("test_*.py")):
		tree = ast.parse(path.read_text())
		outer = _module_rules(tree)
		for node in ast.walk(tree):
			if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
				for rule in outer | _rules(node.decorator_list):
					found[rule].add(f"{path.relative_to(ROOT)}::{node.name}")
			elif isinstance(node, ast.ClassDef):
				inherited = _rules(node.decorator_list)
				for child in node.body:
					if isinstance(child, ast.FunctionDef) and child.name.startswith("test_"):
						for rule in inherited:
							found[rule].add(f"{path.relative_to(ROOT)}::{child.name}")
	return {rule: sorted(tests) for rule, tests in found.items()}


def text() -> str:
	"""Return the matrix as Markdown."""
	tests = collect()
	lines = [
		"# Validation matrix",
		"",
		"Which test proves which rule. Written by `python -m tests.support.matrix` from the marks;",
		"a static test fails when it is out of date. A test runs with `bin/test PATH -k NAME`.",
		"",
	]
	for rule in sorted(tests, key=lambda r: (r[0], int(r[1:]))):
		lines += [f"## {rule} {TITLES.get(rule, '')}".rstrip(), ""]
		by_file: dict[str, list[str]] = defaultdict(list)
		for test in tests[rule]:
			path, name = test.split("::")
			by_file[path].append(name)
		for path, names in by_file.items():
			lines.append(f"- `{path}`: " + ", ".join(f"`{n}`" for n in names))
		lines.append("")
	return "\n".join(lines)


def _rules(decorators: list[ast.expr]) -> set[str]:
	found: set[str] = set()
	for d in decorators:
		if isinstance(d, ast.Call) and ast.unparse(d.func) == "pytest.mark.rule":
			found |= {a.value for a in d.args if isinstance(a, ast.Constant)}
	return found


def _module_rules(tree: ast.Module) -> set[str]:
	for node in tree.body:
		if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark":
			values = node.value.elts if isinstance(node.value, ast.List | ast.Tuple) else [node.value]
			return _rules(values)
	return set()


if __name__ == "__main__":
	TARGET.write_text(text())
