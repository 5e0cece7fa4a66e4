frappe.ui.form.on("Review Action", {
	refresh(frm) {
		const waits = {
			Open: __("It waits for its owner, who reports what was done."),
			Done: __("It is done, and waits for verification by another person."),
		};
		qms_customer.headline(frm, waits[frm.doc.status], frm.doc.status === "Open" ? "orange" : "blue");
		const sign = (label, field, more) =>
			qms_customer
				.sign({
					title: label,
					fields: [{ fieldtype: "Small Text", reqd: 1, ...field }, ...(more.fields || [])],
					label,
					meaning: more.meaning,
					role: more.role,
					method: `qms_customer.contract.api.${more.method}`,
					args: (values) => ({ name: frm.doc.name, ...more.args, ...values }),
					done: () => frm.reload_doc(),
				})
				.show();
		const may = frm.doc.__onload || {};
		if (may.may_report) {
			frm.add_custom_button(__("Report Done"), () =>
				sign(
					__("Report Done"),
					{ fieldname: "evidence", label: __("What Was Done") },
					{
						fields: [{ fieldname: "evidence_file", fieldtype: "Attach", label: __("Evidence File") }],
						meaning: "Reported Done",
						method: "complete_action",
					}
				)
			).addClass("btn-primary");
		}
		if (may.may_verify) {
			for (const [label, effective] of [
				[__("Verify"), 1],
				[__("Send Back"), 0],
			]) {
				frm.add_custom_button(label, () =>
					sign(
						label,
						{ fieldname: "comment", label: __("Verification"), stands_for: "verification" },
						{
							meaning: effective ? "Verified" : "Sent Back",
							role: frm.doc.verifier ? "" : frm.doc.verifier_role,
							method: "verify_action",
							args: { effective },
						}
					)
				);
			}
		}
	},
});
