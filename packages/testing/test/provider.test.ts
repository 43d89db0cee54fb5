import { type Reading, Text } from "@reelay/core"
import { describe, expect, it } from "vitest"
import { Law, providerLaws, type Subject } from "../src/index.ts"
import { type Definition, subjects } from "./subjects.ts"

for (const { definition, subject } of subjects) {
  Law.register(providerLaws(definition, subject), { describe, it }, { title: `laws of ${definition.name}` })
}

describe("laws without inputs", () => {
  const [{ definition, subject }] = subjects
  it.each([
    ["no statuses", { statuses: {} }, "statuses is empty"],
    ["no fixtures", { fixtures: {} }, "no answer to a poll"],
    [
      "no submission",
      { fixtures: Object.fromEntries(Object.entries(subject.fixtures).filter(([, { request }]) => request.startsWith("GET"))) },
      "no answer to a submission"
    ],
    ["no status", { status: [] }, "status names none"],
    ["a status that is nowhere", { status: ["state.of.things"] }, "no answer to a poll has a state at state.of.things"]
  ])("do not hold: %s", async (_, change, what) => {
    const law = providerLaws(definition, { ...subject, ...change }).find(({ id }) => id === "interpret/fixtures")
    await expect(law?.check()).rejects.toThrow(what)
  })

  it.each(["fixtures", "statuses", "status"])("are not made without %s", (name) => {
    expect(() => providerLaws(definition, Object.assign({ ...subject }, { [name]: undefined }))).toThrow(`providerLaws: ${name} is missing`)
  })
})

type Parts = Pick<Definition, "interpret" | "receive">

const cancelled: Reading.Reading = { _tag: "Cancelled", by: "provider", billed: "unknown" }
const video: Reading.Reading = { _tag: "Succeeded", artifacts: [{ url: "https://cdn.test/guess.mp4", kind: "link" }] }
const bodyOf = ({ body }: Reading.Answer): Record<string, unknown> => {
  const json = Text.parseJson(body)
  return typeof json === "object" && json !== null ? { ...json } : {}
}

/** A provider, broken on purpose, and the law that catches it. */
const mutants: ReadonlyArray<{
  readonly law: string
  readonly name: string
  readonly broken: (parts: Parts, subject: Subject) => [Parts, Subject]
}> = [
  {
    law: "interpret/total",
    name: "trusts a 2xx to be JSON",
    broken: (parts, subject) => {
      const interpret: Parts["interpret"] = (answer) => {
        if (answer.status === 200) JSON.parse(answer.body)
        return parts.interpret(answer)
      }
      return [{ ...parts, interpret }, subject]
    }
  },
  {
    law: "interpret/json",
    name: "trusts an error to be an object",
    broken: (parts, subject) => {
      const interpret: Parts["interpret"] = (answer) => {
        const { error } = bodyOf(answer)
        if (error === null) throw new TypeError("Cannot read properties of null")
        return parts.interpret(answer)
      }
      return [{ ...parts, interpret }, subject]
    }
  },
  {
    law: "interpret/json",
    name: "forwards progress unchanged",
    broken: (parts, subject) => {
      const interpret: Parts["interpret"] = (answer) => {
        const seen = parts.interpret(answer)
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the mutant does wrong
        return seen._tag === "Running" ? { ...seen, progress: bodyOf(answer)["progress"] as number } : seen
      }
      return [{ ...parts, interpret }, subject]
    }
  },
  {
    law: "interpret/deep",
    name: "looks for an error at every depth",
    broken: (parts, subject) => {
      const depth = (value: unknown): number =>
        typeof value === "object" && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depth)) : 0
      return [{ ...parts, interpret: (answer) => (depth(Text.parseJson(answer.body)) < 0 ? cancelled : parts.interpret(answer)) }, subject]
    }
  },
  {
    law: "interpret/deciding",
    name: "lets an unreadable duration make a payload unreadable",
    broken: (parts, subject) => {
      const interpret: Parts["interpret"] = (answer) => {
        const { seconds } = bodyOf(answer)
        return seconds === undefined || typeof seconds === "string"
          ? parts.interpret(answer)
          : { _tag: "Missed", because: "unreadable", detail: "seconds" }
      }
      return [{ ...parts, interpret }, subject]
    }
  },
  {
    law: "interpret/unrecognised",
    name: "looks statuses up in a plain object",
    broken: (parts, subject) => {
      const table: Record<string, unknown> = {}
      const interpret: Parts["interpret"] = (answer) => {
        const { status } = bodyOf(answer)
        return typeof status === "string" && table[status] !== undefined ? cancelled : parts.interpret(answer)
      }
      return [{ ...parts, interpret }, subject]
    }
  },
  {
    law: "interpret/unrecognised",
    name: "reads any other status as a failure",
    broken: (parts, subject) => {
      const interpret: Parts["interpret"] = (answer) => {
        const seen = parts.interpret(answer)
        return seen._tag === "Unrecognised" ? cancelled : seen
      }
      return [{ ...parts, interpret }, subject]
    }
  },
  {
    law: "interpret/fixtures",
    name: "has a status that no fixture shows",
    broken: (parts, subject) => [parts, { ...subject, statuses: { ...subject.statuses, archived: "expired" } }]
  },
  {
    law: "interpret/fixtures",
    name: "excuses a status that has a fixture",
    broken: (parts, subject) => [parts, { ...subject, unseen: { completed: "no sample" } }]
  },
  {
    law: "interpret/honest",
    name: "reads 100 % as a success",
    broken: (parts, subject) => {
      const interpret: Parts["interpret"] = (answer) => {
        const body = bodyOf(answer)
        return body["progress"] === 100 && parts.interpret(answer)._tag === "Unrecognised" ? video : parts.interpret(answer)
      }
      return [{ ...parts, interpret }, subject]
    }
  },
  {
    law: "interpret/honest",
    name: "guesses a link",
    broken: (parts, subject) => {
      const interpret: Parts["interpret"] = (answer) => {
        const seen = parts.interpret(answer)
        return seen._tag === "Succeeded" && seen.artifacts.length === 0 ? video : seen
      }
      return [{ ...parts, interpret }, subject]
    }
  },
  {
    law: "interpret/honest",
    name: "ignores the HTTP status",
    broken: (parts, subject) => [{ ...parts, interpret: (answer) => parts.interpret({ ...answer, status: 200 }) }, subject]
  },
  {
    law: "receive/total",
    name: "accepts without an id",
    broken: (parts, subject) => {
      const receive: Parts["receive"] = (answer) => {
        const receipt = parts.receive(answer)
        return receipt._tag === "Unclear" && answer.status === 200 ? { _tag: "Accepted", id: "" } : receipt
      }
      return [{ ...parts, receive }, subject]
    }
  },
  {
    law: "receive/honest",
    name: "accepts with HTTP 500",
    broken: (parts, subject) => [{ ...parts, receive: (answer) => parts.receive({ ...answer, status: 200 }) }, subject]
  },
  {
    law: "receive/honest",
    name: "makes up an id",
    broken: (parts, subject) => {
      const receive: Parts["receive"] = (answer) => {
        const receipt = parts.receive(answer)
        return receipt._tag === "Unclear" ? { _tag: "Accepted", id: "job-of-2026" } : receipt
      }
      return [{ ...parts, receive }, subject]
    }
  }
]

describe("a mutant of a provider", () => {
  const geeknow = subjects.find(({ definition }) => definition.name === "geeknow")

  it.each(mutants)("that $name is caught by $law", async ({ broken, law }) => {
    if (geeknow === undefined) throw new Error("there is no geeknow")
    const found = providerLaws(...broken(geeknow.definition, geeknow.subject)).find(({ id }) => id === law)
    await expect(found?.check({ seed: 1 })).rejects.toThrow(Law.Broken)
  })

  it("exists for every law", () => {
    const [first] = subjects
    if (first === undefined) throw new Error("there is no provider")
    const laws = providerLaws(first.definition, first.subject).map(({ id }) => id)
    expect(laws).toEqual([...new Set(["interpret/total", "interpret/json", ...mutants.map(({ law }) => law)])])
  })
})
