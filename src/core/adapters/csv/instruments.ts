import { DataError } from '../../base/errors.ts'
import type { InstrumentRow } from '../../market/instruments.ts'
import { type ByteSource, plainBytes } from './source.ts'

const REQUIRED = ['symbol', 'quoteCoin', 'tickSize', 'minOrderQty'] as const
type Heading = (typeof REQUIRED)[number] | 'qtyStep' | 'baseCoin' | 'maxOrderQty' | 'minPrice' | 'maxLeverage'

const POSITIVE_DECIMAL = /^(?=.*[1-9])\d+(?:\.\d+)?$/

/** The first date in a file's name, `YYYY-MM-DD`; `null` where there is none. */
export function dateOfFile(path: string): string | null {
  return /\d{4}-\d{2}-\d{2}(?=[^/\\]*$)/.exec(path)?.[0] ?? null
}

/** A record of csv-parse under `info`. */
interface ListRecord {
  readonly record: readonly string[]
  readonly info: { readonly lines: number }
}

/**
 * A list of instruments from CSV (`symbol,quoteCoin,tickSize,qtyStep,minOrderQty`, and `baseCoin`, `maxOrderQty`,
 * `minPrice`, `maxLeverage` where there are any); `null` for a list without `qtyStep`, by which no order can be sized.
 * Throws a DataError with file, line, column and remedy for a column
 * that is missing, a field that is not a positive decimal number, and a symbol that comes twice.
 */
export async function readInstruments(
  source: ByteSource,
  options: { readonly date: string },
): Promise<readonly InstrumentRow[] | null> {
  const file = source.name
  const blocks: Uint8Array[] = []
  for await (const block of plainBytes(source)) blocks.push(block)
  const { CsvError, parse } = await import('csv-parse/sync')
  let records: readonly ListRecord[]
  try {
    const options = { bom: true, info: true, relax_column_count: true, skip_empty_lines: true, trim: true }
    const parsed: unknown = parse(Buffer.concat(blocks), options)
    // The package's types leave out what `info` does to the records.
    records = parsed as readonly ListRecord[]
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    throw new DataError(error.message, { file }, 'correct the quotation marks')
  }
  const header = records[0]?.record ?? []
  const missing = REQUIRED.filter(name => !header.includes(name))
  if (missing.length > 0) {
    const reason = `the header has no column for: ${missing.join(', ')}`
    throw new DataError(
      reason,
      { file, line: 1 },
      'give a list with price tick and quantity step of every symbol',
    )
  }
  if (!header.includes('qtyStep')) return null
  const seen = new Set<string>()
  return records.slice(1).map(({ record, info }) => {
    const fault = (field: Heading, reason: string): DataError => {
      const place = { file, line: info.lines, column: header.indexOf(field) + 1, field }
      return new DataError(reason, place, 'correct the row')
    }
    const text = (field: Heading): string => record[header.indexOf(field)] ?? ''
    const decimal = (field: Heading): string => {
      if (POSITIVE_DECIMAL.test(text(field))) return text(field)
      throw fault(field, `'${text(field)}' is not a positive decimal number`)
    }
    const optional = (field: Heading): string | null => (text(field) === '' ? null : decimal(field))
    const symbol = text('symbol')
    const quoteCoin = text('quoteCoin')
    if (symbol === '' || quoteCoin === '') throw fault('symbol', 'the row names no symbol or no quote coin')
    if (seen.has(symbol)) throw fault('symbol', `a second row for ${symbol}`)
    seen.add(symbol)
    return {
      symbol,
      baseCoin: text('baseCoin') === '' ? null : text('baseCoin'),
      quoteCoin,
      tick: decimal('tickSize'),
      step: decimal('qtyStep'),
      minQty: decimal('minOrderQty'),
      maxQty: optional('maxOrderQty'),
      minPrice: optional('minPrice'),
      maxLeverage: optional('maxLeverage'),
      date: options.date,
    }
  })
}
