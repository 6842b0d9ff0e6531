import { pipeline, Readable } from 'node:stream'
import { DataError } from '../../base/errors.ts'
import { parseIsoTime, parseNumber, type TimeUnit, timeUnit } from './field.ts'
import { type ByteSource, plainBytes } from './source.ts'

/**
 * Numeric tables with a time column, read in one pass over the bytes into Float64 columns.
 *
 * The hot loop only decides whether a row is good. It builds each number as an integer mantissa divided by a power of
 * ten, which is correctly rounded (equal to `Number()` to the last bit) while the mantissa is below 2^53 and the power
 * at most 10^22; everything else goes through `Number()`. A row that is not good is read a second time, slowly, to say
 * what is wrong with it. Lines with quotation marks, and all after the first of them, go through csv-parse.
 */

/** A column a table may have. */
export interface ColumnSpec {
  readonly field: string
  /** Header names, in lower case and without spaces, `_` and `-`. */
  readonly names: readonly string[]
  /** False for a column that may be missing, or blank in a row; its value is then `NaN`. */
  readonly required: boolean
}

/** What is wrong with a row. */
export interface Fault {
  readonly field: string
  readonly reason: string
}

/** What a table looks like; the first column is the time. */
export interface TableSpec {
  /** Shown when the header is missing. */
  readonly header: string
  readonly columns: readonly ColumnSpec[]
  /** Whether a row is possible; values in the order of `columns`, `NaN` where blank or unreadable. */
  readonly possible: (row: Float64Array) => boolean
  /** Why a row is not possible; `null` only for a row that is. */
  readonly fault: (row: Float64Array) => Fault | null
}

/** A row left out, by the line it is on. */
export interface BadRow {
  readonly line: number
  /** The number of the field in its line, from 1. */
  readonly column?: number
  readonly field?: string
  readonly reason: string
}

/** The rows of a table, ascending in the first column, and what was left out. */
export interface Table {
  readonly length: number
  /** In the order of the specification; at least `length` long. */
  readonly columns: readonly Float64Array[]
  /** The line of a row in the file, from 1. */
  readonly lineOf: (row: number) => number
  /** The first rows left out, at most `BAD_ROWS_SHOWN`. */
  readonly bad: readonly BadRow[]
  readonly badCount: number
  /** True where times of day stood without a zone and were read as UTC. */
  readonly assumedUtc: boolean
}

export const BAD_ROWS_SHOWN = 10

const COMMA = 44
const SEMICOLON = 59
const TAB = 9
const QUOTE = 34
const LF = 10
const CR = 13
const POINT = 46
/** Between the fields of a record that csv-parse has taken apart: no file has it in a number. */
const UNIT_SEPARATOR = 31

const LEAST_CAPACITY = 4096
const GREATEST_GUESS = 2 ** 24
const LONGEST_LINE = 64 * 1024
const EXACT_MANTISSA = 2 ** 53
const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, power) => Number(`1e${power}`))

const DECIMAL_COMMA = /^[+-]?\d+,\d+$/
const NOT_FINITE = /^[+-]?(?:nan|inf(?:inity)?)$/i

const REMEDIES = {
  order: 'sort the rows by time, oldest first',
  decimalComma: 'write numbers with a decimal point',
  badRow: 'correct the row, or leave bad rows out with --skip-bad',
  time: 'write times as epoch seconds, epoch milliseconds or ISO 8601 (2024-01-31T08:00:00Z), one way in all rows',
}

interface Rejection {
  readonly row: BadRow
  readonly remedy: string
}

function unquoted(text: string): string {
  return text
    .trim()
    .replace(/^"(.*)"$/, '$1')
    .trim()
}

function headerName(text: string): string {
  return unquoted(text)
    .toLowerCase()
    .replace(/[\s_-]/g, '')
}

class TableReader {
  readonly #name: string
  readonly #spec: TableSpec
  readonly #skipBad: boolean
  readonly #decoder = new TextDecoder()

  #carry: Uint8Array = new Uint8Array(0)
  /** The last line begun. */
  #line = 0
  #headerRead = false
  #delimiter = COMMA
  /** For each field of a line the column it fills, or -1. */
  #roles = new Int8Array(0)
  #headings: readonly string[] = []

  #columns: Float64Array[]
  readonly #row: Float64Array
  #capacity = LEAST_CAPACITY
  #length = 0
  #last = Number.NEGATIVE_INFINITY
  #unit: TimeUnit | null = null
  #assumedUtc = false
  /** Where line minus row changes: the row, and the difference from there on. */
  readonly #shiftRows: number[] = []
  readonly #shifts: number[] = []
  #shift = 0

  readonly #bad: BadRow[] = []
  #badCount = 0
  /** A second row older than the first: the third tells newest-first from one row out of order. */
  #descent: { readonly time: number; readonly rejection: Rejection } | null = null

  constructor(name: string, spec: TableSpec, skipBad: boolean) {
    this.#name = name
    this.#spec = spec
    this.#skipBad = skipBad
    this.#columns = spec.columns.map(() => new Float64Array(LEAST_CAPACITY))
    this.#row = new Float64Array(spec.columns.length).fill(Number.NaN)
  }

  /** Makes room for the rows that `size` bytes should hold, going by the second line of the first block. */
  reserve(block: Uint8Array, size: number): void {
    const header = block.indexOf(LF)
    const row = block.indexOf(LF, header + 1)
    if (header < 0 || row < 0) return
    // Memory that is not used is never touched; too little costs a copy.
    const rows = Math.ceil((size / (row - header)) * 1.2)
    this.#capacity = Math.min(Math.max(rows, LEAST_CAPACITY), GREATEST_GUESS)
    this.#grow()
  }

  /** Reads a block. Returns `null`, or the bytes from the first line with a quotation mark on. */
  feed(block: Uint8Array): Uint8Array | null {
    let from = 0
    if (this.#carry.length > 0) {
      const end = block.indexOf(LF)
      const line = Buffer.concat([this.#carry, end < 0 ? block : block.subarray(0, end + 1)])
      if (end < 0) {
        this.#keep(line)
        return null
      }
      this.#carry = new Uint8Array(0)
      if (this.#lines(line, line.length) >= 0) return Buffer.concat([line, block.subarray(end + 1)])
      from = end + 1
    }
    const end = block.lastIndexOf(LF) + 1
    if (end > from) {
      const quoted = this.#lines(block.subarray(from), end - from)
      if (quoted >= 0) return block.subarray(from + quoted)
      from = end
    }
    this.#keep(new Uint8Array(block.subarray(from)))
    return null
  }

  /** Reads a last line without a line end; as `feed`. */
  end(): Uint8Array | null {
    if (this.#carry.length === 0) return null
    const line = Buffer.concat([this.#carry, Buffer.of(LF)])
    this.#carry = new Uint8Array(0)
    return this.#lines(line, line.length) < 0 ? null : line
  }

  /** The delimiter that makes the most of the header, which may be quoted and is then still in `bytes`. */
  delimiterFor(bytes: Uint8Array): string {
    if (!this.#headerRead) {
      const end = bytes.indexOf(LF)
      this.#delimiter = this.#bestDelimiter(this.#decoder.decode(end < 0 ? bytes : bytes.subarray(0, end)))
    }
    return String.fromCharCode(this.#delimiter)
  }

  get linesRead(): number {
    return this.#line
  }

  /** Takes a record that csv-parse has read, ending on `line`. */
  record(fields: readonly string[], line: number): void {
    if (!this.#headerRead) {
      this.#line = line
      this.#header(fields)
      return
    }
    this.#line = line - 1
    this.#delimiter = UNIT_SEPARATOR
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to take out
    const plain = fields.map(field => field.replace(/[\r\n"\u001f]/g, ' ')).join('\u001f')
    const bytes = Buffer.from(`${plain}\n`)
    this.#lines(bytes, bytes.length)
  }

  finish(): Table {
    if (!this.#headerRead) throw this.#error({ line: 1, reason: 'the file is empty' }, this.#headerRemedy())
    if (this.#descent !== null) throw this.#newestFirst(this.#descent.rejection)
    const first = this.#bad[0]
    if (this.#length === 0 && first !== undefined) {
      throw this.#error(first, `none of the ${this.#badCount} rows can be used`)
    }
    const rows = this.#shiftRows
    const shifts = this.#shifts
    return {
      length: this.#length,
      columns: this.#columns,
      lineOf: row => {
        let low = 0
        let high = rows.length
        while (low < high) {
          const middle = (low + high) >>> 1
          if (rows[middle] <= row) low = middle + 1
          else high = middle
        }
        return row + shifts[low - 1]
      },
      bad: this.#bad,
      badCount: this.#badCount,
      assumedUtc: this.#assumedUtc,
    }
  }

  #keep(rest: Uint8Array): void {
    if (rest.length > LONGEST_LINE) {
      const place = { line: this.#line + 1, reason: `the line is longer than ${LONGEST_LINE} bytes` }
      throw this.#error(place, 'give a CSV file, plain or gzip')
    }
    this.#carry = rest
  }

  #error(row: BadRow, remedy: string): DataError {
    const { reason, ...place } = row
    return new DataError(reason, { file: this.#name, ...place }, remedy)
  }

  #headerRemedy(): string {
    return `write the names of the columns into the first line: ${this.#spec.header}`
  }

  #roleOf(name: string): number {
    return this.#spec.columns.findIndex(column => column.names.includes(name))
  }

  #bestDelimiter(header: string): number {
    let best = COMMA
    let most = 0
    for (const delimiter of [COMMA, SEMICOLON, TAB]) {
      const names = header.split(String.fromCharCode(delimiter)).map(headerName)
      const known = names.filter(name => this.#roleOf(name) >= 0).length
      if (known > most) {
        best = delimiter
        most = known
      }
    }
    return best
  }

  #header(texts: readonly string[]): void {
    const roles = Int8Array.from(texts, text => this.#roleOf(headerName(text)))
    const line = this.#line
    for (const [role, column] of this.#spec.columns.entries()) {
      const at = roles.indexOf(role)
      if (at >= 0 && roles.indexOf(role, at + 1) >= 0) {
        const names = [...texts].filter((_, i) => roles[i] === role).map(text => `'${unquoted(text)}'`)
        const reason = `the columns ${names.join(' and ')} could all be the ${column.field}`
        throw this.#error(
          { line, column: roles.indexOf(role, at + 1) + 1, reason },
          'rename all but one of them',
        )
      }
    }
    const missing = this.#spec.columns.filter((column, role) => column.required && !roles.includes(role))
    if (missing.length > 0) {
      const names = missing.map(column => column.field).join(', ')
      const none = roles.every(role => role < 0)
      const reason = none ? 'there is no header' : `the header has no column for: ${names}`
      throw this.#error({ line, column: 1, field: missing[0].field, reason }, this.#headerRemedy())
    }
    this.#roles = roles
    this.#headings = texts.map(unquoted)
    this.#headerRead = true
  }

  /** Reads the header from the start of the bytes; returns where the next line begins, -1 where it is quoted. */
  #headerLine(bytes: Uint8Array): number {
    if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
      throw this.#error({ line: 1, reason: 'the file is UTF-16' }, 'save it as UTF-8')
    }
    const end = bytes.indexOf(LF)
    const text = this.#decoder.decode(bytes.subarray(0, end))
    if (text.includes('\0')) {
      throw this.#error({ line: 1, reason: 'the file is not text' }, 'give a CSV file, plain or gzip')
    }
    if (text.includes('"')) return -1
    this.#line += 1
    if (text.trim() !== '') {
      this.#delimiter = this.#bestDelimiter(text)
      this.#header(text.split(String.fromCharCode(this.#delimiter)))
    }
    return end + 1
  }

  /** Reads whole lines up to `to`. Returns -1, or where the first line with a quotation mark begins. */
  #lines(bytes: Uint8Array, to: number): number {
    let p = 0
    while (!this.#headerRead && p < to) {
      const next = this.#headerLine(bytes.subarray(p, to))
      if (next < 0) return p
      p += next
    }
    const roles = this.#roles
    const width = roles.length
    const delimiter = this.#delimiter
    const row = this.#row
    const possible = this.#spec.possible
    while (p < to) {
      const lineStart = p
      let whole = true
      let iso = false
      let field = 0
      for (;;) {
        const role = field < width ? roles[field] : -1
        const fieldStart = p
        let c = bytes[p]
        if (role >= 0) {
          let mantissa = 0
          // One unsigned comparison for "is a digit".
          while ((c - 48) >>> 0 < 10) {
            mantissa = mantissa * 10 + (c - 48)
            p += 1
            c = bytes[p]
          }
          let digits = p - fieldStart
          let scale = 0
          if (c === POINT) {
            p += 1
            c = bytes[p]
            const fractionStart = p
            while ((c - 48) >>> 0 < 10) {
              mantissa = mantissa * 10 + (c - 48)
              p += 1
              c = bytes[p]
            }
            scale = p - fractionStart
            digits += scale
          }
          const exact = digits > 0 && mantissa < EXACT_MANTISSA && scale <= 22
          if (c === delimiter && exact) {
            row[role] = mantissa / POWERS_OF_TEN[scale]
            p += 1
            field += 1
            continue
          }
          if (c === CR && bytes[p + 1] === LF) {
            p += 1
            c = LF
          }
          if (c === LF && exact) {
            row[role] = mantissa / POWERS_OF_TEN[scale]
            p += 1
            break
          }
          p = fieldStart
          c = bytes[p]
        }
        while (c !== delimiter && c !== LF) {
          if (c === QUOTE) return lineStart
          p += 1
          c = bytes[p]
        }
        if (role >= 0) {
          const text = this.#decoder.decode(bytes.subarray(fieldStart, p)).trim()
          const time = role === 0 ? parseIsoTime(text) : null
          if (time === null) {
            const value = parseNumber(text)
            row[role] = value
            if (Number.isNaN(value) && text !== '') whole = false
          } else {
            row[0] = time.time
            iso = true
            if (!time.zoned) this.#assumedUtc = true
          }
        }
        p += 1
        if (c === LF) break
        field += 1
      }
      this.#line += 1
      const time = this.#time(row[0], iso)
      if (whole && field + 1 === width && time > this.#last && possible(row)) {
        if (this.#descent !== null) this.#settleDescent(time)
        row[0] = time
        this.#push()
      } else {
        const text = this.#decoder.decode(bytes.subarray(lineStart, p - 1))
        if (text.trim() !== '') this.#reject(text, time)
      }
    }
    return -1
  }

  /** A time in epoch milliseconds; `NaN` where its unit is doubtful or not the file's. */
  #time(value: number, iso: boolean): number {
    if (this.#unit === 'ms' && !iso) return timeUnit(value) === 'ms' ? value : Number.NaN
    if (Number.isNaN(value)) return value
    const unit = iso ? (timeUnit(value) === 'ms' ? 'iso' : null) : timeUnit(value)
    if (unit === null) return Number.NaN
    if (this.#unit === null) this.#unit = unit
    if (unit !== this.#unit) return Number.NaN
    return unit === 's' ? value * 1000 : value
  }

  #push(): void {
    const i = this.#length
    if (i === this.#capacity) {
      this.#capacity *= 2
      this.#grow()
    }
    const row = this.#row
    const columns = this.#columns
    for (let k = 0; k < columns.length; k += 1) columns[k][i] = row[k]
    const shift = this.#line - i
    if (shift !== this.#shift) {
      this.#shift = shift
      this.#shiftRows.push(i)
      this.#shifts.push(shift)
    }
    this.#last = row[0]
    this.#length = i + 1
  }

  #grow(): void {
    this.#columns = this.#columns.map(column => {
      const longer = new Float64Array(this.#capacity)
      longer.set(column)
      return longer
    })
  }

  #newestFirst(second: Rejection): DataError {
    const reason = 'the rows run newest first'
    return this.#error({ ...second.row, reason }, 'turn them round: oldest first')
  }

  #settleDescent(time: number): void {
    const descent = this.#descent
    if (descent === null) return
    this.#descent = null
    if (time < descent.time) throw this.#newestFirst(descent.rejection)
    this.#refuse(descent.rejection)
  }

  #reject(line: string, time: number): void {
    if (this.#descent !== null) this.#settleDescent(time)
    const rejection = this.#diagnose(line, time)
    if (time < this.#last && this.#length === 1 && this.#badCount === 0) {
      this.#descent = { time, rejection }
      return
    }
    this.#refuse(rejection)
  }

  #refuse(rejection: Rejection): void {
    if (!this.#skipBad) throw this.#error(rejection.row, rejection.remedy)
    this.#badCount += 1
    if (this.#bad.length < BAD_ROWS_SHOWN) this.#bad.push(rejection.row)
  }

  /** What is wrong with a line that is not good. */
  #diagnose(text: string, time: number): Rejection {
    const line = this.#line
    const width = this.#roles.length
    const fields = text.split(String.fromCharCode(this.#delimiter)).map(field => field.trim())
    if (fields.length > width) {
      const reason = `the row has ${fields.length} fields, the header ${width}`
      const commas = this.#delimiter === COMMA ? `; ${REMEDIES.decimalComma} if these are decimal commas` : ''
      return { row: { line, column: width + 1, reason }, remedy: `${REMEDIES.badRow}${commas}` }
    }
    for (const [k, role] of this.#roles.entries()) {
      if (role < 0) continue
      const place = { line, column: k + 1, field: this.#headings[k] }
      const column = this.#spec.columns[role]
      const value = fields[k]
      if (value === undefined) {
        return { row: { ...place, reason: `the field ${place.field} is missing` }, remedy: REMEDIES.badRow }
      }
      if (value === '') {
        if (!column.required) continue
        return { row: { ...place, reason: `the field ${place.field} is blank` }, remedy: REMEDIES.badRow }
      }
      if (DECIMAL_COMMA.test(value)) {
        return { row: { ...place, reason: `${value} has a decimal comma` }, remedy: REMEDIES.decimalComma }
      }
      if (role === 0) {
        if (!Number.isNaN(time)) continue
        const reason = `the unit of the time ${value} is doubtful`
        return { row: { ...place, reason }, remedy: REMEDIES.time }
      }
      if (Number.isNaN(parseNumber(value))) {
        const finite = NOT_FINITE.test(value) || Number(value) === Number.POSITIVE_INFINITY
        const reason = `${value} is not a ${finite ? 'finite ' : ''}number`
        return { row: { ...place, reason }, remedy: REMEDIES.badRow }
      }
    }
    if (fields.length < width) {
      const reason = `the row has ${fields.length} fields, the header ${width}`
      return { row: { line, column: fields.length, reason }, remedy: REMEDIES.badRow }
    }
    const timeColumn = this.#roles.indexOf(0)
    if (time <= this.#last) {
      const place = { line, column: timeColumn + 1, field: this.#headings[timeColumn] }
      const stamp = new Date(time).toISOString()
      const reason =
        time === this.#last
          ? `a second row for ${stamp}`
          : `${stamp} comes after ${new Date(this.#last).toISOString()}`
      return { row: { ...place, reason }, remedy: time === this.#last ? REMEDIES.badRow : REMEDIES.order }
    }
    const fault = this.#spec.fault(this.#row)
    if (fault === null)
      throw new Error(`broken invariant: ${this.#name}:${line} was refused without a reason`)
    const role = this.#spec.columns.findIndex(column => column.field === fault.field)
    const at = this.#roles.indexOf(role)
    return {
      row: { line, column: at + 1, field: this.#headings[at], reason: fault.reason },
      remedy: REMEDIES.badRow,
    }
  }
}

/** A record of csv-parse under `info`. */
interface QuotedRecord {
  readonly record: readonly string[]
  readonly info: { readonly lines: number }
}

async function readQuoted(
  name: string,
  reader: TableReader,
  rest: Uint8Array,
  blocks: AsyncIterator<Uint8Array>,
): Promise<void> {
  // Loaded here: plain files do without it.
  const { CsvError, parse } = await import('csv-parse')
  const before = reader.linesRead
  const parser = parse({
    bom: true,
    delimiter: reader.delimiterFor(rest),
    info: true,
    max_record_size: LONGEST_LINE,
    relax_column_count: true,
    skip_empty_lines: true,
  })
  const bytes = async function* (): AsyncGenerator<Uint8Array> {
    yield rest
    for (let next = await blocks.next(); next.done !== true; next = await blocks.next()) yield next.value
  }
  pipeline(Readable.from(bytes()), parser, () => {})
  const records: AsyncIterable<QuotedRecord> = parser
  try {
    for await (const { record, info } of records) reader.record(record, before + info.lines)
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    const lines = 'lines' in error && typeof error.lines === 'number' ? error.lines : 1
    const reason = error.code === 'CSV_QUOTE_NOT_CLOSED' ? 'a quotation mark is never closed' : error.message
    throw new DataError(reason, { file: name, line: before + lines }, 'close or remove the quotation mark')
  }
}

/**
 * Reads a table in bounded memory beside its columns: bytes or gzip, comma, semicolon or tab, header in the first
 * line, times as the first row writes them. Throws a DataError with file, line, column and remedy for whatever is
 * missing, doubtful or impossible; with `skipBad` bad rows are counted instead, but a header that is missing, rows
 * newest first and a file without one good row are still refused.
 */
export async function readTable(
  source: ByteSource,
  spec: TableSpec,
  options: { readonly skipBad: boolean },
): Promise<Table> {
  const reader = new TableReader(source.name, spec, options.skipBad)
  const blocks = plainBytes(source)
  try {
    let rest: Uint8Array | null = null
    for (let first = true; rest === null; first = false) {
      const next = await blocks.next()
      if (first && next.done !== true && source.size !== undefined) reader.reserve(next.value, source.size)
      rest = next.done === true ? reader.end() : reader.feed(next.value)
      if (next.done === true) break
    }
    if (rest !== null) await readQuoted(source.name, reader, rest, blocks)
  } finally {
    await blocks.return(undefined)
  }
  return reader.finish()
}
