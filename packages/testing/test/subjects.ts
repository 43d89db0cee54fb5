/** The four providers as subjects of the laws. */
import type { Provider, VideoRequest } from "@reelay/core"
import { definition as cometapi, outerStatuses, statuses as innerStatuses } from "@reelay/providers/cometapi"
import { fixtures as cometapiFixtures } from "@reelay/providers/cometapi/fixtures"
import { definition as geeknow, statuses as geeknowStatuses } from "@reelay/providers/geeknow"
import { fixtures as geeknowFixtures } from "@reelay/providers/geeknow/fixtures"
import { definition as xai, statuses as xaiStatuses } from "@reelay/providers/xai"
import { fixtures as xaiFixtures } from "@reelay/providers/xai/fixtures"
import { definition as xingchao, statuses as xingchaoStatuses } from "@reelay/providers/xingchao"
import { fixtures as xingchaoFixtures } from "@reelay/providers/xingchao/fixtures"
import type { Subject } from "../src/index.ts"

export type Definition = Provider.Definition<VideoRequest.VideoRequest>

export const definitions: ReadonlyArray<Definition> = [cometapi, xingchao, geeknow, xai]

/** The places of a code in an error body: `task_not_exist` there says that the job is unknown. */
const errors = ["code", "type", "error"]

interface Of {
  readonly definition: Definition
  readonly subject: Subject
}

export const subjects: readonly [Of, ...ReadonlyArray<Of>] = [
  {
    definition: cometapi,
    subject: {
      fixtures: cometapiFixtures,
      statuses: { ...outerStatuses, ...innerStatuses },
      status: ["status", "data.status", "data.data.status"],
      // A wrapper's nested progress tells a queued job of xAI's from a running one; its code tells whether the query worked.
      deciding: [
        ...errors,
        "request_id",
        "progress",
        "message",
        "video.respect_moderation",
        "data.data.progress",
        "data.data.video.respect_moderation"
      ]
    }
  },
  { definition: xingchao, subject: { fixtures: xingchaoFixtures, statuses: xingchaoStatuses, status: ["status"], deciding: errors } },
  { definition: geeknow, subject: { fixtures: geeknowFixtures, statuses: geeknowStatuses, status: ["status"], deciding: errors } },
  {
    definition: xai,
    subject: {
      fixtures: xaiFixtures,
      statuses: xaiStatuses,
      status: ["status"],
      deciding: [...errors, "message", "progress", "video.respect_moderation"]
    }
  }
]
