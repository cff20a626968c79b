// Twilio's own client for Node as an app uses it: only the line with BASE is not what it was.
const assert = require("node:assert/strict");
const twilio = require(process.env.SDK);

const { BASE, KEY, LOGIN, BRIEF, WHO } = process.env;
const ACCOUNT = "AC" + "0".repeat(32), RIGHT = "424242";
const client = twilio(ACCOUNT, KEY);
if (BASE) client.verify.baseUrl = BASE;
const service = client.verify.v2.services(LOGIN), brief = client.verify.v2.services(BRIEF);

const number = (n) => `+155501${WHO}${n}`;
const create = (n, of = service) => of.verifications.create({ to: number(n), channel: "sms" });
const check = (n, code, of = service) => of.verificationChecks.create({ to: number(n), code });
const done = (what) => console.log(`${what}: done`);

async function fails(status, code, call) {
  const error = await call.then(() => assert.fail("it went well"), (error) => error);
  assert.deepEqual([error.status, error.code], [status, code], String(error));
  return error.message;
}

(async () => {
  const soonOver = await create(0, brief);

  const verification = await create(1);
  assert.deepEqual([verification.status, verification.to, verification.channel], ["pending", number(1), "sms"]);
  assert.match(verification.sid, /^VE[0-9a-fA-F]{32}$/);
  assert.ok(verification.accountSid === ACCOUNT && verification.dateCreated instanceof Date);
  done("create");
  const wrong = await check(1, "111111");
  assert.deepEqual([wrong.status, wrong.valid, wrong.sid], ["pending", false, verification.sid]);
  done("wrong");
  const right = await check(1, RIGHT);
  assert.deepEqual([right.status, right.valid, right.channel], ["approved", true, "sms"]);
  const said = await fails(404, 20404, check(1, RIGHT));
  assert.equal(said, `The requested resource /Services/${LOGIN}/VerificationCheck was not found`);
  done("right");

  await create(2);
  const statuses = [];
  for (let n = 0; n < 5; n++) statuses.push((await check(2, `11111${n}`)).status);
  assert.deepEqual(statuses, [...Array(4).fill("pending"), "max_attempts_reached"]);
  await fails(429, 60202, check(2, RIGHT));
  done("too many");

  await create(3);
  await fails(429, 60203, create(3));
  done("too soon");

  const canceled = await create(4);
  assert.equal((await service.verifications(canceled.sid).update({ status: "canceled" })).status, "canceled");
  assert.equal((await service.verifications(canceled.sid).fetch()).status, "canceled");
  await fails(404, 20404, service.verifications(canceled.sid).update({ status: "canceled" }));
  await fails(404, 20404, check(4, RIGHT));
  done("cancel");

  const found = await create(5);
  assert.equal((await service.verifications(found.sid).fetch()).status, "pending");
  assert.equal((await service.verifications(number(5)).fetch()).sid, found.sid);
  assert.equal((await service.fetch()).codeLength, 6);
  done("fetch");

  await fails(404, 20404, check(6, RIGHT));
  await fails(404, 20404, service.verifications("VE" + "0".repeat(32)).fetch());
  const nobodys = client.verify.v2.services("VA" + "0".repeat(32));
  await fails(404, 20404, nobodys.verifications.create({ to: number(6), channel: "sms" }));
  done("unknown");

  await fails(400, 60200, service.verifications.create({ to: "12", channel: "sms" }));
  await fails(400, 60200, service.verifications.create({ to: number(6), channel: "pigeon" }));
  await fails(400, 60223, service.verifications.create({ to: number(6), channel: "call" }));
  await fails(400, 60200, check(5, "12"));
  const stranger = twilio(ACCOUNT, "x".repeat(32));
  stranger.verify.baseUrl = client.verify.baseUrl;
  await fails(401, 20003, stranger.verify.v2.services(LOGIN).verifications.create({ to: number(6), channel: "sms" }));
  done("bad");

  while ((await brief.verifications(soonOver.sid).fetch()).status !== "expired") {
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  await fails(404, 20404, check(0, RIGHT, brief));
  done("expired");
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
