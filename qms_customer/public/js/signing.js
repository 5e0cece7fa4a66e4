// Electronic signatures: one dialog an action, that asks what the action needs and the signature with it (K3), the
// jumps to what is missing (K1), and the signatures, corrections and versions of a record at the end of its form (K2).
// Nothing is decided or verified here.
frappe.provide("qms_customer");

(() => {
	const API = "qms_customer.records.api.";
	const PIN = "Signing PIN";
	const TYPED = ["Data", "Password", "Small Text", "Text", "Int", "Float"];
	const esc = (text) => frappe.utils.escape_html(String(text ?? ""));

	// ---- calling

	// Resolves with the answer; rejects after a refusal, which the Desk has shown, with what was refused.
	qms_customer.call = (method, args, freeze = true, type = "POST") =>
		new Promise((resolve, reject) => {
			frappe.call({
				method,
				args,
				type,
				freeze,
				callback: (r) => resolve(r.message),
				error: (r) => reject(new Refused(r)),
			});
			// The request is under way. What stays of it in the page, a report of an error to copy or to mail among
			// it, does not keep the password.
			for (const secret of ["signature", "old", "new", "pin", "old_pin"]) {
				if (frappe.last_request?.[secret]) frappe.last_request[secret] = "********";
			}
		});

	class Refused extends Error {
		constructor(answer) {
			super("refused");
			// Every refusal is headed by the ID of its rule, whatever the language.
			this.of_signature = /(^|[^\w])K3:/.test(answer?._server_messages || "");
		}
	}

	const quietly = (promise, then) =>
		promise.then(then, (error) => {
			if (!(error instanceof Refused)) throw error;
		});

	// ---- the dialog

	// What the person signs, in plain words.
	const sentence = (meaning, role, acting_for) => {
		const words = [meaning, role].map((word) => esc(word ? __(word) : ""));
		if (!role) return __("You sign: {0}", [words[0]]);
		if (!acting_for) return __("You sign: {0}, as {1}", words);
		return __("You sign: {0}, as {1} (for {2})", [...words, esc(acting_for)]);
	};

	// Ask for what an action needs, and for the signature, in one dialog.
	//
	// opts: title, fields, label (of the button), size;
	//   meaning, role, acting_for   of the signature; each may be a function of the values
	//   method, args(values)        what is called; `signature` is added
	//   done(answer, values)        afterwards; the dialog has closed
	// A field with `slash` offers "/" for what does not apply (K1); one with `stands_for` is where a message about
	// that field of the record jumps to. After a refusal the dialog stays, and what was typed.
	// Returns an object whose `show()` opens the dialog, again too; nothing opens when the server does not answer.
	qms_customer.sign = (opts) => new Signing(opts);

	class Signing {
		constructor(opts) {
			this.opts = opts;
			this.make();
		}

		make() {
			const { title, fields = [], size, label } = this.opts;
			this.dialog = new frappe.ui.Dialog({
				title,
				size,
				fields: [...fields, ...signature_fields(fields.length > 0)],
				primary_action_label: label || __("Sign"),
				primary_action: () => {},
			});
			this.dialog.qms_signing = this;
			this.dialog.$wrapper.addClass("qms-dialog qms-signing");
			this.button = this.dialog.get_primary_btn();
			this.button.off("click").on("click", () => this.send());
			const { qms_password, qms_code } = this.dialog.fields_dict;
			qms_password.disable_password_checks();
			// "off" is taken for a hint by browsers that keep passwords: nobody's signature is filled in for them.
			qms_password.$input.attr("autocomplete", "new-password");
			qms_code.$input.attr({ autocomplete: "one-time-code", inputmode: "numeric" });
			this.dialog.$wrapper.on("change input", "input, select, textarea", (event) => {
				this.keep(event.target);
				this.say();
			});
			this.dialog.$wrapper.on("click", ".qms-way-out", (event) => this.way_out(event));
			this.dialog.$wrapper.on("hidden.bs.modal", () => this.forget());
			add_slashes(this.dialog);
		}

		// What is asked depends on the session: it is looked up each time that the dialog opens.
		show() {
			return quietly(this.look_up(true), () => this.dialog.show());
		}

		look_up(freeze = false) {
			return qms_customer.call(`${API}get_signing_state`, {}, freeze, "GET").then((state) => {
				this.state = state;
				this.render();
				return state;
			});
		}

		get blocked() {
			const { refused, suspended, locked_until } = this.state;
			return Boolean(refused || suspended || locked_until);
		}

		render() {
			const { state, dialog } = this;
			const asks = (field, asked) => {
				const df = dialog.get_field(field).df;
				if (Boolean(df.hidden) === !asked && Boolean(df.reqd) === asked) return;
				df.reqd = asked ? 1 : 0;
				dialog.set_df_property(field, "hidden", asked ? 0 : 1);
			};
			const open = !this.blocked;
			asks("qms_user", open && Boolean(state.first));
			asks("qms_password", open);
			asks("qms_code", open && Boolean(state.code));
			const label = state.method === PIN ? __("Signing PIN") : __("Password");
			if (dialog.get_field("qms_password").df.label !== label) {
				dialog.set_df_property("qms_password", "label", label);
			}
			dialog.get_field("qms_state").$wrapper.html(standing(state));
			const sends = open && state.code && state.sends_code;
			dialog
				.get_field("qms_send")
				.$wrapper.html(
					sends
						? `<a href="#" class="qms-way-out qms-link small" data-way="code">${__("Send the code")}</a>`
						: ""
				);
			this.button.prop("disabled", this.blocked);
			this.say();
		}

		say() {
			const values = this.values();
			const of = (one) => (typeof one === "function" ? one(values) : one);
			const { meaning, role, acting_for } = this.opts;
			const name = __("Signed by {0}, with today's date and the time of the server.", [
				`<b>${esc(frappe.session.user_fullname)}</b>`,
			]);
			this.dialog
				.get_field("qms_meaning")
				.$wrapper.html(
					of(meaning)
						? `<div class="qms-meaning">${sentence(of(meaning), of(role), of(acting_for))}</div>
						   <div class="text-muted small">${name}</div>`
						: ""
				);
		}

		// Frappe draws a field of a dialog anew, with the value that it had, a tenth of a second after another one
		// changed, but takes over what is typed half a second later only: in between, what was typed would be gone.
		keep({ dataset }) {
			const field = this.dialog.fields_dict[dataset.fieldname];
			if (TYPED.includes(field?.df.fieldtype)) field.value = field.get_value();
		}

		// Not Frappe's get_values: that one draws fields anew while somebody types into them.
		values() {
			const values = {};
			for (const { df, get_value } of this.dialog.fields_list) {
				const value = get_value && this.dialog.get_value(df.fieldname);
				if (!is_null(value) && value !== "") values[df.fieldname] = value;
			}
			return values;
		}

		async send() {
			if (this.sending || this.blocked || !this.is_complete()) return;
			this.sending = true;
			this.button.prop("disabled", true);
			try {
				// The dialog may have been open for longer than the pause after which the user id is asked for.
				await this.look_up(true);
				if (this.blocked || !this.is_complete()) return;
				const values = this.values();
				const signature = {
					user: values.qms_user || "",
					password: values.qms_password,
					code: values.qms_code || "",
				};
				for (const name of ["qms_user", "qms_password", "qms_code"]) delete values[name];
				const answer = await qms_customer.call(this.opts.method, {
					...this.opts.args(values),
					signature,
				});
				this.dialog.hide();
				this.opts.done && this.opts.done(answer, values);
			} catch (error) {
				if (!(error instanceof Refused)) throw error;
				await this.refused(error);
			} finally {
				this.sending = false;
				this.button.prop("disabled", this.blocked);
			}
		}

		// K1: all that is missing at once, each a jump to it.
		is_complete() {
			const missing = this.dialog.fields_list.filter(
				({ df, get_value }) => get_value && df.reqd && !df.hidden && is_empty(this.dialog, df.fieldname)
			);
			if (!missing.length) return true;
			const typed = (field) => !["qms_user", "qms_password", "qms_code"].includes(field.df.fieldname);
			if (!missing.some(typed)) {
				show_field(missing[0]);
				return false;
			}
			const jumps = missing.map(
				({ df }) => `<a class="qms-jump" data-fieldname="${df.fieldname}">${esc(df.label)}</a>`
			);
			frappe.msgprint({
				title: __("Not Filled In Yet"),
				indicator: "orange",
				message: __("Not filled in yet: {0}", [jumps.join(", ")]),
			});
			return false;
		}

		// Only a wrong password is asked for again; a wrong try may have locked signing, or the session been paused.
		async refused(error) {
			if (!error.of_signature) return;
			this.forget();
			await quietly(this.look_up());
			const field = this.dialog.get_field(this.state.first ? "qms_user" : "qms_password");
			const again = is_empty(this.dialog, field.df.fieldname) ? field : this.dialog.get_field("qms_password");
			const focus = () => again.df.hidden || again.set_focus();
			const message = frappe.msg_dialog?.$wrapper;
			message?.is(":visible") ? message.one("hidden.bs.modal", focus) : focus();
		}

		forget() {
			for (const name of ["qms_password", "qms_code"]) {
				this.dialog.get_field(name).$input.val("");
				this.dialog.set_value(name, "");
			}
		}

		way_out(event) {
			event.preventDefault();
			const ways = { password: change_password, pin: set_pin, again: () => {}, code: null };
			const way = event.currentTarget.dataset.way;
			if (way === "code") {
				quietly(qms_customer.call(`${API}send_code`, {}), () =>
					frappe.show_alert({ message: __("The code was sent."), indicator: "green" })
				);
				return;
			}
			Promise.resolve(ways[way](this.state)).then(() => quietly(this.look_up(true), () => this.focus()));
		}

		focus() {
			const name = this.state.first ? "qms_user" : "qms_password";
			if (!this.blocked) this.dialog.get_field(name).set_focus();
		}
	}

	const signature_fields = (with_head) => [
		{
			fieldtype: "Section Break",
			fieldname: "qms_signature",
			label: with_head ? __("Signature", null, "Electronic Signature") : "",
			css_class: "qms-signature",
		},
		{ fieldtype: "HTML", fieldname: "qms_meaning" },
		{ fieldtype: "HTML", fieldname: "qms_state" },
		{ fieldtype: "Data", fieldname: "qms_user", label: __("User ID") },
		{ fieldtype: "Password", fieldname: "qms_password", label: __("Password") },
		{ fieldtype: "Data", fieldname: "qms_code", label: __("Code of the Second Factor") },
		{ fieldtype: "HTML", fieldname: "qms_send" },
	];

	// Why nothing can be signed now, and the way out.
	const standing = (state) => {
		const way = (name, label) =>
			`<button type="button" class="btn btn-default btn-xs qms-way-out" data-way="${name}">${label}</button>`;
		const alert = (colour, text, ...ways) =>
			`<div class="alert alert-${colour}">${text}${ways.length ? `<div>${ways.join(" ")}</div>` : ""}</div>`;
		if (state.refused) return alert("danger", esc(state.refused));
		if (state.suspended) {
			return alert(
				"warning",
				esc(state.suspended),
				state.method === PIN ? way("pin", __("Set Signing PIN")) : way("password", __("Change Password"))
			);
		}
		if (state.locked_until) {
			const until = frappe.datetime.str_to_user(state.locked_until.slice(0, 19));
			return alert(
				"danger",
				__("Signing is locked until {0} after too many wrong tries. What you typed stays here.", [until]),
				way("again", __("Look Again"))
			);
		}
		return "";
	};

	const ask_secret = (title, fields, label, method, args) =>
		new Promise((resolve) => {
			const dialog = new frappe.ui.Dialog({
				title,
				fields: fields.map((df) => ({ fieldtype: "Password", reqd: 1, ...df })),
				primary_action_label: label,
				primary_action(values) {
					const [first, second] = [values.new, values.again];
					if (first !== second) {
						frappe.msgprint({ message: __("The two do not match."), indicator: "orange" });
						return;
					}
					quietly(qms_customer.call(API + method, args(values)), () => {
						dialog.hide();
						resolve();
					});
				},
			});
			for (const { df } of dialog.fields_list.filter(({ df }) => df.fieldtype === "Password")) {
				const field = dialog.get_field(df.fieldname);
				field.disable_password_checks();
				field.$input.attr("autocomplete", df.fieldname === "old" ? "off" : "new-password");
			}
			dialog.$wrapper.addClass("qms-dialog");
			dialog.show();
		});

	const change_password = () =>
		ask_secret(
			__("Change Password"),
			[
				{ fieldname: "old", label: __("Password up to Now") },
				{ fieldname: "new", label: __("New Password") },
				{ fieldname: "again", label: __("New Password, Once More") },
			],
			__("Change Password"),
			"change_password",
			(values) => ({ old: values.old, new: values.new })
		);

	const set_pin = () =>
		ask_secret(
			__("Set Signing PIN"),
			[
				{
					fieldname: "new",
					label: __("Signing PIN"),
					description: __("At least six characters. You will be asked for it whenever you sign."),
				},
				{ fieldname: "again", label: __("Signing PIN, Once More") },
			],
			__("Set Signing PIN"),
			"set_pin",
			(values) => ({ pin: values.new })
		);

	// ---- completeness (K1)

	const is_empty = (dialog, fieldname) => !strip_html(cstr(dialog.get_value(fieldname))).trim();

	// A person marks what does not apply; nobody does it for them.
	const add_slashes = (dialog) => {
		for (const field of dialog.fields_list.filter(({ df }) => df.slash)) {
			$(`<a href="#" class="qms-slash qms-link small">${__("/ Nothing to add")}</a>`)
				.appendTo(field.$wrapper)
				.on("click", () => {
					dialog.set_value(field.df.fieldname, "/").then(() => field.set_focus());
					return false;
				});
		}
	};

	// Show the field that a message speaks of: in the open dialog if it has it, else on the form.
	qms_customer.jump = (fieldname) => {
		frappe.hide_msgprint(true);
		const open = frappe.ui.open_dialogs.filter((d) => d !== frappe.msg_dialog && d.$wrapper.is(":visible"));
		for (const dialog of open.reverse()) {
			const field = (dialog.fields_list || []).find(
				({ df }) => [df.fieldname, df.stands_for].includes(fieldname) && !df.hidden
			);
			if (field) {
				show_field(field);
				return;
			}
			if (dialog.qms_signing) dialog.hide();
		}
		if (window.cur_frm?.fields_dict[fieldname]) cur_frm.scroll_to_field(fieldname);
	};

	const show_field = (field) => {
		field.$wrapper.get(0).scrollIntoView({ block: "center" });
		field.$wrapper.addClass("has-error");
		field.set_focus && field.set_focus();
	};

	$(document).on("click", ".qms-jump", function () {
		qms_customer.jump(this.dataset.fieldname);
		return false;
	});

	// A message that closes over a dialog takes the dialog's scrolling with it: on a telephone one is stuck then.
	$(document).on("hidden.bs.modal", ".modal", () => {
		if ($(".modal.show").length) $(document.body).addClass("modal-open");
	});

	// ---- signatures, corrections and versions on the form (K2, K3)

	const RECORDS = [
		"Contract Review",
		"Contract Review Opinion",
		"Review Action",
		"Approval Delegation",
		"Delivery Authorisation",
		"Contract Adoption",
		"Production Notice",
		"Customer Feedback",
		"Customer Complaint",
		"Reportability Decision",
		"Complaint Signal",
		"Advisory Notice Decision",
		"QMS Customer Settings",
	];

	qms_customer.show_record = (frm) => {
		const turn = (frm.qms_record_turn = (frm.qms_record_turn || 0) + 1);
		frm.qms_record_area?.remove();
		if (frm.is_new()) return;
		const args = { doctype: frm.doctype, name: frm.doc.name };
		return quietly(qms_customer.call(`${API}get_record`, args, false, "GET"), (record) => {
			if (turn !== frm.qms_record_turn) return;
			show_corrected(frm, record.corrected);
			if (record.signatures.length) {
				frm.qms_record_area?.remove();
				frm.qms_record_area = $(
					`<div class="qms-record"><h5>${__("Signatures and Corrections")}</h5>
					<div class="qms-panel">${record.html}</div></div>`
				).appendTo(frm.layout.page);
				if (record.correctable.length) {
					frm.add_custom_button(__("Correct a Field"), () => correct(frm, record), __("Record"));
				}
			}
			if (record.versions.length) {
				frm.add_custom_button(__("Versions"), () => show_versions(frm, record), __("Record"));
			}
		});
	};

	for (const doctype of RECORDS) {
		frappe.ui.form.on(doctype, { refresh: (frm) => void qms_customer.show_record(frm) });
	}

	// K2: the old value, beside the field that was corrected.
	const show_corrected = (frm, corrected) => {
		frm.$wrapper.find(".qms-corrected").remove();
		for (const { field, old_value, note } of corrected) {
			$(
				`<div class="qms-corrected small text-muted"><del>${esc(old_value || __("(empty)"))}</del>
				 <span>${esc(note)}</span></div>`
			).appendTo(frm.get_field(field)?.$wrapper || []);
		}
	};

	// K2: the value up to now stays legible.
	const correct = (frm, record) => {
		const chosen = (values) => record.correctable[cint(values.field)];
		const signing = qms_customer.sign({
			title: __("Correct a Field"),
			fields: [
				{
					fieldname: "field",
					fieldtype: "Select",
					label: __("Field"),
					reqd: 1,
					default: "0",
					options: record.correctable.map((one, i) => ({ value: String(i), label: one.label })),
					onchange: () => show_present(),
				},
				{ fieldname: "present", fieldtype: "HTML" },
				{ fieldname: "value", fieldtype: "Small Text", label: __("Right Value"), reqd: 1 },
				{ fieldname: "reason", fieldtype: "Small Text", label: __("Why It Is Corrected"), reqd: 1 },
			],
			label: __("Correct a Field"),
			meaning: "Corrected",
			method: `${API}correct`,
			args(values) {
				const { table, row, field, value } = chosen(values);
				return {
					doctype: frm.doctype,
					name: frm.doc.name,
					table,
					row,
					field,
					shown: value,
					value: values.value,
					reason: values.reason,
				};
			},
			done: () => frm.reload_doc(),
		});
		const show_present = () => {
			const { value } = chosen({ field: signing.dialog.get_value("field") || 0 });
			signing.dialog.get_field("present").$wrapper.html(
				`<div class="form-group"><div class="control-label">${__("Up to Now")}</div>
				 <div class="qms-present">${value ? `<del>${esc(value)}</del>` : __("(empty)")}</div></div>`
			);
		};
		show_present();
		signing.show();
	};

	const show_versions = (frm, record) => {
		const options = record.versions.map((one) => ({ value: String(one.sequence), label: one.label }));
		const dialog = new frappe.ui.Dialog({
			title: __("Versions of {0}", [esc(frm.doc.name)]),
			size: "large",
			fields: [
				{
					fieldname: "version",
					fieldtype: "Select",
					label: __("Version"),
					options,
					default: options[0].value,
					onchange: () => load(),
				},
				{ fieldtype: "Column Break" },
				{
					fieldname: "other",
					fieldtype: "Select",
					label: __("Compared With"),
					options: [{ value: "", label: __("Nothing: show the version") }, ...options],
					onchange: () => load(),
				},
				{ fieldtype: "Section Break" },
				{ fieldname: "content", fieldtype: "HTML" },
			],
			primary_action_label: __("Print"),
			primary_action: () => print_version(frm, record, dialog),
		});
		const load = () => {
			const { version, other } = dialog.get_values(true);
			if (!version || dialog.qms_shows === `${version} ${other}`) return;
			dialog.qms_shows = `${version} ${other}`;
			const [old, latest] = [version, other].map(cint).sort((a, b) => a - b);
			const args = { doctype: frm.doctype, name: frm.doc.name };
			const call = other
				? qms_customer.call(`${API}compare_versions`, { ...args, old, new: latest }, false, "GET")
				: qms_customer.call(`${API}get_version`, { ...args, sequence: version }, false, "GET");
			quietly(call, ({ html }) => {
				if (dialog.qms_shows !== `${version} ${other}`) return;
				dialog.get_field("content").$wrapper.html(`<div class="qms-panel qms-version">${html}</div>`);
			});
		};
		dialog.$wrapper.addClass("qms-dialog qms-versions");
		dialog.show();
		load();
	};

	// K6: what is printed says which record and version it is of, and on which of how many pages it stands.
	// One version is a PDF file from the server; a comparison is what the dialog shows.
	const print_version = (frm, record, dialog) => {
		const { version, other } = dialog.get_values(true);
		if (!other) {
			const args = new URLSearchParams({ doctype: frm.doctype, name: frm.doc.name, sequence: version });
			window.open(`/api/method/${API}print_version?${args}`);
			return;
		}
		const of = (sequence) => record.versions.find((one) => String(one.sequence) === sequence);
		const lines = [version, other]
			.filter(Boolean)
			.map((one) => `<div>${esc(of(one).label)}</div><div class="hash">SHA-256 ${esc(of(one).hash)}</div>`);
		const page = window.open("", "_blank");
		if (!page) {
			frappe.msgprint(__("Please enable pop-ups"));
			return;
		}
		page.document.write(`<!doctype html><html lang="${esc(frappe.boot.lang)}"><head><meta charset="utf-8">
			<title>${esc(frm.doc.name)}</title><style>
			@page { margin: 16mm 14mm; @bottom-right { content: counter(page) " / " counter(pages); } }
			body { font: 10pt/1.4 sans-serif; } h1 { font-size: 14pt; margin: 0; } h6 { font-size: 10pt; margin: 8pt 0 2pt; }
			table { border-collapse: collapse; width: 100%; margin: 6pt 0; }
			th, td { border: 1px solid #999; padding: 2pt 4pt; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
			.hash { color: #555; font-size: 8pt; overflow-wrap: anywhere; } .qms-value { white-space: pre-wrap; }
			</style></head><body><h1>${esc(__(frm.doctype))} ${esc(frm.doc.name)}</h1>${lines.join("")}
			${dialog.get_field("content").$wrapper.html()}</body></html>`);
		page.document.close();
		for (const folded of page.document.querySelectorAll("details")) folded.open = true;
		page.focus();
		page.print();
	};

	// ---- lists

	// Frappe's own items would sign nothing, so the server refuses each of them.
	qms_customer.no_bulk_workflow = (listview) => {
		for (const item of Object.values(listview.workflow_action_items || {})) item?.closest("li").remove();
		listview.workflow_action_items = {};
	};
})();
