frappe.listview_settings["Contract Sweep"] = {
	get_indicator: (doc) => [
		__(doc.status, null, "Contract Sweep"),
		doc.status === "Running" ? "blue" : doc.open_findings ? "red" : "green",
		`status,=,${doc.status}`,
	],
	onload(list) {
		const may = ["QMS Management Representative", "QMS General Manager", "System Manager"];
		if (!may.some((role) => frappe.user_roles.includes(role))) return;
		list.page.add_inner_button(__("Sweep Now"), () =>
			frappe
				.xcall("qms_customer.contract.sweep_api.start_sweep")
				.then(({ name }) => frappe.set_route("Form", "Contract Sweep", name))
		);
	},
};
