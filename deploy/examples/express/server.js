// A site where users sign in by a mailed code. All it knows about codes is ../node/otp.mjs.
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";
import express from "express";
import session from "express-session";
import { Refused, check, send } from "../node/otp.mjs";
import { mail } from "./mail.js";

const users = new Set(["ann@example.com", "bob@example.com"]);
const production = process.env.NODE_ENV === "production";
if (production && !process.env.SESSION_SECRET) throw new Error("set SESSION_SECRET");

const app = express();
app.set("trust proxy", process.env.BEHIND_PROXY === "1" ? 1 : false); // else req.ip is the proxy's
app.use(express.urlencoded({ extended: false, limit: "4kb" }));
app.use(session({
  name: "session",
  secret: process.env.SESSION_SECRET ?? randomBytes(32).toString("hex"),
  // The cookie holds a random name only; what the session holds is kept here, in memory. Name a store
  // (connect-redis, connect-pg-simple) before there are two of these processes.
  cookie: { httpOnly: true, sameSite: "lax", secure: production },
  resave: false,
  saveUninitialized: false,
}));

const escape = (text) => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
const page = (response, said, form, status = 200) => response.status(status).send(
  `<!doctype html><meta name="viewport" content="width=device-width"><title>Shop</title>
  <p>${escape(said)}</p><form method="post" ${form}</form>`);
const askAddress = `action="/login"><input name="email" type="email" required>
  <button id="go">Send me a code</button>`;
const askCode = `action="/code"><input name="code" inputmode="numeric" autocomplete="one-time-code">
  <button id="go">Sign in</button>`;
const signOut = `action="/logout"><button id="go">Sign out</button>`;

app.get("/", (request, response) => request.session.user
  ? page(response, `Signed in as ${request.session.user}.`, signOut)
  : page(response, "Sign in with a code by mail.", askAddress));

app.post("/login", async (request, response) => {
  const email = String(request.body?.email ?? "").trim().toLowerCase();
  const code = await send(request.session, "login", email, request.ip, users.has(email));
  page(response, "If we know this address, a code is on its way.", askCode);
  if (code) mail(email, code); // behind the answer, which takes as long for whom we do not know
});

app.post("/code", async (request, response) => {
  const user = await check(request.session, "login", String(request.body?.code ?? ""), request.ip);
  await promisify(request.session.regenerate).call(request.session);
  request.session.user = user;
  response.redirect(303, "/");
});

app.post("/logout", (request, response) => {
  request.session.destroy(() => response.redirect(303, "/"));
});

app.use((error, request, response, next) => {
  const again = request.path === "/code" ? askCode : askAddress;
  if (error instanceof Refused) return page(response, error.message, again);
  console.error(error);
  page(response, "Something went wrong.", again, 500);
});

const [host, port] = (process.env.LISTEN ?? "127.0.0.1:3000").split(":");
app.listen(Number(port), host, () => console.log(`http://${host}:${port}`));
