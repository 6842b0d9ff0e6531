import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { mask, type SourceFile } from '../tools/source.ts'
import { DOCUMENTS, TABLES, withTables } from '../tools/tables.ts'
import {
  ambientWorld,
  barrels,
  circles,
  installScripts,
  layerOrder,
  looseVersions,
  packages,
  parseSources,
  secrets,
  strategyLists,
  suites,
  testsBeside,
  unverified,
} from '../tools/tidy.ts'
import { EXIT, EXIT_MEANINGS } from './commands/exit-codes.ts'

const root = join(import.meta.dirname, '..')

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

const sources: readonly SourceFile[] = globSync('{src,tools,bench}/**/*.{ts,tsx}', { cwd: root })
  .sort()
  .map(path => ({ path, text: read(path) }))
const others: readonly SourceFile[] = globSync(
  ['*.{md,json,yaml}', 'Makefile', '{bin,src,tools,.ci}/**/*.{md,json,yaml}', 'bin/bbw', '.ci/run'],
  { cwd: root },
).map(path => ({ path, text: read(path) }))
const parsed = parseSources(sources)
const manifest: { readonly dependencies: { readonly [name: string]: string } } = JSON.parse(
  read('package.json'),
)

/** Parses a small tree written as path and lines. */
function tree(files: { readonly [path: string]: string }): ReturnType<typeof parseSources> {
  return parseSources(Object.entries(files).map(([path, text]) => ({ path, text })))
}

/** The findings without what to do instead. */
function told(findings: readonly string[]): readonly string[] {
  return findings.map(finding => finding.replace(/;.*/, ''))
}

function clean(findings: readonly string[]): void {
  assert.is(findings.join('\n'), '')
}

const test = suite('tidy')

test('only code is left of a source text', () => {
  const cases: readonly (readonly [string, string])[] = [
    ["a('b') // c", 'a(   )     '],
    ['a /* b\nc */ d', 'a     \n     d'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source text
    ['`a ${b + `c ${d}` + {e}.e} f` + g', '     b +      d   + {e}.e     + g'],
    ["x = /'/.test(y) / 2", 'x =    .test(y) / 2'],
    ['a / b / c', 'a / b / c'],
    ['return /[/"]/u', 'return       u'],
    ["'a\\'b' + c", '       + c'],
    ['<B c={1} /> + Date()', '<B c={1} /> + Date()'],
    ['<B c="1" /></B> + a', '<B c=    /></B> + a'],
    ['a.replace(/>/g, b)', 'a.replace(   g, b)'],
    ['#!/bin/x\na', '        \na'],
  ]
  for (const [text, code] of cases) assert.is(mask(text).code, code)
})

test('an import to the right, out of the layers or of a test is told', () => {
  const files = tree({
    'src/core/base/a.ts': "import { b } from '../market/b.ts'\nimport type { T } from './t.ts'",
    'src/core/base/t.ts': 'export type T = 1',
    'src/core/market/b.ts': "export const b = await import(\n  '../base/gone.ts')",
    'src/core/market/c.test.ts': "import '../adapters/x.ts'",
    'src/core/engine/e.ts': "export { m } from '../../commands/m.ts'\nimport '../market/c.test.ts'",
    'src/core/adapters/x.ts': "import '../base/a.ts'\nconst text = \"import '../../commands/m.ts'\"",
    'src/commands/m.ts': "import '../core/adapters/x.ts'",
    'src/core/misc/y.ts': '',
    'src/z.ts': '',
    'src/core/strategies/s.ts': "import './r.ts'",
    'src/core/strategies/r.ts': '',
  })
  assert.equal(told(layerOrder(files)), [
    'src/core/base/a.ts:1: base imports src/core/market/b.ts',
    'src/core/market/b.ts:1: imports src/core/base/gone.ts, which is not there',
    'src/core/engine/e.ts:1: engine imports src/commands/m.ts',
    'src/core/engine/e.ts:2: imports the test file src/core/market/c.test.ts',
    'src/core/misc/y.ts:1: lies in no layer',
    'src/z.ts:1: lies in no layer',
    'src/core/strategies/s.ts:1: a strategy imports another',
  ])
})

test('a circle of imports is told once, of types too', () => {
  const files = tree({
    'src/core/base/a.ts': "import type { B } from './b.ts'",
    'src/core/base/b.ts': "import type { C } from './c.ts'\nimport './d.ts'",
    'src/core/base/c.ts': "import type { A } from './a.ts'\nimport './d.ts'",
    'src/core/base/d.ts': '',
  })
  assert.equal(circles(files), [
    'src/core/base/a.ts:1: imports itself: src/core/base/a.ts -> src/core/base/b.ts -> src/core/base/c.ts -> src/core/base/a.ts',
  ])
})

test('a barrel file is told', () => {
  const files = tree({
    'src/core/base/all.ts': "\nexport * from './a.ts'",
    'src/core/base/index.ts': "export { a } from './a.ts'",
    'src/core/base/a.ts': 'export const a = 2 * 3',
  })
  assert.equal(told(barrels(files)), [
    'src/core/base/all.ts:2: re-exports a whole file',
    'src/core/base/index.ts:1: is a barrel file',
  ])
})

test('each banned word is told where it is banned, and only there', () => {
  const ambient = [
    'Date.now()',
    'new Date()',
    'new Date',
    'Date()',
    'performance.now()',
    'Math.random()',
    'crypto.randomUUID()',
    'randomUUID()',
    'setTimeout(f)',
    'setInterval(f)',
    'setImmediate(f)',
    'process.exit()',
  ]
  const core = ['fetch(url)', 'globalThis.x']
  const pure = ['async () => 1', 'await x', 'Promise.all(x)']
  const everywhere = ['console.log(1)', 'new WeakRef(x)']
  const banned = (path: string, code: string): boolean =>
    ambientWorld(tree({ [path]: `f(${code})` })).length > 0
  const places: readonly (readonly [string, readonly string[]])[] = [
    ['src/core/market/a.ts', [...ambient, ...core, ...pure, ...everywhere]],
    ['src/core/engine/a.ts', [...ambient, ...core, ...everywhere]],
    ['src/core/adapters/csv/a.ts', [...ambient, ...everywhere]],
    ['src/core/adapters/system/a.ts', everywhere],
    ['src/commands/a.ts', everywhere],
    ['src/core/market/a.test.ts', []],
  ]
  const words = [...ambient, ...core, ...pure, ...everywhere]
  for (const [path, expected] of places)
    assert.equal(
      words.filter(word => banned(path, word)),
      expected,
      path,
    )
  const harmless = [
    'new Date(0)',
    "'Date.now()'",
    '/* await */ 1',
    'a.performance.b',
    'a.process.b',
    'prefetch(x)',
  ]
  assert.equal(
    harmless.filter(word => banned('src/core/market/a.ts', word)),
    [],
  )
})

test('a node import is told outside adapters and commands', () => {
  const text = "import { readFileSync } from 'node:fs'"
  const files = tree({
    'src/core/base/a.ts': text,
    'src/core/wire/a.ts': text,
    'src/core/adapters/csv/a.ts': text,
    'src/commands/a.ts': text,
    'src/core/base/a.test.ts': text,
  })
  assert.equal(told(ambientWorld(files)), [
    'src/core/base/a.ts:1: imports node:fs',
    'src/core/wire/a.ts:1: imports node:fs',
  ])
})

test('an excuse holds for its line or the next, needs a reason and something to excuse', () => {
  const files = tree({
    'src/core/engine/a.ts': [
      'a(Date.now()) // world-ok: the reason',
      '// world-ok: the reason',
      'b(Date.now())',
      'c(Date.now()) // world-ok:',
      'd() // world-ok: the reason',
      "e('// world-ok: the reason', Date.now())",
    ].join('\n'),
  })
  assert.equal(told(ambientWorld(files)), [
    'src/core/engine/a.ts:4: Date.now is banned here',
    'src/core/engine/a.ts:6: Date.now is banned here',
    'src/core/engine/a.ts:4: world-ok without a reason',
    'src/core/engine/a.ts:5: world-ok excuses nothing',
  ])
})

test('a package that is no dependency, is out of its place or unused is told', () => {
  const files = tree({
    'src/core/scoring/a.ts': "import { mean } from 'simple-statistics'\nimport 'csv-parse/sync'",
    'src/core/adapters/csv/a.ts': "import { parse } from 'csv-parse/sync'\nimport '@scope/gone/x'",
    'src/core/adapters/csv/a.test.ts': "import 'uvu'",
  })
  assert.equal(told(packages(files, ['simple-statistics', 'csv-parse', 'left'])), [
    'src/core/scoring/a.ts:2: scoring may not import csv-parse',
    'src/core/adapters/csv/a.ts:2: @scope/gone is no dependency',
    'package.json:1: left is imported nowhere',
  ])
})

test('a suite that is not run and a test picked out or left out are told', () => {
  const files = tree({
    'src/a.test.ts': "const test = suite('a')\ntest('b', () => {})",
    'src/b.test.ts':
      "const test = suite('b')\ntest.only('c', () => {})\ntest.skip('d', () => {})\ntest.run()",
    'src/c.test.ts': "import { test } from 'uvu'\n// test.run()",
    'src/d.test.ts': '',
    'src/e.test.ts':
      "const test = suite('e')\nconst real = there ? test : test.skip\nreal('f', () => {})\ntest.run()",
  })
  assert.equal(told(suites(files)), [
    'src/a.test.ts:1: the suite test is never run',
    'src/b.test.ts:2: test.only leaves tests out',
    'src/b.test.ts:3: test.skip( leaves tests out',
    'src/c.test.ts:1: the suite test is never run',
    'src/d.test.ts:1: has no suite',
  ])
})

test('a file with logic and no test beside it is told, one with types and values is not', () => {
  const files = tree({
    'src/core/base/a.ts': 'export function a(): void {}',
    'src/core/base/b.ts': 'export const b = () => 1',
    'src/core/base/c.ts': 'export const c = { d(): number {\n  return 1\n} }',
    'src/core/base/e.ts':
      'export type E =\n  | (() => void)\n  | 1\nexport interface F {\n  f: () => void\n}\nexport const G = 1\n',
    'src/core/base/h.ts': 'export class H {}',
    'src/core/base/h.test.ts': "import './i.ts'",
    'src/core/base/i.ts': 'export const i = () => 1',
    'src/core/market/j.test.ts': "import '../base/a.ts'",
  })
  assert.equal(told(testsBeside(files)), [
    'src/core/base/a.ts:1: has no test',
    'src/core/base/b.ts:1: has no test',
    'src/core/base/c.ts:1: has no test',
  ])
})

test('a strategy in no list, in two, in a subfolder or under another name is told', () => {
  const files = tree({
    'src/core/engine/cycles.ts': [
      "import { inTwo } from '../strategies/in-two.ts'",
      'export const A: readonly S[] = [inTwo, good]',
      'export const B: readonly S[] = [',
      '  inTwo,',
      ']',
    ].join('\n'),
    'src/core/strategies/good.ts': "export const good = { id: 'good' }",
    'src/core/strategies/in-two.ts': "export const inTwo = { id: 'in-two' }",
    'src/core/strategies/in-none.ts': "export const inNone = { id: 'none' }",
    'src/core/strategies/deep/er.ts': '',
    'src/core/strategies/contract.ts': 'export const contract = 1',
  })
  assert.equal(told(strategyLists(files)), [
    'src/core/strategies/in-two.ts:1: inTwo stands 2 times in the lists of src/core/engine/cycles.ts, not once',
    "src/core/strategies/in-none.ts:1: its id is not 'in-none'",
    'src/core/strategies/in-none.ts:1: inNone stands 0 times in the lists of src/core/engine/cycles.ts, not once',
    'src/core/strategies/deep/er.ts:1: strategies lie flat in one folder',
  ])
})

/** As the lock has a package that may come in. */
const SOUND = { integrity: 'sha512-a', resolved: 'https://registry.npmjs.org/a/-/a-1.0.0.tgz' }

/** Packages that must not come in, each as the lock would have it. */
const INTRUDERS: readonly object[] = [
  { 'node_modules/a': { ...SOUND, hasInstallScript: true } },
  { 'node_modules/b/node_modules/a': { ...SOUND, hasInstallScript: true } },
  { 'node_modules/node/node_modules/a': { ...SOUND, hasInstallScript: true } },
  { 'node_modules/a': { resolved: SOUND.resolved } },
  { 'node_modules/a': { ...SOUND, integrity: 'sha1-a' } },
  { 'node_modules/a': { ...SOUND, resolved: 'https://registry.npmjs.org.example.com/a.tgz' } },
  { 'node_modules/a': { ...SOUND, resolved: 'git+ssh://git@example.com/a.git' } },
]

test('K8: of packages that must not come in none passes, and a gate that looks at less is found out', () => {
  const allowed = JSON.stringify({ allowScripts: { node: true, esbuild: true } })
  const gate = (lock: string): number =>
    told(installScripts(lock, allowed)).length + told(unverified(lock)).length
  const passes = (look: (lock: string) => number): number =>
    INTRUDERS.filter(packages => look(JSON.stringify({ packages })) === 0).length
  assert.is(gate(JSON.stringify({ packages: { 'node_modules/a': SOUND } })), 0, 'one that may come in')
  assert.is(passes(gate), 0)
  const uppermost = (lock: string): string => {
    const { packages } = JSON.parse(lock) as { readonly packages: object }
    const names = Object.entries(packages).filter(([name]) => name.lastIndexOf('node_modules') === 0)
    return JSON.stringify({ packages: Object.fromEntries(names) })
  }
  assert.ok(passes(lock => gate(uppermost(lock))) > 0, 'one that looks at what the project asks for itself')
  assert.ok(passes(lock => told(installScripts(lock, allowed)).length) > 0, 'one that looks at scripts alone')
  assert.ok(passes(lock => told(unverified(lock)).length) > 0, 'one that looks at hashes alone')
  const byWord = (lock: string): string =>
    lock.replaceAll('registry.npmjs.org.example.com', 'registry.npmjs.org')
  assert.ok(passes(lock => gate(byWord(lock))) > 0, 'one that takes the beginning of an address for it')
})

test('K8: an install script beside those of node and esbuild is told', () => {
  const script = { hasInstallScript: true }
  const lock = {
    packages: {
      '': script,
      'node_modules/node': script,
      'node_modules/a/node_modules/esbuild': script,
      'node_modules/@b/c': script,
      'node_modules/d': {},
    },
  }
  const allowed = JSON.stringify({ allowScripts: { node: true, '@b/c': true } })
  assert.equal(told(installScripts(JSON.stringify(lock), allowed)), [
    'package-lock.json:1: @b/c runs a script when it is installed',
  ])
  const denied = JSON.stringify({ allowScripts: { '@b/c': false } })
  assert.equal(told(installScripts(JSON.stringify(lock), denied)), [])
})

test('K8: a package without its hash, or from elsewhere, is told', () => {
  const lock = {
    packages: {
      '': {},
      'node_modules/a': { integrity: 'sha512-a', resolved: 'https://registry.npmjs.org/a/-/a-1.0.0.tgz' },
      'node_modules/b': { integrity: 'sha1-b' },
      'node_modules/@c/d': { integrity: 'sha512-c', resolved: 'https://example.com/d.tgz' },
      'node_modules/e': { optional: true },
      'node_modules/f': { optional: true, resolved: 'git+ssh://git@example.com/f.git' },
      'node_modules/g': {},
    },
  }
  assert.equal(told(unverified(JSON.stringify(lock))), [
    'package-lock.json:1: b has no hash that could be checked',
    'package-lock.json:1: @c/d comes from https://example.com/d.tgz',
    'package-lock.json:1: f comes from git+ssh://git@example.com/f.git',
    'package-lock.json:1: g has no hash that could be checked',
  ])
})

test('a version that is not exact is told', () => {
  const file = { dependencies: { a: '1.2.3', b: '^1.2.3' }, devDependencies: { c: 'latest', d: '1.2.3' } }
  assert.equal(told(looseVersions(JSON.stringify(file))), [
    'package.json:1: b ^1.2.3 is not exact',
    'package.json:1: c latest is not exact',
  ])
})

test('what looks like a credential is told', () => {
  const letters = 'aB3'.repeat(12)
  const texts = [
    `-----BEGIN RSA ${'PRIVATE'} KEY-----`,
    `123456789:${letters.slice(1)}`,
    `${'ghp'}_${letters}`,
    `"api_${'secret'}": "${letters}"`,
    "secret: 'short'",
    'key = thisIsTheNameOfAVariable',
  ]
  const found = secrets([{ path: 'a', text: texts.join('\n') }])
  assert.equal(
    found.map(finding => finding.split(':')[1]),
    ['1', '2', '3', '4'],
  )
})

test('a table of a document is written from the code, and an unknown one throws', () => {
  const tables = { t: { head: ['a', 'b'], rows: [['1', 'x | y']] } }
  const document = 'x\n<!-- table:t -->\nold\n<!-- /table -->\ny\n'
  const expected = 'x\n<!-- table:t -->\n| a | b |\n| --- | --- |\n| 1 | x \\| y |\n<!-- /table -->\ny\n'
  assert.is(withTables(document, tables), expected)
  assert.is(withTables(expected, tables), expected)
  assert.throws(() => withTables('<!-- table:u -->\n<!-- /table -->', tables), 'there is no table named u')
})

test('the exit codes and their meanings are the same list', () => {
  assert.equal(
    EXIT_MEANINGS.map(({ code }) => code),
    Object.values(EXIT),
  )
})

test('the project keeps the order of its layers', () => clean(layerOrder(parsed)))
test('the project has no circle of imports', () => clean(circles(parsed)))
test('the project has no barrel file', () => clean(barrels(parsed)))
test('the project reaches for the world only through its doors', () => clean(ambientWorld(parsed)))
test('the project imports what it depends on', () =>
  clean(packages(parsed, Object.keys(manifest.dependencies))))
test('the project runs all its suites', () => clean(suites(parsed)))
test('the project lists each strategy once', () => clean(strategyLists(parsed)))
test('K8: the project has install scripts only where they must be', () =>
  clean(installScripts(read('package-lock.json'), read('package.json'))))
test('K8: the project takes no package without its hash, nor from anywhere but the registry', () =>
  clean(unverified(read('package-lock.json'))))
test('the project pins its packages', () => clean(looseVersions(read('package.json'))))
test('the project holds no secret', () => clean(secrets([...sources, ...others])))

test('the project has a test beside each file with logic', () => clean(testsBeside(parsed)))

test('the tables of the documents are those of the code', () => {
  for (const document of DOCUMENTS) {
    assert.is(withTables(read(document), TABLES), read(document), `${document} is old; run: make golden`)
  }
})

test.run()
