/** The key in `kv` of what `bbw status` says of a run beside the engine's own state. */
export const RUN_KEY = 'run'

export interface RunFacts {
  readonly exchange: string
  readonly dry: boolean
  readonly market: string
}
