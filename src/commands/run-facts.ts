/** The key in `kv` of what `bbw status` says of a run beside the engine's own state. */
export const RUN_KEY = 'run'

/** How an exchange is reached, where its name alone does not say. */
export interface Address {
  /** `--url`, as it is reached. */
  readonly url?: string
  /** `--sim-url` */
  readonly simUrl?: string
  /** `--speed` of a clock that goes faster than the wall's. */
  readonly speed?: number
}

export interface RunFacts extends Address {
  readonly exchange: string
  readonly dry: boolean
  readonly market: string
}
