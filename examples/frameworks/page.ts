// One job, shown by each of them, in a page that the mock's address serves.
import { createClient } from "@reelay/core/promise"
import { xai } from "@reelay/providers/xai"
import { show as atom } from "./atom.ts"
import { show as lit } from "./lit.ts"
import { show as observable } from "./observable.ts"
import { show as preact } from "./preact.ts"
import { show as solid } from "./solid.ts"

const client = createClient({ provider: xai({ apiKey: "any-key", baseUrl: `${location.origin}/xai` }), pace: "200 millis" })
const job = await client.submit({ prompt: "A candle flickers." })
for (const [name, show] of Object.entries({ atom, lit, observable, preact, solid })) {
  const target = document.body.appendChild(document.createElement("section"))
  target.id = name
  const leave = show(job, target)
  target.addEventListener("leave", leave)
}
