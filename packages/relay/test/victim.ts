/** A relay as a process of its own, to be killed: `node victim.ts <port> <mock> <journal>`. */
import { FileJournal } from "@reelay/node"
import { xai } from "@reelay/providers/xai"
import { createServer } from "node:http"
import { createRelay, listener } from "../src/node.ts"

const [port = "0", mock = "", folder = ""] = process.argv.slice(2)

const relay = createRelay({
  providers: [xai({ apiKey: "sk-of-the-server-0123456789", baseUrl: `${mock}/xai` })],
  journal: FileJournal.make(folder),
  authorize: ({ headers }) => {
    const user = /user=([^;]+)/u.exec(headers.get("cookie") ?? "")?.[1]
    return user === undefined ? undefined : { user }
  },
  watch: { pace: 50 }
})

const server = createServer(listener(relay)).listen(Number(port), "127.0.0.1", () => {
  const address = server.address()
  if (typeof address === "object" && address !== null) process.stdout.write(`${address.port}\n`)
})
