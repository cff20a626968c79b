// Takes events of otp-sidecar: WEBHOOK_SECRET=whsec_… node receiver.mjs (npm install standardwebhooks).
import { createServer } from "node:http";
import { createRequire } from "node:module";

const { Webhook } = createRequire(import.meta.url)("standardwebhooks");
const webhook = new Webhook(process.env.WEBHOOK_SECRET);
const seen = new Set(); // a table of the app's, with a unique key

createServer(async (request, response) => {
  const answer = (status) => response.writeHead(status).end();
  let event;
  try {
    event = webhook.verify(Buffer.concat(await request.toArray()).toString(), request.headers);
  } catch {
    return answer(401);
  }
  if (!seen.has(request.headers["webhook-id"])) { // the same event may come twice
    console.log(event.type, JSON.stringify(event.data)); // here: tell the user
    seen.add(request.headers["webhook-id"]);
  }
  answer(204); // only now: what is not answered so comes again
}).listen(Number(process.env.PORT ?? 9000), "127.0.0.1");
