// The steps of a go-live: collect, look, sign. Nothing is decided here; the server says what may be done.
frappe.ui.form.on("Contract Adoption", {
	refresh(frm) {
		load(frm);
	},
});

// How often the form asks how far the collection is.
const EVERY = 2000;

function load(frm) {
	return qms_customer.show_panel(
		frm,
		"adoption_panel",
		"get_adoption_panel",
		{ name: frm.doc.name },
		(panel) => {
			qms_customer.headline(frm, panel.standing, panel.colour);
			if (panel.collecting) {
				// Not the document: its buttons would jump under the hand.
				clearTimeout(frm.qms_poll);
				frm.qms_poll = setTimeout(() => {
					if (cur_frm === frm) (frm.doc.status === "Collecting" ? load(frm) : frm.reload_doc());
				}, EVERY);
			} else if (frm.doc.status === "Collecting") {
				frm.reload_doc();
				return;
			}
			buttons(frm, panel);
		}
	);
}

function buttons(frm, panel) {
	frm.clear_custom_buttons();
	void qms_customer.show_record(frm);
	const call = (method) => () =>
		qms_customer.api(method, { name: frm.doc.name }).then(() => frm.reload_doc());
	if (panel.may_start) {
		const label = frm.doc.status === "Prepared" ? __("Collect") : __("Resume", null, "Contract Adoption");
		frm.add_custom_button(label, call("start_adoption")).addClass("btn-primary");
	}
	if (panel.may_refresh) frm.add_custom_button(__("Bring up to Date"), call("refresh_adoption"));
	if (["Ready", "Signed"].includes(frm.doc.status)) {
		frm.add_custom_button(__("All Contracts"), () =>
			frappe.set_route("List", "Adopted Contract", { adoption: frm.doc.name })
		);
	}
	if (panel.may_sign) {
		const label = frm.doc.kind === "Go-Live" ? __("Sign and Go Live") : __("Sign");
		frm.add_custom_button(label, () => sign(frm, panel, label)).addClass("btn-primary");
	}
}

function sign(frm, panel, label) {
	const live = frm.doc.kind === "Go-Live";
	const text = live
		? __("You sign the list of {0} contracts as they stand. From now on every other contract in the scope needs its review, and every alteration of these a contract change notice.", [panel.contracts])
		: __("You sign the list of {0} contracts as they stand: they were agreed before the go-live.", [panel.contracts]);
	qms_customer
		.sign({
			title: label,
			fields: [
				{ fieldtype: "HTML", options: `<p>${text}</p>` },
				{
					fieldname: "comment",
					fieldtype: "Small Text",
					label: __("Comment", null, "Contract Review"),
					reqd: 1,
					slash: 1,
					stands_for: "decision_comment",
				},
			],
			label,
			meaning: live ? "Gone Live" : "Adopted",
			role: panel.role,
			acting_for: panel.acting_for,
			method: "qms_customer.contract.api.sign_adoption",
			args: ({ comment }) => ({ name: frm.doc.name, content_hash: panel.hash, comment }),
			done: () => frm.reload_doc(),
		})
		.show();
}
