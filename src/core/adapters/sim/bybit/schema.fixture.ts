/** Where the simulated Bybit's replies differ from the recorded ones, and why. */
const CUT = 'the recorded sample of the documentation is cut short; every other reply has it'
const PRE_LISTING = 'the recorded samples are of a symbol before its listing, of which there are none here'
const LATER = 'the recorded samples are older; the newest sample of a sister endpoint has it'
const FIXTURE = 'only a fixture written by hand has it so; no documentation and no capture does'

export const EXCEPTIONS: { readonly [difference: string]: string } = {
  'op.create-batch .reqId is not recorded':
    'the recorded sample answers a request that bore none; those of single orders have it',
  '/v5/market/instruments-info .result.list[].preListingInfo is null, not object': PRE_LISTING,
  '/v5/market/instruments-info .result.list[].preListingInfo.curAuctionPhase is missing': PRE_LISTING,
  '/v5/market/instruments-info .result.list[].preListingInfo.phases is missing': PRE_LISTING,
  '/v5/market/instruments-info .result.list[].preListingInfo.auctionFeeInfo is missing': PRE_LISTING,
  '/v5/market/instruments-info .result.list[].displayName is not recorded': LATER,
  '/v5/market/instruments-info .result.list[].riskParameters is not recorded':
    'recorded of spot symbols only; price limits of perpetuals are reckoned with it since 2026-05-26',
  '/v5/market/recent-trade .result.list[].isRPITrade is not recorded':
    'the sample that has it is of the spot market, with the same fields',
  '/v5/market/recent-trade .result.list[].seq is not recorded':
    'the sample that has it is of the spot market, with the same fields',
  '/v5/market/recent-trade .retExtInfo is not recorded': CUT,
  '/v5/market/risk-limit .result.list[].mmDeduction is not recorded': LATER,
  '/v5/market/risk-limit .result.nextPageCursor is not recorded':
    'the recorded sample is of the time before the list came in pages of 15 symbols',
  '/v5/order/realtime .result.list[].cumFeeDetail.* is missing':
    'no open order of this account has paid a fee',
  '/v5/order/realtime .result.list[].slippageToleranceType is not recorded': LATER,
  '/v5/order/realtime .result.list[].slippageTolerance is not recorded': LATER,
  '/v5/order/realtime .result.list[].extraFees is not recorded': LATER,
  '/v5/order/realtime .result.list[].rpiTakerAccess is not recorded': LATER,
  '/v5/order/realtime .result.list[].rpiMatchedQty is not recorded': LATER,
  '/v5/order/realtime .result.list[].createType is not recorded':
    'the capture of the stream has it, and a liquidation cannot be known without it',
  '/v5/order/history .result.list[].createType is not recorded':
    'the capture of the stream has it, and a liquidation cannot be known without it',
  '/v5/execution/list .result.list[].createType is not recorded':
    'the sample of the stream has it, and a liquidation cannot be known without it',
  '/v5/position/list .result.list[].mmrSysUpdateTime is missing':
    'the sample of the inverse market spells it so; that of the stream and the fixtures say mmrSysUpdatedTime',
  '/v5/position/list .result.list[].openTime is missing': FIXTURE,
  '/v5/account/info .retExtInfo is not recorded': CUT,
  '/v5/account/info .time is not recorded': CUT,
  '/v5/account/set-margin-mode .retExtInfo is not recorded': CUT,
  '/v5/account/set-margin-mode .time is not recorded': CUT,
  'tickers .data.fundingCap is not recorded': LATER,
  'execution .data[].extraFees[] is missing': 'taxes of some countries, which nobody pays here',
  'wallet .data[].totalPerpUpl is missing': FIXTURE,
}
