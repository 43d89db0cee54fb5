import { defineConfig } from "vitest/config"

const conditions = ["@reelay/source"]

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: [
      "packages/*/{src,test}/**/*.test.ts",
      "apps/*/test/**/*.test.ts",
      "packages/{cli/examples,mock-server/examples/clients}/*.test.ts",
      "scripts/**/*.test.ts",
      "bench/**/*.test.ts",
      "docs/test/**/*.test.ts",
      "examples/*.test.ts",
      "examples/frameworks/*.test.ts"
    ],
    globalSetup: "scripts/temporary.mjs",
    // Two cores, and some tests start servers and child processes: time limits are for hangs, not for speed.
    testTimeout: 60_000,
    hookTimeout: 60_000
  }
})
