// Claim, approval and batches on the form of a return slip (G2-G5). Nothing is decided here.
frappe.provide("qms_customer.returns");

qms_customer.returns.claim = (method, args) => qms_customer.call(`qms_customer.returns.claim_api.${method}`, args);

frappe.ui.form.on("Return Slip", {
	refresh(frm) {
		if (frm.is_new()) return;
		qms_customer.show_panel(
			frm,
			"claim_panel",
			"qms_customer.returns.claim_api.get_claim",
			{ name: frm.doc.name },
			(panel) => claim_buttons(frm, panel)
		);
	},
});

function claim_buttons(frm, panel) {
	const inspect = panel.may_inspect ? panel.tests : [];
	inspect.forEach((test) => {
		frm.add_custom_button(
			test.batch ? `${test.item} ${test.batch}` : test.item,
			() => open_inspection(frm, test),
			__("Inspect Sample")
		);
	});
	if (panel.may_find) frm.add_custom_button(__("Record Finding"), () => find(frm, panel));
	if (panel.may_explain) frm.add_custom_button(__("Record Explanation"), () => explain(frm, panel));
	if (panel.may_answer) frm.add_custom_button(__("Record Answer"), () => record_answer(frm, panel));
	if (panel.may_decide) {
		frm.add_custom_button(__("Decide Return"), () => decide(frm, panel)).addClass("btn-primary");
	} else if (panel.why_not) {
		qms_customer.headline(frm, frappe.utils.escape_html(panel.why_not), "orange");
	}
	panel.batches.forEach((batch) => batch_buttons(frm, panel, batch));
}

function batch_buttons(frm, panel, batch) {
	const group = __("Batch {0}", [batch.batch]);
	const args = { name: frm.doc.name, content_hash: panel.hash, row: batch.row };
	const after = () => frm.reload_doc();
	const sure = (question, method) =>
		frappe.confirm(question, () => qms_customer.returns.claim(method, args).then(after, () => {}));
	if (batch.may_block) {
		frm.add_custom_button(
			__("Block Batch"),
			() => sure(__("Block batch {0}, so that nobody can choose it any more?", [batch.batch.bold()]), "block_batch"),
			group
		);
	}
	if (batch.may_move) {
		frm.add_custom_button(
			__("Move Stock to Quarantine"),
			() => sure(__("Move the stock of batch {0} to quarantine?", [batch.batch.bold()]), "move_batch"),
			group
		);
	}
	if (batch.may_open) {
		frm.add_custom_button(__("Open Non-Conformance"), () => open_non_conformance(frm, args, batch), group);
	}
	if (batch.may_look) {
		frm.add_custom_button(__("Batch Looked At"), () => look_at(frm, args), group);
	}
}

function open_inspection(frm, test) {
	const open = (one) => frappe.set_route("Form", "Quality Inspection", one.name);
	const make = (template) =>
		qms_customer.returns
			.claim("make_inspection", { name: frm.doc.name, row: test.row, template: template || "" })
			.then(open, () => {});
	if (test.inspection) return open({ name: test.inspection });
	if (test.template) return make();
	qms_customer.ask(
		__("Inspect Sample"),
		[
			{
				fieldname: "template",
				fieldtype: "Link",
				options: "Quality Inspection Template",
				label: __("Quality Inspection Template"),
				reqd: 1,
			},
		],
		__("Make Inspection"),
		(values) => make(values.template)
	);
}

function find(frm, panel) {
	const rows = panel.tests.map((test) => ({
		row: test.row,
		item: test.item,
		batch: test.batch,
		quality_inspection: test.submitted ? test.inspection : "",
		finding: { Accepted: "Good", Rejected: "Bad" }[test.submitted ? test.status : ""] || "",
		comment: test.submitted ? "/" : "",
	}));
	const column = (fieldname, fieldtype, label, more) => ({
		fieldname,
		fieldtype,
		label,
		in_list_view: 1,
		columns: 2,
		...more,
	});
	const signing = qms_customer.sign({
		title: __("Record Finding"),
		size: "extra-large",
		fields: [
			{
				fieldname: "findings",
				fieldtype: "Table",
				label: __("Retained Samples"),
				cannot_add_rows: true,
				cannot_delete_rows: true,
				in_place_edit: true,
				data: rows,
				fields: [
					{ fieldname: "row", fieldtype: "Data", hidden: 1 },
					column("item", "Data", __("Item"), { read_only: 1 }),
					column("batch", "Data", __("Batch"), { read_only: 1 }),
					column("quality_inspection", "Data", __("Quality Inspection"), { read_only: 1 }),
					column("finding", "Select", __("Finding", null, "Return Sample Test"), {
						options: ["", "Good", "Bad", "No Sample Left"].map((value) => ({
							value,
							label: value ? __(value, null, "Return Sample Test") : "",
						})),
						formatter: (value) =>
							frappe.utils.escape_html(value ? __(value, null, "Return Sample Test") : ""),
					}),
					column("comment", "Data", __("Comment", null, "Return Slip")),
				],
			},
		],
		label: __("Record Finding"),
		meaning: "Retained Sample Tested",
		role: "QMS Quality",
		method: "qms_customer.returns.claim_api.find",
		args: () => ({
			name: frm.doc.name,
			content_hash: panel.hash,
			findings: rows
				.filter((row) => row.finding)
				.map(({ row, finding, quality_inspection, comment }) => ({
					row,
					finding,
					quality_inspection,
					comment,
				})),
		}),
		done: () => frm.reload_doc(),
	});
	qms_customer.fixed_rows(signing.dialog, "findings");
	signing.show();
}

function sign_step(frm, panel, { title, fields, label, meaning, role, method, args }) {
	qms_customer
		.sign({
			title,
			fields,
			label,
			meaning,
			role,
			method: `qms_customer.returns.claim_api.${method}`,
			args: (values) => ({ name: frm.doc.name, content_hash: panel.hash, ...args(values) }),
			done: () => frm.reload_doc(),
		})
		.show();
}

function explain(frm, panel) {
	sign_step(frm, panel, {
		title: __("Record Explanation"),
		fields: [
			{
				fieldname: "explanation",
				fieldtype: "Small Text",
				label: __("What Was Explained to the Customer"),
				default: frm.doc.explanation,
				reqd: 1,
				stands_for: "explanation",
			},
		],
		label: __("Record Explanation"),
		meaning: "Finding Explained to the Customer",
		method: "explain",
		args: (values) => ({ explanation: values.explanation }),
	});
}

function record_answer(frm, panel) {
	sign_step(frm, panel, {
		title: __("Record Answer"),
		fields: [
			{
				fieldname: "answer",
				fieldtype: "Select",
				label: __("Answer of the Customer", null, "Return Slip"),
				options: ["Keeps the Goods", "Insists on the Return"].map((value) => ({
					value,
					label: __(value, null, "Return Slip"),
				})),
				reqd: 1,
			},
			{ fieldname: "answered_by", fieldtype: "Data", label: __("Answered By", null, "Return Slip"), reqd: 1 },
			{
				fieldname: "answered_on",
				fieldtype: "Date",
				label: __("Answered On", null, "Return Slip"),
				default: frappe.datetime.get_today(),
				reqd: 1,
			},
			{ fieldname: "comment", fieldtype: "Small Text", label: __("Comment", null, "Return Slip"), reqd: 1, slash: 1 },
		],
		label: __("Record Answer"),
		meaning: (values) =>
			({
				"Keeps the Goods": "Goods Kept by the Customer",
				"Insists on the Return": "Return Insisted on by the Customer",
			}[values.answer] || ""),
		method: "record_answer",
		args: ({ answer, answered_by, answered_on, comment }) => ({
			answer,
			answered_by,
			answered_on,
			comment,
		}),
	});
}

function decide(frm, panel) {
	sign_step(frm, panel, {
		title: __("Decide Return"),
		fields: [
			{
				fieldname: "decision",
				fieldtype: "Select",
				label: __("Decision"),
				options: ["Approved", "Rejected"].map((value) => ({ value, label: __(value, null, "Return Slip") })),
				reqd: 1,
			},
			{
				fieldname: "comment",
				fieldtype: "Small Text",
				label: __("Comment", null, "Return Slip"),
				reqd: 1,
				slash: 1,
				stands_for: "decision_comment",
			},
		],
		label: __("Decide Return"),
		meaning: (values) => ({ Approved: "Return Approved", Rejected: "Return Rejected" }[values.decision] || ""),
		role: panel.decides_as,
		method: "decide",
		args: ({ decision, comment }) => ({ decision, comment }),
	});
}

function open_non_conformance(frm, args, batch) {
	qms_customer.ask(
		__("Open Non-Conformance"),
		[
			{
				fieldname: "procedure",
				fieldtype: "Link",
				options: "Quality Procedure",
				label: __("Quality Procedure"),
				reqd: 1,
			},
			{
				fieldname: "subject",
				fieldtype: "Data",
				label: __("Subject"),
				default: __("Retained sample of batch {0} is bad", [batch.batch]),
				reqd: 1,
			},
			{ fieldname: "details", fieldtype: "Small Text", label: __("Details") },
		],
		__("Open Non-Conformance"),
		({ procedure, subject, details }) =>
			qms_customer
				.api("qms_customer.returns.claim_api.open_non_conformance", {
					...args,
					procedure,
					subject,
					details: details || "",
				})
				.then(() => frm.reload_doc())
	);
}

function look_at(frm, args) {
	sign_step(
		frm,
		{ hash: args.content_hash },
		{
			title: __("The Rest of the Batch Was Looked At"),
			fields: [{ fieldname: "comment", fieldtype: "Small Text", label: __("Comment", null, "Return Slip"), reqd: 1, slash: 1 }],
			label: __("Batch Looked At"),
			meaning: "Batch Looked At",
			role: "QMS Quality",
			method: "look_at_batch",
			args: ({ comment }) => ({ row: args.row, comment }),
		}
	);
}
