import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DataError } from '../core/base/errors.ts'
import { eachRecord, ndjson } from './ndjson.ts'

const test = suite('records as lines')

interface Read {
  readonly bad: number
  readonly taken: readonly unknown[]
  readonly err: string
}

async function read(
  blocks: readonly (string | Uint8Array)[],
  take?: (record: unknown) => void,
): Promise<Read> {
  const taken: unknown[] = []
  let err = ''
  const bytes = (async function* () {
    for (const block of blocks) yield Buffer.from(block)
  })()
  const stderr = {
    isTTY: false,
    columns: 80,
    write: (text: string) => {
      err += text
    },
  }
  const bad = await eachRecord({ stderr }, { name: 'it', bytes }, record => {
    take?.(record)
    taken.push(record.n)
  })
  return { bad, taken, err }
}

const line = (n: unknown): string => ndjson({ v: 1, n })

test('lines are the same in whatever blocks they come', async () => {
  const text = `${line(1)}\r\n  \n${line('\u00e4\u20ac\ud83d\ude00')}${line(3).trimEnd()}`
  const bytes = Buffer.from(text)
  for (let size = 1; size <= bytes.length; size++) {
    const blocks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.subarray(i * size, (i + 1) * size),
    )
    assert.equal(
      await read(blocks),
      { bad: 0, taken: [1, '\u00e4\u20ac\ud83d\ude00', 3], err: '' },
      `${size}`,
    )
  }
})

test('blank lines count, and bad ones are named by their number and place', async () => {
  const { bad, taken, err } = await read([`\n${line(1)}\n{}\n${line(2)}nonsense\n`], record => {
    if ((record as { readonly n: number }).n === 2) {
      throw new DataError('n is 2', { file: '', field: 'n' }, 'take another')
    }
  })
  assert.equal([bad, taken], [3, [1]])
  const lines = err.trimEnd().split('\n')
  assert.match(lines[0], /^it, line 4, v: v is /)
  assert.ok(lines.includes('it, line 5, n: n is 2'))
  assert.ok(lines.includes('take another'))
  assert.ok(lines.includes('it, line 6: the line is not JSON'))
})

test('what is no DataError is not swallowed', async () => {
  const fault = new Error('a fault')
  try {
    await read([line(1)], () => {
      throw fault
    })
  } catch (error) {
    assert.is(error, fault)
    return
  }
  assert.unreachable()
})

test('a line of 1 MB is read, a longer one is named and the next is answered', async () => {
  const longest = 'x'.repeat(1_000_000 - line('').trimEnd().length)
  assert.equal((await read([line(longest)])).bad, 0)
  const { bad, taken, err } = await read([line(`${longest}x`), line(2)])
  assert.equal([bad, taken], [1, [2]])
  assert.match(err, 'it, line 1: the line is longer than 1 MB')
})

test.run()
