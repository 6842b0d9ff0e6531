/**
 * The rules of the house that neither the compiler nor the linter knows, as functions over a list of files: each
 * returns what is wrong, a line each, `path:line: what; what to do instead`.
 */
import { posix } from 'node:path'
import { type ImportOf, importsOf, lineAt, type Masked, mask, type SourceFile } from './source.ts'

/** The folders of `src/core`, each of which may import those before it (`src/core/README.md`). */
export const LAYERS = [
  'base',
  'market',
  'indicators',
  'portfolio',
  'performance',
  'decision',
  'strategies',
  'alerts',
  'scoring',
  'learning',
  'guards',
  'engine',
  'control',
  'wire',
  'adapters',
] as const
type Layer = (typeof LAYERS)[number]

/** The first folder that is not pure. */
const FIRST_IMPURE = LAYERS.indexOf('engine')
const CALCULATING_PACKAGES = ['simple-statistics', 'ml-random-forest']

/** A source file with what the rules look at. */
interface Parsed extends SourceFile, Masked {
  readonly imports: readonly ImportOf[]
  /** Its folder in `src/core`, `commands`, or `null` outside of both. */
  readonly layer: Layer | 'commands' | null
  readonly isTest: boolean
}

function isLayer(name: string): name is Layer {
  return LAYERS.some(layer => layer === name)
}

function layerOf(path: string): Parsed['layer'] {
  if (path.startsWith('src/commands/')) return 'commands'
  const [folder, rest] = path.replace(/^src\/core\//, '').split('/')
  return path.startsWith('src/core/') && rest !== undefined && isLayer(folder) ? folder : null
}

/** Tests, and what is shared by several of them. */
function isTestPath(path: string): boolean {
  return /(?:\.test|\.fixture|\/contract)\.tsx?$/.test(path)
}

/** Masks and parses the TypeScript files among `files`; the rules about source take its result. */
export function parseSources(files: readonly SourceFile[]): readonly Parsed[] {
  return files
    .filter(({ path }) => /\.tsx?$/.test(path))
    .map(({ path, text }) => {
      const masked = mask(text)
      return {
        path,
        text,
        ...masked,
        imports: importsOf(masked),
        layer: layerOf(path),
        isTest: isTestPath(path),
      }
    })
}

function resolved(from: string, specifier: string): string {
  return posix.join(posix.dirname(from), specifier)
}

function isRelative(specifier: string): boolean {
  return specifier.startsWith('.')
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

/** Each production file imports only from its own folder and folders further left; no strategy imports another. */
export function layerOrder(files: readonly Parsed[]): readonly string[] {
  const known = new Map(files.map(file => [file.path, file]))
  return files.flatMap(({ path, imports, layer, isTest }) => {
    if (layer === null) {
      const inSource = path.startsWith('src/') && !isTest
      return inSource
        ? [`${path}:1: lies in no layer; put it into a folder of src/core or into src/commands`]
        : []
    }
    if (isTest) return []
    return imports
      .filter(({ specifier }) => isRelative(specifier))
      .flatMap(({ specifier, line }) => {
        const at = `${path}:${line}:`
        const target = resolved(path, specifier)
        const file = known.get(target)
        if (file === undefined) return [`${at} imports ${target}, which is not there`]
        if (file.isTest) return [`${at} imports the test file ${target}; move what is shared out of it`]
        if (layer === 'strategies' && file.layer === 'strategies') {
          return [`${at} a strategy imports another; share through decision`]
        }
        if (layer === 'commands') return []
        const allowed =
          file.layer !== null &&
          file.layer !== 'commands' &&
          LAYERS.indexOf(file.layer) <= LAYERS.indexOf(layer)
        return allowed
          ? []
          : [`${at} ${layer} imports ${target}; only what stands before ${layer} may be imported`]
      })
  })
}

/** No file imports itself over others, types included; each circle is told once. */
export function circles(files: readonly Parsed[]): readonly string[] {
  const targets = new Map(
    files.map(({ path, imports }) => [
      path,
      imports
        .filter(({ specifier }) => isRelative(specifier))
        .map(({ specifier }) => resolved(path, specifier)),
    ]),
  )
  const found: string[] = []
  const finished = new Set<string>()
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path)
    if (start !== -1) found.push(`${path}:1: imports itself: ${[...trail.slice(start), path].join(' -> ')}`)
    if (start !== -1 || finished.has(path)) return
    for (const target of targets.get(path) ?? []) visit(target, [...trail, path])
    finished.add(path)
  }
  for (const path of targets.keys()) visit(path, [])
  return found
}

/** No file gathers the exports of others. */
export function barrels(files: readonly Parsed[]): readonly string[] {
  return files.flatMap(({ path, code }) => {
    const star = /\bexport\s*\*/.exec(code)
    if (star !== null)
      return [`${path}:${lineAt(code, star.index)}: re-exports a whole file; import from it directly`]
    return posix.basename(path) === 'index.ts'
      ? [`${path}:1: is a barrel file; import from the files directly`]
      : []
  })
}

/** Where a word is banned: it makes the outcome depend on more than the input. */
type Scope = 'pure' | 'core' | 'ambient' | 'everywhere'

const BANNED: readonly { readonly pattern: RegExp; readonly scope: Scope; readonly instead: string }[] = [
  {
    pattern: /\bDate\.now\b/g,
    scope: 'ambient',
    instead: 'take the time as an input or from the clock port',
  },
  {
    pattern: /\bnew Date(?:\(\s*\)|(?!\s*\())/g,
    scope: 'ambient',
    instead: 'take the time from the clock port',
  },
  { pattern: /(?<![.\w]|\bnew )Date\(/g, scope: 'ambient', instead: 'take the time from the clock port' },
  { pattern: /(?<![.\w])performance\./g, scope: 'ambient', instead: 'take a monotonic clock as a port' },
  { pattern: /\bMath\.random\b/g, scope: 'ambient', instead: 'take numbers from base/random.ts with a seed' },
  {
    pattern: /(?<![.\w])(?:crypto\b|random(?:UUID|Bytes|Int)\b|getRandomValues\b)/g,
    scope: 'ambient',
    instead: 'take ids from a port, hashes from base/hash.ts',
  },
  {
    pattern: /(?<![.\w])set(?:Timeout|Interval|Immediate)\b/g,
    scope: 'ambient',
    instead: 'wait through the clock port',
  },
  { pattern: /(?<![.\w])fetch\(/g, scope: 'core', instead: 'ask through a port' },
  { pattern: /(?<![.\w])process\./g, scope: 'ambient', instead: 'let the command shell hand it in' },
  { pattern: /(?<![.\w])globalThis\b/g, scope: 'core', instead: 'take it as an input' },
  { pattern: /(?<![.\w])console\./g, scope: 'everywhere', instead: 'write through the output port' },
  { pattern: /\bWeakRef\b/g, scope: 'everywhere', instead: 'own the object, garbage collection is no event' },
  { pattern: /\b(?:async|await)\b/g, scope: 'pure', instead: 'return a value; only drivers wait' },
  { pattern: /\bPromise\b/g, scope: 'pure', instead: 'return a value; only drivers wait' },
]

function inScope(file: Parsed, scope: Scope): boolean {
  const { layer, path } = file
  if (layer === null || scope === 'everywhere') return layer !== null
  if (layer === 'commands') return false
  if (scope === 'ambient') return !path.startsWith('src/core/adapters/system/')
  return LAYERS.indexOf(layer) < (scope === 'pure' ? FIRST_IMPURE : LAYERS.indexOf('adapters'))
}

const EXCUSE = /\/\/ world-ok: *(.*)$/

/**
 * No production file reaches for the world beside its ports. A line that ends in `// world-ok: reason`, or follows one
 * that is nothing else, is excused; an excuse without a reason, or for nothing, is told.
 */
export function ambientWorld(files: readonly Parsed[]): readonly string[] {
  return files
    .filter(file => file.layer !== null && !file.isTest)
    .flatMap(file => {
      const { path, code, uncommented, text, imports, layer } = file
      const banned = BANNED.filter(({ scope }) => inScope(file, scope)).flatMap(({ pattern, instead }) =>
        [...code.matchAll(pattern)].map(match => ({
          line: lineAt(code, match.index),
          what: `${match[0]} is banned here; ${instead}`,
        })),
      )
      const nodeImports = imports
        .filter(({ specifier }) => specifier.startsWith('node:'))
        .filter(() => layer !== 'adapters' && layer !== 'commands')
        .map(({ specifier, line }) => ({ line, what: `imports ${specifier}; take it through a port` }))
      const excused = new Set<number>()
      const excuses = text.split('\n').flatMap((words, index) => {
        const reason = EXCUSE.exec(words)?.[1]
        if (reason === undefined || uncommented.split('\n')[index].includes('world-ok')) return []
        const line = /^\s*\/\//.test(words) ? index + 2 : index + 1
        if (reason.trim() === '') return [{ line, what: 'world-ok without a reason; say why' }]
        excused.add(line)
        const used = [...banned, ...nodeImports].some(finding => finding.line === line)
        return used ? [] : [{ line, what: 'world-ok excuses nothing; remove it' }]
      })
      return [...[...banned, ...nodeImports].filter(({ line }) => !excused.has(line)), ...excuses].map(
        ({ line, what }) => `${path}:${line}: ${what}`,
      )
    })
}

/** Production code imports only packages that are dependencies, the calculating folders only two; none is unused. */
export function packages(files: readonly Parsed[], dependencies: readonly string[]): readonly string[] {
  const used = new Set<string>()
  const wrong = files
    .filter(file => file.layer !== null && !file.isTest)
    .flatMap(({ path, imports, layer }) =>
      imports
        .filter(({ specifier }) => !isRelative(specifier) && !specifier.startsWith('node:'))
        .flatMap(({ specifier, line }) => {
          const name = packageOf(specifier)
          used.add(name)
          if (!dependencies.includes(name))
            return [`${path}:${line}: ${name} is no dependency; add it to package.json`]
          const free = layer === 'adapters' || layer === 'commands' || CALCULATING_PACKAGES.includes(name)
          return free ? [] : [`${path}:${line}: ${layer} may not import ${name}; put it behind an adapter`]
        }),
    )
  const unused = dependencies.filter(name => !used.has(name))
  return [...wrong, ...unused.map(name => `package.json:1: ${name} is imported nowhere; remove it`)]
}

/** Every suite is run, and no test is picked out or left out; `(condition ? test : test.skip)` is allowed. */
export function suites(files: readonly Parsed[]): readonly string[] {
  return files
    .filter(({ path }) => path.endsWith('.test.ts') || path.endsWith('.test.tsx'))
    .flatMap(({ path, code }) => {
      const names = [...code.matchAll(/\bconst (\w+) = suite\b/g)].map(match => match[1])
      if (/\bimport\s*\{[^}]*\btest\b[^}]*\}\s*from/.test(code)) names.push('test')
      if (names.length === 0) return [`${path}:1: has no suite; begin with: const test = suite('name')`]
      return names.flatMap(name => {
        const runs = new RegExp(`\\b${name}\\.run\\(\\)`).test(code)
        const picked = [...code.matchAll(new RegExp(`\\b${name}\\.(?:only\\b|skip\\()`, 'g'))]
        return [
          ...(runs ? [] : [`${path}:1: the suite ${name} is never run; end with: ${name}.run()`]),
          ...picked.map(
            ({ 0: call, index }) => `${path}:${lineAt(code, index)}: ${call} leaves tests out; remove it`,
          ),
        ]
      })
    })
}

function sameFolder(one: string, other: string): boolean {
  return posix.dirname(one) === posix.dirname(other)
}

/** Interfaces and type aliases as the formatter lays them out: all further lines are indented or close a bracket. */
const TYPES = /^(?:export )?(?:interface|type) .*\n(?:[ |&})\]].*\n)*/gm

/** True when something is left to test after types, imports and plain values are taken away. */
function hasLogic({ code }: Parsed): boolean {
  return /\bfunction\b|\bclass\b|=>|\breturn\b/.test(code.replace(TYPES, ''))
}

/** Every file with logic has a test beside it: one of its name, or one in its folder that imports it. */
export function testsBeside(files: readonly Parsed[]): readonly string[] {
  const tested = new Set(
    files
      .filter(({ path }) => /\.test\.tsx?$/.test(path))
      .flatMap(({ path, imports }) => [
        path.replace(/(?:\.long)?\.test\.(tsx?)$/, '.$1'),
        ...imports
          .map(({ specifier }) => resolved(path, specifier))
          .filter(target => sameFolder(target, path)),
      ]),
  )
  return files
    .filter(file => file.layer !== null && !file.isTest && hasLogic(file) && !tested.has(file.path))
    .map(({ path }) => `${path}:1: has no test; write ${path.replace(/(tsx?)$/, 'test.$1')}`)
}

/** Each file of `strategies` exports one strategy by its own name, which stands in exactly one list of `cycles.ts`. */
export function strategyLists(files: readonly Parsed[]): readonly string[] {
  const cyclesPath = 'src/core/engine/cycles.ts'
  const cycles = files.find(({ path }) => path === cyclesPath)
  return files
    .filter(({ layer, isTest }) => layer === 'strategies' && !isTest)
    .flatMap(({ path, code, uncommented }) => {
      const id = posix.basename(path, '.ts')
      if (posix.dirname(path) !== 'src/core/strategies')
        return [`${path}:1: strategies lie flat in one folder`]
      const name = id.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
      const wrong: string[] = []
      if (!new RegExp(`\\bexport const ${name}\\b`).test(code))
        wrong.push(`${path}:1: does not export ${name}`)
      if (!uncommented.includes(`id: '${id}'`)) wrong.push(`${path}:1: its id is not '${id}'`)
      const lists = [...(cycles?.code ?? '').matchAll(/=\s*\[([^\]]*)\]/g)].map(match => match[1])
      const named = new RegExp(`\\b${name}\\b`, 'g')
      const count = lists.reduce((sum, list) => sum + [...list.matchAll(named)].length, 0)
      if (count !== 1)
        wrong.push(`${path}:1: ${name} stands ${count} times in the lists of ${cyclesPath}, not once`)
      return wrong
    })
}

const MAY_INSTALL = ['node', 'esbuild']

/**
 * In a lock file: packages that run a script when they are installed, beside the two that must and those whose scripts
 * npm is told not to run (`allowScripts: { name: false }` in `package.json`).
 */
export function installScripts(lockFile: string, packageFile: string): readonly string[] {
  const lock: { packages: { [path: string]: { hasInstallScript?: boolean } } } = JSON.parse(lockFile)
  const { allowScripts = {} }: { allowScripts?: { readonly [name: string]: boolean } } =
    JSON.parse(packageFile)
  return Object.entries(lock.packages)
    .filter(([path, entry]) => entry.hasInstallScript === true && path !== '')
    .map(([path]) => path.replace(/^.*node_modules\//, ''))
    .filter(name => !MAY_INSTALL.includes(name) && allowScripts[name] !== false)
    .map(name => `package-lock.json:1: ${name} runs a script when it is installed; do without it`)
}

const REGISTRY = 'https://registry.npmjs.org/'

/**
 * In a lock file: packages whose content nobody could check, or that come from anywhere but the registry. Those for
 * other machines, which are never installed here, have no hash.
 */
export function unverified(lockFile: string): readonly string[] {
  interface Entry {
    readonly integrity?: string
    readonly resolved?: string
    readonly optional?: boolean
  }
  const lock: { packages: { [path: string]: Entry } } = JSON.parse(lockFile)
  return Object.entries(lock.packages).flatMap(([path, { integrity, resolved = REGISTRY, optional }]) => {
    const name = path.replace(/^.*node_modules\//, '')
    const hasHash =
      integrity?.startsWith('sha512-') === true || (integrity === undefined && optional === true)
    if (path === '') return []
    if (!resolved.startsWith(REGISTRY))
      return [`package-lock.json:1: ${name} comes from ${resolved}; take the registry's`]
    return hasHash ? [] : [`package-lock.json:1: ${name} has no hash that could be checked; lock it anew`]
  })
}

/** In `package.json`: versions that are not exact. */
export function looseVersions(packageFile: string): readonly string[] {
  type Versions = { readonly [name: string]: string }
  const parsed: { dependencies?: Versions; devDependencies?: Versions } = JSON.parse(packageFile)
  return Object.entries({ ...parsed.dependencies, ...parsed.devDependencies })
    .filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))
    .map(([name, version]) => `package.json:1: ${name} ${version} is not exact; pin one version`)
}

const SECRETS: readonly { readonly pattern: RegExp; readonly what: string }[] = [
  { pattern: /-----BEGIN [A-Z ]*PRIVATE KEY-----/, what: 'a private key' },
  { pattern: /\b\d{8,10}:[\w-]{35}\b/, what: 'a Telegram bot token' },
  { pattern: /\b(?:ghp|gho|ghs|npm)_[A-Za-z0-9]{30,}\b|\bAKIA[A-Z0-9]{16}\b/, what: 'an access token' },
  {
    pattern:
      /(?:key|secret|token|password)['"]?\s*[:=]\s*['"]?(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]{18,}\b/i,
    what: 'a key or secret',
  },
]

/** Nothing in the project looks like a credential. */
export function secrets(files: readonly SourceFile[]): readonly string[] {
  return files.flatMap(({ path, text }) =>
    text
      .split('\n')
      .flatMap((line, index) =>
        SECRETS.filter(({ pattern }) => pattern.test(line)).map(
          ({ what }) => `${path}:${index + 1}: looks like ${what}; take it out and revoke it`,
        ),
      ),
  )
}
