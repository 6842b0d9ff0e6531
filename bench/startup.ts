/**
 * Start-up: wall time and peak memory of whole processes, in turn with a bare Node, in the checkout and as an
 * installed package (`npm pack`, compiled JavaScript).
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { signalRecord } from '../src/core/wire/encode.ts'
import { sampleSignal } from './sample-signal.ts'

const ROUNDS = 21
const root = join(import.meta.dirname, '..')
const scratch = join(root, '.bench')

interface Subject {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
}

/** Median wall time in ms of each subject, run in turn so that a noisy moment meets all alike. */
function medians(subjects: readonly Subject[]): number[] {
  const times = subjects.map(() => [] as number[])
  for (let round = 0; round <= ROUNDS; round++) {
    subjects.forEach(({ command, args }, i) => {
      const begun = performance.now()
      const { status, stderr } = spawnSync(command, args, { cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] })
      const took = performance.now() - begun
      if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stderr}`)
      if (round > 0) times[i].push(took)
    })
  }
  return times.map(list => list.sort((a, b) => a - b)[ROUNDS >> 1])
}

/** Peak resident memory in MB, by GNU time; `null` where it is not installed. */
function peakMb({ command, args }: Subject): number | null {
  const { status, stderr } = spawnSync('/usr/bin/time', ['-f', '%M', command, ...args], {
    cwd: '/',
    encoding: 'utf8',
  })
  return status === 0 ? Number(stderr.trim().split('\n').at(-1)) / 1024 : null
}

/** Packs and installs this checkout; returns the path of the installed command. */
function installed(): string {
  const folder = join(scratch, 'installed')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const packed = execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], {
    cwd: root,
    encoding: 'utf8',
  })
  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  const archive = join(folder, packed.trim().split('\n').at(-1) ?? '')
  execFileSync('npm', ['install', '--silent', '--no-audit', '--no-fund', archive], {
    cwd: folder,
    stdio: 'ignore',
  })
  return join(folder, 'node_modules', 'bbw', 'bin', 'bbw')
}

/** Prints one row per command and place. */
export function benchStartup(print: (line: string) => void): void {
  mkdirSync(scratch, { recursive: true })
  const records = join(scratch, 'signals.ndjson')
  writeFileSync(records, `${JSON.stringify(signalRecord(sampleSignal()))}\n`)
  print(`start-up, Node ${process.version}, medians of ${ROUNDS} runs in turn, ratio to a bare node -e 0`)
  const places: readonly (readonly [string, string])[] = [
    ['checkout', join(root, 'bin', 'bbw')],
    ['installed package', installed()],
  ]
  for (const [place, bin] of places) {
    const node = process.execPath
    const subjects: Subject[] = [
      { name: 'node -e 0', command: node, args: ['-e', '0'] },
      { name: 'bbw --version', command: node, args: [bin, '--version'] },
      { name: 'bbw --help', command: node, args: [bin, '--help'] },
      { name: 'bbw score, one signal', command: node, args: [bin, 'score', records] },
    ]
    const times = medians(subjects)
    subjects.forEach((subject, i) => {
      const peak = peakMb(subject)
      print(
        `  ${place}, ${subject.name}: ${times[i].toFixed(0)} ms, ${(times[i] / times[0]).toFixed(2)} x${peak === null ? '' : `, peak ${peak.toFixed(0)} MB`}`,
      )
    })
  }
}
