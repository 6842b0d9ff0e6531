import type { World } from './command.ts'

/** Work shorter than this is done before a bar could be read. */
const PATIENCE_MS = 1_000
const REDRAW_MS = 100
const BAR_WIDTH = 24

/** A line on a terminal's stderr that says how far a long piece of work is. */
export interface Progress {
  /** Draws the line anew when it is time to; `done` of `total` is the share, `label` what is at work. */
  update(done: number, total: number, label: string): void
  /** Takes the line away, so that words can be written. */
  clear(): void
}

/** A progress bar with the time left, shown after a second; silent where stderr is no terminal and under `--quiet`. */
export function progressBar(world: Pick<World, 'stderr' | 'clock' | 'quiet'>): Progress {
  const { stderr, clock } = world
  if (!stderr.isTTY || world.quiet) return { update: () => {}, clear: () => {} }
  const begun = clock.monotonic()
  let drawn = Number.NEGATIVE_INFINITY
  let width = 0
  return {
    update(done, total, label) {
      const now = clock.monotonic()
      if (now - begun < PATIENCE_MS || now - drawn < REDRAW_MS || done <= 0 || total <= 0) return
      drawn = now
      const share = Math.min(1, done / total)
      const seconds = Math.ceil(((now - begun) / 1000) * (1 / share - 1))
      const filled = Math.round(share * BAR_WIDTH)
      const bar = `${'='.repeat(filled)}${' '.repeat(BAR_WIDTH - filled)}`
      const left = seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
      const line = `[${bar}] ${Math.floor(share * 100)} %, ${left} left, ${label}`.slice(
        0,
        stderr.columns - 1,
      )
      stderr.write(`\r${line.padEnd(width)}`)
      width = line.length
    },
    clear() {
      if (width > 0) stderr.write(`\r${' '.repeat(width)}\r`)
      width = 0
    },
  }
}
