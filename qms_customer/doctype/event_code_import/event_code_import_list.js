frappe.listview_settings["Event Code Import"] = {
	get_indicator: (doc) => [
		__(doc.status, null, "Event Code Import"),
		{ Waiting: "blue", Finished: "green", Refused: "red" }[doc.status],
		`status,=,${doc.status}`,
	],
	onload(list) {
		const may = ["QMS Quality", "QMS Management Representative"];
		if (!may.some((role) => frappe.user_roles.includes(role))) return;
		list.page.add_inner_button(__("Import Codes"), import_codes);
	},
};

function import_codes() {
	const dialog = new frappe.ui.Dialog({
		title: __("Import Codes"),
		fields: [
			{
				fieldname: "file",
				fieldtype: "Attach",
				label: __("File"),
				reqd: 1,
				options: { restrictions: { allowed_file_types: [".json", ".xlsx", ".csv"] } },
				description: __(
					"The published terminology as {0}, or codes of the site as {1}: code, parent, term, term in Chinese, definition.",
					[".json, .xlsx", ".csv"]
				),
			},
			{
				fieldname: "edition",
				fieldtype: "Data",
				label: __("Edition"),
				description: __("The year of the release, where the file does not say it."),
			},
		],
		primary_action_label: __("Import"),
		primary_action: ({ file, edition }) =>
			frappe
				.xcall("qms_customer.feedback.event_code_api.start_import", { file, edition: edition || "" })
				.then(({ name }) => {
					dialog.hide();
					frappe.set_route("Form", "Event Code Import", name);
				}),
	});
	dialog.show();
}
