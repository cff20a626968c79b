// Does with the client in the directory of its argument what each line says, and answers with a line.
import { createInterface } from "node:readline";

const otp = await import(`${process.argv[2]}/otp.mjs`);
const session = {};
for await (const line of createInterface({ input: process.stdin })) {
  const told = JSON.parse(line);
  const answer = await otp[told.call](session, ...told.with).then(
    (ok) => ({ ok }),
    (error) => ({ [error instanceof otp.Refused ? "refused" : "mistake"]: error.message }),
  );
  console.log(JSON.stringify({ ...answer, kept: "otp" in session }));
}
