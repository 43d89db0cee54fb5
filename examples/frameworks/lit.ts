// Lit: an element subscribes when it is connected, and leaves when it is removed.
import type { PromiseJob } from "@reelay/core/promise"
import { html, LitElement } from "lit"

class FilmElement extends LitElement {
  job: PromiseJob | undefined
  leave = (): void => undefined

  override connectedCallback(): void {
    super.connectedCallback()
    this.leave = this.job?.subscribe(() => this.requestUpdate()) ?? this.leave
  }
  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.leave()
  }
  override createRenderRoot = (): this => this
  override render = () => html`<p>${this.job?.current()._tag}</p>`
}
customElements.define("a-film", FilmElement)

export const show = (job: PromiseJob, target: HTMLElement): (() => void) => {
  const film = target.appendChild(Object.assign(new FilmElement(), { job }))
  return () => film.remove()
}
