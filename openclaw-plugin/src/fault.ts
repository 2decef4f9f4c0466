// How a request ended before its reply did, in fixed texts: the texts of Node may quote the URL
// or the reply.
import type { Ending } from "./messages.ts";
import { errno } from "./refusal.ts";

/**
 * The end of a request, with a text for the person's log that holds nothing of the request or the
 * reply.
 */
export class Fault extends Error {
  readonly ending: Ending;
  constructor(ending: Ending, detail: string) {
    super(detail);
    this.ending = ending;
  }
}

const texts: Record<string, string> = {
  ENOTFOUND: "no such host",
  EAI_AGAIN: "the name lookup failed",
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset by the server",
  EPIPE: "the server closed the connection without a reply",
  EHOSTUNREACH: "no route to the host",
  ENETUNREACH: "the network is unreachable",
  EMFILE: "too many open files",
  HPE_HEADER_OVERFLOW: "the header of the reply is too large",
  ERR_TLS_CERT_ALTNAME_INVALID: "certificate is for another host",
  CERT_HAS_EXPIRED: "certificate has expired or is not valid yet",
  CERT_NOT_YET_VALID: "certificate has expired or is not valid yet",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "certificate signed by unknown authority",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "certificate signed by unknown authority",
  SELF_SIGNED_CERT_IN_CHAIN: "certificate signed by unknown authority",
  DEPTH_ZERO_SELF_SIGNED_CERT: "certificate signed by unknown authority",
  ERR_SSL_WRONG_VERSION_NUMBER: "the server does not speak TLS on this port",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "the server does not speak TLS on this port",
  EPROTO: "the server refused the TLS handshake",
};

/** Finds the fault behind an error; otherwise is the text for one that is not known. */
export function explain(err: unknown, otherwise: string): Fault {
  if (err instanceof Fault) return err;
  // one for each address that was tried
  if (err instanceof AggregateError && err.errors.length > 0)
    return explain(err.errors[0], otherwise);
  return new Fault("unreachable", texts[errno(err)] ?? otherwise);
}
