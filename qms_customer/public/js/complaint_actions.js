// Actions on complaints and on signals (H5, H8): opened and signed as done with the same dialogs. Nothing is decided
// here: the server says which steps there are.
(() => {
	const ROW = "Complaint Action";
	const label = (field) => __(frappe.meta.get_docfield(ROW, field).label, null, ROW);
	const text = (fieldname, title, more) => ({ fieldname, fieldtype: "Small Text", label: title, ...more });
	const person = (fieldname) => ({ fieldname, fieldtype: "Link", options: "User", label: label("action_owner"), reqd: 1 });
	const until = (fieldname) => ({ fieldname, fieldtype: "Date", label: label("due_date"), reqd: 1 });
	const choices = (values, context) => values.map((value) => ({ value, label: __(value, null, context) }));

	const API = "qms_customer.feedback.action_api.";

	// Add the buttons of a form. `meaning`: of the signature under an action that is done.
	qms_customer.action_steps = (frm, panel, meaning, group) => {
		const base = { doctype: frm.doctype, name: frm.doc.name, content_hash: panel.hash };
		const step = (method, title, fields, args = (values) => values) => {
			if (!panel.may.includes(method)) return;
			const send = (values) =>
				qms_customer.api(API + method, { ...base, ...args(values) }).then(() => frm.reload_doc());
			frm.add_custom_button(title, () => qms_customer.ask(title, fields(), title, send), group);
		};
		step("add_action", __("Add Action"), person_does);
		step("open_non_conformance", __("Open Non-Conformance"), non_conformance, (values) => ({ details: "", ...values }));
		step("open_quality_action", __("Open Quality Action"), quality_action, (values) => ({ procedure: "", ...values }));
		panel.actions.forEach((action) => {
			// Frappe takes a label for HTML, and two that are the same for one.
			const said = frappe.utils.escape_html(`${action.number}. ${frappe.ellipsis(action.description, 50)}`);
			frm.add_custom_button(said, () => finish(frm, base, action, meaning), __("Action Done"));
		});
	};

	const person_does = () => [
		{
			fieldname: "kind",
			fieldtype: "Select",
			label: label("kind"),
			options: choices(frappe.meta.get_docfield(ROW, "kind").options.split("\n").filter(Boolean), ROW),
			reqd: 1,
		},
		text("description", label("description"), { reqd: 1 }),
		person("action_owner"),
		until("due_date"),
	];

	const non_conformance = () => [
		{ fieldname: "procedure", fieldtype: "Link", options: "Quality Procedure", label: __("Quality Procedure"), reqd: 1 },
		{ fieldname: "subject", fieldtype: "Data", label: __("Subject"), reqd: 1 },
		text("details", __("Details")),
	];

	const quality_action = () => [
		{
			fieldname: "corrective_preventive",
			fieldtype: "Select",
			label: __("Corrective/Preventive"),
			options: choices(["Corrective", "Preventive"], "Customer Complaint"),
			default: "Corrective",
			reqd: 1,
		},
		text("problem", __("Problem"), { reqd: 1 }),
		person("responsible"),
		until("completion_by"),
		{ fieldname: "procedure", fieldtype: "Link", options: "Quality Procedure", label: __("Quality Procedure") },
	];

	function finish(frm, base, action, meaning) {
		qms_customer
			.sign({
				title: __("Action Done"),
				fields: [text("comment", label("comment"), { reqd: 1 })],
				label: __("Action Done"),
				meaning,
				method: `${API}finish_action`,
				args: ({ comment }) => ({ ...base, row: action.row, comment }),
				done: () => frm.reload_doc(),
			})
			.show();
	}
})();
