export interface Played {
  readonly frames: ReadonlyArray<{ readonly at: number; readonly lines: ReadonlyArray<string> }>
  readonly text: string
}
export declare const pictures: ReadonlyArray<{ readonly file: string; readonly columns: number; readonly table: boolean }>
export declare const played: (columns: number) => Promise<Played>
export declare const tableOf: (text: string) => ReadonlyArray<string>
export declare const textOf: (svg: string) => ReadonlyArray<string>
