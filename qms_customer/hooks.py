app_name = "qms_customer"
app_title = "QMS Customer"
app_publisher = "qms_customer contributors"
app_description = "Contract review, complaints and returns (ISO 13485 7.2 / 8.2) for ERPNext"
app_email = "maintainers@qms-customer.example"
app_license = "MIT"
required_apps = ["erpnext"]

app_include_css = "/assets/qms_customer/css/qms_customer.css"
app_include_js = ["/assets/qms_customer/js/common.js", "/assets/qms_customer/js/signing.js"]
doctype_js = {
	"Sales Order": [
		"public/js/sales_order.js",
		"public/js/production.js",
		"public/js/sales_order_production.js",
	],
	"Production Notice": "public/js/production.js",
	"Quotation": "public/js/quotation.js",
	"Blanket Order": "public/js/blanket_order.js",
	"Customer": "public/js/customer.js",
	"Delivery Note": ["public/js/release.js", "public/js/return_make.js"],
	"Sales Invoice": ["public/js/release.js", "public/js/return_make.js"],
	"POS Invoice": ["public/js/release.js", "public/js/return_make.js"],
	"Stock Entry": "public/js/release.js",
	"Contract Change Notice": "public/js/distribution.js",
	"Serial No": "public/js/return_make.js",
	"Batch": "public/js/return_make.js",
	"Communication": ["public/js/communication.js", "public/js/feedback_make.js"],
	"Return Slip": [
		"public/js/return_claim.js",
		"public/js/return_goods.js",
		"public/js/feedback_make.js",
	],
	"Issue": "public/js/feedback_make.js",
	"Warranty Claim": "public/js/feedback_make.js",
	"Maintenance Visit": "public/js/feedback_make.js",
	"Customer Complaint": [
		"public/js/reporting.js",
		"public/js/complaint_actions.js",
		"public/js/advisory_make.js",
		"public/js/complaint_return.js",
		"public/js/patient.js",
	],
	"Complaint Signal": ["public/js/complaint_actions.js", "public/js/advisory_make.js"],
	"Customer Feedback": "public/js/patient.js",
}
override_doctype_class = {"Error Log": "qms_customer.erp.error_log.QMSErrorLog"}
doctype_list_js = {
	"Sales Order": "public/js/sales_order_list.js",
	"Quotation": "public/js/quotation_list.js",
	"Blanket Order": "public/js/blanket_order_list.js",
}

override_doctype_dashboards = {
	"Sales Order": "qms_customer.erp.dashboards.sales_order",
	"Quotation": "qms_customer.erp.dashboards.quotation",
	"Blanket Order": "qms_customer.erp.dashboards.blanket_order",
	"Delivery Note": "qms_customer.erp.dashboards.delivery_note",
	"Sales Invoice": "qms_customer.erp.dashboards.sales_invoice",
	"Customer": "qms_customer.erp.dashboards.customer",
	"Item": "qms_customer.erp.dashboards.item",
	"Batch": "qms_customer.erp.dashboards.batch",
}

after_install = "qms_customer.setup.install.after_install"
after_sync = "qms_customer.setup.install.after_sync"
after_migrate = "qms_customer.setup.install.after_migrate"
extend_bootinfo = "qms_customer.contract.adoption_panel.boot"

before_uninstall = "qms_customer.setup.uninstall.before_uninstall"

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
					"Notice Draft",
					"Awaiting Customer",
					"Notice In Review",
					"Notice Pending Approval",
					"Change Applied",
					"Change Rejected",
					"Change Withdrawn",
					"Awaiting Acknowledgement",
					"Acknowledged",
					"Passed to Production",
					"Released to Production",
					"Withdrawn from Production",
					"Return Draft",
					"Sample Test",
					"With the Customer",
					"Return Pending Approval",
					"Route to be Decided",
					"Goods Awaited",
					"Destruction Awaited",
					"In Quarantine",
					"Settlement Due",
					"Return Closed",
					"Return Rejected",
					"Return Withdrawn",
					"Complaint in Investigation",
					"Action on Complaint",
					"Reply to Complaint Due",
					"Effectiveness to be Checked",
					"Complaint to be Closed",
					"Complaint Closed",
					"Feedback to be Assessed",
					"Feedback to be Answered",
					"Feedback Closed",
					"Complaint Opened",
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
				[
					"Approve",
					"Reject",
					"Return",
					"Submit Opinion",
					"Re-affirm",
					"Authorise",
					"Refuse",
					"Acknowledge",
					"Release to Production",
					"Close Complaint",
					"Assess",
				],
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
	"on_change": "qms_customer.erp.register.on_contract_change",
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
		"before_validate": [
			"qms_customer.returns.exchange.before_validate",
			"qms_customer.erp.delivery_note.before_validate",
		],
		# The slip is locked before the contract, as by its own steps.
		"before_submit": [
			"qms_customer.returns.exchange.before_submit",
			"qms_customer.erp.delivery_note.before_submit",
		],
		"on_submit": ["qms_customer.returns.exchange.on_submit", "qms_customer.returns.given.on_document"],
		"before_change": "qms_customer.erp.delivery_terms.before_change",
		"before_cancel": "qms_customer.erp.release.before_cancel",
		"on_cancel": ["qms_customer.erp.release.on_cancel", "qms_customer.returns.given.on_document"],
		"on_change": "qms_customer.erp.register.on_goods_or_money",
	},
	# As above: the slip before the contract.
	"Sales Invoice": {
		"before_validate": "qms_customer.returns.credit.before_validate",
		"before_submit": "qms_customer.returns.credit.before_submit",
		"before_change": "qms_customer.erp.delivery_terms.before_change",
		**dict.fromkeys(("on_update", "on_cancel", "after_delete"), "qms_customer.returns.given.on_document"),
	},
	("Sales Invoice", "POS Invoice"): {
		"before_validate": "qms_customer.erp.sales_invoice.before_validate",
		"before_submit": "qms_customer.erp.sales_invoice.before_submit",
		"before_cancel": "qms_customer.erp.release.before_cancel",
		"on_cancel": "qms_customer.erp.release.on_cancel",
	},
	("Sales Invoice", "Payment Entry"): {"on_change": "qms_customer.erp.register.on_goods_or_money"},
	"Unreconcile Payment": {"on_change": "qms_customer.erp.register.on_unreconcile"},
	"Journal Entry": {"on_change": "qms_customer.erp.register.on_journal_entry"},
	("Contract Review", "Contract Change Notice", "Production Notice"): {
		"on_change": "qms_customer.erp.register.on_record_change"
	},
	"Return Slip": {"on_change": "qms_customer.erp.register.on_return_slip"},
	# H5, H8: complaints and signals are not done acting while one of their documents is open.
	("Non Conformance", "Quality Action"): {
		"on_change": [
			"qms_customer.feedback.complaints.on_document",
			"qms_customer.feedback.signal_actions.on_document",
		],
		"on_trash": [
			"qms_customer.feedback.complaints.before_deletion",
			"qms_customer.feedback.signal_actions.before_deletion",
		],
		"after_delete": [
			"qms_customer.feedback.complaints.before_deletion",
			"qms_customer.feedback.signal_actions.before_deletion",
		],
	},
	("Return Slip",): {
		"after_insert": "qms_customer.feedback.actions.on_slip",
		"on_change": "qms_customer.feedback.complaints.on_document",
	},
	"Reportability Decision": {
		"on_change": [
			"qms_customer.feedback.complaints.on_decision",
			# I1: what is reported, users may have to be told.
			"qms_customer.feedback.advisory.on_decision",
		]
	},
	"Contract Adoption": {"on_change": "qms_customer.erp.register.on_adoption"},
	("Customer Complaint",): {"on_change": "qms_customer.erp.register.on_complaint"},
	# H4: deadlines follow what a complaint says, whoever wrote it.
	# I1: where harm is possible it is asked whether users are told.
	"Customer Complaint": {
		event: ["qms_customer.feedback.reporting.on_complaint", "qms_customer.feedback.advisory.on_complaint"]
		for event in ("on_update", "on_update_after_submit")
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
	"Quality Inspection": {
		"before_validate": "qms_customer.erp.quality_inspection.before_validate",
		"before_submit": "qms_customer.erp.quality_inspection.before_submit",
		"before_cancel": "qms_customer.erp.quality_inspection.before_cancel",
		"on_trash": "qms_customer.erp.quality_inspection.on_trash",
	},
	"POS Invoice": {
		"before_validate": "qms_customer.returns.counter.before_validate",
		"on_submit": "qms_customer.returns.counter.on_submit",
	},
	"Batch": {
		"before_validate": "qms_customer.erp.blocked_batch.before_batch",
		"before_change": "qms_customer.erp.blocked_batch.before_batch",
		"before_rename": "qms_customer.erp.blocked_batch.before_batch_rename",
	},
	# G5: goods of a blocked batch stay.
	# G6: what is made for a return slip, and what moves goods in quarantine.
	("Delivery Note", "Sales Invoice", "POS Invoice", "Stock Entry"): {
		"before_validate": [
			"qms_customer.returns.making.before_validate",
			"qms_customer.erp.blocked_batch.before_validate",
		],
		"before_submit": "qms_customer.erp.blocked_batch.before_submit",
		"on_submit": "qms_customer.erp.blocked_batch.on_submit",
		"before_change": "qms_customer.returns.making.before_validate",
		"before_cancel": "qms_customer.returns.making.before_cancel",
		"on_cancel": "qms_customer.returns.making.on_cancel",
	},
	("Purchase Receipt", "Purchase Invoice", "Subcontracting Receipt", "Asset Capitalization"): {
		"before_validate": "qms_customer.erp.blocked_batch.before_validate",
		"before_submit": "qms_customer.erp.blocked_batch.before_submit",
		"on_submit": "qms_customer.erp.blocked_batch.on_submit",
	},
	# G1, G2: goods that come back by ERPNext's own return. After what forbids to name a slip.
	("Delivery Note", "Sales Invoice", "POS Invoice"): {
		"before_validate": "qms_customer.erp.plain_return.before_validate",
		"before_submit": "qms_customer.erp.plain_return.before_submit",
	},
	(
		*("Delivery Note", "Sales Invoice", "POS Invoice", "Stock Entry", "Stock Reconciliation"),
		*("Purchase Receipt", "Purchase Invoice", "Subcontracting Receipt"),
	): {
		"before_validate": "qms_customer.returns.quarantine.before_validate",
		"before_submit": "qms_customer.returns.quarantine.before_submit",
	},
	"Stock Ledger Entry": {"before_validate": "qms_customer.returns.quarantine.before_ledger"},
	# F6: a service record says whether it is about a complaint.
	"Maintenance Visit": {
		"before_validate": "qms_customer.erp.maintenance_visit.before_validate",
		"before_submit": "qms_customer.erp.maintenance_visit.before_submit",
		"on_submit": "qms_customer.erp.maintenance_visit.on_submit",
		"before_cancel": "qms_customer.erp.maintenance_visit.before_cancel",
	},
	"Item": {"before_rename": "qms_customer.erp.rename.before_item_rename"},
	"Warehouse": {
		"before_validate": [
			"qms_customer.erp.customer_site.before_warehouse",
			"qms_customer.returns.quarantine.before_warehouse",
		],
		"before_change": [
			"qms_customer.erp.customer_site.before_warehouse",
			"qms_customer.returns.quarantine.before_warehouse",
		],
		"before_rename": [
			"qms_customer.erp.customer_site.before_warehouse_rename",
			"qms_customer.returns.quarantine.before_warehouse_rename",
		],
	},
	"Purchase Order": {
		"before_validate": "qms_customer.erp.purchase_order.before_validate",
		"before_submit": "qms_customer.erp.purchase_order.before_submit",
		"before_update_after_submit": "qms_customer.erp.purchase_order.before_update_after_submit",
		"before_change": "qms_customer.erp.purchase_order.before_change",
	},
	"Production Plan": {
		"before_validate": "qms_customer.erp.production_plan.before_validate",
		"before_submit": "qms_customer.erp.production_plan.before_submit",
		"before_change": "qms_customer.erp.production_plan.before_change",
	},
	"Work Order": {
		"before_validate": "qms_customer.erp.work_order.before_validate",
		"before_submit": "qms_customer.erp.work_order.before_submit",
		"before_update_after_submit": "qms_customer.erp.work_order.before_update_after_submit",
		"before_change": "qms_customer.erp.work_order.before_change",
		"on_change": "qms_customer.erp.register.on_work_order",
	},
	"Job Card": {
		"before_validate": "qms_customer.erp.job_card.before_validate",
		"before_change": "qms_customer.erp.job_card.before_change",
	},
	"Job Card Time Log": {
		"before_validate": "qms_customer.erp.job_card.before_log",
		"before_change": "qms_customer.erp.job_card.before_log",
	},
	"User": {
		"before_validate": [
			"qms_customer.records.credentials.before_user_changes",
			"qms_customer.setup.executor.before_user_changes",
		],
		"on_update": "qms_customer.records.credentials.after_user_changed",
		"after_rename": "qms_customer.records.credentials.after_user_renamed",
		"on_trash": "qms_customer.records.credentials.before_user_is_deleted",
	},
	"Transaction Deletion Record": {
		"before_submit": "qms_customer.erp.transaction_deletion.before_submit",
		"before_update_after_submit": "qms_customer.erp.transaction_deletion.before_update_after_submit",
		"before_change": "qms_customer.erp.transaction_deletion.before_change",
	},
	"Error Log": {
		"before_insert": [
			"qms_customer.records.secrets.before_error_log",
			"qms_customer.feedback.patient.before_error_log",
		]
	},
	"Notification": {"before_validate": "qms_customer.records.protect.before_notification"},
	"Auto Repeat": {"before_validate": "qms_customer.erp.auto_repeat.before_validate"},
	"File": {
		"before_validate": [
			"qms_customer.erp.file.before_validate",
			"qms_customer.records.protect.before_file",
		],
		"before_change": "qms_customer.records.protect.before_file",
		"before_rename": "qms_customer.records.protect.before_rename",
		"on_trash": ["qms_customer.erp.file.on_trash", "qms_customer.records.protect.refuse_file"],
	},
	# What belongs to a record, and the settings of its form.
	"Version": {
		"before_validate": "qms_customer.records.protect.before_version",
		"before_change": "qms_customer.records.protect.before_version",
		"before_rename": "qms_customer.records.protect.before_rename",
		"on_trash": "qms_customer.records.protect.version_on_trash",
	},
	"Comment": {
		"before_validate": "qms_customer.records.protect.before_comment",
		"before_change": "qms_customer.records.protect.before_comment",
		"before_rename": "qms_customer.records.protect.before_rename",
		"on_trash": "qms_customer.records.protect.comment_on_trash",
		# H5: a later entry opens a complaint again.
		"after_insert": "qms_customer.feedback.reopening.on_comment",
	},
	"Communication": {
		"before_validate": "qms_customer.records.protect.before_email",
		"before_change": "qms_customer.records.protect.before_email",
		"before_rename": "qms_customer.records.protect.before_rename",
		"on_trash": "qms_customer.records.protect.email_on_trash",
		# H1: what comes in by e-mail.
		"validate": "qms_customer.feedback.mails.on_email",
		"after_insert": [
			"qms_customer.feedback.reopening.on_email",
			"qms_customer.feedback.mails.on_kept",
		],
		"on_update": "qms_customer.feedback.mails.on_update",
	},
	"Unhandled Email": {"after_insert": "qms_customer.feedback.mails.on_unhandled"},
	"Email Account": {"validate": "qms_customer.feedback.mails.before_account"},
	"Communication Link": {
		"before_validate": "qms_customer.records.protect.before_email_link",
		"before_change": "qms_customer.records.protect.before_email_link",
		"on_trash": "qms_customer.records.protect.before_email_link",
	},
	"Property Setter": {
		"before_validate": "qms_customer.records.protect.before_property",
		"before_change": "qms_customer.records.protect.before_property",
	},
	"Custom Field": {
		"before_validate": "qms_customer.records.protect.before_custom_field",
		"before_change": "qms_customer.records.protect.before_custom_field",
		"on_trash": "qms_customer.records.protect.before_custom_field",
	},
	"DocType": {
		"before_validate": "qms_customer.records.protect.before_doctype",
		"before_change": "qms_customer.records.protect.before_doctype",
		"before_rename": "qms_customer.records.protect.before_doctype_rename",
	},
	("DocField", "DocPerm"): {
		"before_validate": "qms_customer.records.protect.before_doctype_row",
		"before_change": "qms_customer.records.protect.before_doctype_row",
		"on_trash": "qms_customer.records.protect.before_doctype_row",
	},
	"Workflow": {
		"before_validate": "qms_customer.records.protect.before_workflow",
		"before_change": "qms_customer.records.protect.before_workflow",
	},
	"Personal Data Deletion Request": {
		"before_validate": "qms_customer.records.protect.before_data_deletion"
	},
	# What Frappe's clean-ups delete about records is kept, whoever has it deleted.
	"Log Settings": {"on_update": "qms_customer.records.trail.before_clean_up"},
	("Email Queue", "Notification Log", "Access Log", "Activity Log"): {
		"on_trash": "qms_customer.records.trail.before_log_is_deleted"
	},
}

# For our print formats; each checks that the user may read the record.
jinja = {
	"methods": [
		"qms_customer.contract.prints.qms_contract_review_form",
		"qms_customer.contract.prints.qms_opinion_form",
		"qms_customer.contract.notice_prints.qms_change_notice_form",
		"qms_customer.contract.register_prints.qms_register_entry_form",
		"qms_customer.contract.production_print.qms_production_notice_form",
		"qms_customer.returns.prints.qms_return_slip_form",
		"qms_customer.returns.prints.qms_destruction_certificate",
		"qms_customer.feedback.prints.qms_feedback_form",
		"qms_customer.feedback.prints.qms_complaint_form",
		"qms_customer.feedback.prints.qms_reportability_form",
		"qms_customer.feedback.prints.qms_signal_form",
	]
}
# It names all who have a product: not for those who are limited to some customers (I2, L1).
has_permission = {"Advisory Notice Decision": "qms_customer.feedback.advisory.has_permission"}
permission_query_conditions = {"Advisory Notice Decision": "qms_customer.feedback.advisory.query_conditions"}

pdf_generator = "qms_customer.records.pdf.generate"

override_whitelisted_methods = {
	"frappe.core.doctype.user.user.update_password": "qms_customer.records.passwords.update_password",
	"frappe.core.doctype.user.user.verify_password": "qms_customer.records.passwords.verify_password",
	# The same functions under a second name, by which they are called over the network as well.
	"frappe.core.doctype.user.test_user.update_password": "qms_customer.records.passwords.update_password",
	"frappe.core.doctype.user.test_user.verify_password": "qms_customer.records.passwords.verify_password",
	"frappe.email.relink": "qms_customer.records.protect.relink",
	"frappe.custom.doctype.custom_field.custom_field.rename_fieldname": (
		"qms_customer.records.protect.rename_fieldname"
	),
}

# Where frappe deletes the bytes of a file, before it asks on_trash, and where it writes them.
delete_file_data_content = "qms_customer.erp.file.delete_content"
write_file = "qms_customer.erp.file.write_content"

# A10: a receipt says that a program has sent it.
make_email_body_message = ["qms_customer.feedback.receipts.say_that_it_is_automatic"]

scheduler_events = {
	"hourly": [
		"qms_customer.contract.adopt.resume_killed",
		"qms_customer.contract.sweep.resume_killed",
		"qms_customer.feedback.reporting_job.hourly",
		"qms_customer.feedback.guest.follow_up_again",
	],
	"daily": [
		"qms_customer.contract.scheduled.recheck_approvals",
		"qms_customer.contract.scheduled.remind_overdue",
		"qms_customer.contract.sweep.nightly",
		"qms_customer.records.anchoring.anchor",
		"qms_customer.contract.scheduled.assign_to_delegates",
		"qms_customer.records.trail.keep",
		"qms_customer.contract.registration.remind",
		"qms_customer.feedback.patient_erase.remind",
	],
	"daily_long": [
		"qms_customer.contract.register_job.catch_up",
		"qms_customer.feedback.signals.nightly",
	],
}

# Our records do not chain ERPNext's documents: Cancel All leaves them alone, a deleted company's data too.
auto_cancel_exempted_doctypes = [
	"Contract Review",
	"Contract Review Opinion",
	"Approval Delegation",
	"Delivery Authorisation",
	"Contract Adoption",
	"Contract Change Notice",
	"Change Acknowledgement",
	"Contract Register Entry",
	"Production Notice",
	"Return Slip",
	"Customer Feedback",
	"Customer Complaint",
	"Reportability Decision",
	"Advisory Notice Decision",
]
# Computed anew at any time: it goes when its contract goes.
ignore_links_on_delete = ["Capacity Forecast"]
company_data_to_be_ignored = [
	"Capacity Forecast",
	"Contract Review",
	"Contract Review Opinion",
	"Review Action",
	"Approval Delegation",
	"Delivery Authorisation",
	"Contract Status Change",
	"Approved Content",
	"Contract Adoption",
	"Contract Change Notice",
	"Change Acknowledgement",
	"Adopted Contract",
	"Contract Sweep",
	"Contract Sweep Finding",
	"Contract Register Entry",
	"Production Notice",
	"Return Slip",
	"Customer Feedback",
	"Customer Complaint",
	"Reportability Decision",
	"Complaint Signal",
	"Advisory Notice Decision",
	"Patient Data",
	"Patient Data Grant",
	"Patient Data Access",
	"Event Code Import",
	"Record Alias",
	"Record Snapshot",
	"Electronic Signature",
	"Record Anchor",
	"Record Anchor Entry",
	"Record Correction",
	"Record Trail",
	"Review Escalation",
	"Signing Attempt",
	"Signing Credential",
]
