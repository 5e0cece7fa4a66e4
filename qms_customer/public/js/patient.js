// Patient data on the forms of feedback and complaint (K7): shown for as long as a dialog is open, and logged.
// Nothing is decided here, and nothing of it is kept in the form.
(() => {
	const API = "qms_customer.feedback.patient_api.";
	const FIELDS = ["patient_reference", "patient_age", "patient_sex", "patient_details"];
	const esc = (text) => frappe.utils.escape_html(String(text ?? ""));
	const label = (frm, field) => __(frappe.meta.get_docfield(frm.doctype, field).label, null, frm.doctype);
	const of = (frm) => ({ doctype: frm.doctype, name: frm.doc.name });
	const text = (fieldname, title, more) => ({ fieldname, fieldtype: "Small Text", label: title, ...more });

	const on = {
		refresh(frm) {
			if (frm.is_new()) return;
			const name = frm.doc.name;
			qms_customer.api(`${API}get_state`, of(frm), false).then((state) => {
				if (frm.doc.name === name) buttons(frm, state);
			});
		},
	};
	frappe.ui.form.on("Customer Feedback", on);
	frappe.ui.form.on("Customer Complaint", on);

	function buttons(frm, state) {
		const group = __("Patient Data");
		const step = (name, title, open) => {
			if (state.may.includes(name)) frm.add_custom_button(title, () => open(frm, state), group);
		};
		step("show", __("Show Patient Data"), show);
		step("record", __("Record Patient Data"), record);
		step("grant", __("Grant Reading"), grant);
		step("erase", __("Erase Patient Data"), erase);
		if (state.erased_on) {
			const day = frappe.datetime.str_to_user(state.erased_on);
			frm.dashboard.add_comment(__("Patient data was erased on {0} by {1}.", [day, esc(state.erased_by)]), "blue", true);
		}
	}

	// Values stand in the dialog alone, and go with it.
	function show(frm) {
		qms_customer.api(`${API}show`, of(frm)).then((values) => {
			const rows = FIELDS.filter((field) => field in values).map(
				(field) =>
					`<tr><th style="width: 35%">${esc(label(frm, field))}</th><td style="white-space: pre-wrap">${esc(values[field])}</td></tr>`
			);
			const dialog = new frappe.ui.Dialog({
				title: __("Patient Data"),
				fields: [
					{
						fieldname: "shown",
						fieldtype: "HTML",
						options: `<table class="table table-bordered qms-patient">${rows.join("")}</table>
							<p class="text-muted">${__("That you have read this is logged, with the time.")}</p>`,
					},
				],
				primary_action_label: __("Print"),
				primary_action() {
					dialog.hide();
					print(frm);
				},
			});
			dialog.$wrapper.addClass("qms-dialog");
			dialog.onhide = () => dialog.$wrapper.remove();
			dialog.show();
		});
	}

	function print(frm) {
		// Opened at once: what is opened after an answer is taken for a pop-up.
		const page = window.open("", "_blank");
		qms_customer.api(`${API}print_form`, of(frm)).then((html) => {
			if (!page) return;
			page.document.write(html);
			page.document.close();
			page.print();
		});
	}

	function record(frm) {
		const fields = FIELDS.map((fieldname) => ({
			fieldname,
			fieldtype: frappe.meta.get_docfield(frm.doctype, fieldname).fieldtype,
			label: label(frm, fieldname),
			description: frm.doc[fieldname] ? __("Recorded. Left empty it stays as it is.") : "",
		}));
		const title = __("Record Patient Data");
		// The hash of what the form shows now.
		qms_customer.api("qms_customer.feedback.complaint_api.get_complaint", { name: frm.doc.name }, false).then((panel) =>
			qms_customer.ask(title, fields, title, (values) =>
				qms_customer
					.api(`${API}record`, { name: frm.doc.name, content_hash: panel.hash, values })
					.then(() => frm.reload_doc())
			)
		);
	}

	const role = "QMS Management Representative";

	function grant(frm, state) {
		qms_customer
			.sign({
				title: __("Grant Reading"),
				fields: [
					{ fieldname: "grantee", fieldtype: "Link", options: "User", label: __("Granted To", null, "Patient Data Grant"), reqd: 1 },
					{ fieldname: "until", fieldtype: "Date", label: __("Until", null, "Patient Data Grant"), reqd: 1 },
					{
						fieldname: "whole_company",
						fieldtype: "Check",
						label: __("All Records of {0}", [esc(state.company)]),
					},
					text("reason", __("Reason"), { reqd: 1 }),
				],
				label: __("Grant Reading"),
				meaning: "Patient Data Granted",
				role,
				method: `${API}grant`,
				args: ({ grantee, until, reason, whole_company }) => ({
					...of(frm),
					grantee,
					until,
					reason,
					whole_company: whole_company ? 1 : 0,
				}),
				done: ({ name }) => frappe.show_alert({ message: __("{0} is granted", [esc(name)]), indicator: "green" }),
			})
			.show();
	}

	function erase(frm, state) {
		const words = __(
			"What is recorded of the patient of {0} is erased for good; the record stays, and says who erased it. Records of adverse events with implants are kept for good.",
			[esc(state.feedback)]
		);
		qms_customer
			.sign({
				title: __("Erase Patient Data"),
				fields: [{ fieldtype: "HTML", options: `<p>${words}</p>` }, text("reason", __("Reason"), { reqd: 1 })],
				label: __("Erase Patient Data"),
				meaning: "Patient Data Erased",
				role,
				method: `${API}erase`,
				args: ({ reason }) => ({ ...of(frm), reason }),
				done: () => frm.reload_doc(),
			})
			.show();
	}
})();
