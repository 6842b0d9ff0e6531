import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ConfigError, UsageError } from '../core/base/errors.ts'
import type { ParsedArguments } from './command.ts'
import { announce, ownCredentials, simCredentials, simUrlFlag } from './sim-credentials.ts'
import { Folder } from './world.fixture.ts'

const test = suite('credentials of the exchange')

const URL_8790 = 'http://127.0.0.1:8790'
const made = (key: string): { readonly key: string; readonly secret: string } => ({
  key,
  secret: `of-${key}`,
})

const flags = (flags: ParsedArguments['flags'] = {}): ParsedArguments => ({ flags, args: [] })

function inFolder(use: (folder: Folder, world: Parameters<typeof simCredentials>[0]) => void): void {
  const folder = new Folder()
  try {
    use(folder, { env: { XDG_STATE_HOME: folder.path }, cwd: folder.path })
  } finally {
    folder.remove()
  }
}

function refusal(read: () => unknown): string {
  try {
    return `gave ${JSON.stringify(read())}`
  } catch (error) {
    if (error instanceof ConfigError || error instanceof UsageError)
      return `${error.name}: ${error.message}; ${error.remedy}`
    throw error
  }
}

test('a folder keeps the credentials that were made for it, for its owner alone', () => {
  inFolder(folder => {
    assert.equal(
      ownCredentials(folder.path, () => made('a')),
      made('a'),
    )
    assert.equal(
      ownCredentials(folder.path, () => made('b')),
      made('a'),
    )
    assert.is(statSync(join(folder.path, 'sim-credentials.json')).mode & 0o777, 0o600)
  })
})

test('the environment comes first, then a folder that is named, then what the server has left for its port', () => {
  inFolder((folder, world) => {
    const forget = announce(world, 8790, made('port'))
    ownCredentials(folder.path, () => made('folder'))
    const env = { ...world.env, BBW_SIM_KEY: 'k', BBW_SIM_SECRET: 's' }
    const named = flags({ dataDir: folder.path })
    assert.equal(simCredentials({ ...world, env }, named, URL_8790), { key: 'k', secret: 's' })
    assert.equal(simCredentials(world, named, URL_8790), made('folder'))
    assert.equal(simCredentials(world, flags({ dataDir: 'nowhere' }), URL_8790), made('port'))
    assert.equal(simCredentials(world, flags(), URL_8790), made('port'))
    const byVariable = { ...world, env: { ...world.env, BBW_DATA_DIR: folder.path } }
    assert.equal(simCredentials(byVariable, flags(), URL_8790), made('folder'))
    forget()
    assert.match(
      refusal(() => simCredentials(world, flags(), URL_8790)),
      /no credentials for the exchange at/,
    )
  })
})

test('where no folder is named the port says more than the default folder', () => {
  inFolder((folder, world) => {
    announce(world, 8790, made('port'))
    ownCredentials(join(folder.path, 'bbw'), () => made('default'))
    assert.equal(simCredentials(world, flags(), URL_8790), made('port'))
    assert.equal(simCredentials(world, flags(), 'http://127.0.0.1:9'), made('default'))
  })
})

test('what a server leaves is private, replaces what another left, and goes with it', () => {
  inFolder((folder, world) => {
    const path = join(folder.path, 'bbw', 'sim', '8790.json')
    announce(world, 8790, made('old'))
    chmodSync(path, 0o644)
    const forget = announce(
      { ...world, env: { ...world.env, BBW_DATA_DIR: '/elsewhere' } },
      8790,
      made('new'),
    )
    assert.is(statSync(path).mode & 0o777, 0o600)
    assert.equal(JSON.parse(readFileSync(path, 'utf8')), made('new'))
    forget()
    assert.not.ok(existsSync(path))
  })
})

test('a file that others can read, or that holds something else, is refused with what to do', () => {
  inFolder((folder, world) => {
    const path = join(folder.path, 'sim-credentials.json')
    const read = (): string => refusal(() => simCredentials(world, flags({ dataDir: folder.path }), URL_8790))
    writeFileSync(path, JSON.stringify(made('a')), { mode: 0o644 })
    assert.match(read(), /can be read by others; chmod 600/)
    chmodSync(path, 0o600)
    assert.match(read(), /^gave/)
    for (const text of ['', '{', '[]', '{"key":"a"}', '{"key":"a","secret":""}', '{"key":1,"secret":"b"}']) {
      writeFileSync(path, text)
      assert.match(read(), /does not hold a key and a secret; delete it/)
    }
  })
})

test('half of the environment is refused', () => {
  inFolder((_, world) => {
    const half = (env: { readonly [name: string]: string }): string =>
      refusal(() => simCredentials({ ...world, env }, flags(), URL_8790))
    assert.match(half({ BBW_SIM_KEY: 'k' }), /BBW_SIM_SECRET is not set/)
    assert.match(half({ BBW_SIM_SECRET: 's', BBW_SIM_KEY: '' }), /BBW_SIM_KEY is not set/)
  })
})

test('only an address on this machine is the URL of an exchange', () => {
  assert.is(simUrlFlag(flags()), undefined)
  assert.is(simUrlFlag(flags({ simUrl: URL_8790 })), URL_8790)
  assert.is(simUrlFlag(flags({ simUrl: 'http://localhost:8790/' })), URL_8790)
  for (const simUrl of [
    '',
    'x',
    'https://127.0.0.1:8790',
    'http://127.0.0.1',
    'http://127.0.0.1:99999',
    'http://evil.example:8790',
    'http://127.0.0.1:8790@evil.example:80',
    'http://127.0.0.1:8790/path',
  ]) {
    assert.match(
      refusal(() => simUrlFlag(flags({ simUrl }))),
      /UsageError: .* is not the address/,
    )
  }
})

test.run()
