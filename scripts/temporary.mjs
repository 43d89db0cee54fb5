// Vitest's global set-up: whatever the tests make under the temporary folder goes with them.
import { chmodSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

export default function setup() {
  const folder = mkdtempSync(join(tmpdir(), "reelay-tests-"))
  // Some tests look at it as somebody else.
  chmodSync(folder, 0o755)
  process.env.TMPDIR = folder
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
}
