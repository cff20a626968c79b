// Uses what openapi-typescript makes of both documents, `app.d.ts` and `admin.d.ts` beside this file, with openapi-fetch.
import createClient from "openapi-fetch";
import type { components, paths as App } from "./app.js";
import type { paths as Admin } from "./admin.js";

declare const process: { env: { APP: string; ADMIN: string; KEY: string; ADMIN_KEY: string } };
type Problem = components["schemas"]["Problem"];

const ip = "203.0.113.7";
const bearer = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });
const client = createClient<App>({ baseUrl: process.env.APP, ...bearer(process.env.KEY) });
const stranger = createClient<App>({ baseUrl: process.env.APP, ...bearer("x") });
const operator = createClient<Admin>({ baseUrl: process.env.ADMIN, ...bearer(process.env.ADMIN_KEY) });

function must(held: boolean, shown?: unknown): asserts held {
  if (!held) throw new Error(JSON.stringify(shown));
}

async function got<T>(answer: Promise<{ data?: T; error?: unknown }>): Promise<T> {
  const { data, error } = await answer;
  must(error === undefined && data !== undefined, error);
  return data;
}

async function refused(answer: Promise<{ error?: Problem }>): Promise<Problem> {
  const { error } = await answer;
  must(error !== undefined);
  return error;
}

async function issue(subject: string) {
  const issued = await got(client.POST("/v1/verifications", { body: { subject, ip } }));
  must(/^[0-9]{6}$/.test(issued.code ?? "") && Date.parse(issued.expires_at) > 0, issued);
  return { ...issued, code: issued.code ?? "" };
}

const at = (id: string) => ({ params: { path: { id } } });

async function codes() {
  must((await got(client.GET("/readyz"))).status === "ready");
  const { id, code } = await issue("ann@example.com");
  const wrong = String((Number(code) + 1) % 1_000_000).padStart(6, "0");
  const no = await got(client.POST("/v1/verifications/check", { body: { id, code: wrong, ip } }));
  must(!no.valid && no.reason === "wrong_code" && no.attempts_left === 4, no);
  const params = { header: { "Idempotency-Key": "once" } };
  const body = { subject: "ann@example.com", purpose: "login", code, ip };
  const yes = await got(client.POST("/v1/verifications/check", { params, body }));
  must(yes.valid && yes.id === id, yes);
  const again = await client.POST("/v1/verifications/check", { params, body });
  must(again.response.headers.get("idempotent-replayed") === "true", again);
  must((await got(client.GET("/v1/verifications/{id}", at(id)))).status === "approved");
  const canceled = await got(client.POST("/v1/verifications/{id}/cancel", at((await issue("bob")).id)));
  must(canceled.status === "canceled", canceled);
  const outcome = { outcome: "delivered", detail: "250 OK" } as const;
  const told = await client.POST("/v1/verifications/{id}/delivery", { ...at((await issue("bob")).id), body: outcome });
  must(told.response.status === 204, told);
  const reason = { reason: "not_me" } as const;
  const reported = await client.POST("/v1/verifications/{id}/report", { ...at((await issue("bob")).id), body: reason });
  must(reported.response.status === 204, reported);
}

async function refusals() {
  const body = { subject: "ann@example.com", ip };
  const invalid = await refused(client.POST("/v1/verifications", { body: { ...body, ip: "nowhere" } }));
  must(invalid.code === "invalid_field" && invalid.field === "ip", invalid);
  must((await refused(client.GET("/v1/verifications/{id}", at("x")))).code === "not_found");
  must((await refused(stranger.POST("/v1/verifications", { body }))).code === "unauthenticated");
}

async function guard() {
  const call = { body: { subject: "cid", purpose: "totp", ip } };
  const whom = { body: { subject: "cid", purpose: "totp" } };
  must((await got(client.POST("/v1/guard/request", call))).allowed);
  must((await got(client.POST("/v1/guard/failure", call))).attempts_left === 4);
  must(!(await got(client.POST("/v1/guard/success", whom))).locked);
  let result = await got(client.POST("/v1/guard/failure", call));
  for (let n = 0; n < 4; n++) result = await got(client.POST("/v1/guard/failure", call));
  must(result.locked && (result.retry_after ?? 0) > 0, result);
  const stands = await got(client.POST("/v1/status", whom));
  must(stands.locked && stands.locked_until === result.locked_until && (stands.next_request_in ?? 0) > 0, stands);
  const locked = await refused(client.POST("/v1/guard/request", call));
  must(locked.code === "subject_locked" && locked.limit?.name === "subject_failures", locked);
}

async function operators() {
  const { locks } = await got(operator.GET("/admin/v1/locks", { params: { query: { limit: 10 } } }));
  must(locks.map((one) => one.reason).join() === "too_many_failures", locks);
  const held = await got(operator.POST("/admin/v1/subjects/inspect", { body: { subject: "cid" } }));
  must(held.lock?.failures === 5 && held.blocked_by[0]?.rule === "subject_locked" && held.network === null, held);
  const unlock = { subject_ref: held.subject_ref, reason: "called" };
  must((await got(operator.POST("/admin/v1/unlock", { body: unlock }))).unlocked === 1);
  const lock = { subject: "dan", minutes: 5, reason: "stolen" };
  must((await got(operator.POST("/admin/v1/lock", { body: lock }))).changed);
  must(Date.parse((await got(operator.GET("/admin/v1/stats"))).as_of) > 0);
  must((await got(operator.GET("/admin/v1/report", { params: { query: { since: "1d" } } }))).figures.length > 0);
  must((await got(operator.GET("/admin/v1/events", { params: { query: { limit: 5 } } }))).next_cursor !== "");
  must((await got(operator.GET("/admin/v1/config")))["OTP_LENGTH"] === 6);
  const exported = await got(operator.POST("/admin/v1/subjects/export", { body: { subject: "cid" } }));
  must(exported.subject_ref === held.subject_ref, exported);
  const erase = { subject: "cid", reason: "asked" };
  must((await got(operator.POST("/admin/v1/subjects/erase", { body: erase }))).erased);
}

for (const part of [codes, refusals, guard, operators]) {
  await part();
  console.log(`${part.name}: done`);
}
