// What the forms of contracts, reviews, opinions and authorisations share. Nothing is decided here: each button
// calls a method that checks rights, content and separation of duties on the server.
frappe.provide("qms_customer");

// Resolves with the answer. After a refusal, which the Desk has shown, nothing follows: the promise stays open.
qms_customer.api = (method, args, freeze = true) =>
	new Promise((resolve) => {
		frappe.call({
			// A method of another module of ours is given with its path.
			method: method.includes(".") ? method : `qms_customer.contract.api.${method}`,
			args,
			freeze,
			callback: (r) => resolve(r.message),
		});
	});

// Show a server-rendered panel in an HTML field, and hand what the server allows to `then`.
qms_customer.show_panel = (frm, field, method, args, then) => {
	const wrapper = frm.get_field(field)?.$wrapper;
	if (!wrapper) return;
	if (frm.is_new()) {
		const text = __("Save the document to see its contract review.");
		wrapper.html(`<p class="text-muted">${text}</p>`);
		return;
	}
	const name = frm.doc.name;
	frm.qms_loading = qms_customer.api(method, args, false).then((panel) => {
		if (frm.doc.name !== name) return;
		wrapper.html(panel.html);
		then && then(panel);
	});
	return frm.qms_loading;
};

// A workflow button of ours does not apply the workflow: it opens our dialog, and the decision function moves the
// document. The promise stays open so that the Desk does not go on to apply the workflow.
qms_customer.instead_of_workflow = (frm, handlers) => {
	const action = frm.selected_workflow_action;
	frm.selected_workflow_action = null;
	frappe.dom.unfreeze();
	// Who is faster than the network waits for the panel: the decision sends back the hash of what it shows.
	panel_of(frm).then(() => handlers[action] && handlers[action]());
	return new Promise(() => {});
};

// The workflow offers its actions by role only; the server has said that this person may not take them.
qms_customer.hide_actions = (frm, hidden) => frm.page.wrapper.toggleClass("qms-no-actions", Boolean(hidden));

// A form that is refreshed meanwhile loads its panel anew: the last one counts.
async function panel_of(frm) {
	let loading;
	do {
		loading = frm.qms_loading;
		await loading;
	} while (loading !== frm.qms_loading);
}

// Ask with a dialog that closes when the server has taken the answer: after a refusal, what was typed is still there.
// `send(values)` returns a promise of ours, which stays open after a refusal.
qms_customer.ask = (title, fields, label, send) => {
	const dialog = new frappe.ui.Dialog({
		title,
		fields,
		primary_action_label: label,
		primary_action(values) {
			send(values).then(() => dialog.hide());
		},
	});
	dialog.$wrapper.addClass("qms-dialog");
	dialog.show();
	return dialog;
};

qms_customer.ask_reason = (title, label, send) =>
	qms_customer.ask(
		title,
		[{ fieldname: "reason", fieldtype: "Small Text", label: label || __("Reason"), reqd: 1 }],
		__("Continue"),
		(values) => send(values.reason)
	);

// One line above the form: where things stand. Frappe's own lines (of the workflow) say less than ours.
qms_customer.headline = (frm, html, colour) => {
	frm.dashboard.clear_headline();
	html && frm.dashboard.set_headline_alert(html, colour);
};

// Rows that are filled in, but neither added nor deleted.
qms_customer.fixed_rows = (frm, table) => {
	const grid = frm.get_field(table).grid;
	grid.cannot_add_rows = true;
	grid.df.cannot_add_rows = true;
	grid.df.cannot_delete_rows = true;
	grid.wrapper.addClass("qms-fixed-rows");
	grid.refresh();
};

// ---- contracts: Sales Order, Quotation, Blanket Order

qms_customer.contract_form = (doctype) => {
	frappe.ui.form.on(doctype, {
		onload() {
			// C8: the forecast was computed in the background. What somebody types meanwhile stays.
			frappe.realtime.off("qms_capacity");
			frappe.realtime.on("qms_capacity", ({ name }) => {
				if (cur_frm?.doc.name === name && !cur_frm.is_dirty()) cur_frm.reload_doc();
			});
		},
		refresh(frm) {
			const grid = frm.get_field("qms_requirements")?.grid;
			if (grid && frm.doc.docstatus === 0) {
				grid.add_custom_button(__("Add Missing Classes"), () => qms_customer.add_classes(frm));
			}
			qms_customer.show_contract(frm);
		},
		validate(frm) {
			qms_customer.drop_empty_requirements(frm);
		},
		before_cancel(frm) {
			if (!frm.qms_gated || doctype === "Quotation") return;
			if (doctype === "Sales Order") {
				frappe.validated = false;
				qms_customer.make_notice(frm, ["Cancel"], frm.qms_notices || []);
				return;
			}
			return new Promise((resolve) => {
				let given = false;
				const dialog = qms_customer.ask_reason(__("Why is this contract cancelled?"), "", (reason) =>
					qms_customer
						.api("record_reason", { doctype, name: frm.doc.name, action: "Cancel", reason })
						.then(() => {
							given = true;
							resolve();
						})
				);
				dialog.onhide = () => {
					if (given) return;
					frappe.validated = false;
					resolve();
				};
			});
		},
	});
};

qms_customer.show_contract = (frm) => {
	frm.qms_gated = false;
	const args = { doctype: frm.doctype, name: frm.doc.name };
	return qms_customer.show_panel(frm, "qms_review_panel", "get_overview", args, (panel) => {
		frm.qms_gated = panel.gated;
		frm.qms_notices = panel.notices || [];
		if (!panel.gated) return;
		if (panel.actions.includes("start")) {
			frm.add_custom_button(__("Start Contract Review"), () => qms_customer.start(frm, panel));
		}
		if (panel.actions.includes("sign")) {
			frm.add_custom_button(__("Sign as Reviewed"), () => qms_customer.sign_small_order(frm, panel));
		}
		if (panel.may_refresh) {
			frm.add_custom_button(__("Refresh Capacity Forecast"), () => qms_customer.refresh_forecast(frm));
		}
		if (panel.review) {
			frm.add_custom_button(
				__("Contract Review"),
				() => frappe.set_route("Form", "Contract Review", panel.review),
				__("View")
			);
		}
		if (panel.may_change) qms_customer.offer_change(frm, panel);
		if (frm.doc.docstatus !== 0) return;
		qms_customer.headline(
			frm,
			`${panel.standing} <a href="#" class="qms-show-review">${__("Show")}</a>`,
			panel.colour
		);
		frm.layout.message.find(".qms-show-review").on("click", () => {
			frm.scroll_to_field("qms_review_panel");
			return false;
		});
	});
};

// E1, E8: what a committed contract promises is changed by a notice, and so is its end.
qms_customer.offer_change = (frm, panel) => {
	const closed = frm.doc.status === "Closed";
	const kinds = closed ? ["Re-open"] : ["Change", "Cancel", "Close"];
	frm.add_custom_button(__("Change Notice"), () => qms_customer.make_notice(frm, kinds, panel.notices)).addClass(
		"qms-change-notice"
	);
	if (panel.notices.length) {
		const links = panel.notices
			.map((n) => `<a href="/app/contract-change-notice/${encodeURIComponent(n.name)}">${n.name}</a> (${__(n.state)})`)
			.join(", ");
		qms_customer.headline(frm, `${__("Open change notices:")} ${links}`, "orange");
	}
};

qms_customer.make_notice = (frm, kinds, open) => {
	const fields = [
		{
			fieldname: "kind",
			fieldtype: "Select",
			label: __("Kind of Change", null, "Contract Change Notice"),
			options: kinds.map((value) => ({ value, label: __(value, null, "Contract Change Notice") })),
			default: kinds[0],
			reqd: 1,
		},
		{
			fieldname: "asked_by",
			fieldtype: "Select",
			label: __("Asked By", null, "Contract Change Notice"),
			options: ["Customer", "Company"].map((value) => ({ value, label: __(value, null, "Contract Change Notice") })),
			default: "Customer",
			reqd: 1,
		},
		{ fieldname: "reason", fieldtype: "Small Text", label: __("Why", null, "Contract Change Notice"), reqd: 1 },
	];
	if (open.length) {
		const names = open.map((n) => frappe.utils.escape_html(n.name)).join(", ");
		fields.unshift({
			fieldtype: "HTML",
			options: `<p class="text-warning">${__("Other notices on this contract are open: {0}. Once one of them is applied, the others have to be brought up to date.", [names])}</p>`,
		});
	}
	qms_customer.ask(__("Change Notice"), fields, __("Make Notice"), (values) =>
		qms_customer
			.api("qms_customer.contract.change_api.make_notice", { order: frm.doc.name, ...values })
			.then(({ name }) => frappe.set_route("Form", "Contract Change Notice", name))
	);
};

qms_customer.is_saved = (frm) => {
	if (frm.is_dirty()) {
		frappe.msgprint(__("Save the document first: the review is about what is saved."));
		return false;
	}
	return true;
};

// C8: computed on the server, for what is saved.
qms_customer.refresh_forecast = (frm) => {
	if (!qms_customer.is_saved(frm)) return;
	qms_customer.api("refresh_forecast", { doctype: frm.doctype, name: frm.doc.name }).then(() => {
		frappe.show_alert({ message: __("The capacity forecast is up to date"), indicator: "green" });
		frm.reload_doc();
	});
};

qms_customer.start = (frm, panel) => {
	if (!qms_customer.is_saved(frm)) return;
	const go = (reason) =>
		qms_customer
			.api("start_review", { doctype: frm.doctype, name: frm.doc.name, reason: reason || "" })
			.then((review) => {
				frappe.show_alert({ message: __("Review {0} started", [review.name]), indicator: "green" });
				frm.reload_doc();
			});
	if (panel.rejected_same) {
		qms_customer.ask_reason(
			__("This content was rejected before"),
			__("Reason for putting it forward again"),
			go
		);
	} else {
		go();
	}
};

qms_customer.sign_small_order = (frm, panel) => {
	if (!qms_customer.is_saved(frm)) return;
	const text = __("You have reviewed name, model, specification, quantity and terms of this small routine order, and accept it. Your signature is its review and approval (C5).");
	qms_customer
		.sign({
			title: __("Sign as Reviewed"),
			fields: [{ fieldtype: "HTML", options: `<p>${text}</p>` }],
			meaning: "Reviewed and Approved",
			role: "QMS Sales User",
			method: "qms_customer.contract.api.sign_small_order",
			args: () => ({ doctype: frm.doctype, name: frm.doc.name, content_hash: panel.hash }),
			done: () => frm.reload_doc(),
		})
		.show();
};

// The empty row with which the Desk opens a table, and that nobody filled in.
qms_customer.drop_empty_requirements = (frm) => {
	const rows = frm.doc.qms_requirements || [];
	const filled = rows.filter((r) => r.requirement_class || r.requirement || r.special || r.none_identified);
	if (filled.length === rows.length) return;
	rows.filter((r) => !filled.includes(r)).forEach((r) => frappe.model.clear_doc(r.doctype, r.name));
	frm.doc.qms_requirements.forEach((r, i) => (r.idx = i + 1));
	frm.refresh_field("qms_requirements");
};

// A2: a row for each class of requirement that has none yet, to be filled in or ticked "None Identified".
qms_customer.add_classes = (frm) => {
	qms_customer.drop_empty_requirements(frm);
	const classes = frappe.meta
		.get_docfield("Contract Requirement", "requirement_class")
		.options.split("\n")
		.filter(Boolean);
	for (const kind of classes) {
		if (!(frm.doc.qms_requirements || []).some((row) => row.requirement_class === kind)) {
			frm.add_child("qms_requirements", { requirement_class: kind });
		}
	}
	frm.refresh_field("qms_requirements");
	frm.dirty();
};

// ---- the go-live (E8)

const QMS_ADOPTS = ["System Manager", "QMS General Manager", "QMS Management Representative"];

qms_customer.prepare_go_live = () =>
	qms_customer
		.api("prepare_adoption", {})
		.then(({ name }) => frappe.set_route("Form", "Contract Adoption", name));

// On a site that trades nothing is reviewed until somebody goes live: who can change that is told at every start.
$(document).on("app_ready", () => {
	const waiting = frappe.boot.qms_not_live;
	if (!waiting) return;
	const link = waiting.adoption
		? `/app/contract-adoption/${encodeURIComponent(waiting.adoption)}`
		: "/app/qms-customer-settings";
	frappe.show_alert(
		{
			indicator: "orange",
			message: __("Contract review is not live yet: nothing is held up, and nothing is reviewed."),
			body: `<div class="qms-alert"><a href="${link}">${__("Go-Live and Scope")}</a></div>`,
		},
		15
	);
});

// Contracts from before the go-live that came into the system later are put on a list for signature.
qms_customer.adopt_from_list = (doctype) => {
	const settings = (frappe.listview_settings[doctype] = frappe.listview_settings[doctype] || {});
	const plain = settings.onload;
	settings.onload = function (listview) {
		plain && plain.call(this, listview);
		if (!QMS_ADOPTS.some((role) => frappe.user_roles.includes(role))) return;
		listview.page.add_actions_menu_item(
			__("Adopt from before the Go-Live"),
			() => {
				const documents = listview.get_checked_items(true).map((name) => ({ doctype, name }));
				qms_customer.ask_reason(__("Adopt from before the Go-Live"), "", (reason) =>
					qms_customer.api("prepare_supplement", { documents, reason }).then(({ name }) => {
						frappe.set_route("Form", "Contract Adoption", name);
					})
				);
			},
			false
		);
	};
};

// ---- terms: fields that are no Select, or whose words ERPNext says otherwise, and that hold a word of the procedures, under which it is kept in English

const QMS_TERMS = {
	"Sales Order": { qms_review_status: "", qms_contract_class: "", qms_review_path: "" },
	Quotation: { qms_review_status: "", qms_contract_class: "", qms_review_path: "" },
	"Blanket Order": { qms_review_status: "", qms_contract_class: "", qms_review_path: "" },
	"Contract Review": { contract_form: "Sales Order", special: "", overruled: "Review Department" },
	"Contract Review Criterion": { title: "", computed: "", override: "" },
	"Contract Review Opinion": { department: "Review Department" },
	"Contract Review Answer": { aspect: "", topic: "Review Aspect" },
	"Change Acknowledgement": { department: "Review Department", reason: "" },
	"Approved Content": { review_path: "" },
	"Return Slip": Object.fromEntries(
		["wanted", "confirmation", "customer_answer", "decision", "route", "given"].map((field) => [field, "Return Slip"])
	),
	"Advisory Notice Decision": { decision: "Advisory Notice Decision" },
	"Customer Feedback": Object.fromEntries([
		["deficiencies", ""],
		...["source", "phase", "channel", "decision", "released", "nature"].map((field) => [field, "Customer Feedback"]),
	]),
	"Reportability Decision": { events: "Reporting Rule" },
	"Reporting Clock": { what: "", event: "Reporting Rule", unit: "Reporting Rule", direction: "Regulator Exchange" },
	"Regulator Exchange": { direction: "Regulator Exchange", kind: "Regulator Exchange", what: "", owed_next: "" },
	"Return Sample Test": { finding: "Return Sample Test" },
	"Customer Complaint": {
		...Object.fromEntries(
			["harm", "probability", "severity", "confirmed", "used_for"].map((field) => [field, "Customer Complaint"])
		),
		department: "Review Department",
	},
	"Complaint Signal": Object.fromEntries(
		["status", "dimension", "outcome"].map((field) => [field, "Complaint Signal"])
	),
	"Complaint Action": { kind: "Complaint Action" },
	"Complaint Closing": { role: "" },
	"Complaint Reply": { kind: "Complaint Reply", how: "Complaint Reply" },
	"Complaint Reopening": { again: "Complaint Reopening" },
	"Return Approval": { decision: "Return Approval" },
	"Return Arrival": { how: "Return Arrival" },
	"Return Disposition": { disposition: "Return Disposition" },
	"Contract Adoption": { kind: "Contract Adoption", status: "Contract Adoption" },
	"Contract Change Notice": {
		...Object.fromEntries(
			["kind", "asked_by", "reason_category", "affects_production", "outcome", "plan_answer", "confirmed_how", "decision"].map(
				(field) => [field, "Contract Change Notice"]
			)
		),
		review_path: "",
		departments_concerned: "Review Department",
	},
	"Contract Change Line": { change: "Contract Change Line" },
	"Contract Change Negotiation": { outcome: "Contract Change Negotiation" },
	"Contract Register Entry": { contract_form: "Sales Order", review_status: "", register_state: "Contract Register Entry", contract_kind: "Contract Register Entry" },
};

// Show such values, or lists of them, in the user's language. Each is given with the context of its translation.
qms_customer.term = (value, context) =>
	(value || "")
		.split(/, |\n/)
		.map((word) => __(word, null, context || null))
		.join(", ");

// ---- dates due in lists

qms_customer.is_overdue = (date) => Boolean(date) && date < frappe.datetime.get_today();

// Return a date due as a list shows it: red once it is over, as long as it is waited for.
qms_customer.due = (date, waiting) => {
	const overdue = waiting && qms_customer.is_overdue(date);
	const text = date ? frappe.datetime.str_to_user(date) : "";
	const title = overdue ? __("Overdue") : text;
	return `<span class="${overdue ? "text-danger bold" : ""}" title="${title}">${text}</span>`;
};

// Fields of a DocType in whose lists and reports, too, such values are shown.
qms_customer.show_terms = (doctype) => {
	const fields = frappe.meta.docfield_map[doctype] || {};
	for (const [field, context] of Object.entries(QMS_TERMS[doctype] || {})) {
		if (fields[field]) {
			// A form escapes before it formats, a list does not.
			fields[field].formatter = (value) =>
				frappe.utils.escape_html(qms_customer.term(frappe.utils.unescape_html(value || ""), context));
		}
	}
	// A form puts the time zone behind the description of a time before it looks for its translation. Opened by its
	// address, it has copied its fields by now.
	for (const copy of [fields, ...Object.values(frappe.meta.docfield_copy[doctype] || {})]) {
		for (const df of Object.values(copy)) {
			if (df.fieldtype === "Datetime" && df.description) df.description = __(df.description, null, df.parent);
		}
	}
	for (const field of ["workflow_state", "reference_doctype"]) {
		if (fields[field]) {
			fields[field].formatter = (value) => frappe.utils.escape_html(__(value || ""));
		}
	}
};

for (const doctype of ["Sales Order", "Quotation", "Blanket Order", "Contract Review", "Contract Review Opinion", "Approved Content", "Contract Adoption", "Contract Change Notice", "Change Acknowledgement", "Contract Register Entry", "Return Slip", "Customer Complaint", "Customer Feedback"]) {
	frappe.ui.form.on(doctype, {
		setup: () => Object.keys(QMS_TERMS).forEach(qms_customer.show_terms),
	});
}

// E8: the button of a refusal. The form of the order asks what kind of change it is, as its own button does.
qms_customer.offer_notice = async ({ order }) => {
	frappe.msg_dialog?.hide();
	await frappe.set_route("Form", "Sales Order", order);
	await frappe.timeout(0.5);
	await panel_of(cur_frm);
	cur_frm.custom_buttons[__("Change Notice")]?.click();
};

// ---- return slips (G1)

frappe.provide("qms_customer.returns");

const MAKE_FROM_CODE = "qms_customer.returns.return_api.make_from_code";

qms_customer.returns.open = (slip) => {
	frappe.model.sync([slip]);
	frappe.set_route("Form", slip.doctype, slip.name);
};

// The button on a delivery, and in the message that refuses its plain return (G1).
qms_customer.make_return_slip = ({ doctype, name }) => {
	frappe.msg_dialog?.hide();
	return qms_customer.api("qms_customer.returns.return_api.make_from_delivery", { doctype, name }).then(qms_customer.returns.open);
};

// Where a batch went to several customers, which of them returns it is asked.
qms_customer.returns.make_from_code = (code) =>
	qms_customer.api(MAKE_FROM_CODE, { code }).then(({ slip, choice }) => {
		if (slip) return qms_customer.returns.open(slip);
		qms_customer.ask(
			__("Who Returns It?"),
			[
				{
					fieldname: "which",
					fieldtype: "Select",
					label: __("Customer"),
					reqd: 1,
					options: choice.map((one, i) => ({ value: String(i), label: `${one.customer_name} (${one.company})` })),
				},
			],
			__("Return Slip"),
			({ which }) => {
				const { company, customer } = choice[which];
				return qms_customer.api(MAKE_FROM_CODE, { code, company, customer }).then((made) => qms_customer.returns.open(made.slip));
			}
		);
	});
