import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { CODES, isCode } from '../core/base/codes.ts'
import { explainCommand } from './explain.ts'
import { REGISTRY } from './registry.ts'
import { bbw, type Outcome, records, type Setting } from './world.fixture.ts'

const test = suite('explain')
const registry = [{ name: 'explain', summary: explainCommand.summary, load: async () => explainCommand }]
const TERMINAL: Setting = { terminals: ['stdout'] }

function explain(words: readonly string[], setting: Setting = {}): Promise<Outcome> {
  return bbw(['explain', ...words], { registry, ...setting })
}

test('a code is explained in words on a terminal, whatever its case', async () => {
  for (const code of ['E971', 'e971', ' e971 ']) {
    const { code: exit, out } = await explain([code], TERMINAL)
    assert.is(exit, 0)
    const { title, what, did, can } = CODES.E971
    assert.is(
      out,
      [
        `E971  ${title} (error)`,
        `what happened    ${what}`,
        `what bbw does    ${did}`,
        `what you can do  ${can}`,
        '',
      ].join('\n'),
    )
  }
})

test('each code is explained: what has happened, what bbw does and what is left to do', async () => {
  for (const code of Object.keys(CODES)) {
    const { code: exit, out, err } = await explain([code], TERMINAL)
    assert.equal([exit, err], [0, ''], code)
    const [head, ...rows] = out.trimEnd().split('\n')
    assert.match(head, new RegExp(`^${code} {2}\\S.* \\((?:info|warning|error|critical)\\)$`))
    const titles = ['what happened', 'what bbw does', 'what you can do']
    assert.equal(
      rows.map(row => row.split(/ {2,}/)[0]),
      titles,
      code,
    )
    // Words enough to say something, and no code that is explained nowhere.
    for (const row of rows) assert.match(row, /^.{17}\S+ \S+/, `${code}: ${row}`)
    const named = rows.flatMap(row => row.match(/\b[IWEC]\d{3}\b/g) ?? [])
    assert.equal(
      named.filter(one => !isCode(one)),
      [],
      code,
    )
  }
})

test('what an explanation says to do can be done: its commands are there', async () => {
  const specs = await Promise.all(REGISTRY.map(one => one.load()))
  const groups = new Map(specs.map(({ name, commands = [] }) => [name, commands.map(one => one.name)]))
  const below = new Set([...groups.values()].flat())
  const strange = Object.entries(CODES).flatMap(([code, { what, did, can }]) =>
    [...`${what} ${did} ${can}`.matchAll(/\bbbw ([a-z]+)(?: ([a-z]+))?/g)].flatMap(
      ([words, first, second]) => {
        // A command of a group without its group, or one that its group does not have.
        const isLost = below.has(first) && !groups.has(first)
        const isUnknown = first === 'trade' && groups.get(first)?.includes(second) !== true
        return isLost || isUnknown ? [`${code}: ${words}`] : []
      },
    ),
  )
  assert.equal(strange, [])
})

test('in a pipe, or when asked, it is a record', async () => {
  const { title, what, did, can } = CODES.C805
  const expected = {
    v: 1,
    type: 'explanation',
    id: 'C805',
    ts: 0,
    severity: 'critical',
    title,
    what,
    did,
    can,
  }
  assert.equal(records((await explain(['C805'])).out), [expected])
  assert.equal(records((await explain(['C805', '--json'], TERMINAL)).out), [expected])
})

test('without a code all are listed', async () => {
  const { code, out } = await explain([])
  assert.is(code, 0)
  assert.equal(
    records(out).map(({ id }) => id),
    Object.keys(CODES),
  )
  const table = (await explain([], TERMINAL)).out.trimEnd().split('\n')
  assert.is(table.length, Object.keys(CODES).length + 1)
  assert.ok(table.some(line => /^W972\s+warning\s+configuration changed$/.test(line)))
})

test('a code that is none is not found, and the nearest is named', async () => {
  const { code, out, err } = await explain(['E972'])
  assert.equal([code, out], [3, ''])
  assert.match(err, /there is no code E972\n {2}did you mean \w+\?/)
  for (const word of ['constructor', '\u001b[2Jxxxxxxxx', '']) {
    const other = await explain([word])
    assert.is(other.code, 3, word)
    assert.not(other.err.includes('\u001b'))
  }
})

/** The codes in the texts of source files: `'E101'`, and in front of longer texts. */
function codesIn(text: string): readonly string[] {
  return [...text.matchAll(/(?<=['"`])[IWEC]\d{3}(?=['"`. ])/g)].map(([code]) => code)
}

test('the codes in a text are found', () => {
  assert.equal(codesIn("code('E101', x); `W702 The clock`; const E999 = 1; 'E1000', 'XE101'"), [
    'E101',
    'W702',
  ])
})

test('every code that is spoken of is explained, and every one explained is spoken of', () => {
  const root = join(import.meta.dirname, '..')
  const spoken = new Set(
    globSync('**/*.{ts,tsx}', { cwd: root })
      .filter(path => !/\.(?:test|fixture)\.tsx?$/.test(path) && path !== join('core', 'base', 'codes.ts'))
      .flatMap(path => codesIn(readFileSync(join(root, path), 'utf8'))),
  )
  assert.equal([...spoken].filter(code => !isCode(code)).sort(), [])
  const silent = Object.keys(CODES).filter(code => !spoken.has(code))
  assert.equal(silent, [])
})

test.run()
