frappe.ui.form.on("Contract Review", {
	refresh(frm) {
		qms_customer.show_panel(frm, "review_panel", "get_review_panel", { name: frm.doc.name }, (panel) => {
			frm.qms_panel = panel;
			if (panel.why_not) frm.set_intro(panel.why_not, "orange");
			if (panel.may_decide) {
				frm.set_intro(
					panel.acting_for
						? __("This review waits for your decision, acting for {0}.", [panel.acting_for])
						: __("This review waits for your decision."),
					"blue"
				);
				const by_workflow = ["QMS General Manager", frm.doc.approver_role].some((role) =>
					frappe.user_roles.includes(role)
				);
				if (!by_workflow) {
					// A delegate does not hold the role, so the workflow shows no buttons.
					for (const action of ["Approve", "Reject", "Return"]) {
						frm.add_custom_button(__(action), () => decide(frm, action), __("Actions"));
					}
				}
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

function decide(frm, action) {
	const objections = (frm.qms_panel && frm.qms_panel.objections) || [];
	const overruling = action === "Approve" && objections.length;
	frappe.prompt(
		[
			{
				fieldtype: "HTML",
				options: `<p>${__("{0}: {1} for {2}", [
					__(action),
					frappe.utils.escape_html(frm.doc.reference_name),
					frappe.utils.escape_html(frm.doc.customer_name || ""),
				])}</p>`,
			},
			...(overruling
				? [
						{
							fieldname: "overrule_reason",
							fieldtype: "Small Text",
							label: __("Reason for overruling the objection of {0}", [
								objections.map((d) => __(d, null, "Review Department")).join(", "),
							]),
							reqd: 1,
						},
				  ]
				: []),
			{
				fieldname: "comment",
				fieldtype: "Small Text",
				label: __("Comment", null, "Contract Review"),
				reqd: action === "Approve" ? 0 : 1,
			},
		],
		(values) =>
			qms_customer
				.api("decide_review", {
					name: frm.doc.name,
					decision: DECISIONS[action],
					content_hash: frm.qms_panel ? frm.qms_panel.hash : "",
					comment: values.comment || "",
					overrule_reason: values.overrule_reason || "",
				})
				.then(() => frm.reload_doc()),
		__("Decide Contract Review"),
		__(action)
	);
}

function override(frm) {
	frappe.prompt(
		[
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
		(values) =>
			qms_customer
				.api("override_criterion", { name: frm.doc.name, ...values })
				.then(() => frm.reload_doc()),
		__("Override a Criterion"),
		__("Sign")
	);
}
