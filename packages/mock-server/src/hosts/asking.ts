/** `reelay-mock verdict <url>`: the verdict of a mock that is served, as lines for people and an exit code for CI. */
import * as Effect from "effect/Effect"
import { isRecord } from "../base/Rules.ts"
import { type Options, toQuery } from "../judge/options.ts"

export interface Asked {
  /** 0: ok. 1: not ok. 2: no mock answered, or it refused. */
  readonly code: 0 | 1 | 2
  readonly report: string
}

const lineOf = (finding: unknown): string => {
  const { breaksOk, law, severity, what } = isRecord(finding) ? finding : {}
  return `${breaksOk === true ? "" : "noted: "}${String(law)} (${String(severity)}): ${String(what)}`
}

const read = (status: number, said: unknown): Asked => {
  if (!isRecord(said) || typeof said["ok"] !== "boolean" || !Array.isArray(said["findings"])) {
    const why = isRecord(said) && typeof said["error"] === "string" ? said["error"] : `HTTP ${status}, and no verdict`
    return { code: 2, report: why }
  }
  const lines = said["findings"].map(lineOf)
  return { code: said["ok"] ? 0 : 1, report: [said["ok"] ? "ok" : "not ok", ...lines].join("\n") }
}

/** `floor`: the least time between two polls of a job, whatever its provider; 0: none. */
export const ask = (url: string, options: Options, floor: number): Effect.Effect<Asked> => {
  const query = toQuery(options)
  const floors = floor === 0 ? "" : `${query === "" ? "?" : "&"}floor=${floor}`
  const address = URL.parse(`${url.replace(/\/+$/, "")}/__mock/verify${query}${floors}`)
  if (address === null) return Effect.succeed({ code: 2, report: `${url} is no URL of a mock, as http://127.0.0.1:8787` })
  return Effect.tryPromise({
    try: async () => {
      const answer = await globalThis.fetch(address)
      return read(answer.status, await answer.json())
    },
    catch: (cause) => `no mock answers at ${url}: ${cause instanceof Error ? cause.message : String(cause)}`
  }).pipe(Effect.catch((report) => Effect.succeed({ code: 2 as const, report })))
}
