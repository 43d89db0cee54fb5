import { type KeyboardEvent, useRef, useState } from "react"
import { type Done, type Mode, snippet, type Way, ways } from "../model/snippets.ts"

const example = { provider: "xai", model: "grok-imagine-video", prompt: "A candle flickers on a wooden table." }

/** What was just done, as a program, in each of the four ways. */
export const Code = ({ done, mode }: { readonly done: Done | undefined; readonly mode: Mode }) => {
  const [way, setWay] = useState<Way>("React")
  const tabs = useRef<HTMLDivElement>(null)
  const code = snippet(way, done ?? { ...example, mode, baseUrl: "http://127.0.0.1:8787/xai" })
  const move = ({ key }: KeyboardEvent): void => {
    const step = key === "ArrowRight" ? 1 : key === "ArrowLeft" ? ways.length - 1 : 0
    const next = ways[(ways.indexOf(way) + step) % ways.length]
    if (step === 0 || next === undefined) return
    setWay(next)
    tabs.current?.querySelector<HTMLElement>(`#tab-${next}`)?.focus()
  }
  return (
    <section className="code" aria-labelledby="code">
      <h2 id="code">{done === undefined ? "The same in code" : "What you just did"}</h2>
      <div ref={tabs} role="tablist" aria-labelledby="code" onKeyDown={move}>
        {ways.map((each) => (
          <button
            key={each}
            id={`tab-${each}`}
            type="button"
            role="tab"
            aria-controls="program"
            aria-selected={each === way}
            tabIndex={each === way ? 0 : -1}
            onClick={() => setWay(each)}
          >
            {each}
          </button>
        ))}
      </div>
      <div id="program" role="tabpanel" aria-labelledby={`tab-${way}`} tabIndex={0}>
        <pre>
          <code>{code}</code>
        </pre>
      </div>
    </section>
  )
}
