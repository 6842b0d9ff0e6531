import type { FundingRates } from '../../market/funding.ts'
import type { ReadReport } from './candles.ts'
import type { ByteSource } from './source.ts'
import { readTable, type TableSpec } from './table.ts'

const FUNDING: TableSpec = {
  header: 'time,rate',
  columns: [
    {
      field: 'time',
      names: ['time', 'timestamp', 'date', 'fundingtime', 'fundingratetimestamp'],
      required: true,
    },
    { field: 'rate', names: ['rate', 'fundingrate'], required: true },
  ],
  possible: row => row[1] > -1 && row[1] < 1,
  fault: row =>
    row[1] > -1 && row[1] < 1
      ? null
      : { field: 'rate', reason: `rate is ${row[1]}, a rate is a fraction between -1 and 1` },
}

/**
 * Funding settlements from CSV (`time,rate`; the rate is a fraction), plain or gzip. The spacing is the market's own,
 * so there are no gaps to report. Throws as `readCandles` does.
 */
export async function readFunding(
  source: ByteSource,
  options: { readonly skipBad?: boolean },
): Promise<{ readonly funding: FundingRates; readonly report: ReadReport }> {
  const table = await readTable(source, FUNDING, { skipBad: options.skipBad === true })
  const [time, rate] = table.columns
  const { length, bad, badCount, assumedUtc } = table
  return {
    funding: { time: time.slice(0, length), rate: rate.slice(0, length) },
    report: { rows: length, bad, badCount, gaps: [], assumedUtc },
  }
}
