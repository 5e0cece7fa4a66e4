frappe.ui.form.on("Contract Change Notice", {
	setup(frm) {
		frm.set_query("new_customer_address", () => address_of(frm));
		frm.set_query("new_shipping_address_name", () => address_of(frm));
		frm.set_query("communication", () => ({ filters: { sent_or_received: "Received" } }));
	},
	refresh(frm) {
		frm.qms_panel = null;
		const draft = frm.doc.workflow_state === "Notice Draft";
		// The panel shows these as a person reads them; the fields are for prints and reports.
		frm.toggle_display(["sb_outcome", "sb_confirmed", "sb_negotiations"], false);
		for (const field of EDITED) frm.set_df_property(field, "read_only", draft ? 0 : 1);
		const grid = frm.get_field("lines").grid;
		grid.wrapper.addClass("qms-change-lines");
		// A line of the contract is taken off by its box; what was added here by mistake goes as in any table.
		grid.df.cannot_add_rows = !draft;
		grid.df.cannot_delete_rows = !draft;
		grid.refresh();
		qms_customer.show_panel(
			frm,
			"notice_panel",
			"qms_customer.contract.change_api.get_notice_panel",
			{ name: frm.doc.name },
			(panel) => {
				frm.qms_panel = panel;
				qms_customer.headline(frm, panel.why_not || panel.standing, panel.why_not ? "orange" : panel.colour);
				buttons(frm, panel);
			}
		);
	},
	before_workflow_action(frm) {
		return qms_customer.instead_of_workflow(frm, {
			Approve: () => decide(frm, "Approve"),
			Reject: () => decide(frm, "Reject"),
			Return: () => decide(frm, "Return"),
		});
	},
});

frappe.ui.form.on("Contract Change Line", {
	before_lines_remove(frm, cdt, cdn) {
		const row = frappe.get_doc(cdt, cdn);
		if (row.order_row) {
			frappe.throw(__("A line of the contract is not deleted here. Tick its box to have it removed."));
		}
	},
});

const API = "qms_customer.contract.change_api.";
const EDITED = ["asked_by", "reason_category", "reason", "affects_production", "asked_on", "communication", "supplementary_contract", "lines"];
const DECISIONS = { Approve: "Approved", Reject: "Rejected", Return: "Returned" };
const MEANINGS = { Approve: "Change Approved", Reject: "Change Rejected", Return: "Returned to Sales" };

function address_of(frm) {
	return {
		query: "frappe.contacts.doctype.address.address.address_query",
		filters: { link_doctype: "Customer", link_name: frm.doc.customer },
	};
}

function buttons(frm, panel) {
	const reason = (label, title, method) =>
		frm.add_custom_button(
			label,
			() =>
				qms_customer.ask_reason(title, "", (text) =>
					qms_customer.api(API + method, { name: frm.doc.name, reason: text }).then(() => frm.reload_doc())
				),
			__("Notice", null, "Contract Change Notice")
		);
	if (panel.may_rebase) {
		frm.add_custom_button(__("Bring up to Date"), () =>
			qms_customer.api(`${API}rebase`, { name: frm.doc.name }).then(() => frm.reload_doc())
		).addClass("btn-primary");
	}
	if (panel.may_put_forward) {
		frm.add_custom_button(__("Put Forward"), () => put_forward(frm, panel)).addClass("btn-primary");
	}
	if (panel.may_confirm) {
		frm.add_custom_button(__("Record the Customer's Confirmation"), () => confirm(frm, panel)).addClass(
			"btn-primary"
		);
	}
	if (panel.may_answer) {
		frm.add_custom_button(__("Answer for the Production Plan"), () => answer_plan(frm, panel)).addClass(
			"btn-primary"
		);
	}
	const by_workflow = ["QMS Business Manager", "QMS Sales VP", "QMS General Manager"].some((role) =>
		frappe.user_roles.includes(role)
	);
	if (panel.may_decide && !by_workflow) {
		// A delegate does not hold the role, so the workflow shows no buttons.
		for (const action of ["Approve", "Reject", "Return"]) {
			frm.add_custom_button(__(action), () => decide(frm, action), __("Actions"));
		}
	}
	if (panel.may_negotiate) {
		frm.add_custom_button(__("Record a Negotiation"), () => negotiate(frm), __("Notice", null, "Contract Change Notice"));
	}
	if (panel.may_revise) reason(__("Take Back to Draft"), __("Why is the notice taken back?"), "revise");
	if (panel.may_withdraw) frm.add_custom_button(__("Withdraw", null, "Contract Change Notice"), () => withdraw(frm, panel), __("Notice", null, "Contract Change Notice"));
	frm.add_custom_button(
		__("Contract", null, "Contract Change Notice"),
		() => frappe.set_route("Form", frm.doc.reference_doctype, frm.doc.reference_name),
		__("View")
	);
	if (frm.doc.contract_review) {
		frm.add_custom_button(
			__("Contract Review"),
			() => frappe.set_route("Form", "Contract Review", frm.doc.contract_review),
			__("View")
		);
	}
}

function put_forward(frm, panel) {
	if (!qms_customer.is_saved(frm)) return;
	const go = (again_reason) =>
		qms_customer
			.api(`${API}put_forward`, { name: frm.doc.name, content_hash: panel.hash, again_reason: again_reason || "" })
			.then(() => frm.reload_doc());
	if (panel.rejected_before) {
		qms_customer.ask_reason(
			__("This change was rejected before"),
			__("Reason for putting it forward again"),
			go
		);
	} else {
		go();
	}
}

// E2, E4, E5: who of the customer's confirmed it, when, how, and what shows it.
function confirm(frm, panel) {
	const company = frm.doc.asked_by === "Company";
	const ways = company
		? ["Signed Agreement"]
		: ["E-mail", "Letter", "Fax", "Signed Notice", ...(panel.call_is_enough ? ["Call"] : [])];
	const by_call = "eval:doc.how == 'Call'";
	qms_customer
		.sign({
			title: __("Record the Customer's Confirmation"),
			fields: [
				{ fieldname: "confirmed_by", fieldtype: "Data", label: __("Confirmed By (Customer)"), reqd: 1 },
				{
					fieldname: "confirmed_on",
					fieldtype: "Datetime",
					label: __("Confirmed On"),
					default: frappe.datetime.now_datetime(),
					reqd: 1,
				},
				{
					fieldname: "how",
					fieldtype: "Select",
					label: __("How", null, "Contract Change Notice"),
					options: ways.map((value) => ({ value, label: __(value, null, "Contract Change Notice") })),
					default: ways.length === 1 ? ways[0] : "",
					reqd: 1,
				},
				{ fieldname: "evidence", fieldtype: "Attach", label: __("Evidence") },
				{
					fieldname: "communication",
					fieldtype: "Link",
					options: "Communication",
					label: __("Letter or E-mail of the Confirmation", null, "Contract Change Notice"),
					depends_on: "eval:doc.how != 'Call'",
				},
				{
					fieldname: "call_record",
					fieldtype: "Small Text",
					label: __("Record of the Call", null, "Contract Change Notice"),
					depends_on: by_call,
					mandatory_depends_on: by_call,
				},
				{
					fieldname: "internal_record",
					fieldtype: "Small Text",
					label: __("Record of the Internal Communication", null, "Contract Change Notice"),
					depends_on: by_call,
					mandatory_depends_on: by_call,
				},
			],
			meaning: "Confirmation of the Customer Recorded",
			role: panel.sales_role,
			method: `${API}confirm`,
			args: (values) => ({
				name: frm.doc.name,
				content_hash: panel.hash,
				confirmed_by: values.confirmed_by,
				confirmed_on: values.confirmed_on,
				how: values.how,
				evidence: values.evidence || "",
				communication: values.communication || "",
				call_record: values.call_record || "",
				internal_record: values.internal_record || "",
			}),
			done: () => frm.reload_doc(),
		})
		.show();
}

// E3: PMC has seen what ERPNext has planned, and answers.
function answer_plan(frm, panel) {
	qms_customer
		.sign({
			title: __("Answer for the Production Plan"),
			fields: [
				{
					fieldname: "answer",
					fieldtype: "Select",
					label: __("The production plan is"),
					options: ["Not Affected", "Affected"].map((value) => ({
						value,
						label: __(value, null, "Contract Change Notice"),
					})),
					reqd: 1,
				},
				{ fieldname: "comment", fieldtype: "Small Text", label: __("Comment", null, "Contract Review"), reqd: 1, slash: 1 },
			],
			meaning: "Production Plan Answered For",
			role: "QMS Planning",
			method: `${API}answer_plan`,
			args: (values) => ({
				name: frm.doc.name,
				content_hash: panel.hash,
				answer: values.answer,
				comment: values.comment || "",
			}),
			done: () => frm.reload_doc(),
		})
		.show();
}

function negotiate(frm) {
	qms_customer.ask(
		__("Record a Negotiation"),
		[
			{ fieldname: "with_whom", fieldtype: "Data", label: __("With Whom", null, "Contract Change Negotiation"), reqd: 1 },
			{
				fieldname: "talked_on",
				fieldtype: "Datetime",
				label: __("Talked On", null, "Contract Change Negotiation"),
				default: frappe.datetime.now_datetime(),
				reqd: 1,
			},
			{ fieldname: "said", fieldtype: "Small Text", label: __("What Was Said", null, "Contract Change Negotiation"), reqd: 1 },
			{
				fieldname: "outcome",
				fieldtype: "Select",
				label: __("Outcome", null, "Contract Change Negotiation"),
				options: ["Not Agreed Yet", "Customer Insists", "Customer Gives Way", "Met Half-way"].map((value) => ({
					value,
					label: __(value, null, "Contract Change Negotiation"),
				})),
				reqd: 1,
			},
			{ fieldname: "evidence", fieldtype: "Attach", label: __("Evidence") },
		],
		__("Record", null, "Contract Change Notice"),
		(values) =>
			qms_customer
				.api(`${API}negotiate`, { name: frm.doc.name, evidence: "", ...values })
				.then(() => frm.reload_doc())
	);
}

function withdraw(frm, panel) {
	qms_customer
		.sign({
			title: __("Withdraw the Notice"),
			fields: [{ fieldname: "reason", fieldtype: "Small Text", label: __("Reason"), reqd: 1 }],
			label: __("Withdraw", null, "Contract Change Notice"),
			meaning: "Change Withdrawn",
			role: panel.sales_role,
			method: `${API}withdraw`,
			args: (values) => ({ name: frm.doc.name, reason: values.reason }),
			done: () => frm.reload_doc(),
		})
		.show();
}

function decide(frm, action) {
	const panel = frm.qms_panel;
	// Not loaded yet: there is nothing shown that could be decided on.
	if (!panel) return;
	if (panel.why_not) {
		frappe.msgprint(panel.why_not);
		return;
	}
	const approving = action === "Approve";
	qms_customer
		.sign({
			title: __("Decide Contract Change"),
			fields: [
				{
					fieldtype: "HTML",
					options: `<p>${__("{0}: {1} for {2}", [
						__(action),
						frappe.utils.escape_html(frm.doc.reference_name),
						frappe.utils.escape_html(frm.doc.customer_name || ""),
					])}</p>`,
				},
				{
					fieldname: "comment",
					fieldtype: "Small Text",
					label: __("Comment", null, "Contract Review"),
					reqd: 1,
					slash: approving ? 1 : 0,
					stands_for: "decision_comment",
				},
			],
			label: __(action),
			meaning: MEANINGS[action],
			role: panel.role,
			acting_for: panel.acting_for,
			method: `${API}decide_notice`,
			args: (values) => ({
				name: frm.doc.name,
				decision: DECISIONS[action],
				content_hash: panel.hash,
				comment: values.comment || "",
			}),
			done: () => frm.reload_doc(),
		})
		.show();
}
