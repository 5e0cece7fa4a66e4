// An import: how far it is, and what came of it.
frappe.ui.form.on("Event Code Import", {
	refresh(frm) {
		const said = {
			Waiting: [__("The file is being read."), "blue"],
			Finished: [__("All of the file is imported."), "green"],
			Refused: [__("Nothing was imported: correct the file and import it again."), "red"],
		}[frm.doc.status];
		if (!said) return;
		qms_customer.headline(frm, ...said);
		if (frm.doc.status === "Waiting") {
			frm.add_custom_button(__("Run Again"), () =>
				frappe
					.xcall("qms_customer.feedback.event_code_api.run_again", { name: frm.doc.name })
					.then(() => frm.reload_doc())
			);
		}
	},
});
