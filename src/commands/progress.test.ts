import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { progressBar } from './progress.ts'

const test = suite('progress')

function terminal(isTTY: boolean, quiet: boolean) {
  let now = 0
  const written: string[] = []
  const world = {
    stderr: { isTTY, columns: 60, write: (text: string) => void written.push(text) },
    clock: { now: () => 0, monotonic: () => now, sleep: () => Promise.resolve() },
    quiet,
  }
  return { bar: progressBar(world), written, at: (ms: number) => (now = ms) }
}

test('nothing is drawn in the first second; then share and time left, at most every tenth of a second', () => {
  const { bar, written, at } = terminal(true, false)
  at(999)
  bar.update(10, 100, 'a.csv')
  assert.equal(written, [])
  at(1_000)
  bar.update(25, 100, 'a.csv')
  assert.equal(written, ['\r[======                  ] 25 %, 3 s left, a.csv'])
  at(1_050)
  bar.update(30, 100, 'a.csv')
  assert.is(written.length, 1)
  at(60_000)
  bar.update(50, 100, 'b.csv')
  assert.match(written[1], '50 %, 1 min 0 s left, b.csv')
})

test('a line never wraps, and is taken away before words', () => {
  const { bar, written, at } = terminal(true, false)
  at(2_000)
  bar.update(50, 100, 'x'.repeat(200))
  assert.is(written[0].length, 1 + 59)
  bar.clear()
  assert.is(written[1], `\r${' '.repeat(59)}\r`)
  bar.clear()
  assert.is(written.length, 2)
})

test('nothing is drawn under --quiet and where stderr is no terminal', () => {
  for (const [isTTY, quiet] of [
    [true, true],
    [false, false],
  ] as const) {
    const { bar, written, at } = terminal(isTTY, quiet)
    at(5_000)
    bar.update(50, 100, 'a.csv')
    bar.clear()
    assert.equal(written, [])
  }
})

test.run()
