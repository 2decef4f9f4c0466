// A person at OpenClaw: sends one message into a session and answers every approval with one
// decision. Prints what was asked, as JSON.
import { GatewayClient } from "openclaw/plugin-sdk/gateway-runtime";

const [, , url, token, sessionKey, decision] = process.argv;
const asked = [];
const done = new Promise((resolve, reject) => {
  const client = new GatewayClient({
    url,
    token,
    role: "operator",
    clientName: "gateway-client",
    mode: "backend",
    caps: ["approvals", "plugin-approvals"],
    scopes: ["operator.admin", "operator.read", "operator.write", "operator.approvals"],
    onConnectError: reject,
    onHelloOk: () => {
      client
        .request("chat.send", { sessionKey, message: "go", idempotencyKey: String(Date.now()) })
        .catch(reject);
    },
    onEvent: async (event) => {
      if (event.event === "plugin.approval.requested") {
        asked.push(event.payload);
        await client
          .request("plugin.approval.resolve", { id: event.payload.id, decision })
          .catch(reject);
      }
      if (event.event === "chat" && event.payload?.state === "final") resolve();
      if (event.event === "chat" && event.payload?.state === "error")
        reject(new Error(JSON.stringify(event.payload)));
    },
  });
  client.start();
});
await done;
console.log(JSON.stringify(asked));
process.exit(0);
