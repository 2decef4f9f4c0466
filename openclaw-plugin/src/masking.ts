// Tells whether OpenClaw shows a text as it is. In every prompt its gateway masks what looks like a
// credential, such as the value after "token=": behind such a name an agent could hide what it asks
// for.

// OpenClaw resolves this, in whose process it runs
const sdk: string = "openclaw/plugin-sdk/logging-core";

interface Masking { redactSensitiveText?: (text: string, options: { mode: "tools" }) => string }

let masking: Promise<Masking | null> | null = null;

/** True if OpenClaw masks nothing of text. Outside of OpenClaw nothing is masked. */
export async function shownWhole(text: string): Promise<boolean> {
  masking ??= (import(sdk) as Promise<Masking>).catch(() => null);
  const found = await masking;
  return !found || found.redactSensitiveText?.(text, { mode: "tools" }) === text;
}
