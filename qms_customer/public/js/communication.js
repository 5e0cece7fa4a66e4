// A change notice made of the letter or e-mail in which the customer asks for the change (E1).
(() => {
	const API = "qms_customer.contract.distribution_api.";
	const SALES = ["QMS Sales User", "QMS Business Manager", "QMS Sales VP"];
	const KINDS = ["Change", "Cancel", "Close", "Re-open"];

	frappe.ui.form.on("Communication", {
		refresh(frm) {
			if (frm.is_new() || frm.doc.communication_type !== "Communication") return;
			if (!SALES.some((role) => frappe.user_roles.includes(role))) return;
			frm.add_custom_button(__("Make Contract Change Notice"), () => make(frm), __("Actions"));
		},
	});

	function make(frm) {
		const { name, subject } = frm.doc;
		qms_customer.call(`${API}get_orders_about`, { communication: name }, true, "GET").then((found) => {
			const filters = { docstatus: 1 };
			if (found.named.length) filters.name = ["in", found.named];
			else if (found.customers.length) filters.customer = ["in", found.customers];
			qms_customer.ask(
				__("Make Contract Change Notice"),
				[
					{
						fieldname: "order",
						fieldtype: "Link",
						options: "Sales Order",
						label: __("Contract", null, "Contract Change Notice"),
						default: found.orders.length === 1 ? found.orders[0] : "",
						get_query: () => ({ filters }),
						reqd: 1,
					},
					{
						fieldname: "kind",
						fieldtype: "Select",
						label: __("Kind of Change", null, "Contract Change Notice"),
						options: KINDS.map((kind) => ({
							value: kind,
							label: __(kind, null, "Contract Change Notice"),
						})),
						default: "Change",
						reqd: 1,
					},
					{
						fieldname: "reason",
						fieldtype: "Small Text",
						label: __("Why", null, "Contract Change Notice"),
						default: subject || "",
						description: __("The letter stays with the notice as evidence."),
					},
				],
				__("Make Notice"),
				(values) =>
					qms_customer
						.call(`${API}make_notice_of`, { communication: name, ...values })
						.then((notice) => frappe.set_route("Form", "Contract Change Notice", notice.name))
			);
		});
	}
})();
