import { describe, it } from "@effect/vitest"
import { expect } from "../../test/expect.ts"
import * as Dialect from "./Dialect.ts"

const link = "https://cdn.example/v.mp4?sig=1"

describe("F15: a link is what the URL parser takes", () => {
  it.each([
    "https://cdn.example/my video.mp4",
    "https://a.b/c.mp4 is gone",
    "HTTPS://CDN.EXAMPLE/V.MP4",
    "  https://cdn.example/v.mp4\n",
    "https://cdn.example:8443/v.mp4",
    "https://视频.例子/片.mp4",
    "https://[2606:4700::1111]/v.mp4",
    "https://user:pass@cdn.example/v.mp4",
    "https:\\\\cdn.example\\v.mp4",
    "https://cdn.example",
    "https://cdn.example/v[1].mp4?a={b}|c",
    "https://cdn.example/v.mp4#t=1",
    "//[2606:4700::1111]/v.mp4",
    "//视频.例子/v.mp4",
    "/files/my video.mp4",
    "./v.mp4",
    "文件/片.mp4",
    "v.mp4?sig=a/b&c=d",
    "DATA:video/mp4;base64,AAAA",
    "data:;base64,AAAA",
    "data:application/mp4,AAAA"
  ])("%s", (text) => {
    expect(Dialect.links(text)).toEqual([{ url: text.trim(), kind: "link" }])
  })

  it.each([
    "https://",
    "https://a b/c",
    "https://[::1",
    "s3://bucket/v.mp4",
    "gs://bucket/v.mp4",
    "blob:https://a.b/1",
    "mailto:a@b.c",
    "data:text/html,<p>",
    "data:image",
    "视频生成失败"
  ])("%s isn't one", (text) => {
    expect(Dialect.links(text)).toEqual([])
  })
})

describe("F8: where the link is", () => {
  it.each<[unknown]>([
    [{ video: [{ url: link }] }],
    [{ result: { videos: [{ url: [link] }] } }],
    [{ data: [{ url: link }] }],
    [{ data: JSON.stringify({ video_url: link }) }],
    [{ output: [link] }],
    [{ videoUrl: link }],
    [{ resource: { downloadUrl: link } }]
  ])("lists and texts of JSON are gone through: %j", (json) => {
    expect(Dialect.linksIn(json).artifacts).toEqual([{ url: link, kind: "link" }])
  })

  it("the documented place is first, at any depth, then the likelier ones; the same link is one candidate", () => {
    const json = {
      url: "https://a.b/2",
      fail_reason: "https://a.b/3",
      data: { video_url: "https://a.b/1", video: { url: "https://a.b/2" } }
    }
    expect(Dialect.linksIn(json, "video_url").artifacts.map(({ url }) => url)).toEqual(["https://a.b/1", "https://a.b/2", "https://a.b/3"])
  })

  it.each<[unknown]>([
    [{ image_url: link, cover_url: link, thumbnail_url: link }],
    [{ input: { video_url: link }, prompt: link }],
    [{ callback_url: link, webhook: link, status_url: link, source_url: link }],
    [{ video: { url: "", cover: link } }],
    [{ error: { doc_url: link } }]
  ])("what the caller sent, pictures and addresses of the API are none: %j", (json) => {
    expect(Dialect.linksIn(json)).toEqual({ artifacts: [], isUnreadable: false })
  })
})

describe("F11: unreadable is not empty", () => {
  it.each<[unknown]>([
    [{ video_url: "pending" }],
    [{ video_url: 7 }],
    [{ video: "AAAAIGZ0eXBpc29t" }],
    [{ video: { src: link } }],
    [{ url: "s3://bucket/v.mp4" }],
    [{ files: [{ href: link }] }],
    [{ artifacts: { main: { location: link } } }],
    [{ data: { mp4: link } }],
    [{ video: { b64_json: "AAAA" } }],
    [{ outputs: [link] }]
  ])("%j may have a video", (json) => {
    expect(Dialect.linksIn(json)).toEqual({ artifacts: [], isUnreadable: true })
  })

  it.each<[unknown]>([
    [{}],
    [null],
    ["done"],
    [{ video_url: "" }],
    [{ video_url: null, video: null, output: {}, data: [] }],
    [{ video: { url: " ", duration: 6, respect_moderation: true }, usage: { cost_in_usd_ticks: 1 } }],
    [{ fail_reason: "upload failed", result_url: "upload failed" }]
  ])("%j has none", (json) => {
    expect(Dialect.linksIn(json)).toEqual({ artifacts: [], isUnreadable: false })
  })
})
