import { Document, isCollection, isSeq, visit } from 'yaml'
import { defaultConfig } from '../src/commands/config.ts'

const HEAD = ` Every setting of bbw with its default. A configuration needs only what differs: put that into a file of your own
 and give it with --config. An unknown key is refused with the nearest one.

 Percentages are named so (5 is 5 %); fees, slippage, funding and risk are shares (0.0002 is 0.02 %). Money is USDT.
 A limit that is null is not set.`

/** `config.example.yaml`: the defaults, written out. */
export function configExample(): string {
  const document = new Document(defaultConfig())
  document.commentBefore = HEAD
  visit(document, {
    Collection(_, node) {
      if (isCollection(node) && isSeq(node)) node.flow = true
    },
  })
  return document.toString({ lineWidth: 118 })
}
