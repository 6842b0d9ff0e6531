import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DataError } from '../../base/errors.ts'
import { type ByteSource, openFile, plainBytes } from './source.ts'

const test = suite('csv source')
const folder = mkdtempSync(join(tmpdir(), 'bbw-source-'))

test.after(() => rmSync(folder, { recursive: true }))

async function bytesOf(source: ByteSource): Promise<Buffer> {
  const blocks: Uint8Array[] = []
  for await (const block of plainBytes(source)) blocks.push(block)
  return Buffer.concat(blocks)
}

async function refusal(source: ByteSource): Promise<DataError> {
  try {
    await bytesOf(source)
  } catch (error) {
    if (error instanceof DataError) return error
    throw error
  }
  throw new Error('the source was not refused')
}

const LONG = Buffer.alloc(1_300_000, 'abcdefg\n')

test('a file is read whole, plain and by its first bytes gzip, whatever its name', async () => {
  for (const [name, content, plain] of [
    ['plain.csv.gz', LONG, LONG],
    ['packed.csv', gzipSync(LONG), LONG],
    [
      'two-members.gz',
      Buffer.concat([gzipSync(LONG), gzipSync('more')]),
      Buffer.concat([LONG, Buffer.from('more')]),
    ],
    ['one.csv', Buffer.from('x'), Buffer.from('x')],
    ['empty.csv', Buffer.alloc(0), Buffer.alloc(0)],
  ] as const) {
    const path = join(folder, name)
    writeFileSync(path, content)
    const source = openFile(path)
    assert.is(source.size, content.length)
    assert.ok((await bytesOf(source)).equals(plain), name)
  }
})

test('gzip is recognised when its magic number comes in two blocks', async () => {
  const packed = gzipSync('hello')
  const bytes = async function* (): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < packed.length; i += 1) yield packed.subarray(i, i + 1)
  }
  assert.is((await bytesOf({ name: 'pipe', bytes: bytes() })).toString(), 'hello')
})

test('a file that is missing, a folder or not permitted is refused with a remedy', async () => {
  const missing = await refusal(openFile(join(folder, 'missing.csv')))
  assert.match(missing.message, 'no such file')
  assert.ok(missing.remedy)
  assert.match((await refusal(openFile(folder))).message, 'a folder')
  const path = join(folder, 'secret.csv')
  writeFileSync(path, 'x')
  chmodSync(path, 0)
  // The superuser may read everything; nothing can be refused to it.
  if (process.getuid?.() !== 0) assert.match((await refusal(openFile(path))).message, 'no permission')
})

test('gzip data that are cut short or damaged are refused', async () => {
  const packed = gzipSync(LONG)
  const cut = join(folder, 'cut.gz')
  writeFileSync(cut, packed.subarray(0, packed.length - 20))
  assert.match((await refusal(openFile(cut))).message, 'too early')
  const damaged = Buffer.from(packed)
  damaged.fill(0xff, 40, 80)
  const path = join(folder, 'damaged.gz')
  writeFileSync(path, damaged)
  assert.match((await refusal(openFile(path))).message, 'damaged')
})

test('a reader that stops early ends the source', async () => {
  let ended = false
  const bytes = async function* (): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield LONG
    } finally {
      ended = true
    }
  }
  for await (const _ of plainBytes({ name: 'endless', bytes: bytes() })) break
  assert.ok(ended)
})

test.run()
