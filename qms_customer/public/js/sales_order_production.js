// Production and delivery of a contract, on the order (D3, M1, F5).
frappe.ui.form.on("Sales Order", {
	refresh(frm) {
		const wrapper = frm.get_field("qms_progress_panel")?.$wrapper;
		if (!wrapper || frm.is_new() || frm.doc.docstatus !== 1) {
			wrapper?.empty();
			return;
		}
		const name = frm.doc.name;
		frappe.call({
			method: "qms_customer.contract.production_api.get_order",
			type: "GET",
			args: { name },
			callback: ({ message: panel }) => {
				if (frm.doc.name !== name || !panel) return;
				wrapper.html(panel.html);
				if (!panel.shown) return;
				const group = __("Production", null, "Sales Order");
				if (panel.may_pass_on) {
					frm.add_custom_button(
						__("Pass On to Production"),
						() =>
							qms_customer.production.pass_on(name, panel, "", (answer) =>
								frappe.set_route("Form", "Production Notice", answer.name)
							),
						group
					);
				}
				if (panel.may_tell) {
					frm.add_custom_button(
						__("Tell the Customer"),
						() => qms_customer.production.tell(name),
						group
					);
				}
			},
		});
	},
});
