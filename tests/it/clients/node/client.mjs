// Calls the sidecar as apps in Node do: with fetch, undici, axios and what the platform has.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import http from "node:http";
import { Readable } from "node:stream";
import axios from "axios";
import { Agent, Client, fetch as undiciFetch } from "undici";

const { PLAIN, SECURE, UNIX, CA, KEY } = process.env;
// Bodies that stand for none, as JSON, beside no body at all.
const EMPTY = process.env.EMPTY.split(" ").filter(Boolean);
const AUTHORIZATION = { authorization: `Bearer ${KEY}` };
const JSON_TYPE = { "content-type": "application/json" };
const ip = "203.0.113.7";

function* pieces(text) {
  yield Buffer.from(text.slice(0, 5));
  yield Buffer.from(text.slice(5));
}

// Sends, checks, asks and cancels; call(method, path, text, streamed) answers with status and JSON.
async function session(name, call) {
  const expect = async (wanted, method, path, text, streamed) => {
    const { status, body } = await call(method, path, text, streamed);
    assert.equal(status, wanted, `${name}: ${method} ${path}: ${JSON.stringify(body)}`);
    return body;
  };
  const post = (wanted, path, value, streamed) => expect(wanted, "POST", path, JSON.stringify(value), streamed);
  for (const probe of ["/livez", "/readyz"]) await expect(200, "GET", probe);
  const subject = `${name}@example.com`;
  for (const streamed of [false, true]) {
    const sent = await post(201, "/v1/verifications", { subject, ip }, streamed);
    const checked = await post(200, "/v1/verifications/check", { id: sent.id, code: sent.code, ip }, streamed);
    assert.equal(checked.valid, true, name);
    assert.equal((await expect(200, "GET", `/v1/verifications/${sent.id}`)).status, "approved");
    await post(200, "/v1/status", { subject }, streamed);
  }
  const { id } = await post(201, "/v1/verifications", { subject, ip });
  for (const text of [undefined, ...EMPTY]) {
    assert.equal((await expect(200, "POST", `/v1/verifications/${id}/cancel`, text)).status, "canceled");
  }
  console.log(`${name}: done`);
}

const headersFor = (text) => ({ ...AUTHORIZATION, ...(text === undefined ? {} : JSON_TYPE) });

function withFetch(name, fetch, base, options) {
  return session(name, async (method, path, text, streamed) => {
    const body = streamed ? Readable.toWeb(Readable.from(pieces(text))) : text;
    const answer = await fetch(base + path, { method, headers: headersFor(text), body, duplex: "half", ...options });
    return { status: answer.status, body: await answer.json() };
  });
}

async function withUndici(name, client, host) {
  let connections = 0;
  client.on("connect", () => connections++);
  await session(name, async (method, path, text, streamed) => {
    const body = streamed ? Readable.from(pieces(text)) : text;
    const answer = await client.request({ method, path, headers: { ...headersFor(text), ...host }, body });
    return { status: answer.statusCode, body: await answer.body.json() };
  });
  assert.equal(connections, 1, `${name}: ${connections} connections`);
  await client.close();
}

async function withAxios(name, options) {
  const client = axios.create({ timeout: 20000, validateStatus: () => true, maxRedirects: 0, ...options });
  await session(name, async (method, url, text, streamed) => {
    // Without a body axios sends what its caller gave for one: null.
    const data = text === undefined ? null : streamed ? Readable.from(pieces(text)) : text;
    const answer = await client.request({ method, url, headers: headersFor(text), data });
    return { status: answer.status, body: answer.data };
  });
}

// The platform's own client, which can send trailers.
async function withTrailers() {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  await session("node", (method, path, text, streamed) =>
    new Promise((resolve, reject) => {
      const trailer = streamed ? { trailer: "x-checksum", "transfer-encoding": "chunked" } : {};
      const headers = { ...headersFor(text), ...trailer };
      const request = http.request({ socketPath: UNIX, agent, method, path, headers }, (answer) => {
        let all = "";
        answer.setEncoding("utf8").on("data", (piece) => (all += piece));
        answer.on("end", () => resolve({ status: answer.statusCode, body: JSON.parse(all) }));
      });
      request.on("error", reject);
      if (streamed) {
        for (const piece of pieces(text)) request.write(piece);
        request.addTrailers({ "x-checksum": "abc" });
        request.end();
      } else {
        request.end(text);
      }
    }));
  agent.destroy();
}

await withFetch("fetch", fetch, PLAIN);
const ca = readFileSync(CA);
const http2 = new Agent({ allowH2: true, connect: { ca } });
await withFetch("undici-http2", undiciFetch, SECURE, { dispatcher: http2 });
await http2.close();
await withUndici("undici", new Client(PLAIN));
await withUndici("undici-unix", new Client("http://unix", { socketPath: UNIX }));
await withAxios("axios", { baseURL: PLAIN, httpAgent: new http.Agent({ keepAlive: true, maxSockets: 1 }) });
await withAxios("axios-unix", { baseURL: "http://unix", socketPath: UNIX });
await withTrailers();
process.exit(0);
