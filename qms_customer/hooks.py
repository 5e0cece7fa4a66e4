app_name = "qms_customer"
app_title = "QMS Customer"
app_publisher = "qms_customer contributors"
app_description = "Contract review, complaints and returns (ISO 13485 7.2 / 8.2) for ERPNext"
app_email = "maintainers@qms-customer.example"
app_license = "MIT"
required_apps = ["erpnext"]

app_include_css = "/assets/qms_customer/css/qms_customer.css"
app_include_js = "/assets/qms_customer/js/common.js"
doctype_js = {
	"Sales Order": "public/js/sales_order.js",
	"Quotation": "public/js/quotation.js",
	"Blanket Order": "public/js/blanket_order.js",
	"Delivery Note": "public/js/release.js",
	"Sales Invoice": "public/js/release.js",
	"POS Invoice": "public/js/release.js",
	"Stock Entry": "public/js/release.js",
}
doctype_list_js = {"Sales Order": "public/js/sales_order_list.js"}

after_install = "qms_customer.setup.install.after_install"
after_sync = "qms_customer.setup.install.after_sync"
after_migrate = "qms_customer.setup.install.after_migrate"
before_uninstall = "qms_customer.setup.install.before_uninstall"

# Filtered by name: never whole tables of the site.
fixtures = [
	{"dt": "Role", "filters": [["name", "like", "QMS %"]]},
	{
		"dt": "Workflow State",
		"filters": [
			[
				"name",
				"in",
				[
					"In Review",
					"Pending Approval",
					"Review Returned",
					"Out of Date",
					"Approved",
					"Rejected",
					"Superseded",
					"Awaiting Opinion",
					"Opinion Given",
					"Opinion Closed",
					"Pending Authorisation",
					"Authorised",
					"Refused",
				],
			]
		],
	},
	{
		"dt": "Workflow Action Master",
		"filters": [
			[
				"name",
				"in",
				["Approve", "Reject", "Return", "Submit Opinion", "Re-affirm", "Authorise", "Refuse"],
			]
		],
	},
]

_commitment = {
	"before_validate": "qms_customer.erp.commitment.before_validate",
	"before_save": "qms_customer.erp.commitment.before_save",
	"on_update": "qms_customer.erp.commitment.on_update",
	"before_submit": "qms_customer.erp.commitment.before_submit",
	"on_submit": "qms_customer.erp.commitment.on_submit",
	"before_update_after_submit": "qms_customer.erp.commitment.before_update_after_submit",
	"on_update_after_submit": "qms_customer.erp.commitment.on_update_after_submit",
	"before_change": "qms_customer.erp.commitment.before_change",
	"before_cancel": "qms_customer.erp.commitment.before_cancel",
	"on_cancel": "qms_customer.erp.commitment.on_cancel",
}

doc_events = {
	"*": {
		"after_rename": "qms_customer.erp.rename.after_rename",
		# Rows of any table, a site's own too; of other documents than rows these look at one attribute.
		"before_insert": "qms_customer.erp.commitment_row.before_insert",
		"before_validate": "qms_customer.erp.commitment_row.before_validate",
		"before_update_after_submit": "qms_customer.erp.commitment_row.before_validate",
		"on_update_after_submit": "qms_customer.erp.commitment_row.on_update_after_submit",
		"before_change": "qms_customer.erp.commitment_row.before_change",
		"before_cancel": "qms_customer.erp.commitment_row.before_removal",
		"on_trash": "qms_customer.erp.commitment_row.before_removal",
	},
	"Sales Order": _commitment,
	"Quotation": _commitment,
	"Blanket Order": _commitment,
	"Delivery Note": {
		"before_validate": "qms_customer.erp.delivery_note.before_validate",
		"before_submit": "qms_customer.erp.delivery_note.before_submit",
		"on_cancel": "qms_customer.erp.release.on_cancel",
	},
	("Sales Invoice", "POS Invoice"): {
		"before_validate": "qms_customer.erp.sales_invoice.before_validate",
		"before_submit": "qms_customer.erp.sales_invoice.before_submit",
		"on_cancel": "qms_customer.erp.release.on_cancel",
	},
	"Stock Entry": {
		"before_validate": "qms_customer.erp.stock_entry.before_validate",
		"before_submit": "qms_customer.erp.stock_entry.before_submit",
		"on_cancel": "qms_customer.erp.release.on_cancel",
	},
	("Purchase Receipt", "Purchase Invoice", "Subcontracting Receipt", "Stock Reconciliation"): {
		"before_validate": "qms_customer.erp.customer_site.before_validate",
		"before_submit": "qms_customer.erp.customer_site.before_submit",
	},
	"Item": {"before_rename": "qms_customer.erp.rename.before_item_rename"},
	"Warehouse": {
		"before_validate": "qms_customer.erp.customer_site.before_warehouse",
		"before_change": "qms_customer.erp.customer_site.before_warehouse",
		"before_rename": "qms_customer.erp.customer_site.before_warehouse_rename",
	},
	"Purchase Order": {
		"before_validate": "qms_customer.erp.purchase_order.before_validate",
		"before_submit": "qms_customer.erp.purchase_order.before_submit",
		"before_update_after_submit": "qms_customer.erp.purchase_order.before_update_after_submit",
		"before_change": "qms_customer.erp.purchase_order.before_change",
	},
	"Work Order": {
		"before_validate": "qms_customer.erp.work_order.before_validate",
		"before_submit": "qms_customer.erp.work_order.before_submit",
		"before_update_after_submit": "qms_customer.erp.work_order.before_update_after_submit",
		"before_change": "qms_customer.erp.work_order.before_change",
	},
	"Auto Repeat": {"before_validate": "qms_customer.erp.auto_repeat.before_validate"},
	"File": {
		"before_validate": "qms_customer.erp.file.before_validate",
		"on_trash": "qms_customer.erp.file.on_trash",
	},
}

# Where frappe deletes the bytes of a file, before it asks on_trash, and where it writes them.
delete_file_data_content = "qms_customer.erp.file.delete_content"
write_file = "qms_customer.erp.file.write_content"

scheduler_events = {
	"daily": [
		"qms_customer.contract.scheduled.recheck_approvals",
		"qms_customer.contract.scheduled.remind_overdue",
		"qms_customer.contract.scheduled.assign_to_delegates",
	]
}

# Our records do not chain ERPNext's documents: Cancel All leaves them alone, a deleted company's data too.
auto_cancel_exempted_doctypes = [
	"Contract Review",
	"Contract Review Opinion",
	"Approval Delegation",
	"Delivery Authorisation",
]
company_data_to_be_ignored = [
	"Contract Review",
	"Contract Review Opinion",
	"Review Action",
	"Approved Content",
	"Delivery Authorisation",
]
