// @vitest-environment happy-dom
// oxlint-disable-next-line import/no-unassigned-import -- it is what compiles the templates below.
import "@angular/compiler"
import { AsyncPipe } from "@angular/common"
import { Component, inject, InjectionToken, provideZonelessChangeDetection, resource, signal } from "@angular/core"
import { toSignal } from "@angular/core/rxjs-interop"
import { bootstrapApplication } from "@angular/platform-browser"
import type { JobState, PromiseJob } from "@reelay/core/promise"
import { describe, expect, it, vi } from "vitest"
import { type FakeClient, fakeClient, type FakeJob, fakeJob } from "../../src/fakes/index.ts"

const JOB = new InjectionToken<PromiseJob>("job")
const CLIENT = new InjectionToken<FakeClient<unknown>>("client")

/** The states of a job as the stream of a resource, which ends with the component. */
const streamOf = (job: PromiseJob, abortSignal: AbortSignal) => {
  const state = signal<{ readonly value: JobState } | { readonly error: Error }>({ value: job.current() })
  const leave = job.subscribe({
    next: (value) => state.set({ value }),
    error: (error) => state.set({ error: error instanceof Error ? error : new Error("lost", { cause: error }) })
  })
  abortSignal.addEventListener("abort", leave)
  return state
}

class Film {
  readonly job = inject(JOB)
  readonly jobs = toSignal(inject(CLIENT).jobs, { requireSync: true })
  readonly state = toSignal(this.job, { requireSync: true })
  readonly followed = resource({ stream: async ({ abortSignal }) => streamOf(this.job, abortSignal) })
  readonly list = () =>
    this.jobs()
      .map(({ status }) => status)
      .join(" ")
}

Component({
  selector: "app-film",
  imports: [AsyncPipe],
  template: `
    <p id="signal">{{ state()._tag }}</p>
    <p id="pipe">{{ (job | async)?._tag }}</p>
    <p id="resource">{{ followed.error() ? "lost" : followed.value()?._tag }}</p>
    <p id="list">{{ list() }}</p>
  `
})(Film)

const page = async (job: FakeJob, client: FakeClient<unknown> = fakeClient()) => {
  document.body.innerHTML = "<app-film></app-film>"
  const app = await bootstrapApplication(Film, {
    providers: [provideZonelessChangeDetection(), { provide: JOB, useValue: job }, { provide: CLIENT, useValue: client }]
  })
  await app.whenStable()
  const shown = async () => {
    await app.whenStable()
    app.tick()
    return ["signal", "pipe", "resource", "list"].map((id) => document.querySelector(`#${id}`)?.textContent)
  }
  return { app, shown }
}

describe("a job in Angular 22", () => {
  it("is a signal by toSignal, whose first value is there at once, a value of the async pipe, and the stream of a resource", async () => {
    const job = fakeJob()
    const client = fakeClient()
    const listed = await client.submit({})
    const { app, shown } = await page(job, client)
    expect(await shown()).toEqual(["Submitted", "Submitted", "Submitted", "Submitted"])
    job.running(0.4)
    listed.queued()
    expect(await shown()).toEqual(["Running", "Running", "Running", "Queued"])
    job.succeeded()
    expect(await shown()).toEqual(["Succeeded", "Succeeded", "Succeeded", "Queued"])
    app.destroy()
    await vi.waitUntil(() => job.listeners() === 0 && listed.listeners() === 0)
    expect(job.cancels()).toBe(0)
  })

  it("that is lost is an error of the resource, which every subscriber is told", async () => {
    const job = fakeJob()
    document.body.innerHTML = "<app-lost></app-lost>"
    class Lost {
      readonly followed = resource({ stream: async ({ abortSignal }) => streamOf(job, abortSignal) })
    }
    Component({ selector: "app-lost", template: `{{ followed.error() ? "lost" : followed.value()?._tag }}` })(Lost)
    const app = await bootstrapApplication(Lost, { providers: [provideZonelessChangeDetection()] })
    await app.whenStable()
    job.lost()
    await app.whenStable()
    app.tick()
    expect([document.querySelector("app-lost")?.textContent, job.unhandled]).toEqual(["lost", []])
    app.destroy()
  })
})
