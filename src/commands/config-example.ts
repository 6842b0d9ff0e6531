import { Document, isCollection, isSeq, visit } from 'yaml'
import { defaultConfig } from './config.ts'

const HEAD = ` Every setting of bbw with its default. A configuration needs only what differs: put that into bbw.yaml in the
 working directory, into bbw/config.yaml below $XDG_CONFIG_HOME (~/.config), or give a file with --config. Flags win
 over variables such as BBW_FEES__MAKER=0.0001, these over the project's file, that over the user's.
 An unknown key is refused with the nearest one; bbw config check finds every mistake.

 Percentages are named so (5 is 5 %); fees, slippage, funding and risk are shares (0.0002 is 0.02 %). Money is USDT.
 A limit that is null is not set. \${NAME} stands for the variable NAME of the environment; one that is not set is
 refused. What stands under operations changes no result.`

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
