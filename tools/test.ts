/**
 * Runs the test files below `src` (`node tools/test.ts`), the long ones with `--long`, or those whose path contains
 * one of the words given, each in a process of its own. Prints what uvu says and, last, `N passed, N failed`; the exit
 * status is 1 when something failed.
 */
import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { type Outcome, outcomeOf, type Ran } from './outcome.ts'

const root = join(import.meta.dirname, '..')

/** A test file that takes longer hangs: uvu itself has no time-out. A day over the wire takes most of an hour. */
const LIMIT_MS = { short: 150_000, long: 3_600_000 } as const

function runFile(file: string, limitMs: number): Promise<Ran> {
  return new Promise(resolve => {
    // A group of its own, so that the time-out ends what the tests have started, too.
    const child = spawn(process.execPath, [file], {
      cwd: root,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        NO_COLOR: '1',
        NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'test'),
      },
    })
    let output = ''
    let timedOut = false
    const collect = (chunk: string): void => {
      output += chunk
    }
    child.stdout.setEncoding('utf8').on('data', collect)
    child.stderr.setEncoding('utf8').on('data', collect)
    const timer = setTimeout(() => {
      timedOut = true
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    }, limitMs)
    child.on('error', error => collect(String(error)))
    child.on('close', code => {
      clearTimeout(timer)
      resolve({ file, output, code, limitMs: timedOut ? limitMs : null })
    })
  })
}

const long = process.argv.includes('--long')
const words = process.argv.slice(2).filter(word => word !== '--long')
const files = globSync('src/**/*.test.ts', { cwd: root })
  .filter(file => file.endsWith('.long.test.ts') === long)
  .filter(file => words.length === 0 || words.some(word => file.includes(word)))
  .sort()

const outcomes: Outcome[] = []
const queue = files.values()
const worker = async (): Promise<void> => {
  for (const file of queue) {
    const outcome = outcomeOf(await runFile(file, long ? LIMIT_MS.long : LIMIT_MS.short))
    outcomes.push(outcome)
    process.stdout.write(outcome.text)
  }
}
// Long tests measure times, so nothing runs beside them.
await Promise.all(Array.from({ length: long ? 1 : availableParallelism() }, worker))

const passed = outcomes.reduce((sum, outcome) => sum + outcome.passed, 0)
const skipped = outcomes.reduce((sum, outcome) => sum + outcome.skipped, 0)
const failed = outcomes.reduce((sum, outcome) => sum + outcome.failed, 0)
const failedFiles = outcomes.filter(outcome => outcome.failed > 0).map(outcome => outcome.file)
if (files.length === 0) process.stdout.write('there is no such test file\n')
if (failedFiles.length > 0)
  process.stdout.write(`\nfailed in:\n${failedFiles.map(file => `  ${file}\n`).join('')}`)
if (skipped > 0) process.stdout.write(`${skipped} skipped, see above\n`)
process.stdout.write(`${passed} passed, ${failed} failed\n`)
process.exitCode = failed > 0 || files.length === 0 ? 1 : 0
