import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DataError } from '../core/base/errors.ts'
import type { ParsedArguments, World } from './command.ts'
import type { StatusSource } from './status-report.ts'
import { type OpenedSource, statusOpener } from './status-source.ts'
import { Folder } from './world.fixture.ts'

const test = suite('status source')
const folder = new Folder()
test.after(() => folder.remove())

const SOURCE: StatusSource = { read: () => null, close: () => {} }

/** What is opened, as a copy or as the state itself; and what the command gets. */
async function opened(
  flags: ParsedArguments['flags'],
  env: World['env'] = {},
): Promise<{ readonly paths: readonly (readonly [string, boolean])[]; readonly got: OpenedSource }> {
  const paths: (readonly [string, boolean])[] = []
  const open = statusOpener(async (path, isCopy) => {
    paths.push([path, isCopy])
    return SOURCE
  })
  const got = await open({ env, cwd: folder.path } as World, { flags, args: [] })
  return { paths, got }
}

test('the state lies in the data folder', async () => {
  const path = folder.file('data/state.db', 'x')
  assert.equal((await opened({ dataDir: 'data' })).paths, [[path, false]])
  assert.equal((await opened({}, { BBW_DATA_DIR: join(folder.path, 'data') })).paths, [[path, false]])
  assert.is((await opened({ dataDir: 'data' })).got, SOURCE)
})

test('where there is no state, the words say where it was looked for', async () => {
  const { paths, got } = await opened({ dataDir: 'none' })
  assert.equal(paths, [])
  assert.ok('none' in got)
  assert.match(got.none, join(folder.path, 'none', 'state.db'))
})

test('a named file is opened as a copy, and has to be there', async () => {
  const path = folder.file('copy.db', 'x')
  assert.equal((await opened({ db: 'copy.db' })).paths, [[path, true]])
  try {
    await opened({ db: 'gone.db' })
    assert.unreachable()
  } catch (error) {
    assert.instance(error, DataError)
    assert.is(error instanceof DataError && error.place?.file, join(folder.path, 'gone.db'))
  }
})

test.run()
