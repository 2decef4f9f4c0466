// Carries out a commit of the core: files and lines of the log, durable before anything else is
// done.
import type { Live } from "./engine.ts";
import type { Home } from "./home.ts";
import type { Commit, CommittedEvent, FileHold, FileWrite } from "./messages.ts";
import { says } from "./refusal.ts";

type Exists = Record<string, string | null>;

/**
 * Does what step says, and returns what came of it. It takes its place in the log before anything
 * is awaited: the order of the lines is the one in which the core made them.
 */
export async function commit(
  { home, log }: Pick<Live, "home" | "log">,
  step: Commit,
  warn: (text: string) => void,
): Promise<CommittedEvent> {
  const exists: Exists = {};
  const failed = (err: unknown): false => {
    warn(says(err));
    return false;
  };
  try {
    for (const hold of step.holds ?? []) look(home, hold, exists);
  } catch (err) {
    failed(err);
    return { type: "committed", err: true };
  }
  if (Object.keys(exists).length > 0) return { type: "committed", exists, stale: true };
  const writing = write(home, step.writes, exists).then(() => true, failed);
  const storing = step.writer
    ? log.append(step.writer, step.lines, !step.late, writing)
    : Promise.resolve(true);
  const [written, stored] = await Promise.all([writing, storing]);
  for (const name of step.removes ?? []) await home.remove(name).catch(failed);
  return { type: "committed", exists, err: !written || !stored, lost: !stored };
}

// look adds to exists a file that is not as it was read.
function look(home: Home, { name, data }: FileHold, exists: Exists): void {
  const found = home.read(name);
  if (found !== data) exists[name] = found;
}

// write adds to exists the files whose condition was not met.
async function write(home: Home, writes: FileWrite[], exists: Exists): Promise<void> {
  for (const w of writes) {
    const found = await home.write(w);
    if (found !== undefined) exists[w.name] = found;
  }
}
