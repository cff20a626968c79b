// Stands for your mail: prints it, or appends it to the file that MAIL_FILE names.
import { appendFile } from "node:fs/promises";

export async function mail(to, code) {
  const text = `To: ${to}\n${code} is your code.\n\n`;
  if (process.env.MAIL_FILE) await appendFile(process.env.MAIL_FILE, text);
  else console.log(text);
}
