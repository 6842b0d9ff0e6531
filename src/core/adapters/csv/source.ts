import { statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { DataError } from '../../base/errors.ts'

/** Bytes with a name to complain about: a file, or standard input. */
export interface ByteSource {
  readonly name: string
  readonly bytes: AsyncIterable<Uint8Array>
  /** How many bytes there are, where that is known: a hint for reserving memory. */
  readonly size?: number
}

const BLOCK = 512 * 1024
const LEAST_BLOCK = 16 * 1024

/** Many small files would otherwise cost more in memory, and so in collecting garbage, than in reading. */
function blockFor(size: number | undefined): number {
  return size === undefined ? BLOCK : Math.min(BLOCK, Math.max(LEAST_BLOCK, size + 1))
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

function fileError(path: string, error: unknown): unknown {
  const place = { file: path }
  switch (errorCode(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new DataError(
        'there is no such file',
        place,
        'check the path; a relative one starts at the working directory',
      )
    case 'EISDIR':
      return new DataError('this is a folder, not a file', place, 'name the files in it')
    case 'EACCES':
    case 'EPERM':
      return new DataError('there is no permission to read this file', place, `run: chmod u+r ${path}`)
    default:
      return error
  }
}

async function* fileBytes(path: string, block: number): AsyncGenerator<Uint8Array> {
  const file = await open(path).catch((error: unknown) => {
    throw fileError(path, error)
  })
  // A fresh block each time: a reader downstream may still hold the last one.
  const read = () => file.read(Buffer.allocUnsafeSlow(block), 0, block)
  try {
    // One block ahead, so that the disk works while the reader does.
    let ahead = read()
    for (;;) {
      const { bytesRead, buffer } = await ahead.catch((error: unknown) => {
        throw fileError(path, error)
      })
      if (bytesRead === 0) return
      ahead = read()
      // Its failure is met when it is awaited, and is nobody's concern when the reader stops before.
      ahead.catch(() => {})
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}

/**
 * A file as a source. It is opened when the bytes are asked for; a file that is missing, a folder or unreadable then
 * throws a DataError with a remedy.
 */
export function openFile(path: string): ByteSource {
  const size = statSync(path, { throwIfNoEntry: false })?.size
  const bytes = fileBytes(path, blockFor(size))
  return size === undefined ? { name: path, bytes } : { name: path, bytes, size }
}

async function* gunzip(
  { name, size }: ByteSource,
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const unpack = createGunzip({ chunkSize: blockFor(size === undefined ? size : 4 * size) })
  pipeline(Readable.from(bytes), unpack, () => {})
  try {
    for await (const block of unpack) yield block
  } catch (error) {
    switch (errorCode(error)) {
      case 'Z_BUF_ERROR':
        throw new DataError(
          'the gzip data end too early',
          { file: name },
          'fetch the file again, it was cut short',
        )
      case 'Z_DATA_ERROR':
        throw new DataError('the gzip data are damaged', { file: name }, 'fetch the file again')
      default:
        throw error
    }
  }
}

/**
 * The source's bytes, unpacked when they start with gzip's magic number. Throws a DataError for gzip data that are
 * damaged or cut short.
 */
export async function* plainBytes(source: ByteSource): AsyncGenerator<Uint8Array> {
  const blocks = source.bytes[Symbol.asyncIterator]()
  try {
    let head: Uint8Array = new Uint8Array(0)
    while (head.length < 2) {
      const next = await blocks.next()
      if (next.done === true) break
      head = head.length === 0 ? next.value : Buffer.concat([head, next.value])
    }
    const whole = async function* (): AsyncGenerator<Uint8Array> {
      if (head.length > 0) yield head
      for (let next = await blocks.next(); next.done !== true; next = await blocks.next()) yield next.value
    }
    const zipped = head.length >= 2 && head[0] === 0x1f && head[1] === 0x8b
    yield* zipped ? gunzip(source, whole()) : whole()
  } finally {
    await blocks.return?.()
  }
}
