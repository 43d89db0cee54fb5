import type { Outlook, PromiseJob, Succeeded } from "@reelay/core/promise"
import { type FakeClient, fakeClient, fakeJob } from "@reelay/testing/fakes"
import type { ReactNode } from "react"
import { describe, expect, it, vi } from "vitest"
import {
  ClientProvider,
  type JobView,
  useJob,
  useJobs,
  useVideo,
  useVideoUrl,
  type VideoControls,
  type VideoOptions
} from "../src/index.ts"
import { aWhile, mounter, quiet, type World } from "./world.ts"

interface Request {
  readonly prompt: string
}

type Shown = JobView & VideoControls<Request, PromiseJob>

const request: Request = { prompt: "A fox." }

/** What nobody knows: a request was sent, and no answer came. */
const unknown = Object.assign(new Error("it may be billed"), { reason: { _tag: "SubmitUnknown" } })

/** A component that shows a video, and what the test reads of its last render. */
const filming = (client: Parameters<typeof useVideo<Request, PromiseJob>>[0], options?: VideoOptions) => {
  const seen: Array<Shown> = []
  const Film = (): ReactNode => {
    const video = useVideo(client, options)
    seen.push(video)
    return `${video.status} ${video.progress ?? ""}`
  }
  const last = (): Shown => {
    const shown = seen.at(-1)
    if (shown === undefined) throw new Error("it has not rendered")
    return shown
  }
  return { Film, seen, last }
}
const accepted = async (client: FakeClient<Request>) => {
  await vi.waitUntil(() => client.submissions.at(-1)?.phase() === "Accepted")
  const job = client.submissions.at(-1)?.job
  if (job === undefined) throw new Error("nothing was submitted")
  return job
}

const Url = ({ of }: { readonly of: PromiseJob | undefined }): ReactNode => {
  const { error, url } = useVideoUrl(of)
  return url ?? (error === undefined ? "none" : "failed")
}

export const suite = (world: World): void => {
  const { React, server } = world
  const h = React.createElement
  describe.each([true, false])(`${world.name}, strict: %s`, (isStrict) => {
    quiet()
    const mount = mounter(world, isStrict)
    const act = (call: () => unknown): Promise<void> =>
      React.act(async () => {
        await call()
      })

    const started = async (options?: VideoOptions) => {
      const client = fakeClient<Request>()
      const film = filming(client, options)
      const page = await mount(h(film.Film))
      await act(() => film.last().submit(request))
      return { client, page, job: await accepted(client), ...film }
    }

    describe("useVideo", () => {
      it("shows an estimated progress that goes on between the states, and no tick renders if nothing moved", async () => {
        let ahead: Outlook = { progress: 0.1, eta: 60_000, source: "estimated" }
        const job = fakeJob({ outlook: () => ahead })
        const seen: Array<JobView> = []
        const Bar = (): ReactNode => {
          const view = useJob(job)
          seen.push(view)
          return `${view.progress ?? ""}`
        }
        const page = await mount(h(Bar))
        expect(seen.at(-1)).toMatchObject({ progress: 0.1, eta: 60_000, progressSource: "estimated" })
        ahead = { ...ahead, progress: 0.2 }
        await act(() => new Promise((resolve) => setTimeout(resolve, 1200)))
        expect(page.text()).toBe("0.2")
        const { length } = seen
        await act(() => new Promise((resolve) => setTimeout(resolve, 1200)))
        expect(seen).toHaveLength(length)
      })

      it("goes from idle to the video, and its functions stay the same", async () => {
        const client = fakeClient<Request>({ accepts: false })
        const { Film, last, seen } = filming(client)
        const page = await mount(h(Film))
        expect(last()).toMatchObject({ status: "idle", isPending: false, job: undefined, error: undefined })
        let made: Promise<PromiseJob | undefined> | undefined
        await act(() => void (made = last().submit(request)))
        expect(last()).toMatchObject({ status: "submitting", isPending: true })
        await vi.waitUntil(() => client.posts() === 1)
        await act(() => client.submissions[0]?.accept())
        const job = client.submissions[0]?.job
        expect([await made, last().job, last().status]).toEqual([job, job, "watching"])
        await act(() => job?.running(0.4))
        expect(page.text()).toBe("watching 0.4")
        expect(last()).toMatchObject({ progress: 0.4, progressSource: "reported", eta: 3, isPending: true })
        await act(() => job?.succeeded())
        expect(last()).toMatchObject({ status: "done", progress: 1, isPending: false })
        expect(last().video).toBe(job?.current())
        // StrictMode renders the first time twice, and keeps the state of one.
        const kept = seen.slice(2)
        for (const name of ["submit", "cancel", "leave", "watch", "reset"] as const)
          expect([name, new Set(kept.map((each) => each[name])).size]).toEqual([name, 1])
      })

      it("a naive effect without a clean-up pays once", async () => {
        const client = fakeClient<Request>()
        const Naive = (): ReactNode => {
          const { status, submit } = useVideo(client)
          React.useEffect(() => void submit({ prompt: "naive" }), [submit])
          return status
        }
        const page = await mount(h(Naive))
        await act(aWhile)
        expect([client.posts(), page.text()]).toEqual([1, "watching"])
      })

      it("a double click in one turn pays once, and a later click for another video", async () => {
        const client = fakeClient<Request>()
        const { Film, last } = filming(client)
        await mount(h(Film))
        await act(() => [last().submit({ prompt: "a" }), last().submit({ prompt: "b" })])
        const first = await accepted(client)
        await act(aWhile)
        expect([client.posts(), client.submissions.at(-1)?.request]).toEqual([1, { prompt: "b" }])
        await act(() => last().submit({ prompt: "c" }))
        const second = await accepted(client)
        expect([client.posts(), last().job === second, first.cancels()]).toEqual([2, true, 0])
      })

      it.each(["leave", "keep"] as const)("an unmount before the POST has begun sends nothing: %s", async (onUnmount) => {
        const client = fakeClient<Request>()
        const { Film, last } = filming(client, { onUnmount })
        const page = await mount(h(Film))
        let made: Promise<PromiseJob | undefined> | undefined
        await act(() => {
          made = last().submit(request)
          return page.unmount()
        })
        expect([await made, client.posts()]).toEqual([undefined, 0])
      })

      it("an unmount leaves the job, and cancels nothing", async () => {
        const { job, page } = await started()
        expect(job.listeners()).toBe(1)
        await page.unmount()
        await aWhile()
        expect([job.listeners(), job.cancels()]).toEqual([0, 0])
      })

      it("an unmount that keeps follows it to its end", async () => {
        const { job, page } = await started({ onUnmount: "keep" })
        await page.unmount()
        await aWhile()
        expect(job.listeners()).toBe(1)
        job.succeeded()
        await aWhile()
        expect(job.listeners()).toBe(0)
      })

      it("a POST in flight is never cut: kept, its job is followed; left, it is not", async () => {
        for (const [onUnmount, followed] of [
          ["keep", 1],
          ["leave", 0]
        ] as const) {
          const client = fakeClient<Request>({ accepts: false })
          const { Film, last } = filming(client, { onUnmount })
          const page = await mount(h(Film))
          let made: Promise<PromiseJob | undefined> | undefined
          await act(() => void (made = last().submit(request)))
          await vi.waitUntil(() => client.posts() === 1)
          await page.unmount()
          client.submissions[0]?.accept()
          await made
          expect([onUnmount, client.submissions[0]?.job.listeners()]).toEqual([onUnmount, followed])
        }
      })

      it("a slot shows the same video when a route comes back, and without one it is new", async () => {
        const { client, job, page } = await started({ slot: "film" })
        await page.unmount()
        const again = filming(client, { slot: "film" })
        const other = filming(client)
        await mount(h("div", null, h(again.Film), h(other.Film)))
        expect([again.last().job, other.last().status]).toEqual([job, "idle"])
        await act(() => job.running(0.5))
        expect(again.last().progress).toBe(0.5)
      })

      it("another client is another video", async () => {
        const { client, job } = await started()
        const second = fakeClient<Request>()
        const Switch = ({ of }: { readonly of: FakeClient<Request> }): ReactNode => {
          const { status, submit } = useVideo(of)
          return h("button", { onClick: () => void submit(request) }, status)
        }
        const page = await mount(h(Switch, { of: client }))
        await act(() => page.container.querySelector("button")?.click())
        await act(() => accepted(client))
        expect(page.text()).toBe("watching")
        await page.render(h(Switch, { of: second }))
        expect([page.text(), job.cancels()]).toEqual(["idle", 0])
      })

      it.each([
        ["refused", new Error("no credits")],
        ["unknown", unknown]
      ] as const)("a submission that gave no job is %s, with its error, and can be made anew", async (status, error) => {
        const client = fakeClient<Request>({ accepts: false })
        const { Film, last } = filming(client)
        await mount(h(Film))
        let made: Promise<PromiseJob | undefined> | undefined
        await act(() => void (made = last().submit(request)))
        await vi.waitUntil(() => client.posts() === 1)
        await act(() => client.submissions[0]?.refuse(error))
        expect([await made, last().status, last().error, last().isPending]).toEqual([undefined, status, error, false])
        await act(() => void last().submit(request))
        expect(last()).toMatchObject({ status: "submitting", error: undefined })
      })

      it("a job that failed is done, with its state; a lost one is lost, with its error, until it is watched again", async () => {
        const bad = await started()
        await act(() => bad.job.failed("no"))
        expect(bad.last()).toMatchObject({ status: "done", error: undefined, state: { _tag: "Failed" }, video: undefined })
        const { job, last } = await started()
        await act(() => job.running(0.2))
        await act(() => job.lost(unknown))
        expect(last()).toMatchObject({ status: "lost", error: unknown, state: { _tag: "Running" }, isPending: false })
        await act(() => last().watch())
        expect(last()).toMatchObject({ status: "watching", error: undefined })
        await act(() => job.succeeded())
        expect(last().status).toBe("done")
      })

      it("cancel says what came of it: at the provider, before anything was sent, and in between", async () => {
        const { job, last } = await started()
        let outcome: unknown
        await act(async () => (outcome = await last().cancel()))
        expect([outcome, last().state?._tag, job.cancels()]).toEqual(["Cancelled", "Cancelled", 1])
        const client = fakeClient<Request>({ accepts: false })
        const film = filming(client)
        await mount(h(film.Film))
        expect(await film.last().cancel()).toBeUndefined()
        await act(async () => {
          void film.last().submit(request)
          outcome = await film.last().cancel()
        })
        expect([outcome, client.posts(), film.last().status]).toEqual(["Cancelled", 0, "idle"])
        await act(() => void film.last().submit(request))
        await vi.waitUntil(() => client.posts() === 1)
        await act(async () => {
          const asked = film.last().cancel()
          client.submissions.at(-1)?.accept()
          outcome = await asked
        })
        expect([outcome, client.submissions.at(-1)?.job.cancels()]).toEqual(["Cancelled", 1])
      })

      it("leave shows the last state and follows no longer, watch comes back, reset is idle", async () => {
        const { job, last } = await started()
        await act(() => job.running(0.3))
        await act(() => last().leave())
        expect(last()).toMatchObject({ status: "left", progress: 0.3, isPending: false, job })
        await aWhile()
        expect(job.listeners()).toBe(0)
        await act(() => last().watch())
        expect([last().status, job.listeners()]).toEqual(["watching", 1])
        await act(() => last().reset())
        expect(last()).toMatchObject({ status: "idle", job: undefined })
      })

      it("a signal of the caller's ends in idle, without an error", async () => {
        const client = fakeClient<Request>()
        const { Film, last } = filming(client)
        await mount(h(Film))
        await act(() => last().submit(request, { signal: AbortSignal.abort("enough") }))
        expect([last().status, client.posts()]).toEqual(["idle", 0])
      })

      it("with a selector renders only if the selected part changes", async () => {
        const client = fakeClient<Request>()
        let renders = 0
        const seen: Array<unknown> = []
        let controls: VideoControls<Request, PromiseJob> | undefined
        const Page = (): ReactNode => {
          const { selected, ...rest } = useVideo(client, { select: ({ isPending, status }) => ({ isPending, status }) })
          renders += 1
          seen.push(selected)
          controls = rest
          return null
        }
        await mount(h(Page))
        await act(() => controls?.submit(request))
        const job = await accepted(client)
        const before = renders
        for (const progress of [0.1, 0.2, 0.3]) await act(() => job.running(progress))
        expect(renders).toBe(before)
        await act(() => job.succeeded())
        expect([renders > before, seen.at(-1)]).toEqual([true, { isPending: false, status: "done" }])
      })
    })

    describe("useJob", () => {
      it("follows a job once, however many show it, and one tick renders the bar alone", async () => {
        const job = fakeJob()
        const renders = { page: 0, bar: 0 }
        const Bar = (): ReactNode => {
          renders.bar += 1
          return useJob(job, { select: ({ progress }) => progress })
        }
        const Page = (): ReactNode => {
          renders.page += 1
          const status = useJob(job, { select: (view) => view.status })
          return h("p", null, status, " ", h(Bar), h(Bar))
        }
        const page = await mount(h(Page))
        expect(job.listeners()).toBe(1)
        const { page: before } = renders
        await act(() => job.running(0.5))
        expect([page.text(), renders.page, job.listeners()]).toEqual(["watching 0.50.5", before, 1])
        await page.unmount()
        await aWhile()
        expect(job.listeners()).toBe(0)
      })

      it("by its id or reference attaches once, with the client of the provider or its own", async () => {
        const client = fakeClient<Request>()
        const job = fakeJob()
        const attach = vi.spyOn({ ...client }, "attach").mockResolvedValue(job)
        const attaches = { attach }
        const Status = ({ of }: { readonly of: string | typeof job.ref }): ReactNode => useJob(of).status
        const page = await mount(h(ClientProvider, { value: attaches }, h(Status, { of: job.id }), h(Status, { of: job.ref })))
        await act(() => undefined)
        expect([page.text(), attach.mock.calls.length, job.listeners()]).toEqual(["watchingwatching", 1, 1])
        await act(() => job.succeeded())
        expect(page.text()).toBe("donedone")
        const Own = (): ReactNode => useJob(job.id, { client: attaches, select: (view: JobView) => view.state?._tag })
        expect((await mount(h(Own))).text()).toBe("Succeeded")
      })

      it("says why it can't attach, is idle without a job, and moves with what it is given", async () => {
        const [one, two] = [fakeJob(), fakeJob()]
        const client = { attach: () => Promise.reject(new Error("of another account")) }
        const Shown = ({ of }: { readonly of: PromiseJob | string | undefined }): ReactNode => {
          const { error, status } = useJob(of, { client })
          return `${status} ${error instanceof Error ? error.message : ""}`
        }
        const page = await mount(h(Shown, { of: undefined }))
        expect(page.text()).toBe("idle ")
        await page.render(h(Shown, { of: "reelay:x" }))
        await act(() => undefined)
        expect(page.text()).toBe("refused of another account")
        await page.render(h(Shown, { of: one }))
        await page.render(h(Shown, { of: two }))
        await aWhile()
        expect([page.text(), one.listeners(), two.listeners()]).toEqual(["watching ", 0, 1])
      })

      it("that was left by somebody else is left, not lost", async () => {
        const job = fakeJob()
        const page = await mount(h((): ReactNode => useJob(job).status))
        await act(() => job.leave())
        expect(page.text()).toBe("left")
      })

      it("that was left is followed again by whoever shows it next, though another shows it still", async () => {
        const job = fakeJob()
        const Bar = (): ReactNode => h("p", null, useJob(job).status, " ")
        const page = await mount(h("div", null, h(Bar, { key: "one" })))
        await act(() => job.leave())
        expect([page.text(), job.listeners()]).toEqual(["left ", 0])
        await page.render(h("div", null, h(Bar, { key: "one" }), h(Bar, { key: "two" })))
        expect([page.text(), job.listeners()]).toEqual(["watching watching ", 1])
        await page.unmount()
        await aWhile()
        expect(job.listeners()).toBe(0)
      })

      it("shows one state everywhere while a transition is under way", async () => {
        const job = fakeJob()
        const torn: Array<string> = []
        const Part = (): ReactNode => useJob(job).progress ?? 0
        const Both = ({ n }: { readonly n: number }): ReactNode => h("p", null, n, ":", h(Part), "/", h(Part))
        let go: ((n: number) => void) | undefined
        const Page = (): ReactNode => {
          const [n, set] = React.useState(0)
          go = (next) => React.startTransition(() => set(next))
          return h(Both, { n })
        }
        const page = await mount(h(Page))
        for (const progress of [0.1, 0.2, 0.3]) {
          await act(() => {
            go?.(progress * 10)
            job.running(progress)
          })
          torn.push(page.text())
        }
        expect(torn).toEqual(["1:0.1/0.1", "2:0.2/0.2", "3:0.3/0.3"])
      })
    })

    describe("useJobs", () => {
      it("lists and follows the jobs while it is shown, and renders only what is selected", async () => {
        const client = fakeClient<Request>()
        const List = (): ReactNode => useJobs(client).map(({ id, label, status }) => h("li", { key: id }, `${label} ${status}`))
        const Count = (): ReactNode => useJobs(client, { select: (jobs) => jobs.length })
        const page = await mount(h("ul", null, h(List), h(Count)))
        expect(page.text()).toBe("0")
        await act(() => client.submit(request, { label: "fox" }))
        expect(page.text()).toBe("fox Submitted1")
        const job = await accepted(client)
        await act(() => job.running(0.1))
        expect(page.text()).toBe("fox Running1")
        await page.unmount()
        await aWhile()
        expect(job.listeners()).toBe(0)
      })
    })

    describe("useVideoUrl", () => {
      it("is there once the video is, and says why it is not", async () => {
        const [good, bad] = [fakeJob(), fakeJob()]
        const page = await mount(h(Url, { of: undefined }))
        await page.render(h(Url, { of: good }))
        expect(page.text()).toBe("none")
        await act(() => good.succeeded("https://cdn.example.com/1.mp4"))
        expect(page.text()).toBe("https://cdn.example.com/1.mp4")
        await page.render(h(Url, { of: bad }))
        expect(page.text()).toBe("none")
        await act(() => bad.expired())
        expect(page.text()).toBe("failed")
      })
    })

    describe("on a server", () => {
      it("renders idle, an empty list and a job's state, and a page takes over without a complaint", async () => {
        const job = fakeJob()
        const client = fakeClient<Request>()
        await client.submit(request)
        const Page = (): ReactNode =>
          h(
            "p",
            null,
            useVideo(client).status,
            " ",
            useJobs(client).length,
            " ",
            useJob(job).status,
            " ",
            useJob(job.id, { client }).status
          )
        const html = server.renderToString(h(Page))
        expect([html.replaceAll(/<!-- -->|<[^>]+>/gu, ""), job.listeners()]).toEqual(["idle 0 watching attaching", 0])
        const container = document.createElement("div")
        container.innerHTML = html
        await React.act(async () => void world.client.hydrateRoot(container, h(Page)))
        expect(container.textContent).toBe("idle 2 watching watching")
      })
    })

    const { use } = React
    const Video = ({ job }: { readonly job: PromiseJob }): ReactNode => use<Succeeded>(job.result()).artifacts[0].url
    describe.skipIf(use === undefined)("Suspense", () => {
      class Boundary extends React.Component<{ readonly children?: ReactNode }, { readonly error: unknown }> {
        override state: { readonly error: unknown } = { error: undefined }
        static getDerivedStateFromError(error: unknown) {
          return { error }
        }
        override render(): ReactNode {
          const { error } = this.state
          return error === undefined ? this.props.children : `caught ${error instanceof Error ? error.message : ""}`
        }
      }
      const page = (job: PromiseJob) => mount(h(Boundary, null, h(React.Suspense, { fallback: "waiting" }, h(Video, { job }))))

      it("waits with use(job.result()), and shows the video", async () => {
        const job = fakeJob()
        const shown = await page(job)
        expect([shown.text(), job.listeners()]).toEqual(["waiting", 1])
        await act(() => job.succeeded("https://cdn.example.com/1.mp4"))
        expect(shown.text()).toBe("https://cdn.example.com/1.mp4")
      })

      it.each([
        ["failed", "The provider ended"],
        ["lost", "Polling fake"]
      ] as const)("a job that is %s is caught once, and not asked for again and again", async (way, text) => {
        const job = fakeJob()
        const result = vi.spyOn(job, "result")
        const shown = await page(job)
        await act(() => job[way]())
        expect(shown.text()).toContain(`caught ${text}`)
        expect(result.mock.calls.length).toBeLessThan(12)
      })
    })
  })
}
