import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { expect } from "../test/expect.ts"
import { provider, type Reply, transport } from "../test/fake.ts"
import { succeeded } from "../test/samples.ts"
import * as Artifact from "./Artifact.ts"

const video = new TextEncoder().encode("....ftyp")

/** Saves over a disk in memory, and lists what happened there. */
const saved = Effect.fnUntraced(function* (reply: Reply) {
  const log: Array<string> = []
  const note = (text: string) => Effect.sync(() => void log.push(text))
  const file: FileSystem.File = {
    [FileSystem.FileTypeId]: FileSystem.FileTypeId,
    stat: Effect.die("unused"),
    seek: () => Effect.die("unused"),
    sync: note("sync"),
    read: () => Effect.die("unused"),
    readAlloc: () => Effect.die("unused"),
    truncate: () => Effect.die("unused"),
    write: () => Effect.die("unused"),
    writeAll: (bytes) => note(`write ${bytes.length}`)
  }
  const disk = FileSystem.layerNoop({
    open: (path) => Effect.as(note(`open ${path}`), file),
    rename: (from, to) => note(`rename ${from} ${to}`),
    remove: (path) => note(`remove ${path}`)
  })
  const result = yield* Effect.result(Artifact.save(provider, succeeded, "fox.mp4")).pipe(
    Effect.provide(transport(() => reply).layer),
    Effect.provide(disk)
  )
  return { log, result }
})

describe("save", () => {
  it.effect("the file is written beside its name, and renamed once it is whole", () =>
    Effect.gen(function* () {
      const { log, result } = yield* saved({ body: video })
      expect(log).toEqual(["open fox.mp4.part", "write 8", "sync", "rename fox.mp4.part fox.mp4"])
      expect(result).toMatchObject({ success: { _tag: "Saved", path: "fox.mp4", bytes: 8 } })
    })
  )

  it.effect("nothing is left where it failed", () =>
    Effect.gen(function* () {
      const { log, result } = yield* saved({ body: "<html>no</html>" })
      expect([log, result._tag]).toEqual([["open fox.mp4.part", "remove fox.mp4.part"], "Failure"])
    })
  )

  it.effect("a part that it did not write is left alone", () =>
    Effect.gen(function* () {
      const { log, result } = yield* saved({ status: 400 })
      expect([log, result._tag]).toEqual([[], "Failure"])
    })
  )
})
