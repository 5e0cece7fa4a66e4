// Record Integrity: everything is verified in the background; one record at once, while one waits.
frappe.query_reports["Record Integrity"] = {
	filters: [
		{
			fieldname: "reference_doctype",
			label: __("Document Type"),
			fieldtype: "Select",
			options: [
				{ value: "", label: "" },
				{ value: "Contract Review", label: __("Contract Review") },
				{ value: "Contract Review Opinion", label: __("Contract Review Opinion") },
				{ value: "Review Action", label: __("Review Action") },
				{ value: "Approval Delegation", label: __("Approval Delegation") },
				{ value: "Delivery Authorisation", label: __("Delivery Authorisation") },
				{ value: "Production Notice", label: __("Production Notice") },
				{ value: "QMS Customer Settings", label: __("QMS Customer Settings") },
				{ value: "Record Alias", label: __("Record Alias") },
				{ value: "Approved Content", label: __("Approved Content") },
			],
		},
		{
			fieldname: "reference_name",
			label: __("Document"),
			fieldtype: "Dynamic Link",
			options: "reference_doctype",
			on_change: (report) => {
				report.ignore_prepared_report = Boolean(
					report.get_filter_value("reference_name")
				);
				report.refresh();
			},
		},
	],
	onload: (report) => {
		report.ignore_prepared_report = Boolean(report.get_filter_value("reference_name"));
	},
	formatter: (value, row, column, data, default_formatter) => {
		const text = default_formatter(value, row, column, data);
		return column.fieldname === "finding" ? `<span class="text-danger">${text}</span>` : text;
	},
};
