import { describe, expect, it } from "vitest"
import { choiceOf, fields, fitted, modelsOf } from "../src/model/options.ts"
import { plan } from "@reelay/core/Capability"
import { catalogue, names } from "../src/providers.ts"

describe("the options of the form", () => {
  it("every value that any model is offered with is one that it takes", () => {
    let count = 0
    for (const { table } of names.map((name) => catalogue[name])) {
      expect(modelsOf(table).length).toBeGreaterThan(0)
      for (const model of modelsOf(table)) {
        for (const field of fields) {
          for (const value of choiceOf(table, model, field)?.values ?? []) {
            count += 1
            expect(plan(table, { prompt: "A candle.", model, [field]: value })._tag).toBe("Plan")
          }
        }
      }
    }
    expect(count).toBeGreaterThan(50)
  })

  it("what another model can't do is dropped, with the model and what it takes in a sentence", () => {
    const { table } = catalogue.xai
    const chosen = { duration: 8, resolution: "1080p" }
    expect(fitted(table, "grok-imagine-video-1.5", chosen)).toStrictEqual({ chosen, dropped: [] })
    const { chosen: kept, dropped } = fitted(table, "grok-imagine-video", chosen)
    expect(kept).toStrictEqual({ duration: 8 })
    expect(dropped).toStrictEqual([expect.stringMatching(/^Resolution is "1080p"; grok-imagine-video takes .*720p/u)])
  })

  it("an option that no model of a provider takes is not offered", () => {
    const without = names.flatMap((name) =>
      modelsOf(catalogue[name].table).flatMap((model) =>
        fields.filter((field) => choiceOf(catalogue[name].table, model, field) === undefined).map((field) => ({ name, model, field }))
      )
    )
    for (const { field, model, name } of without) {
      expect(plan(catalogue[name].table, { prompt: "A candle.", model, [field]: field === "duration" ? 6 : "1:1" })._tag).toBe("Refusal")
    }
  })
})
