/**
 * The providers that Reelay supports. Import one by its own path (`@reelay/providers/xai`) to leave the others out of a bundle.
 *
 * @since 0.1.0
 */
export { cometapi, definition as cometapiDefinition } from "./cometapi/provider.ts"
export { geeknow, definition as geeknowDefinition } from "./geeknow/provider.ts"
export { xai, definition as xaiDefinition } from "./xai/provider.ts"
export { xingchao, definition as xingchaoDefinition } from "./xingchao/provider.ts"
