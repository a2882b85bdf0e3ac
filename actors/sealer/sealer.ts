/** Seals the dev chain: every period, and when asked. A chain that restarts meanwhile is waited for, and no block is made twice. */
import type { BlockAttributes } from '../../protocols/consensus/next-header.ts'
import { bytesToHex } from '../../protocols/hex.ts'
import { type AskFailure, type Call, defineActor, serial } from '../../runtime/actor.ts'
import { pause } from '../../runtime/pause.ts'
import { err, ok, type Result } from '../../runtime/result.ts'
import type { ChainHead } from '../chain/messages.ts'
import type { SealerDeps, SealerFault, SealerMessages } from './messages.ts'

/** Milliseconds before the chain is asked again, by attempt: together more than a restart takes. */
const RETRY_DELAYS_MS = [50, 100, 200, 400, 800, 1_600, 3_200, 5_000]

type Sealed = Result<ChainHead, SealerFault>

export const sealer = defineActor<SealerMessages, SealerDeps>({
  name: 'sealer',
  mailbox: { capacity: 64 },
  behavior(ctx, { chain, periodMs, feeRecipient, gasLimit, extraData }) {
    const attributes = (): BlockAttributes => ({
      timestamp: BigInt(Math.floor(ctx.now() / 1000)),
      prevRandao: ctx.random.bytes(32),
      feeRecipient,
      extraData,
      gasLimit,
      // There is no beacon chain; geth's dev chain says zeros as well (eth/catalyst/simulated_beacon.go).
      parentBeaconBlockRoot: new Uint8Array(32),
    })

    async function sealOne(call: Call): Promise<Sealed> {
      /** Head that a block was asked for on without an answer: if the head is higher now, the block is there. */
      let unanswered: bigint | undefined
      for (let attempt = 0; ; attempt++) {
        let fault: SealerFault
        const asked = await call.ask(chain, 'head')
        if (asked.ok) {
          const { head } = asked.value
          if (unanswered !== undefined && head.number > unanswered) return ok(head)
          const sealed = await call.ask(chain, 'sealBlock', { parent: head.hash, attributes: attributes() })
          if (!sealed.ok) {
            fault = lost(sealed.error)
            if (sealed.error.outcome === 'OUTCOME_UNKNOWN') unanswered ??= head.number
          } else if (sealed.value.ok || sealed.value.error.code !== 'SEAL_PARENT') return sealed.value
          // Another block came first: the next attempt builds on that.
          else fault = sealed.value.error
        } else fault = lost(asked.error)
        const delayMs = RETRY_DELAYS_MS[attempt]
        if (delayMs === undefined || call.signal.aborted) return err(fault)
        await pause(ctx.clock, delayMs)
      }
    }

    async function seal(count: number, call: Call): Promise<Sealed> {
      let sealed = await sealOne(call)
      let made = 0
      while (sealed.ok && ++made < count && !call.signal.aborted) sealed = await sealOne(call)
      if (sealed.ok)
        ctx.log.info('Sealed blocks', { count: made, number: sealed.value.number, hash: bytesToHex(sealed.value.hash) })
      else ctx.log.warn('Block could not be sealed', { made, code: causeOf(sealed.error) })
      return sealed
    }

    if (periodMs > 0) ctx.every(periodMs, 'tick')

    return {
      seal: serial(({ count }, call) => seal(count, call)),
      tick: serial(async (_nothing, call) => void (await seal(1, call))),
    }
  },
})

const lost = ({ code }: AskFailure): SealerFault => ({ code: 'SEAL_CHAIN', cause: code })

function causeOf(fault: SealerFault): string {
  switch (fault.code) {
    case 'SEAL_CHAIN':
      return fault.cause
    case 'SEAL_BLOCK':
      return fault.fault.code
    case 'SEAL_PARENT':
      return fault.code
  }
}
