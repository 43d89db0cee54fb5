// The one entry of every npm script. Runs on whatever Node the machine has (20 or newer), sees to it that Node 22.19, pnpm 12 and
// the dependencies are there, and hands over. What is already there is found in milliseconds.
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { setUp } from "./setup.mjs"

const root = fileURLToPath(new URL("..", import.meta.url))
const [name = "", ...args] = process.argv.slice(2)

// From source, without a build: Node strips the types, and the condition makes workspace packages resolve to their sources.
const fromSource = ["--conditions=@reelay/source", "--disable-warning=ExperimentalWarning"]
// npm changes into the checkout; files that a user names are meant from where the user is.
const here = process.env.INIT_CWD ?? process.cwd()

const commands = {
  reelay: { args: [...fromSource, `${root}packages/cli/src/bin.ts`, ...args], cwd: here },
  "reelay-mock": { args: [...fromSource, `${root}packages/mock-server/src/bin.ts`, ...args], cwd: here },
  demo: args.includes("--web")
    ? { args: [...fromSource, `${root}apps/playground/server/main.ts`], cwd: root }
    : { args: [...fromSource, `${root}packages/cli/demo/demo.ts`, ...args], cwd: here },
  "soak:durable": { args: [...fromSource, `${root}packages/durable/test/soak/main.ts`, ...args], cwd: root },
  soak: { args: [...fromSource, `${root}packages/testing/test/soak/main.ts`, ...args], cwd: root },
  bench:
    args[0] === "mock"
      ? { args: ["--expose-gc", ...fromSource, `${root}packages/mock-server/bench/mock.ts`, ...args.slice(1)], cwd: root }
      : args[0] === "pace"
        ? { args: [...fromSource, `${root}bench/pace/main.ts`, ...args.slice(1)], cwd: root }
        : { args: [...fromSource, `${root}bench/main.ts`, ...args], cwd: root },
  example: { args: [...fromSource, `${root}packages/cli/examples/${args[0] ?? "promise"}.ts`], cwd: here },
  docs: { args: [`${root}scripts/docs.mjs`, ...args], cwd: root },
  mutants: { args: [`${root}scripts/mutants.mjs`, ...args], cwd: root },
  test: { args: [`${root}scripts/test.mjs`, ...args], cwd: root },
  check: { args: [`${root}scripts/test.mjs`, "--only", "static", ...args], cwd: root },
  build: { args: [`${root}node_modules/typescript/bin/tsc`, "-b", ...args], cwd: root },
  pack: { args: [`${root}scripts/pack.mjs`], cwd: root },
  format: { args: [`${root}node_modules/oxfmt/bin/oxfmt`, ...args], cwd: root },
  vitest: { args: [`${root}node_modules/vitest/vitest.mjs`, "run", ...args], cwd: root }
}

const examples = ["promise", "rxjs", "effect", "otlp"]
if (name === "example" && args[0] !== undefined && !examples.includes(args[0])) {
  process.stderr.write(`There is no example "${args[0]}". There are: ${examples.join(", ")}.\n`)
  process.exit(2)
}

const command = commands[name]
if (command === undefined) {
  process.stderr.write(`There is no script "${name}". There are: ${Object.keys(commands).join(", ")}.\n`)
  process.exit(2)
}

const { node, path } = await setUp(root)
const child = spawn(node, command.args, { cwd: command.cwd, stdio: "inherit", env: { ...process.env, PATH: path } })

// Whoever stops this process means the command. A terminal's Ctrl-C reaches both; the command takes two in an instant for one.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal))
// npm starts its scripts through a shell, and a shell that SIGTERM ends passes nothing on: it is just gone.
// It is passed on once: a second signal would mean that somebody insists.
const parent = process.ppid
const orphaned = setInterval(() => {
  if (process.ppid === parent) return
  clearInterval(orphaned)
  child.kill("SIGTERM")
}, 200).unref()

const signals = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }
child.on("exit", (code, signal) => process.exit(code ?? 128 + (signals[signal] ?? 1)))
child.on("error", (error) => {
  process.stderr.write(`${node} could not be started: ${error.message}\n`)
  process.exit(1)
})
