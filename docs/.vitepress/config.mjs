import { existsSync, readdirSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { defineConfig } from "vitepress"
import { slug } from "../../scripts/docs/links.mjs"

const site = fileURLToPath(new URL("../.site/", import.meta.url))

/** The modules of a package, from the pages that the reference has. */
const modules = (name) => ({
  text: `@reelay/${name}`,
  collapsed: true,
  items: [
    ...(existsSync(`${site}api/${name}.md`) ? [{ text: name, link: `/api/${name}` }] : []),
    ...(existsSync(`${site}api/${name}`) ? readdirSync(`${site}api/${name}`) : [])
      .filter((file) => file.endsWith(".md"))
      .map((file) => ({ text: file === "index.md" ? name : file.slice(0, -3), link: `/api/${name}/${file.replace(/(index)?\.md$/, "")}` }))
  ]
})

const page = (text, name) => ({ text, link: `/${name}` })

const guide = [
  {
    text: "Guide",
    items: [
      page("Getting started", "start"),
      page("The life of a job", "states"),
      page("One submission pays once", "submissions"),
      page("After a crash", "journal"),
      page("In a browser", "browser"),
      page("In React", "react"),
      page("A server that keeps the key", "relay"),
      page("On Node", "node"),
      page("Options", "options"),
      page("How long jobs take", "durations"),
      page("Downloads", "downloads"),
      page("Errors", "errors"),
      page("Many jobs", "many-jobs"),
      page("On many machines", "durable"),
      page("Running workers", "workers"),
      page("Stored as text", "stored"),
      page("Observability", "observability"),
      page("The command", "command")
    ]
  },
  {
    text: "Testing",
    items: [
      page("The mock", "mock"),
      page("Scripts, faults, worlds", "mock-scripts"),
      page("The verdict", "mock-verdict"),
      page("Laws and pictures", "testing"),
      page("The soak", "soak")
    ]
  },
  {
    text: "Reference",
    items: [
      page("Providers", "providers"),
      page("What can go wrong", "traps"),
      page("Compared with others", "compared"),
      page("What waiting costs", "cost"),
      page("Packages", "packages"),
      page("Claims and their tests", "claims"),
      page("Decisions", "decisions/"),
      page("API", "api/")
    ]
  }
]

const reference = [
  {
    text: "API reference",
    link: "/api/",
    items: ["core", "providers", "node", "react", "relay", "durable", "mock-server", "testing"].map(modules)
  },
  { text: "Guide", link: "/start" }
]

export default defineConfig({
  title: "Reelay",
  description: "AI video-generation jobs as one typed, cancellable stream of states",
  lang: "en",
  srcDir: ".site",
  cleanUrls: true,
  markdown: { anchor: { slugify: slug }, headers: { slugify: slug } },
  themeConfig: {
    outline: { level: [2, 3] },
    search: {
      provider: "local",
      options: {
        // Of the reference, names are found, and not the parts that every name has: "Parameters", "Returns".
        _render: (text, env, markdown) => {
          const isReference = env.relativePath.startsWith("api/")
          const html = markdown.render(isReference ? text.replaceAll(/^#{4,} .*$/gm, "") : text, env)
          return env.frontmatter?.search === false ? "" : html
        },
        miniSearch: { searchOptions: { boostDocument: (id) => (id.startsWith("/api/") ? 1 : 3) } }
      }
    },
    nav: [
      { text: "Guide", link: "/start", activeMatch: "^/(?!api|mock)" },
      { text: "Mock", link: "/mock" },
      { text: "API", link: "/api/", activeMatch: "^/api" }
    ],
    sidebar: { "/api/": reference, "/": guide },
    docFooter: { prev: false, next: false }
  }
})
