import { readFileSync } from "node:fs"
import { expect, it } from "vitest"
import { version } from "./version.ts"

it("the version is the package's", () => {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"))
  expect(manifest).toHaveProperty("version", version)
})
