qms_customer.show_terms("Contract Review");

frappe.listview_settings["Contract Review"] = {
	onload(listview) {
		qms_customer.no_bulk_workflow(listview);
		listview.page.add_actions_menu_item(__("Decide Selected"), () => decide_selected(listview), false);
	},
};

// What is signed stands in the dialog, one row a review; each gets a signature of its own (C9, C12, K3).
function decide_selected(listview) {
	const names = listview.get_checked_items(true);
	const decisions = { Approve: "Approved", Reject: "Rejected", Return: "Returned" };
	const meanings = { ...decisions, Return: "Returned to Sales" };
	qms_customer.api("get_decisions", { names }).then(({ html, reviews }) => {
		const mine = reviews.filter((one) => one.may_decide);
		if (!mine.length) {
			frappe.msgprint({ title: __("Nothing to Decide"), message: html, wide: true });
			return;
		}
		const same = (key) => (mine.every((one) => one[key] === mine[0][key]) ? mine[0][key] : "");
		const approving = (values) => values.decision === "Approve";
		qms_customer
			.sign({
				title: __("Decide {0} Contract Reviews", [mine.length]),
				size: "extra-large",
				fields: [
					{ fieldtype: "HTML", options: html },
					{ fieldtype: "Section Break" },
					{
						fieldname: "decision",
						fieldtype: "Select",
						label: __("Decision", null, "Contract Review"),
						reqd: 1,
						options: [
							{ value: "", label: "" },
							...Object.keys(decisions).map((one) => ({ value: one, label: __(one) })),
						],
					},
					{ fieldtype: "Column Break" },
					{
						fieldname: "solution",
						fieldtype: "Small Text",
						label: __("Solution / Countermeasure", null, "Contract Review"),
						depends_on: `eval:${mine.some((one) => one.convened)} && doc.decision === "Approve"`,
						mandatory_depends_on: `eval:${mine.some((one) => one.convened)} && doc.decision === "Approve"`,
						slash: 1,
					},
					{
						fieldname: "comment",
						fieldtype: "Small Text",
						label: __("Comment", null, "Contract Review"),
						description: __("It is put down on each of them."),
						reqd: 1,
						slash: 1,
						stands_for: "decision_comment",
					},
				],
				label: __("Sign Each"),
				meaning: (values) => meanings[values.decision] || "",
				role: same("role"),
				acting_for: same("role") && same("acting_for"),
				method: "qms_customer.contract.api.decide_reviews",
				args: (values) => ({
					reviews: mine.map(({ name, content_hash }) => ({ name, content_hash })),
					decision: decisions[values.decision],
					comment: values.comment || "",
					solution: (approving(values) && values.solution) || "",
				}),
				done: (outcome) => report(listview, outcome),
			})
			.show();
	});
}

function report(listview, outcome) {
	listview.clear_checked_items();
	// The list would not ask again within three seconds of the last time.
	listview.last_args = null;
	listview.refresh();
	const row = ({ name, done, message }) => `<tr data-name="${frappe.utils.escape_html(name)}">
		<td class="text-nowrap">${frappe.utils.get_form_link("Contract Review", name, true)}</td>
		<td><span class="indicator ${done ? "green" : "red"}"></span> ${message}</td></tr>`;
	const failed = outcome.filter((one) => !one.done).length;
	frappe.msgprint({
		title: failed
			? __("{0} Signed, {1} Refused", [outcome.length - failed, failed])
			: __("{0} Signed", [outcome.length]),
		indicator: failed ? "orange" : "green",
		message: `<table class="table table-bordered qms-table qms-outcome"><tbody>${outcome.map(row).join("")}</tbody></table>`,
	});
}
