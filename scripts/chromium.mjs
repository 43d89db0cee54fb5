import { existsSync } from "node:fs"
import { join } from "node:path"

const folders = (process.env["PATH"] ?? "").split(":")

/** The file of a Chromium or Chrome on this machine; `undefined` if there is none. */
export const chromiumPath = ["chromium", "chromium-headless-shell", "google-chrome", "chromium-browser"]
  .flatMap((name) => folders.map((folder) => join(folder, name)))
  .find((file) => existsSync(file))
