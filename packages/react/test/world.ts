/** Both versions of React, as the tests use them: in StrictMode and without. */
import type * as ReactModule from "react"
import type * as ClientModule from "react-dom/client"
import type * as ServerModule from "react-dom/server"
import { afterEach, beforeEach, expect, vi } from "vitest"

export interface World {
  readonly name: string
  readonly React: Omit<typeof ReactModule, "default">
  readonly client: Pick<typeof ClientModule, "createRoot" | "hydrateRoot">
  readonly server: Pick<typeof ServerModule, "renderToString">
}

export interface Mounted {
  readonly container: HTMLElement
  readonly text: () => string
  readonly render: (node: ReactModule.ReactNode) => Promise<void>
  readonly unmount: () => Promise<void>
}

/** Everything React complains about fails the test that made it. */
export const quiet = (): void => {
  let complaints: ReadonlyArray<ReadonlyArray<unknown>> = []
  beforeEach(() => {
    Reflect.set(globalThis, "IS_REACT_ACT_ENVIRONMENT", true)
    complaints = vi.spyOn(console, "error").mockImplementation(() => undefined).mock.calls
  })
  afterEach(() => {
    expect(complaints.map(([first]) => String(first))).toEqual([])
    vi.restoreAllMocks()
  })
}

export const mounter = ({ React, client }: World, isStrict: boolean) => {
  const wrapped = (node: ReactModule.ReactNode): ReactModule.ReactNode =>
    isStrict ? React.createElement(React.StrictMode, null, node) : node
  return async (node: ReactModule.ReactNode): Promise<Mounted> => {
    const container = document.createElement("div")
    // What a boundary has caught is not to be complained about.
    const root = client.createRoot(container, { onCaughtError: () => undefined })
    const render = (next: ReactModule.ReactNode) => React.act(async () => root.render(wrapped(next)))
    await render(node)
    return {
      container,
      render,
      text: () => container.textContent ?? "",
      unmount: () => React.act(async () => root.unmount())
    }
  }
}

/** Longer than a hook keeps what nobody shows. */
export const aWhile = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 80))
