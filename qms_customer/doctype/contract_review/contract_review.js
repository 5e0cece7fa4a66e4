frappe.ui.form.on("Contract Review", {
	refresh(frm) {
		frm.qms_panel = null;
		// The panel shows these as a person reads them; the tables are for prints and reports.
		frm.toggle_display(["sb_criteria", "sb_req", "sb_capacity"], false);
		qms_customer.fixed_rows(frm, "discrepancies");
		qms_customer.show_panel(frm, "review_panel", "get_review_panel", { name: frm.doc.name }, (panel) => {
			frm.qms_panel = panel;
			if (panel.may_decide) {
				let text = panel.acting_for
					? __("This review waits for your decision, acting for {0}.", [panel.acting_for])
					: __("This review waits for your decision.");
				if (panel.objections.length) {
					text += ` ${
						panel.may_overrule
							? __("A department objects: to approve, you overrule it with a reason.")
							: __("A department objects: only the general manager may overrule it. You can return or reject.")
					}`;
				}
				qms_customer.headline(frm, text, panel.objections.length ? "orange" : "blue");
				const by_workflow = ["QMS General Manager", frm.doc.approver_role].some((role) =>
					frappe.user_roles.includes(role)
				);
				if (!by_workflow) {
					// A delegate does not hold the role, so the workflow shows no buttons.
					for (const action of ["Approve", "Reject", "Return"]) {
						frm.add_custom_button(__(action), () => decide(frm, action), __("Actions"));
					}
				}
			} else if (panel.why_not) {
				qms_customer.headline(frm, panel.why_not, "orange");
			} else {
				qms_customer.headline(frm, panel.standing, panel.colour);
			}
			if (panel.may_resubmit) {
				frm.add_custom_button(__("Resubmit Unchanged"), () =>
					qms_customer.api("resubmit_review", { name: frm.doc.name }).then(() => frm.reload_doc())
				);
			}
			if (panel.may_start_next) {
				frm.add_custom_button(__("Open Contract"), () =>
					frappe.set_route("Form", frm.doc.reference_doctype, frm.doc.reference_name)
				);
			}
			if (panel.may_assess) {
				frm.add_custom_button(__("Answer with a Date"), () => answer_date(frm), __("Delivery Date"));
			}
			if (panel.may_agree) {
				frm.add_custom_button(__("Agree a Date"), () => agree_date(frm), __("Delivery Date"));
			}
			if (panel.may_refresh) {
				frm.add_custom_button(
					__("Refresh Capacity Forecast"),
					() => qms_customer.refresh_forecast(frm),
					__("Delivery Date")
				);
			}
			if (panel.may_override) {
				frm.add_custom_button(__("Override a Criterion"), () => override(frm), __("Tools"));
			}
		});
	},
	before_workflow_action(frm) {
		return qms_customer.instead_of_workflow(frm, {
			Approve: () => decide(frm, "Approve"),
			Reject: () => decide(frm, "Reject"),
			Return: () => decide(frm, "Return"),
		});
	},
});

const DECISIONS = { Approve: "Approved", Reject: "Rejected", Return: "Returned" };
const MEANINGS = { Approve: "Approved", Reject: "Rejected", Return: "Returned to Sales" };

function decide(frm, action) {
	const panel = frm.qms_panel;
	// Not loaded yet: there is nothing shown that could be decided on.
	if (!panel) return;
	if (panel.why_not) {
		frappe.msgprint(panel.why_not);
		return;
	}
	const approving = action === "Approve";
	const { objections, open_objections } = panel;
	const overruling = approving && panel.may_overrule && (objections.length || open_objections.length);
	const fields = [
		{
			fieldtype: "HTML",
			options: `<p>${__("{0}: {1} for {2}", [
				__(action),
				frappe.utils.escape_html(frm.doc.reference_name),
				frappe.utils.escape_html(frm.doc.customer_name || ""),
			])}</p>`,
		},
	];
	if (overruling) {
		fields.push({
			fieldname: "overrule_reason",
			fieldtype: "Small Text",
			label: objections.length
				? __("Reason for overruling the objection of {0}", [
						objections.map((d) => __(d, null, "Review Department")).join(", "),
				  ])
				: __("Reason for approving before {0} is done", [open_objections.join(", ")]),
			reqd: 1,
		});
	}
	// C4: the outcome of a review that was convened may include a solution. K1: "/" if it does not.
	if (approving && frm.doc.review_path === "Convened") {
		fields.push({
			fieldname: "solution",
			fieldtype: "Small Text",
			label: __("Solution / Countermeasure", null, "Contract Review"),
			default: frm.doc.solution || frm.doc.countermeasure,
			reqd: 1,
			slash: 1,
		});
	}
	fields.push({
		fieldname: "comment",
		fieldtype: "Small Text",
		label: __("Comment", null, "Contract Review"),
		reqd: 1,
		slash: approving ? 1 : 0,
		stands_for: "decision_comment",
	});
	qms_customer
		.sign({
			title: __("Decide Contract Review"),
			fields,
			label: __(action),
			meaning: overruling ? "Approved, Objections Overruled" : MEANINGS[action],
			role: panel.role,
			acting_for: panel.acting_for,
			method: "qms_customer.contract.api.decide_review",
			args: (values) => ({
				name: frm.doc.name,
				decision: DECISIONS[action],
				content_hash: panel.hash,
				comment: values.comment || "",
				overrule_reason: values.overrule_reason || "",
				solution: values.solution || "",
			}),
			done: () => frm.reload_doc(),
		})
		.show();
}

function override(frm) {
	const panel = frm.qms_panel;
	qms_customer
		.sign({
			title: __("Override a Criterion"),
			fields: [
				{
					fieldname: "criterion",
					fieldtype: "Select",
					label: __("Criterion"),
					reqd: 1,
					options: (frm.doc.criteria || []).map((c) => ({
						value: c.criterion,
						label: `(${c.criterion}) ${__(c.title)}`,
					})),
				},
				{
					fieldname: "verdict",
					fieldtype: "Select",
					label: __("Verdict"),
					reqd: 1,
					options: ["Met", "Not Met", "Unknown"].map((v) => ({ value: v, label: __(v) })),
				},
				{ fieldname: "reason", fieldtype: "Small Text", label: __("Reason"), reqd: 1 },
			],
			meaning: "Verdict Replaced",
			role: (values) => panel.override_roles[values.verdict === "Met" ? "less" : "more"],
			method: "qms_customer.contract.api.override_criterion",
			args: (values) => ({ name: frm.doc.name, ...values }),
			done: () => frm.reload_doc(),
		})
		.show();
}

// C8: PMC answers with the date by which all of it can be delivered. The date is a suggestion of the forecast.
function answer_date(frm) {
	const panel = frm.qms_panel;
	qms_customer
		.sign({
			title: __("Answer with a Date"),
			fields: [
				{
					fieldname: "possible_date",
					fieldtype: "Date",
					label: __("All of it can be delivered by"),
					default: frm.doc.possible_date || panel.suggested_date,
					reqd: 1,
				},
				{
					fieldname: "countermeasure",
					fieldtype: "Small Text",
					label: __("Countermeasure", null, "Contract Review"),
					description: __("If the date asked for cannot be met: what is done to meet it, or to come close."),
					reqd: 1,
					slash: 1,
				},
			],
			meaning: "Delivery Date Answered",
			role: "QMS Planning",
			method: "qms_customer.contract.api.answer_date",
			args: (values) => ({ name: frm.doc.name, content_hash: panel.fingerprint, ...values }),
			done: () => frm.reload_doc(),
		})
		.show();
}

// C8: Sales agrees a date with the customer, and records what the customer answered.
function agree_date(frm) {
	const panel = frm.qms_panel;
	qms_customer
		.sign({
			title: __("Agree a Date"),
			fields: [
				{
					fieldname: "agreed_date",
					fieldtype: "Date",
					label: __("Date Agreed with the Customer", null, "Contract Review"),
					default: frm.doc.agreed_date || frm.doc.possible_date,
					reqd: 1,
				},
				{
					fieldname: "customer_answer",
					fieldtype: "Small Text",
					label: __("Customer's Answer", null, "Contract Review"),
					description: __("Who answered, when and how."),
					reqd: 1,
				},
			],
			meaning: "Delivery Date Agreed with the Customer",
			role: panel.agrees_as,
			method: "qms_customer.contract.api.agree_date",
			args: (values) => ({ name: frm.doc.name, content_hash: panel.fingerprint, ...values }),
			done: () => frm.reload_doc(),
		})
		.show();
}
