/** A tab of a real browser without a window, driven over the DevTools protocol. */
import { spawn } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { browser, flagsFor } from "./browser.ts"

export interface Tab {
  readonly open: (url: string) => Promise<void>
  /** The value of an expression in the page, awaited. */
  readonly value: (expression: string) => Promise<unknown>
  readonly command: (method: string, params?: object) => Promise<Record<string, unknown>>
  /** What the page's console said, errors of its policy included. */
  readonly said: ReadonlyArray<string>
  readonly close: () => Promise<void>
}

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: unknown
  readonly result?: Record<string, unknown>
  readonly error?: { readonly message: string }
}

const ignore = (): void => undefined

const connect = (url: string): Promise<WebSocket> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(url)
    socket.addEventListener("open", () => resolve(socket))
    socket.addEventListener("error", () => reject(new Error("The browser takes no commands")))
  })

export const openTab = async (): Promise<Tab> => {
  const work = mkdtempSync(join(tmpdir(), "reelay-tab-"))
  const flags = [...flagsFor(work), "--remote-debugging-port=0", "--autoplay-policy=no-user-gesture-required"]
  const child = spawn(browser ?? "chromium", [...flags, "about:blank"], { stdio: "ignore" })
  const closed = new Promise((resolve) => child.once("close", resolve))
  const end = async (): Promise<void> => {
    child.kill("SIGKILL")
    await closed
    rmSync(work, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    const file = join(work, "profile", "DevToolsActivePort")
    while (!existsSync(file) || readFileSync(file, "utf8").split("\n").length < 2) {
      if (child.exitCode !== null) throw new Error("The browser ended at once")
      await sleep(20)
    }
    const [port = ""] = readFileSync(file, "utf8").split("\n")
    const tabs: ReadonlyArray<{ readonly type: string; readonly webSocketDebuggerUrl: string }> = await (
      await globalThis.fetch(`http://127.0.0.1:${port}/json/list`)
    ).json()
    const socket = await connect(tabs.find(({ type }) => type === "page")?.webSocketDebuggerUrl ?? "")
    const waiting = new Map<number, (message: Message) => void>()
    const said: Array<string> = []
    let loaded = ignore
    socket.addEventListener("message", ({ data }) => {
      const message: Message = JSON.parse(String(data))
      if (message.id !== undefined) waiting.get(message.id)?.(message)
      else if (message.method === "Page.loadEventFired") loaded()
      else if (/^(Runtime.exceptionThrown|Runtime.consoleAPICalled|Log.entryAdded)$/.test(message.method ?? ""))
        said.push(JSON.stringify(message.params))
    })
    let last = 0
    const command = async (method: string, params: object = {}): Promise<Record<string, unknown>> => {
      const id = ++last
      const answered = new Promise<Message>((resolve) => waiting.set(id, resolve))
      socket.send(JSON.stringify({ id, method, params }))
      const { error, result = {} } = await answered
      if (error !== undefined) throw new Error(`${method}: ${error.message}`)
      return result
    }
    for (const domain of ["Page", "Runtime", "Log"]) await command(`${domain}.enable`)
    return {
      said,
      command,
      open: async (url) => {
        const done = new Promise<void>((resolve) => (loaded = resolve))
        await command("Page.navigate", { url })
        await done
      },
      value: async (expression) => {
        const { exceptionDetails, result } = await command("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true })
        if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails))
        return Object(result)["value"]
      },
      close: async () => {
        socket.close()
        await end()
      }
    }
  } catch (error) {
    await end()
    throw error
  }
}
