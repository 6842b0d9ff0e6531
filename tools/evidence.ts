/**
 * Rewrites the README's result tables from a folder of candles: `make evidence DATA=folder`. The tables say what came
 * out, good or bad, with the hashes of data and configuration and the version they were made with.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import process from 'node:process'
import { loadMarket } from '../src/commands/market.ts'
import { reportOf } from '../src/commands/report.ts'
import { simulate } from '../src/commands/simulate.ts'
import { ownVersion } from '../src/commands/version.ts'
import {
  EVIDENCE_RUNS,
  type EvidenceReport,
  evidenceConfig,
  evidenceTables,
  replaceTables,
} from './evidence-tables.ts'

const folder = process.argv[2]
if (folder === undefined) {
  process.stderr.write('say which folder has the candles: make evidence DATA=folder\n')
  process.exit(2)
}
const world = { env: process.env, cwd: process.cwd(), stdin: process.stdin }
const flags = { market: folder, skipBad: true }
const reports: EvidenceReport[] = []
// The filters of instruments are those nearest to the end: each range has a market of its own.
for (const range of new Set(EVIDENCE_RUNS.map(run => run.range))) {
  const market = await loadMarket(world, { flags, args: [] }, 'replay', range.to)
  process.stderr.write(`${market.markets.length} symbols, data ${market.hash}\n`)
  for (const warning of market.warnings.filter(text => text.includes('bad rows')))
    process.stderr.write(`${warning}\n`)
  for (const run of EVIDENCE_RUNS) {
    if (run.range !== range) continue
    const config = evidenceConfig(run)
    const report = reportOf(simulate(market.markets, config, range, true), market, config, ownVersion())
    process.stderr.write(`${run.id}: ${report.summary.trades} trades\n`)
    reports.push({ run, report })
  }
}
const path = new URL('../README.md', import.meta.url)
writeFileSync(path, replaceTables(readFileSync(path, 'utf8'), evidenceTables(reports)))
