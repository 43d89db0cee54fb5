/* oxlint-disable unicorn/consistent-function-scoping -- It is one function, with all that it needs inside. */
/**
 * The console's script. It is written as a function, so that it is checked like all else, and sent as text: it can use nothing from outside of itself but its
 * argument.
 * All that it shows it sets as text.
 */
import type { Fault } from "../../script/Fault.ts"
import { Ending, type Named } from "../../script/Script.ts"
import type { Entry } from "../../serve/Journal.ts"
import type { Row, ShownJob, State } from "./state.ts"

const page = (endings: ReadonlyArray<Ending>): void => {
  /** Least time between two requests to the mock, in milliseconds: a client may ask a thousand times in that. */
  const rest = 120
  /** So many videos play by themselves. */
  const mostPlaying = 6
  const at = <T extends HTMLElement>(id: string, kind: new () => T): T => {
    const found = document.getElementById(id)
    if (!(found instanceof kind)) throw new Error(`The page has no ${id}`)
    return found
  }
  const any = (id: string): HTMLElement => at(id, HTMLElement)
  const make = <K extends keyof HTMLElementTagNameMap>(tag: K, kind = "", text = ""): HTMLElementTagNameMap[K] => {
    const made = document.createElement(tag)
    made.className = kind
    made.textContent = text
    return made
  }
  const say = (element: HTMLElement, text: string): void => {
    if (element.textContent !== text) element.textContent = text
  }

  const span = (ms: number): string => {
    const seconds = Math.abs(ms) / 1000
    if (seconds < 60) return `${seconds.toFixed(1)} s`
    const minutes = Math.floor(seconds / 60)
    return minutes < 60 ? `${minutes} min ${Math.floor(seconds % 60)} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
  }
  const clock = new Intl.DateTimeFormat(undefined, {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    fractionalSecondDigits: 1,
    hourCycle: "h23"
  })
  const date = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" })
  const dollars = (amount: number): string => `$${amount.toFixed(2)}`

  let state: State | undefined
  /** When the state came, by the page's own clock. */
  let cameAt = 0
  const now = ({ mode, now: told }: State): number => (mode === "given" ? told + performance.now() - cameAt : told)

  // Asking the mock

  const read = async <T>(path: string): Promise<T> => {
    const answer = await window.fetch(path)
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- The mock that sent this page sends that too.
    return (await answer.json()) as T
  }

  const send = async (path: string, body: unknown): Promise<boolean> => {
    const answer = await window.fetch(path, { method: "POST", body: JSON.stringify(body) })
    if (answer.ok) return true
    const { error } = await answer.json()
    report(String(error), true)
    return false
  }

  const report = (text: string, isBad: boolean): void => {
    const said = any("said")
    say(said, text)
    said.className = isBad ? "bad" : "good"
  }

  /** What a person started, to its end; an error is told. */
  const act = (started: Promise<unknown>): void => {
    started.catch((error: unknown) => report(`The mock does not answer: ${String(error)}`, true))
  }

  // Jobs

  interface Card {
    readonly root: HTMLElement
    readonly label: HTMLElement
    readonly line: HTMLElement
    readonly veil: HTMLElement
    readonly here: HTMLElement
    readonly meta: HTMLElement
    job: ShownJob
    ticks: ReadonlyArray<{ readonly age: number; readonly kind: string; readonly title: string }>
    drawn: string
    hasVideo: boolean
  }
  const cards = new Map<string, Card>()

  const ageOf = (job: ShownJob, shown: State): number => (job.advances === "time" ? now(shown) - job.createdAt : job.age)

  const kindOf = ({ cut, route, status = 0, told }: Row): string => {
    if (cut !== undefined || status === 0 || status >= 400) return "tick bad"
    if (route !== "poll") return "tick file"
    return told === "ended" ? "tick end" : "tick"
  }

  const ticksOf = (job: ShownJob, rows: ReadonlyArray<Row>): Card["ticks"] => {
    const { advances, createdAt, life, polls } = job
    // By hand, no request has a place in a job's life.
    if (advances === "hand") return []
    const asked = rows.filter(({ route }) => route !== "submit")
    const first = polls - asked.filter(({ route }) => route === "poll").length
    let nth = Math.max(0, first)
    return asked.map((row) => {
      if (row.route === "poll") nth += 1
      const age = advances === "time" ? row.at - createdAt : (life.end * Math.min(nth, advances.polls)) / advances.polls
      return { age, kind: kindOf(row), title: `${row.method} ${row.path} ${row.status ?? row.cut ?? "waits"} ${row.fault ?? ""}` }
    })
  }

  const widthOf = ({ job, ticks }: Card, age: number): number => {
    const last = Math.max(0, ...ticks.map((tick) => tick.age))
    return Math.max(1, job.life.end, job.life.ending === "never" ? age : 0, Math.min(last, job.life.end * 3)) * 1.02
  }

  /** Where a job is by itself, between two requests to the mock. */
  const phaseOf = (job: ShownJob, age: number): string => {
    if (job.advances !== "time") return job.state
    if (age >= job.life.end) return job.life.ending === "never" ? "running" : job.life.ending
    return job.life.phases.find(({ until }) => age < until)?.state ?? job.state
  }

  const metaOf = (job: ShownJob, age: number, phase: string): string => {
    const { cost, endToldAt, fetched, faults, life, model, polls, seconds } = job
    const isOver = !["submitted", "queued", "running"].includes(phase)
    const when = isOver
      ? `ended after ${span(life.end)}, ${endToldAt === undefined ? "not told yet" : fetched > 0 ? "told and fetched" : "told"}`
      : life.ending === "never"
        ? "never ends"
        : job.advances === "time"
          ? `ends in ${span(life.end - age)}: ${life.ending}`
          : job.advances === "hand"
            ? "moves by hand"
            : `ends with poll ${job.advances.polls}`
    const parts = [when, `${polls} poll${polls === 1 ? "" : "s"}`, `${seconds} s of ${model}`, dollars(cost)]
    return [...parts, ...(faults.length === 0 ? [] : [`faults: ${faults.join(", ")}`])].join(" · ")
  }

  const place = (element: HTMLElement, age: number, width: number): void =>
    element.style.setProperty("left", `${(100 * Math.min(age, width)) / width}%`)

  /** Draws what moves by itself. */
  const draw = (card: Card, shown: State): void => {
    const { here, job, label, line, meta, ticks, veil } = card
    const age = Math.max(0, ageOf(job, shown))
    const width = widthOf(card, age)
    const phase = phaseOf(job, age)
    const drawn = `${width} ${ticks.map((tick) => `${tick.age} ${tick.kind}`).join()}`
    if (drawn !== card.drawn) {
      card.drawn = drawn
      let from = 0
      const phases = job.life.phases.map((each) => {
        const long = each.until - from
        const part = make("div", `phase ${each.state}`, `${each.state} ${span(long)}`)
        part.title = `${each.state}: ${span(long)}`
        part.style.setProperty("width", `${(100 * long) / width}%`)
        from = each.until
        return part
      })
      const marks = ticks.map((tick) => {
        const mark = make("i", tick.kind)
        mark.title = tick.title
        place(mark, tick.age, width)
        return mark
      })
      line.replaceChildren(...phases, veil, here, ...marks)
    }
    veil.style.setProperty("width", `${Math.max(0, 100 - (100 * age) / width)}%`)
    place(here, age, width)
    here.hidden = age > width
    say(label, phase)
    label.className = `state ${["submitted", "queued", "running", "succeeded"].includes(phase) ? phase : "ended"}`
    say(meta, metaOf(job, age, phase))
  }

  const cardOf = (job: ShownJob): Card => {
    const root = make("article")
    const top = make("div", "top")
    const label = make("span", "state")
    top.append(make("strong", "", job.provider), make("code", "", job.id), label)
    const [line, veil, here] = [make("div", "line"), make("div", "veil"), make("i", "here")]
    const below = make("div", "below")
    const meta = make("span", "meta")
    below.append(meta)
    if (job.advances === "hand") {
      const next = make("button", "", "Next phase")
      next.type = "button"
      next.addEventListener("click", () => act(send(`jobs/${encodeURIComponent(job.id)}/advance`, {})))
      below.append(next)
    }
    root.append(top, make("div", "prompt", job.prompt), line, below)
    return { root, label, line, veil, here, meta, job, ticks: [], drawn: "", hasVideo: false }
  }

  /** A video, once there is one. */
  const film = (card: Card, nth: number): void => {
    const { job, root } = card
    if (card.hasVideo || job.video === undefined) return
    card.hasVideo = true
    const video = make("video")
    const plays = nth < mostPlaying
    Object.assign(video, { src: job.video, muted: true, loop: true, controls: true, playsInline: true, autoplay: plays })
    video.preload = plays ? "auto" : "none"
    root.append(video)
  }

  const showJobs = (shown: State): void => {
    const rows = new Map<string, Array<Row>>()
    for (const row of shown.journal.toReversed()) {
      if (row.jobId === undefined) continue
      const those = rows.get(row.jobId) ?? []
      those.push(row)
      rows.set(row.jobId, those)
    }
    const list = any("job-list")
    const kept = new Set(shown.jobs.map(({ id }) => id))
    for (const [id, { job, root }] of cards) {
      const same = shown.jobs.find((each) => each.id === id && each.createdAt === job.createdAt)
      if (kept.has(id) && same !== undefined) continue
      root.remove()
      cards.delete(id)
    }
    shown.jobs.forEach((job, nth) => {
      const card = cards.get(job.id) ?? cardOf(job)
      cards.set(job.id, card)
      card.job = job
      card.ticks = ticksOf(job, rows.get(job.id) ?? [])
      // Only what is new is put in its place: a video that is moved stops.
      if (list.children[nth] !== card.root) list.insertBefore(card.root, list.children[nth] ?? null)
      film(card, nth)
      draw(card, shown)
    })
    any("no-jobs").hidden = shown.jobs.length > 0
    say(
      any("job-count"),
      shown.jobs.length < shown.jobCount ? `the newest ${shown.jobs.length} of ${shown.jobCount}` : String(shown.jobCount)
    )
  }

  // The journal

  const rowsShown = new Map<number, { readonly root: HTMLDetailsElement; readonly told: string }>()

  const open = async (root: HTMLDetailsElement, n: number): Promise<void> => {
    const text = await read<Entry>(`journal/${n}`).then(
      (entry) => JSON.stringify(entry, undefined, 2),
      (error: unknown) => `The journal no longer has it: ${String(error)}`
    )
    root.querySelector("pre")?.remove()
    root.append(make("pre", "", text))
  }

  const rowOf = (row: Row): HTMLDetailsElement => {
    const root = make("details")
    const head = make("summary")
    const what = make("span", "what mono", row.path)
    for (const word of [row.fault, row.keySent === true ? "key leaked" : undefined]) {
      if (word !== undefined) what.append(make("span", "badge bad", word))
    }
    if (row.told !== undefined) what.append(make("span", row.told === "ended" ? "badge good" : "badge dim", row.told))
    const isBad = row.cut !== undefined || (row.status ?? 0) >= 400
    const end = row.status === undefined ? (row.cut ?? "waits") : `${row.status}${row.cut === undefined ? "" : ` ${row.cut}`}`
    head.append(
      make("span", "dim", clock.format(row.at)),
      make("span", "mono", row.method),
      what,
      make("span", isBad ? "end bad" : "end", end)
    )
    root.append(head)
    root.addEventListener("toggle", () => {
      if (root.open) act(open(root, row.n))
    })
    return root
  }

  const isWanted = (row: Row): boolean => {
    const route = at("route", HTMLSelectElement).value
    const words = at("filter", HTMLInputElement).value.toLowerCase().split(/\s+/)
    const text = [row.method, row.path, row.route, row.provider, row.status, row.fault, row.cut, row.told, row.jobId]
      .join(" ")
      .toLowerCase()
    return (route === "" || row.route === route) && words.every((word) => text.includes(word))
  }

  const showJournal = (shown: State): void => {
    const list = any("rows")
    const wanted = shown.journal.filter(isWanted)
    const kept = new Set(wanted.map(({ n }) => n))
    for (const [n, { root }] of rowsShown) {
      if (kept.has(n)) continue
      root.remove()
      rowsShown.delete(n)
    }
    wanted.forEach((row, nth) => {
      const told = JSON.stringify(row)
      const before = rowsShown.get(row.n)
      const root = before?.told === told ? before.root : rowOf(row)
      if (before !== undefined && before.root !== root) {
        root.open = before.root.open
        before.root.replaceWith(root)
      }
      rowsShown.set(row.n, { root, told })
      if (list.children[nth] !== root) list.insertBefore(root, list.children[nth] ?? null)
    })
    const none = any("no-rows")
    none.hidden = wanted.length > 0
    say(none, shown.journal.length > 0 ? "No request is like that." : "No request yet.")
    say(
      any("journal-count"),
      `${shown.journalCount}${shown.journal.length < shown.journalCount ? `, the newest ${shown.journal.length} here` : ""}`
    )
  }

  // The rest

  const showVerdict = ({ findings, total }: State): void => {
    say(any("total"), `${dollars(total)} spent`)
    any("no-findings").hidden = findings.length > 0
    any("findings").replaceChildren(
      ...findings.map(({ breaksOk, law, severity, what }) => {
        const item = make("li", breaksOk ? "bad" : "", what)
        item.title = `${law}, ${severity}`
        return item
      })
    )
  }

  const showWaiting = ({ waiting }: State): void =>
    any("waiting").replaceChildren(...waiting.map(({ left, what }) => make("li", "", `the next ${left === 1 ? "one" : left}: ${what}`)))

  const showClock = (shown: State): void => {
    const { mode, nextEventIn } = shown
    const chosen = at("mode", HTMLSelectElement)
    if (document.activeElement !== chosen) chosen.value = mode
    for (const button of document.querySelectorAll<HTMLButtonElement>("[data-advance]")) button.disabled = mode === "given"
    at("to-event", HTMLButtonElement).disabled = mode === "given" || nextEventIn === undefined
  }

  const drawClock = (shown: State): void => {
    const time = now(shown)
    say(any("now"), `${clock.format(time)}, ${date.format(time)}`)
    const { mode, nextEventIn } = shown
    const wait = nextEventIn === undefined ? undefined : nextEventIn - (time - shown.now)
    const event = wait === undefined ? "Time alone changes nothing more." : `Next event in ${span(Math.max(0, wait))}.`
    say(any("next-event"), mode === "given" ? `${event} To move it, freeze it first.` : event)
  }

  // Live

  let isAsking = false
  let isStale = false
  let due: number | undefined

  const refresh = async (): Promise<void> => {
    if (isAsking) {
      isStale = true
      return
    }
    isAsking = true
    isStale = false
    try {
      const shown = await read<State>("console.json")
      cameAt = performance.now()
      state = shown
      showClock(shown)
      drawClock(shown)
      showJobs(shown)
      showJournal(shown)
      showVerdict(shown)
      showWaiting(shown)
      window.clearTimeout(due)
      const { mode, nextEventIn } = shown
      // What time alone changes, no event tells.
      if (mode === "given" && nextEventIn !== undefined)
        due = window.setTimeout(() => act(refresh()), Math.min(nextEventIn + 20, 2 ** 31 - 1))
    } finally {
      window.setTimeout(() => {
        isAsking = false
        if (isStale) act(refresh())
      }, rest)
    }
  }

  const frame = (): void => {
    const shown = state
    if (shown !== undefined && shown.mode === "given") {
      drawClock(shown)
      for (const card of cards.values()) draw(card, shown)
    }
    window.requestAnimationFrame(frame)
  }

  const listen = (): void => {
    const live = any("live")
    const source = new EventSource("events")
    source.addEventListener("open", () => {
      say(live, "live")
      live.className = "on"
    })
    source.addEventListener("error", () => {
      say(live, "not connected")
      live.className = ""
    })
    source.addEventListener("change", () => act(refresh()))
  }

  // What a person does

  const faults = new Set<string>()
  let library: ReadonlyArray<Named> = []

  const showFaults = (): void =>
    any("chosen").replaceChildren(
      ...[...faults].map((name) => {
        const button = make("button", "", `${name} ×`)
        button.type = "button"
        button.addEventListener("click", () => {
          faults.delete(name)
          showFaults()
        })
        return button
      })
    )

  const addFault = (): void => {
    const field = at("fault", HTMLInputElement)
    const name = field.value.trim()
    if (name !== "") faults.add(name)
    field.value = ""
    showFaults()
  }

  const play = async (): Promise<void> => {
    addFault()
    const life = at("life", HTMLSelectElement).value
    const ending = at("ending", HTMLSelectElement).value
    const times = Number(at("times", HTMLInputElement).value)
    const named = library.find(({ name }) => name === life)?.script
    const script = {
      ...named,
      ...(ending === "" ? {} : { ending }),
      faults: [...(named?.faults ?? []), ...[...faults].map((name): Fault => ({ name }))]
    }
    const isNamed = named !== undefined && ending === "" && faults.size === 0
    if (!(await send("script", { script: isNamed ? life : script, times }))) return
    faults.clear()
    showFaults()
    report(`Set for the next ${times === 1 ? "submission" : `${times} submissions`}.`, false)
  }

  const fill = async (): Promise<void> => {
    const option = (name: string): HTMLOptionElement => {
      const made = make("option", "", name)
      made.value = name
      return made
    }
    any("ending").append(...endings.map(option))
    library = await read<ReadonlyArray<Named>>("scripts")
    any("life").append(...library.map(({ name }) => option(name)))
    any("faults").append(...(await read<ReadonlyArray<Fault>>("faults")).map(({ name }) => option(name)))
  }

  const redraw = (): void => {
    if (state !== undefined) showJournal(state)
  }

  const start = (): void => {
    const base = window.location.pathname.replace(/\/__mock\/$/, "")
    say(any("place"), window.location.origin + base)
    const isWorld = base !== ""
    const how = `curl ${window.location.origin}${base}${isWorld ? "/…" : "/xai/v1/videos/generations"} \\\n  -H "Authorization: Bearer any" \\\n  -H "Content-Type: application/json" \\\n  -d '{"prompt": "A candle"}'`
    say(any("try"), isWorld ? `Base URL of this world:\n${window.location.origin}${base}` : how)
    any("add-fault").addEventListener("click", addFault)
    any("script").addEventListener("submit", (event) => {
      event.preventDefault()
      act(play())
    })
    any("life").addEventListener("change", () => {
      const life = at("life", HTMLSelectElement).value
      say(any("life-what"), library.find(({ name }) => name === life)?.what ?? "")
    })
    any("mode").addEventListener("change", () => act(send("clock", { mode: at("mode", HTMLSelectElement).value })))
    for (const button of document.querySelectorAll<HTMLButtonElement>("[data-advance]")) {
      button.addEventListener("click", () => act(send("clock", { advance: Number(button.dataset["advance"]) })))
    }
    any("to-event").addEventListener("click", () => act(send("clock", { advance: state?.nextEventIn ?? 0 })))
    any("reset").addEventListener("click", () => act(send("reset", {})))
    any("filter").addEventListener("input", redraw)
    any("route").addEventListener("change", redraw)
    act(fill())
    listen()
    window.requestAnimationFrame(frame)
  }
  start()
}

/** As the browser gets it. */
export const script = `(${page.toString()})(${JSON.stringify(Ending.literals)})\n`
