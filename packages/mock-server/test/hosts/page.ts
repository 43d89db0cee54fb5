/** What runs in the browser. */
import { setupWorker } from "msw/browser"
import * as Msw from "../../src/hosts/msw.ts"
import * as Mock from "../../src/mock/Mock.ts"
import { options, origin, play, realAt } from "./sequence.ts"

const textOf = (asked: Promise<unknown>): Promise<string> => asked.then((value) => `fulfilled: ${String(value)}`, String)

/** MSW where the option has another name. */
const ignoring: typeof setupWorker = (...handlers) => {
  const worker = setupWorker(...handlers)
  return { ...worker, start: (given) => worker.start({ ...given, onUnhandledFrame: "bypass" }) }
}

const run = async () => {
  const { uninstall } = await Msw.install(setupWorker, Mock.make(options), { origin, others: "bypass" })
  const leak = await textOf(globalThis.fetch("https://management-api.x.ai/teams").then(({ status }) => status))
  const steps = await play({ api: realAt, send: (url, init) => globalThis.fetch(url, init) })
  await uninstall()
  return { steps, leak, broken: await textOf(Msw.install(ignoring, Mock.make(options))) }
}

const told = await run().catch((error: unknown) => ({ steps: [], leak: String(error), broken: "" }))
await globalThis.fetch("/told", { method: "POST", body: JSON.stringify(told) })
