import { defineConfig } from "vitest/config"
import { chosen } from "./groups.mjs"

const conditions = ["@reelay/source"]

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: { include: chosen().tests, testTimeout: 60_000 }
})
