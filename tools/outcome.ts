/** How the process of one test file ended. */
export interface Ran {
  readonly file: string
  /** What it wrote, without colours. */
  readonly output: string
  /** `null` when a signal ended it. */
  readonly code: number | null
  /** The time-out that ended it, in milliseconds; `null` when it ended by itself. */
  readonly limitMs: number | null
}

/** What one test file adds to the totals, and what is to be shown of it. */
export interface Outcome {
  readonly file: string
  readonly passed: number
  readonly skipped: number
  readonly failed: number
  readonly text: string
}

function total(output: string, label: string): number {
  const lines = output.matchAll(new RegExp(`^ {2}${label}: +(\\d+)$`, 'gm'))
  return [...lines].reduce((sum, [, count]) => sum + Number(count), 0)
}

/** Why the file as a whole has failed, beside the tests that say so themselves; `null` when it has not. */
function breakdown(ran: Ran, tests: number, failed: number): string | null {
  if (ran.limitMs !== null) return `has not ended within ${ran.limitMs / 1000} s`
  if (ran.code === null) return 'was ended by a signal'
  if (ran.code !== 0 && failed === 0) return `ended with status ${ran.code}`
  if (ran.code === 0 && failed > 0) return 'ended with status 0 although tests failed'
  return tests === 0 ? 'has run no test: is suite.run() missing?' : null
}

/**
 * Sums uvu's totals (a file may run several suites). A file that crashes, hangs or runs no test counts as one
 * failure more. uvu's own total leaves out the skipped tests.
 */
export function outcomeOf(ran: Ran): Outcome {
  const { file, output } = ran
  const tests = total(output, 'Total')
  const passed = total(output, 'Passed')
  const skipped = total(output, 'Skipped')
  const broken = breakdown(ran, tests + skipped, tests - passed)
  const failed = tests - passed + (broken === null ? 0 : 1)
  const summary = /^ {2}(?:Total|Passed|Skipped|Duration): .*$/gm
  const shown = failed > 0 ? output : output.replace(summary, '')
  const body = shown.replace(/\n{2,}/g, '\n').trim()
  const end = broken === null ? '' : `${file} ${broken}\n`
  return { file, passed, skipped, failed, text: `${file}\n${body}\n${end}` }
}
