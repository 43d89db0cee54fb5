import { useEffect, useState } from "react"
import { read, write } from "../kept.ts"
import type { Mode } from "../model/snippets.ts"
import { Choices } from "./Choices.tsx"

const modes = [
  { value: "relay", label: "Relay" },
  { value: "direct", label: "Direct" }
] as const

const themes = [
  { value: "system", label: "Auto" },
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" }
] as const
type Theme = (typeof themes)[number]["value"]

export const Header = ({ mode, onMode }: { readonly mode: Mode; readonly onMode: (mode: Mode) => void }) => {
  const [theme, setTheme] = useState<Theme>(() => themes.find(({ value }) => value === read("theme"))?.value ?? "system")
  useEffect(() => {
    document.documentElement.dataset["theme"] = theme
    write("theme", theme)
  }, [theme])
  return (
    <header>
      <h1>
        Reelay <span>playground</span>
      </h1>
      <p className="where">{mode === "relay" ? "The server keeps the key and polls." : "This page has the key and polls."}</p>
      <Choices legend="Way to the provider" name="mode" options={modes} value={mode} onChange={onMode} />
      <Choices legend="Theme" name="theme" options={themes} value={theme} onChange={setTheme} />
    </header>
  )
}
