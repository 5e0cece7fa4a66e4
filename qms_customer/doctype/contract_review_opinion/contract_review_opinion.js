frappe.ui.form.on("Contract Review Opinion", {
	refresh(frm) {
		frm.qms_panel = null;
		qms_customer.fixed_rows(frm, "answers");
		qms_customer.show_panel(frm, "review_panel", "get_opinion_panel", { name: frm.doc.name }, (panel) => {
			frm.qms_panel = panel;
			if (!panel.may_give) {
				qms_customer.headline(frm, panel.standing, frm.doc.docstatus === 1 ? "green" : "blue");
				return;
			}
			qms_customer.headline(
				frm,
				panel.may_re_affirm
					? __("The change does not touch the aspects of your department: re-affirm the earlier opinion, or give a new one (Actions).")
					: __("The opinion of your department is asked for: Actions > Submit Opinion."),
				"blue"
			);
		});
	},
	before_workflow_action(frm) {
		return qms_customer.instead_of_workflow(frm, {
			"Submit Opinion": () => give_opinion(frm),
			"Re-affirm": () => re_affirm(frm),
		});
	},
});

const ANSWERS = ["Met", "Met with Conditions", "Not Met", "Not Applicable"];
const BLOCKS = ["Nothing", "Approval", "Production", "Delivery"];

function re_affirm(frm) {
	const panel = frm.qms_panel;
	if (!panel) return;
	const text = __("Re-affirm the earlier opinion of your department on the changed contract?");
	qms_customer
		.sign({
			title: __("Re-affirm"),
			fields: [{ fieldtype: "HTML", options: `<p>${text}</p>` }],
			label: __("Re-affirm"),
			meaning: panel.earlier_outcome,
			role: frm.doc.department_role,
			method: "qms_customer.contract.api.re_affirm",
			args: () => ({ name: frm.doc.name, content_hash: panel.hash }),
			done: () => frm.reload_doc(),
		})
		.show();
}

// What the signature means follows from the answers, as on the server.
function outcome(values) {
	const given = Object.keys(values)
		.filter((name) => name.startsWith("answer_"))
		.map((name) => values[name]);
	if (given.includes("Not Met")) return "Objected";
	return given.includes("Met with Conditions") ? "Agreed with Conditions" : "Agreed";
}

// One question below the other: it works on a telephone, where the grid does not.
function give_opinion(frm) {
	const panel = frm.qms_panel;
	if (!panel) return;
	// Closed to look something up, the dialog comes back with what was typed.
	const known = frm.qms_signing;
	if (known && known.opinion === frm.doc.name && known.hash === panel.hash) {
		known.show();
		return;
	}
	const fields = [];
	(frm.doc.answers || []).forEach((row, i) => {
		const follows = `eval:["Met with Conditions","Not Met"].includes(doc.answer_${i})`;
		fields.push(
			{ fieldtype: "Section Break", label: `${i + 1}. ${__(row.aspect)}`, css_class: "qms-question" },
			{
				fieldname: `answer_${i}`,
				fieldtype: "Select",
				label: __("Answer"),
				options: [{ value: "", label: "" }, ...ANSWERS.map((a) => ({ value: a, label: __(a) }))],
				default: row.answer || "",
				reqd: 1,
			},
			{
				fieldname: `blocks_${i}`,
				fieldtype: "Select",
				label: __("Blocks"),
				description: __("What waits until this is done. Empty: delivery; an objection holds up the approval anyway."),
				options: [{ value: "", label: "" }, ...BLOCKS.map((b) => ({ value: b, label: __(b) }))],
				depends_on: follows,
				default: row.action_blocks,
			},
			{
				fieldname: `due_${i}`,
				fieldtype: "Date",
				label: __("Action Due"),
				description: __("Empty: in {0} business days", [panel.action_due_days]),
				depends_on: follows,
				default: row.action_due,
			},
			{ fieldtype: "Column Break" },
			{
				fieldname: `comment_${i}`,
				fieldtype: "Small Text",
				label: __("Comment", null, "Contract Review"),
				mandatory_depends_on: follows,
				default: row.comment,
			},
			{
				fieldname: `owner_${i}`,
				fieldtype: "Link",
				options: "User",
				label: __("Action Owner"),
				description: __("Empty: whoever prepared the review"),
				depends_on: follows,
				default: row.action_owner,
			},
			{
				fieldname: `verifier_${i}`,
				fieldtype: "Link",
				options: "User",
				label: __("Verifier"),
				description: __("Empty: you"),
				depends_on: follows,
				default: row.action_verifier,
			}
		);
	});
	fields.push(
		{ fieldtype: "Section Break" },
		{
			fieldname: "comment",
			fieldtype: "Small Text",
			label: __("General Comment"),
			default: frm.doc.comment,
			reqd: 1,
			slash: 1,
		}
	);
	const signing = qms_customer.sign({
		title: __("Opinion of {0}", [__(frm.doc.department, null, "Review Department")]),
		size: "large",
		fields,
		label: __("Submit Opinion"),
		meaning: outcome,
		role: frm.doc.department_role,
		method: "qms_customer.contract.api.give_opinion",
		args: (values) => ({
			name: frm.doc.name,
			content_hash: panel.hash,
			answers: (frm.doc.answers || []).map((row, i) => ({
				name: row.name,
				answer: values[`answer_${i}`],
				comment: values[`comment_${i}`],
				action_owner: values[`owner_${i}`],
				action_due: values[`due_${i}`],
				action_verifier: values[`verifier_${i}`],
				action_blocks: values[`blocks_${i}`],
			})),
			comment: values.comment || "",
		}),
		done: () => {
			// What was typed stays in the dialog until the server has taken it.
			frm.qms_signing = null;
			frm.reload_doc();
		},
	});
	frm.qms_signing = Object.assign(signing, { opinion: frm.doc.name, hash: panel.hash });
	signing.show();
}
