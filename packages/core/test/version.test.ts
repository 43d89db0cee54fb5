import { expect, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { version } from "../src/base/version.ts"

it("the version is the package's", () => {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"))
  expect(manifest).toHaveProperty("version", version)
})
