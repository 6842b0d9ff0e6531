import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { CODES } from './core/base/codes.ts'
import type { FaultRow, Lever, NamedTest } from './fault-map.fixture.ts'
import { LIMIT_NUMBERS, LIMIT_ROWS } from './faults-limits.fixture.ts'
import { PROCESS_ROWS } from './faults-process.fixture.ts'
import { STREAM_NUMBERS, STREAM_ROWS } from './faults-streams.fixture.ts'
import { TRADING_ROWS } from './faults-trading.fixture.ts'
import { WIRE_NUMBERS, WIRE_ROWS } from './faults-wire.fixture.ts'
import { PROCESS_INCIDENTS } from './incidents-process.fixture.ts'
import { TRADING_INCIDENTS } from './incidents-trading.fixture.ts'

const test = suite('fault map')

/** The lists of rows, and the groups of the catalogue that each covers with the last number of the group. */
const LISTS: readonly {
  readonly rows: readonly FaultRow[]
  readonly groups: { readonly [group: string]: number }
}[] = [
  { rows: TRADING_ROWS, groups: { A: 13, B: 13, C: 11 } },
  { rows: PROCESS_ROWS, groups: { G: 10, H: 12 } },
]

const WHOLE_GROUPS = LISTS.flatMap(({ groups }) =>
  Object.entries(groups).flatMap(([group, last]) =>
    Array.from({ length: last }, (_, k) => `${group}${k + 1}`),
  ),
)

const CATALOGUE = [...WHOLE_GROUPS, ...LIMIT_NUMBERS, ...STREAM_NUMBERS, ...WIRE_NUMBERS]

const ROWS = [...LISTS.flatMap(({ rows }) => rows), ...LIMIT_ROWS, ...STREAM_ROWS, ...WIRE_ROWS]

/** The source of a test file, from `src`; `null` where there is none. */
function sourceOf(file: string): string | null {
  const path = join(import.meta.dirname, file)
  return file.endsWith('.test.ts') && existsSync(path) ? readFileSync(path, 'utf8') : null
}

/** The code of a test, from its title to the next one; `null` where there is none. */
function bodyOf(text: string, title: string): string | null {
  const escaped = title.replaceAll('\\', '\\\\').replaceAll("'", "\\'")
  // One that needs root, say, goes by a name of its own that ends in Test.
  const starts = ['test', 'Test'].flatMap(name => [
    `${name}('${escaped}',`,
    `${name}("${title}",`,
    `${name}(\n  '${escaped}',`,
  ])
  const from = Math.max(...starts.map(start => text.indexOf(start)))
  if (from < 0) return null
  const to = text.indexOf('\ntest', from)
  return text.slice(from, to < 0 ? undefined : to)
}

/** What is wrong with a test that is named. */
function wrongTest({ file, title }: NamedTest, source: (file: string) => string | null): string[] {
  const text = source(file)
  if (text === null) return [`${file} is not there`]
  return bodyOf(text, title) === null ? [`${file} has no test "${title}"`] : []
}

/** A sentence, or more: so many words, and a full stop. */
const isSaid = (reason: string): boolean => reason.split(/\s+/).length >= 8 && reason.endsWith('.')

/** Files whose tests go over real sockets: to the simulated Bybit, or to a server that answers as it might. */
const OVER_SOCKETS: ReadonlySet<string> = new Set([
  'commands/run-bybit-life.test.ts',
  'core/adapters/bybit/http.test.ts',
  'faults-account.test.ts',
  'faults-answers.test.ts',
  'faults-crash-rotation.test.ts',
  'faults-crash.test.ts',
  'faults-disk.test.ts',
  'faults-market.test.ts',
  'faults-money.test.ts',
  'faults-processes.test.ts',
  'faults-streams.test.ts',
  'faults-terms.test.ts',
  'faults-wire.test.ts',
])

/** Groups of which every row has a planted bug. */
const PLANTED = 'ABCDEFGK'
/** Levers that pull at what is between bbw and the exchange, or at its process; and those of the kernel. */
const OF_SOCKETS: readonly Lever[] = ['L1', 'L2', 'L4', 'L7']
const OF_KERNEL: readonly Lever[] = ['L3', 'L8']

/** Where a row is not shown as its group and its lever want it. */
function wrongWays({
  row,
  lever,
  shown,
}: FaultRow & { readonly shown: readonly NamedTest[] }): readonly string[] {
  if (!PLANTED.includes(row[0])) return []
  const wrong: string[] = []
  if (!shown.some(({ title }) => title.includes('found out'))) wrong.push('no planted bug of it is found out')
  if (lever.some(one => OF_SOCKETS.includes(one)) && !shown.some(({ file }) => OVER_SOCKETS.has(file)))
    wrong.push('no test of it goes over real sockets')
  if (lever.some(one => OF_KERNEL.includes(one)) && !shown.some(({ file }) => file.startsWith('kernel/')))
    wrong.push('no test of it is in the kernel')
  return wrong
}

function wrongRow(row: FaultRow, source: (file: string) => string | null): string[] {
  const wrong: string[] = row.codes.filter(code => !(code in CODES)).map(code => `${code} is no code`)
  if (row.lever.length === 0) wrong.push('no lever')
  const { shown } = row
  if ('notApplicable' in shown) {
    if (!isSaid(shown.notApplicable)) wrong.push('it does not say why it does not apply')
    return wrong
  }
  if (shown.length === 0) wrong.push('no test')
  wrong.push(...wrongWays({ ...row, shown }))
  for (const named of shown) {
    wrong.push(...wrongTest(named, source))
    if (!named.title.startsWith(`${row.row}: `)) wrong.push(`"${named.title}" does not name its row`)
  }
  // A code that no test of the row speaks of was not shown to be emitted.
  const bodies = shown.map(({ file, title }) => bodyOf(source(file) ?? '', title))
  if (bodies.includes(null)) return wrong
  for (const code of row.codes) {
    if (!bodies.some(body => body?.includes(`'${code}'`))) wrong.push(`no test of it looks for ${code}`)
  }
  return wrong
}

/** What is wrong with the lists against the numbers that they have to cover. */
function wrongMap(
  rows: readonly FaultRow[],
  numbers: readonly string[],
  source: (file: string) => string | null = sourceOf,
): readonly string[] {
  const wrong: string[] = []
  for (const number of numbers) {
    const count = rows.filter(({ row }) => row === number).length
    if (count !== 1) wrong.push(`${number} stands ${count} times in the lists`)
  }
  for (const row of rows) {
    if (!numbers.includes(row.row)) wrong.push(`${row.row} is no row of the catalogue`)
    wrong.push(...wrongRow(row, source).map(what => `${row.row}: ${what}`))
  }
  return wrong
}

test('every row of the catalogue has its tests, or says why there is none', () => {
  assert.equal(wrongMap(ROWS, CATALOGUE), [])
})

/** Those that have been shown; whoever shows another one adds it. */
const REQUIRED_INCIDENTS: readonly number[] = [
  5, 6, 13, 14, 15, 16, 17, 18, 19, 20, 25, 26, 27, 28, 29, 30, 33, 34, 35, 36, 37, 38, 43, 45, 46, 47, 61,
  62, 63, 66, 72, 73, 74, 75, 77, 78,
]

test('every incident of trading and of processes has its tests, one of them named after it', () => {
  const incidents = [...TRADING_INCIDENTS, ...PROCESS_INCIDENTS]
  const numbers = incidents.map(({ incident }) => incident)
  assert.equal(numbers.length, new Set(numbers).size, 'each stands once')
  assert.equal(
    REQUIRED_INCIDENTS.filter(number => !numbers.includes(number)),
    [],
  )
  for (const { incident, shown } of incidents) {
    for (const named of shown) assert.equal(wrongTest(named, sourceOf), [])
    assert.ok(
      shown.some(({ title }) => title.startsWith(`incident ${incident}: `)),
      String(incident),
    )
  }
})

test('a map with a hole, a slip or an excuse that is none is found out', () => {
  const source = (file: string): string | null =>
    file === 'here.test.ts' ? "test('X1: it works', () => has('E101'))" : null
  const right: FaultRow = {
    row: 'X1',
    lever: ['L1'],
    what: 'something',
    codes: ['E101'],
    shown: [{ file: 'here.test.ts', title: 'X1: it works' }],
  }
  const why = 'There is nothing of the kind here that could break at all.'
  const told = (...rows: readonly FaultRow[]): readonly string[] => wrongMap(rows, ['X1'], source)
  assert.equal(told(right), [])
  assert.equal(told({ ...right, codes: [], shown: { notApplicable: why } }), [])
  assert.equal(told(), ['X1 stands 0 times in the lists'])
  assert.equal(told(right, right), ['X1 stands 2 times in the lists'])
  assert.equal(told(right, { ...right, row: 'X2' }), [
    'X2 is no row of the catalogue',
    'X2: "X1: it works" does not name its row',
  ])
  assert.equal(told({ ...right, shown: [{ file: 'here.test.ts', title: 'X1: it worked' }] }), [
    'X1: here.test.ts has no test "X1: it worked"',
  ])
  assert.equal(told({ ...right, shown: [] }), ['X1: no test', 'X1: no test of it looks for E101'])
  assert.equal(told({ ...right, codes: ['Q999'] }), [
    'X1: Q999 is no code',
    'X1: no test of it looks for Q999',
  ])
  assert.equal(told({ ...right, codes: ['E102'] }), ['X1: no test of it looks for E102'])
  assert.equal(told({ ...right, codes: [], shown: { notApplicable: 'Not here.' } }), [
    'X1: it does not say why it does not apply',
  ])
  assert.equal(told({ ...right, codes: [], shown: [{ file: 'gone.test.ts', title: 'X1: it works' }] }), [
    'X1: gone.test.ts is not there',
  ])
})

test('a row without a planted bug, and one that is not shown by its lever, is found out', () => {
  const titles = ['A1: it works', 'A1: one who does not is found out']
  const files = ['here.test.ts', 'faults-money.test.ts', 'kernel/rows.test.ts']
  const source = (): string => titles.map(title => `test('${title}', () => {})`).join('\n')
  const row = (lever: Lever, file: string, title: string): FaultRow => ({
    row: 'A1',
    lever: [lever],
    what: 'something',
    codes: [],
    shown: [{ file, title }],
  })
  const [works, foundOut] = titles
  const [here, sockets, kernel] = files
  const told = (...of: Parameters<typeof row>): readonly string[] => wrongMap([row(...of)], ['A1'], source)
  assert.equal(told('L5', here, foundOut), [])
  assert.equal(told('L5', here, works), ['A1: no planted bug of it is found out'])
  for (const lever of ['L1', 'L2', 'L4', 'L7'] as const) {
    assert.equal(told(lever, sockets, foundOut), [])
    assert.equal(told(lever, here, foundOut), ['A1: no test of it goes over real sockets'])
  }
  for (const lever of ['L3', 'L8'] as const) {
    assert.equal(told(lever, kernel, foundOut), [])
    assert.equal(told(lever, sockets, foundOut), ['A1: no test of it is in the kernel'])
  }
  const both = { ...row('L2', sockets, foundOut), lever: ['L2', 'L8'] } as const
  assert.equal(wrongMap([both], ['A1'], source), ['A1: no test of it is in the kernel'], 'each lever counts')
  const none = { ...row('L5', here, foundOut), lever: [] }
  assert.equal(wrongMap([none], ['A1'], source), ['A1: no lever'])
  for (const file of OVER_SOCKETS) assert.is.not(sourceOf(file), null, file)
})

test('the map itself with a row taken out or a title misspelt is found out', () => {
  const [first, ...rest] = ROWS
  assert.equal(wrongMap(rest, CATALOGUE), [`${first.row} stands 0 times in the lists`])
  assert.ok('length' in first.shown)
  const [shown, ...others] = first.shown as readonly NamedTest[]
  const misspelt = { ...first, shown: [{ ...shown, title: `${shown.title}s` }, ...others] }
  assert.equal(wrongMap([misspelt, ...rest], CATALOGUE), [
    `${first.row}: ${shown.file} has no test "${shown.title}s"`,
  ])
})

test.run()
