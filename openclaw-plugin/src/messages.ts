// What the core says and is told, as docs/formats.md has it under "ABI". Types only.

export interface FileWrite { name: string; data: string; create: boolean }

export interface Commit {
  type: "commit";
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

export type Step = Commit | List | Ask | Send | Done;

/** What ended an exchange other than the end of the reply. */
export type Ending =
  "timeout" | "unreachable" | "unscannable" | "cancelled" | "rejected" | "blocked" | "untrusted";

export type Event =
  | { type: "committed"; exists?: Record<string, string>; err?: boolean; lost?: boolean }
  | { type: "listed"; err?: boolean }
  | { type: "answered" }
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
