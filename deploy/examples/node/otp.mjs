import { randomUUID } from "node:crypto";

const API = (process.env.OTP_URL ?? "http://127.0.0.1:8080") + "/v1/verifications";
const KEY = process.env.OTP_KEY; // a secret of OTP_API_KEYS; without keys, none

export class Refused extends Error {} // its message is for the user; any other error is a mistake

async function call(path, body) {
  const headers = { "Content-Type": "application/json", "Idempotency-Key": randomUUID() };
  if (KEY) headers.Authorization = "Bearer " + KEY;
  const post = { method: "POST", headers, body: JSON.stringify(body) };
  for (const pause of [500, 1000, 2000, 0]) { // no answer, 409, 502 to 504: repeat, same key
    const [status, text] = await fetch(API + path, { ...post, signal: AbortSignal.timeout(3000) })
      .then(async (reply) => [reply.status, await reply.text()]).catch(() => [503]);
    const answer = status < 502 ? JSON.parse(text) : {}; // a proxy's page may be in its place
    if (status === 200 || status === 201) return answer;
    if (status === 429 || answer.code === "invalid_code") throw new Refused(answer.detail);
    if (![409, 502, 503, 504].includes(status)) throw new Error(`${status}: ${text}`);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  throw new Refused("Codes cannot be sent or checked right now. Try again in a moment.");
}

/** The code to send to `user`. For an unknown one null: send nothing, show the same page. */
export async function send(session, purpose, user, ip, known = true) {
  const { id, code } = await call("", { subject: user, purpose, subject_known: known, ip });
  session.otp = { id, user }; // keep the session on the server
  return known ? code : null;
}

/** The user who is now proven: give the session a new id, then sign them in. */
export async function check(session, purpose, typed, ip) {
  if (!session.otp) throw new Refused("Ask for a code first.");
  const { id, user } = session.otp;
  const answer = await call("/check", { id, purpose, code: typed, ip });
  if (answer.valid === true) return delete session.otp && user;
  if (answer.status === "locked") throw new Refused("Too many wrong codes. Try again later.");
  if (answer.status !== "pending") throw new Refused("That code no longer works. Ask for another.");
  throw new Refused(`That code is wrong. Attempts left: ${answer.attempts_left}.`);
}
