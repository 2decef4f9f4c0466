// Puts the scrubbed body into the answer of an execute, by the rules of Result.Text in package
// core.
import { isUtf8 } from "node:buffer";

/** The text for the agent: result as the core gave it, with body in it. */
export function withBody(result: unknown, body: Buffer): string {
  if (typeof result !== "object" || result === null) return JSON.stringify(result);
  const whole = "truncated" in result && result.truncated === true ? wholeRunes(body) : body;
  const text = readable(whole);
  return JSON.stringify({
    ...result,
    body: whole.toString(text ? "utf8" : "base64"),
    bodyEncoding: text ? "utf8" : "base64",
  });
}

// A body that is full of control characters is no text: JSON would write each as six bytes.
function readable(body: Buffer): boolean {
  let controls = 0;
  for (const c of body) if (c < 32 && c !== 10 && c !== 13 && c !== 9) controls++;
  return controls <= body.length / 16 && isUtf8(body);
}

// wholeRunes cuts a character that a size limit split, so that a text stays a text.
function wholeRunes(body: Buffer): Buffer {
  for (let i = 1; i <= 4 && i <= body.length; i++) {
    const c = body[body.length - i] ?? 0;
    if ((c & 0xc0) === 0x80) continue;
    const length = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
    return length > i ? body.subarray(0, body.length - i) : body;
  }
  return body;
}
