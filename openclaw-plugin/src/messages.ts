// What the core says and is told, as docs/formats.md has it under "ABI". Types only.

/** With create there must be no such file; with was it must hold exactly that. */
export interface FileWrite { name: string; data: string; create: boolean; was?: string }

/** A file that must still be as it was read; null: there was none. */
export interface FileHold { name: string; data: string | null }

export interface Commit {
  type: "commit";
  holds?: FileHold[];
  writes: FileWrite[];
  removes?: string[];
  writer?: string;
  lines: string[];
  late: boolean;
}

export interface List { type: "list"; dir: string }

/** What a person is asked. path and reason are the agent's words. */
export interface Question {
  id: string;
  agent: string;
  capability: string;
  service: string;
  method: string;
  host: string;
  path: string;
  bodyBytes: number;
  bodySha256?: string;
  reason?: string;
}

export interface Ask {
  type: "ask";
  question: Question;
  new: boolean;
  wrong?: boolean;
  waitUntilMono: number;
  watch: string[];
}

export interface Send {
  type: "send";
  service: string;
  method: string;
  url: string;
  target: string;
  headers: [string, string][];
  timeoutMs: number;
  maxBody: number;
  watch: string[];
  caFile?: string;
  caDigest?: string; // SHA-256 in hex that the content of caFile must have
  proxy?: string;
  flight?: string; // it trades a credential for a token, for all calls that name it
}

export interface Done {
  type: "done";
  tool?: string;
  result?: unknown;
  refusal?: unknown;
  prose?: string;
  lock: boolean;
}

/** What the agent gets of the head of a reply; the body follows by scrub. */
export interface Relay { type: "relay"; status: number; headers: [string, string][] }

export type Step = Commit | List | Ask | Send | Done;

/** What ended an exchange other than the end of the reply. */
export type Ending =
  "timeout" | "unreachable" | "unscannable" | "cancelled" | "rejected" | "blocked" | "untrusted";

export type Event =
  | {
      type: "committed";
      exists?: Record<string, string | null>;
      stale?: boolean;
      err?: boolean;
      lost?: boolean;
    }
  | { type: "listed"; err?: boolean }
  | { type: "answered" }
  | { type: "said"; decision: "allow" | "deny"; scope: "once" | "session"; by: string }
  | { type: "head"; status: number; headers: [string, string][] }
  | { type: "ended"; err?: Ending; detail?: string; truncated?: boolean; bytes: number }
  | {
      type: "ended";
      err: Ending | "unrecorded" | "";
      detail: string;
      truncated: boolean;
      first: boolean;
      lost: boolean;
    } // of a flight
  | { type: "stopped"; why: "revoked" | "cancelled" };
