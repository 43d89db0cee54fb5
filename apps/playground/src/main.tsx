import { StrictMode } from "react"
import { createRoot } from "react-dom/client"
import type { Config } from "../server/config.ts"
import { App } from "./parts/App.tsx"

const root = document.getElementById("root")
if (root === null) throw new Error("The page has no place for itself.")
const config: Config = await (await fetch("/playground/config")).json()
createRoot(root).render(
  <StrictMode>
    <App config={config} />
  </StrictMode>
)
