import { CODES, type Code, isCode, severityOf } from '../core/base/codes.ts'
import { harmless } from '../core/base/harmless.ts'
import { nearest } from '../core/engine/settings.ts'
import { WIRE_VERSION } from '../core/wire/encode.ts'
import type { CommandSpec } from './command.ts'
import { EXIT } from './exit-codes.ts'
import { RECORDS_FLAG, wantsRecords } from './flags.ts'
import { ndjson } from './ndjson.ts'
import { textTable } from './table.ts'

const ALL: readonly Code[] = Object.keys(CODES).filter(isCode)

export const explainCommand: CommandSpec = {
  name: 'explain',
  summary: 'what a code such as E971 means, what bbw does and what you can do',
  examples: ['bbw explain E971', 'bbw explain', 'bbw explain --json | jq -r .title'],
  arguments: [{ name: '[code]', description: 'the code in front of a message; all codes without it' }],
  flags: [RECORDS_FLAG],
  async run(world, parsed) {
    const [typed] = parsed.args
    const asRecords = wantsRecords(world, parsed)
    if (typed === undefined) {
      if (asRecords) for (const code of ALL) await world.stdout.write(record(code))
      else {
        const rows = ALL.map(code => [code, severityOf(code), CODES[code].title])
        await world.stdout.write(textTable(['code', 'severity', 'title'], rows))
      }
      return EXIT.ok
    }
    const code = typed.trim().toUpperCase()
    if (!isCode(code)) {
      const near = nearest(code, ALL)
      const remedy = near === undefined ? 'bbw explain lists all' : `did you mean ${near}?`
      world.stderr.write(`bbw explain: there is no code ${harmless(typed)}\n  ${remedy}\n`)
      return EXIT.notFound
    }
    await world.stdout.write(asRecords ? record(code) : text(code))
    return EXIT.ok
  },
}

/** The text of a code is of no moment: `ts` is 0. */
function record(code: Code): string {
  const { title, what, did, can } = CODES[code]
  const head = { v: WIRE_VERSION, type: 'explanation', id: code, ts: 0 }
  return ndjson({ ...head, severity: severityOf(code), title, what, did, can })
}

function text(code: Code): string {
  const { title, what, did, can } = CODES[code]
  const rows = [
    ['what happened', what],
    ['what bbw does', did],
    ['what you can do', can],
  ]
  return `${code}  ${title} (${severityOf(code)})\n${textTable(['', ''], rows)}`
}
