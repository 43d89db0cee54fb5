import { useEffect, useState } from "react"
import type { Config } from "../../server/config.ts"
import { type Studio, studioOf } from "../clients.ts"
import { read, write } from "../kept.ts"
import type { Done, Mode } from "../model/snippets.ts"
import { AnnouncerProvider } from "./Announcer.tsx"
import { Code } from "./Code.tsx"
import { Composer } from "./Composer.tsx"
import { Header } from "./Header.tsx"
import { Reel } from "./Reel.tsx"

/** Each is made once, and kept: a switch back shows the same jobs. */
const studios = new Map<Mode, Studio>()

const studio = (mode: Mode, mock: string): Studio => {
  const known = studios.get(mode) ?? studioOf(mode, mock)
  studios.set(mode, known)
  return known
}

export const App = ({ config }: { readonly config: Config }) => {
  const [mode, setMode] = useState<Mode>(() => (read("mode") === "direct" ? "direct" : "relay"))
  const [done, setDone] = useState<Done | undefined>(undefined)
  useEffect(() => write("mode", mode), [mode])
  const client = studio(mode, config.mock)
  return (
    <AnnouncerProvider>
      <a className="skip" href="#jobs">
        Skip to the jobs
      </a>
      <Header mode={mode} onMode={setMode} />
      <main>
        <Composer key={mode} config={config} client={client} mode={mode} onDone={setDone} />
        <Reel key={`reel ${mode}`} client={client} mode={mode} />
        <Code done={done} mode={mode} />
      </main>
    </AnnouncerProvider>
  )
}
