// What tests need of the system itself: Debian's packages, installed where that is possible and nobody is asked for a password.

/** What tells that a package is there, if no program on the path has its name: Debian keeps each version of a server in a folder of its own. */
const asked = { postgresql: ["sh", ["-c", "ls /usr/lib/postgresql/*/bin/initdb"]] }

/** Makes sure that a program is there, from the package of its name. Answers with why not. */
export const installed = async (run, program) => {
  const [command, args] = asked[program] ?? [program, ["--version"]]
  const there = async () => (await run(command, args)).code === 0
  if (await there()) return undefined
  if (process.getuid?.() !== 0) return "it is not installed"
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" }
  const install = () => run("apt-get", ["install", "--yes", "--no-install-recommends", program], { env })
  if ((await install()).code !== 0) {
    await run("apt-get", ["update"], { env })
    const { code, output } = await install()
    if (code !== 0) return `it can't be installed: ${output.trim().split("\n").at(-1)}`
  }
  return (await there()) ? undefined : "it is installed, and does not run"
}
