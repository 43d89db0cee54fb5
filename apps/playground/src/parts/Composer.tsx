import { useVideo } from "@reelay/react"
import { type SubmitEvent, useEffect, useState } from "react"
import type { Config } from "../../server/config.ts"
import type { Studio } from "../clients.ts"
import { fields, fitted, modelsOf, type Chosen } from "../model/options.ts"
import type { Done, Mode } from "../model/snippets.ts"
import { labelOf, magic } from "../model/take.ts"
import { catalogue, nameOf, names } from "../providers.ts"
import { OptionField } from "./OptionField.tsx"
import { Plays } from "./Plays.tsx"
import { Select } from "./Select.tsx"
import { Refusal } from "./Refusal.tsx"

interface Props {
  readonly config: Config
  readonly client: Studio
  readonly mode: Mode
  readonly onDone: (done: Done) => void
}

const usual = "A candle flickers on a wooden table."

export const Composer = ({ client, config, mode, onDone }: Props) => {
  const { error, reset, status, submit } = useVideo(client)
  // Once there is a job, it is the list's to show.
  useEffect(() => {
    if (status === "watching" || status === "done") reset()
  }, [reset, status])
  const [prompt, setPrompt] = useState(usual)
  const [provider, setProvider] = useState(names[0] ?? "xai")
  const { table } = catalogue[provider]
  const models = modelsOf(table)
  const [wanted, setModel] = useState<string | undefined>(undefined)
  const model = models.find((each) => each === wanted) ?? models[0] ?? ""
  const [chosen, choose] = useState<Chosen>({})
  const [dropped, setDropped] = useState<ReadonlyArray<string>>([])
  const [life, setLife] = useState("")
  const [fault, setFault] = useState("")

  /** Whatever the next model can't do is dropped here, with the reason, and never sent. */
  const change = (nextProvider: typeof provider, nextModel: string | undefined): void => {
    const next = catalogue[nextProvider].table
    const fit = fitted(next, modelsOf(next).find((each) => each === nextModel) ?? modelsOf(next)[0] ?? "", chosen)
    setProvider(nextProvider)
    setModel(nextModel)
    choose(fit.chosen)
    setDropped(fit.dropped)
  }

  const onSubmit = (event: SubmitEvent): void => {
    event.preventDefault()
    const words = [prompt, magic(life, fault)].filter((word) => word !== "").join(" ")
    const name = crypto.randomUUID().slice(0, 4)
    onDone({ mode, provider, model, prompt: words, ...chosen, baseUrl: `${config.mock}/${provider}` })
    void submit({ provider, model, prompt: words, ...chosen }, { label: labelOf({ name, prompt }) })
  }

  return (
    <section className="composer" aria-labelledby="compose">
      <h2 id="compose">New take</h2>
      <form onSubmit={onSubmit}>
        <label className="field wide">
          <span>Prompt</span>
          <textarea rows={3} value={prompt} onChange={({ target }) => setPrompt(target.value)} />
        </label>
        <Select
          label="Provider"
          value={provider}
          options={names.map((name) => ({ value: name, label: catalogue[name].title }))}
          onChange={(name) => change(nameOf(name), undefined)}
        />
        <Select
          label="Model"
          value={model}
          options={models.map((each) => ({ value: each, label: each }))}
          onChange={(next) => change(provider, next)}
        />
        {fields.map((field) => (
          <OptionField key={field} field={field} model={model} table={table} value={chosen[field]} onChange={choose} />
        ))}
        {dropped.length > 0 && (
          <ul className="dropped" role="status">
            {dropped.map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        )}
        <Plays config={config} fault={fault} life={life} onFault={setFault} onLife={setLife} />
        <button className="primary" type="submit">
          Submit
        </button>
      </form>
      {(status === "refused" || status === "unknown") && <Refusal error={error} status={status} />}
    </section>
  )
}
