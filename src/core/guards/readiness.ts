/** Whether the house may add anything at all. These hold with and without portfolio gates. */
import { admit, type Block, type Guard, type House, type Proposal, refuse, type Verdict } from './guard.ts'

function check(gate: Block['gate'], proposal: Proposal, { blocks }: House): Verdict {
  const block = blocks.find(
    one => one.gate === gate && (one.symbol === null || one.symbol === proposal.signal.symbol),
  )
  const figures = { blocks: blocks.filter(one => one.gate === gate).length }
  return block === undefined ? admit(proposal, figures) : refuse(gate, block.reason, figures)
}

/** No entries while a person, or bbw itself, has paused or halted them; only a person resumes. */
export const killSwitch: Guard<Record<string, never>> = {
  id: 'kill-switch',
  scope: 'signal',
  reads: 'market',
  params: {},
  check: (proposal, house) => check('kill-switch', proposal, house),
}

/**
 * No entries while bbw recovers, cannot save or read the account, or while books and exchange differ; none on a
 * symbol that is held by hand or has an order of unknown fate.
 */
export const readiness: Guard<Record<string, never>> = {
  id: 'readiness',
  scope: 'signal',
  reads: 'market',
  params: {},
  check: (proposal, house) => check('readiness', proposal, house),
}
