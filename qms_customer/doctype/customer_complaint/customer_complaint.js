// A complaint from its assessment to its closing (H3, H5). Nothing is decided here: the server says which buttons
// there are, and asks again when one is pressed.
(() => {
	// Before the form is made, which copies its fields.
	["Customer Complaint", "Complaint Closing"].forEach(qms_customer.show_terms);

	const API = "qms_customer.feedback.complaint_api.";
	const CONTEXT = "Customer Complaint";

	frappe.ui.form.on("Customer Complaint", {
		refresh(frm) {
			if (frm.is_new()) return;
			frm.disable_save();
			const args = { name: frm.doc.name };
			qms_customer.show_panel(frm, "product_panel", `${API}get_product`, args);
			frm.qms_complaint = qms_customer.show_panel(frm, "complaint_panel", `${API}get_complaint`, args, (panel) => {
				frm.qms_complaint_panel = panel;
				qms_customer.hide_actions(frm, !panel.may.includes("close"));
				buttons(frm, panel);
			});
		},
		// The inbox of the Desk: our dialog closes.
		before_workflow_action(frm) {
			return qms_customer.instead_of_workflow(frm, {
				"Close Complaint": () => frm.qms_complaint.then(() => close(frm, frm.qms_complaint_panel)),
			});
		},
	});

	const choices = (values, context = CONTEXT) =>
		values.map((value) => ({ value, label: value ? __(value, null, context) : "" }));
	const options = (doctype, field) => frappe.meta.get_docfield(doctype, field).options.split("\n").filter(Boolean);
	const label = (field) => __(frappe.meta.get_docfield(CONTEXT, field).label, null, CONTEXT);
	const text = (fieldname, title, more) => ({ fieldname, fieldtype: "Small Text", label: title, ...more });
	// A field of the record itself, with what it says now.
	const own = (frm, fieldname, more) => {
		const { fieldtype, options: of } = frappe.meta.get_docfield(CONTEXT, fieldname);
		const df = { fieldname, fieldtype, label: label(fieldname), default: frm.doc[fieldname], stands_for: fieldname };
		if (fieldtype === "Select") df.options = choices(["", ...options(CONTEXT, fieldname)]);
		else if (of) df.options = of;
		return { ...df, ...more };
	};

	function buttons(frm, panel) {
		const group = __("Action", null, "Customer Complaint");
		const step = (name, title, open, under) => {
			if (panel.may.includes(name)) frm.add_custom_button(title, () => open(frm, panel), under);
		};
		step("describe", __("Complete the Record"), describe, group);
		step("correct_awareness", __("Correct the Time of Awareness"), correct_awareness, group);
		step("hand_over", __("Hand Over"), hand_over, group);
		// Once it is decided, to decide it anew is rare.
		step("rate", __("Decide Severity"), rate, frm.doc.severity ? group : "");
		step("investigate", __("Record Investigation"), investigate);
		step("complete_event", __("Complete Reportable Event"), complete_event);
		step("propose_none", __("Propose No Investigation"), propose_none, group);
		step("decide_none", __("Decide on No Investigation"), decide_none);
		qms_customer.action_steps(frm, panel, "Action on Complaint Done", group);
		step("link_return", __("Name Return Slip"), link_return, group);
		step("decide_actions", __("Decide Actions"), decide_actions);
		step("reply", __("Send Reply"), send_reply, __("Reply", null, "Customer Complaint"));
		step("reply", __("Record Reply"), record_reply, __("Reply", null, "Customer Complaint"));
		step("check", __("Check Effectiveness"), check);
		step("reopen", __("Open Again"), reopen);
		if (!panel.may.includes("close") && panel.why_not) qms_customer.headline(frm, frappe.utils.escape_html(panel.why_not), "orange");
	}

	function ask(frm, panel, title, fields, method, args = (values) => values) {
		qms_customer.ask(title, fields, title, (values) =>
			qms_customer
				.api(API + method, { name: frm.doc.name, content_hash: panel.hash, ...args(values) })
				.then(() => frm.reload_doc())
		);
	}

	function sign(frm, panel, { title, fields, meaning, role, method, args = (values) => values }) {
		const signing = qms_customer.sign({
			title,
			fields,
			label: title,
			meaning,
			role,
			method: API + method,
			args: (values) => ({ name: frm.doc.name, content_hash: panel.hash, ...args(values) }),
			done: () => frm.reload_doc(),
		});
		signing.show();
		return signing;
	}

	function describe(frm, panel) {
		const names = ["complainant", "complainant_contact", "item_code", "batch_no", "serial_no", "udi", "happened_on", "event_country", "details", "why_not_known"];
		ask(
			frm,
			panel,
			__("Complete the Record"),
			names.map((name) => own(frm, name)),
			"describe",
			(values) => ({ values: Object.fromEntries(names.map((name) => [name, values[name] || ""])) })
		);
	}

	function complete_event(frm, panel) {
		const names = ["failed_specification", "used_for", "event_relation"];
		sign(frm, panel, {
			title: __("Complete Reportable Event"),
			fields: names.map((name) => own(frm, name, { reqd: 1 })),
			meaning: "Reportable Event Completed",
			role: "QMS Quality",
			method: "complete_event",
			args: (values) => ({ values: Object.fromEntries(names.map((name) => [name, values[name] || ""])) }),
		});
	}

	function correct_awareness(frm, panel) {
		sign(frm, panel, {
			title: __("Correct the Time of Awareness"),
			fields: [own(frm, "aware_on", { reqd: 1 }), text("reason", __("Reason"), { reqd: 1, stands_for: "aware_reason" })],
			meaning: "Time of Awareness Corrected",
			method: "correct_awareness",
			args: ({ aware_on, reason }) => ({ aware_on, reason }),
		});
	}

	function hand_over(frm, panel) {
		ask(frm, panel, __("Hand Over"), [own(frm, "handler", { reqd: 1 }), own(frm, "due_on")], "hand_over", (values) => ({
			handler: values.handler,
			due_on: values.due_on || "",
		}));
	}

	function rate(frm, panel) {
		// What the matrix says is filled in; a person may say otherwise, with the reason.
		const by_matrix = () => {
			const { harm, probability } = signing.dialog.get_values(true);
			const severity = panel.matrix[harm]?.[options(CONTEXT, "probability").indexOf(probability)];
			if (severity) signing.dialog.set_value("severity", severity);
		};
		const signing = sign(frm, panel, {
			title: __("Decide Severity"),
			fields: [
				own(frm, "harm", { reqd: 1, onchange: by_matrix }),
				own(frm, "probability", { reqd: 1, onchange: by_matrix }),
				own(frm, "severity", { reqd: 1 }),
				own(frm, "severity_reason"),
			],
			meaning: "Severity of the Complaint Decided",
			role: "QMS Quality",
			method: "rate",
			args: (v) => ({ harm: v.harm, probability: v.probability, chosen: v.severity, reason: v.severity_reason || "" }),
		});
	}

	// Codes are found by their terms, enabled ones of the right kind; several of them stand side by side.
	const CODES = "qms_customer.feedback.event_code_api.choose_code";

	function many_codes(frm, table) {
		const esc = frappe.utils.escape_html;
		return {
			fieldname: table,
			fieldtype: "MultiSelectPills",
			label: label(table),
			default: (frm.doc[table] || []).map((row) => row.event_code),
			stands_for: table,
			get_data: (txt) =>
				qms_customer.api(CODES, { txt, filters: { use: table }, as_dict: 1 }, false).then((found) =>
					// The control takes both for HTML.
					found.map(({ name, term, path }) => ({
						value: name,
						label: esc(name),
						description: esc(path ? `${term} (${path})` : term),
					}))
				),
		};
	}

	function investigate(frm, panel) {
		const names = {
			begun: "investigation_begun",
			ended: "investigation_ended",
			results: "investigation_results",
			confirmed: "confirmed",
			cause_code: "cause_code",
			department: "department",
			no_department: "no_department",
			...(panel.reportable
				? { failed_specification: "failed_specification", used_for: "used_for", event_relation: "event_relation" }
				: {}),
		};
		const needed = ["begun", "ended", "results", "confirmed", "cause_code", "failed_specification", "used_for", "event_relation"];
		const fields = Object.entries(names).map(([name, field]) =>
			own(frm, field, { fieldname: name, reqd: needed.includes(name) ? 1 : 0 })
		);
		const department = fields.find((df) => df.fieldname === "department");
		department.fieldtype = "Select";
		department.options = choices(["", ...panel.departments], "Review Department");
		const cause = fields.find((df) => df.fieldname === "cause_code");
		cause.get_query = () => ({ query: CODES, filters: { use: "cause_code" } });
		for (const table of ["problem_codes", "health_codes"]) fields.push(many_codes(frm, table));
		sign(frm, panel, {
			title: __("Record Investigation"),
			fields,
			meaning: "Complaint Investigated",
			method: "investigate",
			args: (given) => ({
				values: Object.fromEntries(fields.map(({ fieldname }) => [fieldname, given[fieldname] || ""])),
			}),
		});
	}

	function propose_none(frm, panel) {
		sign(frm, panel, {
			title: __("Propose No Investigation"),
			fields: [own(frm, "no_investigation_reason", { fieldname: "reason", reqd: 1 }), own(frm, "similar_complaint", { fieldname: "similar" })],
			meaning: "No Investigation Proposed",
			role: "QMS Quality",
			method: "propose_none",
			args: ({ reason, similar }) => ({ reason, similar: similar || "" }),
		});
	}

	function decide_none(frm, panel) {
		sign(frm, panel, {
			title: __("Decide on No Investigation"),
			fields: [
				{ fieldname: "decision", fieldtype: "Select", label: __("Decision"), options: choices(["Approved", "Rejected"]), reqd: 1 },
				text("comment", __("Comment", null, "Customer Complaint"), { slash: 1, stands_for: "no_investigation_comment" }),
			],
			meaning: ({ decision }) =>
				({ Approved: "No Investigation Approved", Rejected: "No Investigation Rejected" }[decision] || ""),
			role: "QMS Quality",
			method: "decide_none",
			args: ({ decision, comment }) => ({ decision, comment: comment || "" }),
		});
	}

	function link_return(frm, panel) {
		ask(
			frm,
			panel,
			__("Name Return Slip"),
			[{ fieldname: "return_slip", fieldtype: "Link", options: "Return Slip", label: __("Return Slip"), reqd: 1 }],
			"link_return"
		);
	}

	function decide_actions(frm, panel) {
		// Whether a corrective action was effective is always checked.
		const corrective = (frm.doc.corrections || []).some((row) => row.quality_action || row.kind === "Corrective Action");
		sign(frm, panel, {
			title: __("Decide Actions"),
			fields: [
				own(frm, "actions_comment", { fieldname: "comment", reqd: 1, slash: 1 }),
				own(frm, "check_needed", { default: frm.doc.check_needed || corrective ? 1 : 0 }),
				own(frm, "effectiveness_criterion", { fieldname: "criterion", depends_on: "check_needed" }),
				own(frm, "effectiveness_due", { fieldname: "due", depends_on: "check_needed" }),
			],
			meaning: "Actions on Complaint Decided",
			role: "QMS Quality",
			method: "decide_actions",
			args: (v) => ({ comment: v.comment, check_needed: v.check_needed ? 1 : 0, criterion: v.criterion || "", due: v.due || "" }),
		});
	}

	const reply_label = (field) => __(frappe.meta.get_docfield("Complaint Reply", field).label, null, "Complaint Reply");
	const kind_of_reply = (panel) => ({
		fieldname: "kind",
		fieldtype: "Select",
		label: reply_label("kind"),
		options: choices(panel.final ? ["Final", "Interim"] : ["Interim"], "Complaint Reply"),
		default: panel.final ? "Final" : "Interim",
		reqd: 1,
	});

	function send_reply(frm, panel) {
		const signing = sign(frm, panel, {
			title: __("Send Reply"),
			fields: [
				kind_of_reply(panel),
				{
					fieldname: "recipient",
					fieldtype: "Data",
					options: "Email",
					label: reply_label("recipient"),
					default: panel.recipient,
					reqd: 1,
				},
				{
					fieldname: "email_template",
					fieldtype: "Link",
					options: "Email Template",
					label: reply_label("email_template"),
					onchange() {
						const email_template = signing.dialog.get_value("email_template");
						if (!email_template) return;
						qms_customer.api(`${API}preview_reply`, { name: frm.doc.name, email_template }, false).then((made) => {
							signing.dialog.set_value("subject", made.subject);
							signing.dialog.set_value("message", made.message);
						});
					},
				},
				{ fieldname: "subject", fieldtype: "Data", label: reply_label("subject"), reqd: 1 },
				{ fieldname: "message", fieldtype: "Text Editor", label: reply_label("message"), reqd: 1 },
			],
			meaning: "Reply to the Customer Sent",
			method: "send_reply",
			args: ({ kind, recipient, subject, message, email_template }) => ({
				kind,
				recipient,
				subject,
				message,
				email_template: email_template || "",
			}),
		});
	}

	function record_reply(frm, panel) {
		sign(frm, panel, {
			title: __("Record Reply"),
			fields: [
				kind_of_reply(panel),
				{
					fieldname: "how",
					fieldtype: "Select",
					label: reply_label("how"),
					options: choices(["Letter", "Phone", "Visit", "Not Possible"], "Complaint Reply"),
					reqd: 1,
				},
				{ fieldname: "recipient", fieldtype: "Data", label: reply_label("recipient"), default: frm.doc.complainant },
				text("message", reply_label("message"), { reqd: 1 }),
				{ fieldname: "answered_on", fieldtype: "Datetime", label: reply_label("answered_on") },
			],
			meaning: "Reply to the Customer Recorded",
			method: "record_reply",
			args: ({ kind, how, recipient, message, answered_on }) => ({
				kind,
				how,
				message,
				recipient: recipient || "",
				answered_on: answered_on || "",
			}),
		});
	}

	function check(frm, panel) {
		sign(frm, panel, {
			title: __("Check Effectiveness"),
			fields: [own(frm, "effective", { reqd: 1 }), own(frm, "effectiveness_evidence", { fieldname: "evidence", reqd: 1 })],
			meaning: ({ effective }) =>
				({ Yes: "Actions Found Effective", No: "Actions Found Not Effective" }[effective] || ""),
			role: "QMS Quality",
			method: "check_effectiveness",
			args: ({ effective, evidence }) => ({ effective, evidence }),
		});
	}

	function close(frm, panel) {
		sign(frm, panel, {
			title: __("Close Complaint"),
			fields: [text("comment", __("Comment", null, "Customer Complaint"), { reqd: 1, slash: 1 })],
			meaning: "Complaint Closed",
			role: panel.closes_as,
			method: "close",
			args: ({ comment }) => ({ comment }),
		});
	}

	function reopen(frm, panel) {
		const of = (field) => frappe.meta.get_docfield("Complaint Reopening", field);
		sign(frm, panel, {
			title: __("Open Again"),
			fields: [
				{
					fieldname: "again",
					fieldtype: "Select",
					label: __(of("again").label, null, "Complaint Reopening"),
					options: choices(options("Complaint Reopening", "again"), "Complaint Reopening"),
					reqd: 1,
				},
				text("reason", __(of("reason").label, null, "Complaint Reopening"), { reqd: 1 }),
			],
			meaning: "Complaint Opened Again",
			method: "reopen",
			args: ({ again, reason }) => ({ again, reason }),
		});
	}
})();
