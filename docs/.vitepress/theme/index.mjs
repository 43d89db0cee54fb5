import Theme from "vitepress/theme"
// oxlint-disable-next-line import/no-unassigned-import -- a style sheet
import "./style.css"

export default Theme
