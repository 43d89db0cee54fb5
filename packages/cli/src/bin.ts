#!/usr/bin/env node
/** The command `reelay`. Asked for nothing but its version it answers without loading the rest, which takes the most of a second. */
import { version } from "./version.ts"

const [first, ...others] = process.argv.slice(2)

if (first === "--version" && others.length === 0) process.stdout.write(`reelay v${version}\n`)
else await import("./main.ts")
