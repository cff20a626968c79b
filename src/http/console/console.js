// What others wrote is text, never markup; no key, name or reason gets into a URL.
"use strict";

const $ = (id) => document.getElementById(id);
const POLL = 2e3, SLOW = 15e3, MINUTE = 6e4, ROWS = 500, UNKNOWN = "This key is not known here, or not any more.";

const WORDS = {
  too_many_failures: "wrong codes", by_hand: "by an operator", issued: "sent", approved: "right code",
  send: "code", cancel: "code", lockout: "locked", disable: "hard stop", report: "user says", reported: "not me", confirmed: "it was me", sign_in: "unlike its user", start: "sidecar started", stop: "sidecar stopped",
  "admin.unlock": "unlocked", "admin.lock": "locked", "admin.erase": "erased", "admin.export": "exported", "admin.inspect": "looked at",
  "admin.locks": "list looked at", "audit.shed": "events given up", "store.rollback": "Redis went back",
};
const RULES = {
  subject_locked: "user is locked", subject_disabled: "hard stop", ip_blocked: "network is blocked", resend_cooldown: "too soon",
  quota_subject: "user’s quota", quota_ip: "network’s quota", quota_recipient: "recipient’s quota", quota_destination: "destination’s quota",
};
const words = (of) => WORDS[of] ?? RULES[of] ?? of.replaceAll(/[._]/g, " ");
const TYPES = {
  All: "", Lockouts: "lockout,disable", Refusals: "send,check,request,failure,success",
  Suspicious: "suspicious,report",
  Acts: "admin.unlock,admin.lock,admin.erase,admin.export,admin.inspect,start,stop,audit.shed,store.rollback",
};
const SPANS = { hour: "1 h", day: "24 h" };

// Elements, as `tag.class`: of what it is given, objects are attributes and listeners.
function h(text, ...kids) {
  const [tag, ...kinds] = text.split("."), made = document.createElementNS(/^(svg|rect)$/.test(tag) ? "http://www.w3.org/2000/svg" : document.body.namespaceURI, tag);
  made.classList.add(...kinds);
  for (const kid of kids.flat(9)) {
    if (kid?.constructor === Object) for (const [name, value] of Object.entries(kid)) {
      if (typeof value === "function") made.addEventListener(name, value);
      else if (value || value === 0) made.setAttribute(name, value);
    } else if (kid || kid === 0) made.append(kid);
  }
  return made;
}
const put = (id, ...kids) => $(id).replaceChildren(...kids);
const write = (one, text) => { if (one.textContent !== text) one.textContent = text; };
const say = (id, text) => write($(id), text);
const button = (text, click, props) => h("button", { click }, props, text);
const small = (...text) => h("small", text), cell = (...text) => h("td", text);
const inert = (text) => String(text).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (c) => `\\u{${c.codePointAt(0).toString(16)}}`);
const bdi = (text) => h("bdi", inert(text));
const short = (one) => inert(one.subject ?? `(${one.subject_ref.slice(0, 8)}…)`);
const user = (one) => one.subject == null ? h("code", { title: one.subject_ref }, short(one)) : bdi(one.subject);
const tenant = (one) => me.tenants[1] && one.tenant && bdi(one.tenant);
const num = (n) => n?.toLocaleString() ?? "–";
function pick(id, choices, chosen, choose) {
  put(id, ...choices.map((value) => button(SPANS[value] ?? value, (event) => {
    for (const one of $(id).children) one.setAttribute("aria-pressed", one === event.target);
    choose(value);
  }, { "aria-pressed": String(value === chosen) })));
}

// Slow to make, quick to use.
const formats = {}, two = "2-digit";
function clock(at, second) {
  const day = Math.abs(at - Date.now()) > 1200 * MINUTE && { day: "numeric", month: "short" };
  return (formats[[day && 1, second]] ??= Intl.DateTimeFormat([], { ...day, hour: two, minute: two, second: second && two, hour12: false })).format(at);
}
function far(at) {
  const seconds = (at - Date.now()) / 1e3, size = Math.abs(seconds);
  const [one, unit] = size < 60 ? [1, "s"] : size < 6000 ? [60, "min"] : size < 172800 ? [3600, "h"] : [86400, "d"];
  return seconds > 0 ? `in ${Math.ceil(size / one)} ${unit}` : `${Math.floor(size / one)} ${unit} ago`;
}
const HOW = { clock: (at) => clock(at, true), left: (at) => at > Date.now() ? far(at) : "over", both: (at) => `${clock(at)} (${far(at)})` };
function time(instant, how) {
  if (instant == null) return "–";
  const date = new Date(instant);
  return h("time", { datetime: date.toISOString(), title: date.toLocaleString(), "data-how": how }, HOW[how](+date));
}
function age() {
  for (const one of document.querySelectorAll("time:not([data-how=clock])")) write(one, HOW[one.dataset.how](Date.parse(one.dateTime)));
}

let key = sessionStorage.getItem("key"), me = null;
async function ask(path, body, of = key) {
  const answer = await fetch(path, {
    method: body ? "POST" : "GET", body: body && JSON.stringify(body),
    headers: { ...key && { authorization: `Bearer ${key}` }, ...body && { "content-type": "application/json" } },
    credentials: "omit", redirect: "error", cache: "no-store", signal: AbortSignal.timeout(15e3),
  }).catch(() => { throw new Error("The sidecar does not answer."); });
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({}));
  if (answer.status === 401 && of === key) leave(of && UNKNOWN);
  throw new Error(problem.detail ?? `The sidecar answered ${answer.status}.`);
}
const API = "admin/v1/", get = async (path, body) => (await ask(API + path, body)).json();

function reveal(desk) {
  [$("login").hidden, $("desk").hidden, $("leave").hidden] = [desk, !desk, !desk || !key];
}
function leave(why) {
  key = me = cursor = person = null;
  sessionStorage.clear();
  clearTimeout(timer);
  $("dialog").close();
  for (const id of ["feed", "one", "cards", "who", "health", "trouble", "rows"]) put(id);
  [shown, troubles, seen] = ["", {}, new Set()];
  for (const form of document.forms) form.reset();
  reveal(false);
  say("why", why);
  $("key").focus();
}
async function enter() {
  me = await get("me");
  reveal(true);
  say("version", me.version);
  put("who", bdi(me.actor), me.changes ? " may change" : " may look");
  $("tenant").parentElement.hidden = !me.tenants[1];
  put("tenant", ...(me.tenants[1] ? ["", ...me.tenants] : me.tenants).map((one) => h("option", one)));
  last = 0;
}

// Asks again when all pages do, so one read serves all; never while hidden.
let timer, last = 0, failed = 0;
async function tick() {
  clearTimeout(timer);
  if (document.hidden || !$("login").hidden || left()) return;
  const began = Date.now();
  try {
    if (!me) await enter();
    const due = (ms) => began - began % ms > last;
    await Promise.all([!paused && follow(), due(3e4) && health(), due(SLOW) && figures(), due(2 * SLOW * pages) && locks()]);
    last = began;
    failed = 0;
    trouble("down", []);
  } catch (error) {
    if (!$("login").hidden) return;
    failed += 1;
    put("health", h("span.dot.off", "not well"));
    trouble("down", [[error.message + (last ? ` What you see is of ${clock(last, true)}.` : "")]]);
  }
  age();
  clearTimeout(timer);
  timer = setTimeout(tick, Math.min(3e4, POLL * 2 ** failed) - (Date.now() + 500) % POLL);
}

const again = () => { last = 0; tick(); };

// What is wrong.
let troubles = {};
function trouble(of, lines) {
  if (String(troubles[of] ?? []) === String(lines)) return;
  troubles[of] = lines;
  put("trouble", ...Object.values(troubles).flat().map(([text, alert]) => h("p", text,
    alert && [" ", h("a", { href: `runbooks/${alert}`, target: "_blank" }, "What to do")])));
}
async function health() {
  const lines = (await (await ask("metrics")).text()).matchAll(/^otp_(\S+) (\S+)$/gm);
  const values = Object.fromEntries(Array.from(lines, ([, name, value]) => [name, +value]));
  const of = (name) => values[name] ?? 0, well = of("store_up"), down = of("store_primaries_down"), waiting = of("audit_backlog_events");
  const ends = of("tls_certificate_expires_timestamp_seconds"), days = Math.floor((ends - Date.now() / 1e3) / 86400), late = of("delivery_oldest_seconds");
  trouble("health", [
    !well && ["Redis cannot be used: no code is sent or checked.", "OtpStoreDown"],
    down && [`Redis: ${down} of ${down + of("store_primaries_up")} primaries down. Their users get no code.`, "OtpStorePrimaryDown"],
    waiting > of('audit_backlog_limit_events{limit="soft"}') && [`${num(waiting)} events wait to be written to the trail.`, "OtpAuditBacklog"],
    late > 30 && [`A message with a code waits for ${Math.round(late)} s.`, "OtpDeliveryQueue"],
    of("tls_certificate_bad") && ["The TLS certificate cannot be used.", "OtpCertificateBad"],
    ends && days < 14 && [`The TLS certificate ends in ${days} days.`, "OtpCertificateExpiring"],
  ].filter(Boolean));
  put("health", h(well ? "span.dot" : "span.dot.off", well ? "ready" : "not ready"), ` · ${num(waiting)} events wait`, ends ? ` · certificate ${days} d` : "");
}

let stats = null, span = "hour";
async function figures() {
  stats = await get("stats");
  if (me) draw();
}
function draw() {
  const { step, parts } = stats.series[span], sum = (of) => parts.reduce((all, part) => all + part[of], 0);
  const curve = (all, most = Math.max(...all, 1)) => h("svg", { viewBox: `0 0 ${all.length} 10`, preserveAspectRatio: "none", role: "img", "aria-label": `Every ${step / 60} minutes: ${all.join(", ")}` },
    all.map((n) => n ? Math.max(0.7, n / most * 10) : 0.25).map((height, x) => h("rect", { x: x + 0.12, y: 10 - height, width: 0.76, height })));
  const card = (text, count, ...more) => h("li", text, h(text === "Hard stops" && count ? "b.hard" : "b", num(count)), more);
  const issued = sum("issued"), used = issued > 0 && small(`${Math.round(100 * sum("approved") / issued)} % used`);
  put("cards", card("Locked", stats.locked), card("Hard stops", stats.disabled),
    ...[["Wrong codes", "wrong"], ["Refused", "refused"], ["Codes", "issued", used]].map(([text, of, more]) => card(`${text}, ${SPANS[span]}`, sum(of), more, curve(parts.map((part) => part[of])))));
  $("all").hidden = !me.changes || stats.locked + stats.disabled < 2;
  say("said", `${stats.locked} locked, ${stats.disabled} hard stops`);
}

// Who is locked.
let pages = 1, shown = "";
async function locks() {
  const all = [];
  let next = "";
  for (let page = 0; page < pages && next != null; page++) {
    const got = await get(`locks?limit=100${next && `&cursor=${next}`}`);
    all.push(...got.locks);
    next = got.next_cursor;
  }
  if (!me) return;
  const rank = (one) => (one.locked_until ? "" : "hard") + one.locked_at;
  all.sort((a, b) => rank(b) < rank(a) ? -1 : 1);
  const text = JSON.stringify(all), focus = document.activeElement.ariaLabel;
  if (text !== shown) put("rows", ...all.map(locked));
  if (focus) $("rows").querySelector(`[aria-label="${CSS.escape(focus)}"]`)?.focus();
  shown = text;
  $("more").hidden = next == null || all.length >= ROWS;
}
const whom = (one) => one.subject == null ? { subject_ref: one.subject_ref } : { subject: one.subject, tenant: one.tenant };
const locked = (one) => h("tr", cell(button(user(one), () => inspect(whom(one)), { class: "whom" }), tenant(one) && small(tenant(one))),
  cell(one.locked_until ? words(one.reason) : h("b.hard", "hard stop"), one.failures > 0 && small(`${num(one.failures)} failures`)),
  cell(one.locked_until ? time(one.locked_until, "left") : "unlocked"), h("td.n", one.lock_level || "–"),
  me.changes && cell(button("Unlock…", () => unlock(one), { "aria-label": `Unlock ${short(one)}` })));

let type = "All", cursor = null, seen = new Set(), flood = false, paused = false, missed = false;
function event(one) {
  const who = one.who ?? {}, odd = /^(sus|rep)/.test(one.type), grave = /^(lock|disa|rep|sus|audit|store)/.test(one.type), by = /^admin/.test(one.type) && one.actor, what = words(one.type);
  const ended = grave && !odd || by || one.outcome === "recorded" ? what : `${what}: ${one.outcome in RULES ? "no, " : ""}${words(one.outcome)}`;
  const more = [one.purpose !== "login" && one.purpose, one.type === "lockout" && `level ${one.lock_level}`, odd && one.count && `${num(one.count)}${/^(si|tr)/.test(one.outcome) ? " points" : ""}`].filter(Boolean);
  return h(grave ? "li.grave" : "li", time(one.time_ms, "clock"),
    h("span", one.count > 1 && !odd && `${num(one.count)} × `, ended, by && [" by ", bdi(by)], more[0] && small(bdi(more.join(" · "))), who.reason && small("Reason: ", bdi(who.reason))),
    h("span", one.subject_ref && user({ subject: who.subject, subject_ref: one.subject_ref }), [who.ip, who.user_agent].map((text) => text && small(bdi(text)))));
}
async function follow() {
  const asked = type, of = TYPES[type] && `&type=${TYPES[type]}`, identity = (one) => String([one.bucket, one.epoch, one.seq]), fresh = (one) => !seen.has(identity(one));
  // Where more came than a page has, the newest are asked for until they meet what is shown.
  let page = cursor && !flood && await get(`events?limit=200&after=${cursor}${of}`);
  const newest = !(page?.events?.length < 200);
  if (newest) page = await get(`events?limit=200${of}`);
  if (paused || asked !== type || !me) return;
  flood = newest && cursor && page.events.every(fresh);
  const rows = page.events.filter((one) => fresh(one) && (type !== "Refusals" || one.outcome in RULES)).map(event).reverse();
  $("feed").prepend(...rows, ...flood ? [h("li.gap", "More came than are shown.")] : []);
  for (const one of [...$("feed").children].slice(ROWS)) one.remove();
  seen = new Set([...seen, ...page.events.map(identity)].slice(-ROWS));
  say("live", missed ? `${flood ? "Many" : num(rows.length)} came while paused.` : "Live");
  cursor = page.next_cursor;
  missed &&= !rows.length;
}
function pause() {
  paused = !paused;
  missed = true;
  say("pause", paused ? "Resume" : "Pause");
  if (paused) say("live", `Paused at ${clock(Date.now(), true)}`);
  else tick();
}

let person = null;
async function inspect(asked, quiet, named) {
  say("asked", "");
  const ip = $("ip").value.trim();
  person = asked;
  try {
    if (asked.tenant === "") throw new Error("Choose the tenant of this user.");
    const got = await get("subjects/inspect", ip ? { ...asked, ip } : asked);
    if (person !== asked) return;
    if (named?.tenant && !got.seen) return inspect(named);
    put("one", told(got, named));
    if (!quiet) $("one").querySelector("h3").focus();
  } catch (error) {
    if (person !== asked) return;
    put("one");
    say("asked", error.message);
  }
}
function told(got, named) {
  const { status, blocked_by: blocks, network: net } = got, near = named ? [named] : got.near, facts = {
    "Lock level": status.lock_level, "Wrong codes in a row": got.wrong_codes_in_a_row + (got.hard_stop_at ? ` of ${got.hard_stop_at}` : ""),
    "Sends left": num(status.sends_left),
    "Last code asked for": time(status.last_request_at, "both"), "Last attempt": time(status.last_attempt_at, "both"),
    ...net && { "Address: codes left": num(net.sends_left), "Address: failures left": num(net.failures_left) },
    Reference: h("code", got.subject_ref),
  };
  const sent = (of) => of && small(bdi([of.state, "by", of.channel, of.to, of.reason].join(" ")));
  return h("div", h("h3", { tabindex: -1 }, user(got), tenant(got) && [" of ", tenant(got)]),
    h(blocks[0] ? "p.why.bad" : "p.why", !got.seen && tenant(got) && ["Tenant ", tenant(got), ": "], got.sentence.split(/(\d{4}-\d\d-\d\dT[\d:.]+Z)/).map((text, n) => n % 2 ? time(text, "clock") : text)),
    blocks.map((of) => h("p", `Stopped: ${of.stops}, `, of.until ? ["until ", time(of.until, "both")] : "without end", `; ended by ${of.ended_by} (${words(of.rule)})`)),
    near[0] && h("p.acts", named ? "A reference. Or the user " : "Seen, and near: ", near.map((near) => button([bdi(near.subject), tenant(near) && [" of ", tenant(near)]], () => inspect(near)))),
    me.changes && h("p.acts", got.seen && button("Unlock…", () => unlock(got), { class: blocks[0] && "main" }), button("Lock…", () => lock(got)),
      got.seen && [button("Export…", () => exported(got)), button("Erase…", () => erase(got))]),
    got.seen && h("dl", Object.entries(facts).map(([name, value]) => h("div", h("dt", name), h("dd", value)))),
    got.purposes[0] && [h("h3", "Purposes"), h("table", h("thead", h("tr", ["Purpose", "Code", "Expires"].map((name) => h("th", name)), h("th.n", "Failures"))),
      h("tbody", got.purposes.map((of) => h("tr", cell(bdi(of.purpose ?? "–")), cell(of.code ?? "–", sent(of.delivery)), cell(time(of.expires_at, "both")), h("td.n", of.failures + of.guard_failures)))))],
    got.events[0] && [h("h3", "Last events"), h("ol", got.events.map(event).reverse())]);
}

let doing = null;
function act(path, one, verb, text, more) {
  doing = { path, body: one.all ? { all: true } : whom(one), ...more };
  const field = (name, label, props) => h("label", label, h("input", { name, required: true }, props));
  say("d-title", `${verb} ${one.all ?? short(one)}?`);
  say("d-what", text);
  say("d-bad", "");
  put("d-fields", field("reason", "Reason, for the audit trail", { maxlength: 200 }), ...[
    doing.minutes && field("minutes", "Minutes", { type: "number", min: 1, max: 57600, value: 60 }),
    doing.sends && h("label.line", h("input", { type: "checkbox", name: "sends" }), "Clear quotas and the pause too: a code can be sent now"),
    doing.typed && field("typed", `Type ${doing.typed}`),
  ].filter(Boolean));
  $("d-yes").className = doing.typed ? "main grave" : "main";
  say("d-yes", verb);
  $("dialog").showModal();
  $("act").reason.focus();
}
async function go() {
  const { reason, minutes, sends, typed = "" } = Object.fromEntries(new FormData($("act"))), now = doing;
  if (now.typed && typed.trim() !== now.typed) return say("d-bad", `That is not ${now.typed}.`);
  $("d-yes").disabled = true;
  try {
    const answer = await ask(API + now.path, { ...now.body, reason, ...minutes && { minutes: +minutes }, ...sends && { sends: true } });
    await now.done?.(answer);
    if (doing === now) $("dialog").close();
    again();
    if (person) inspect(person, true);
  } catch (error) {
    say("d-bad", error.message);
  } finally {
    $("d-yes").disabled = false;
  }
}
const unlock = (one) => act("unlock", one, "Unlock", "Ends the lock or hard stop at once.", { sends: true });
const lock = (one) => act("lock", one, "Lock", "No code is sent or taken until then. Pending codes become void.", { minutes: true });
const erase = (one) => act("subjects/erase", one, "Erase", "What the trail tells of this person can never be read again. Locks and quotas stay.", { typed: short(one) });
const exported = (one) => act("subjects/export", one, "Export", "Saves all that is held of this person as a file.", { done: async (answer) => {
  const href = URL.createObjectURL(await answer.blob());
  h("a", { href, download: `${one.subject_ref}.json` }).click();
  URL.revokeObjectURL(href);
} });

const on = (id, what, does) => $(id).addEventListener(what, (event) => { event.preventDefault(); does(); });
on("login", "submit", async () => {
  key = $("key").value.trim();
  if (!/^[!-~]+$/.test(key)) return leave(UNKNOWN);
  try {
    await enter();
    sessionStorage.setItem("key", key);
    touch();
    $("user").focus();
    tick();
  } catch (error) {
    if (key) leave(error.message);
  }
});
on("ask", "submit", () => {
  const text = $("user").value.trim(), named = { subject: text, tenant: $("tenant").value };
  // A user may be named so.
  if (/^[0-9a-f]{32}$/i.test(text)) inspect({ subject_ref: text.toLowerCase() }, false, named);
  else inspect(named);
});
on("act", "submit", go);
on("d-no", "click", () => $("dialog").close());
on("leave", "click", () => leave(""));
on("pause", "click", pause);
on("all", "click", () => {
  const all = String(stats.locked + stats.disabled);
  act("unlock", { all: `all ${all} users` }, "Unlock", "Everybody, of every tenant.", { typed: all });
});
on("more", "click", () => { pages += 1; again(); });
pick("types", Object.keys(TYPES), type, (chosen) => {
  [type, cursor, seen] = [chosen, null, new Set()];
  put("feed");
  if (paused) pause();
  else tick();
});
pick("span", Object.keys(SPANS), span, (chosen) => { span = chosen; draw(); });
// A tab may come back long after it was left.
const touch = () => { sessionStorage.touched = Date.now(); };
const left = () => key && Date.now() - sessionStorage.touched > 15 * MINUTE && !leave("Nobody touched this page for 15 minutes.");
document.addEventListener("pointerdown", touch);
document.addEventListener("keydown", (event) => {
  touch();
  if (event.key !== "/" || !me || $("dialog").open || /INPUT|SELECT/.test(event.target.tagName)) return;
  event.preventDefault();
  $("user").select();
});
document.addEventListener("visibilitychange", tick);
setInterval(left, 5e3);
tick();
