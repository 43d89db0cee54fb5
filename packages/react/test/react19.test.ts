// @vitest-environment happy-dom
import * as React from "react"
import * as client from "react-dom/client"
import * as server from "react-dom/server"
import { suite } from "./suite.ts"

suite({ name: `React ${React.version}`, React, client, server })
