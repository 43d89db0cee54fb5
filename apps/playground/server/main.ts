/** `npm run demo -- --web`: mock, relay and page, until Ctrl-C. */
import { bundled } from "./page.ts"
import { playground } from "./playground.ts"

const { stderr, stdout } = process
stderr.write("Bundling the page.\n")
const files = await bundled()
/** The usual port; another one if somebody has it. */
const begun = await playground({ files, port: 8788, duration: 8000 }).catch(() => playground({ files, port: 0, duration: 8000 }))
stdout.write(`${begun.url}\n`)
stderr.write("Open it in a browser. Jobs run on the mock: no key, no cost. Ctrl-C ends all of it.\n")

let isEnding = false
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    if (isEnding) return
    isEnding = true
    void begun.close().finally(() => process.exit(0))
  })
}
