// @vitest-environment happy-dom
import * as client from "@reelay/react18/client"
import React from "@reelay/react18/react"
import * as server from "@reelay/react18/server"
import { vi } from "vitest"
import { suite } from "./suite.ts"

vi.mock("react", () => import("@reelay/react18/react"))

suite({ name: `React ${React.version}`, React, client, server })
