/**
 * SQLite by Node itself: for one machine, and for trying it out. Several processes may share the file.
 *
 * @since 0.1.0
 */
export { layer } from "./database/sqlite.ts"
