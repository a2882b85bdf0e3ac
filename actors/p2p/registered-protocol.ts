import type { SpokenCapability } from '../../protocols/devp2p/capability.ts'
import type { Ref } from '../../runtime/messages.ts'
import type { ProtocolHandlerNeeds } from '../inlet/messages.ts'
import type { RegisteredProtocol } from './messages.ts'

/** A capability with the actor that speaks it: checked here, since p2p itself knows it as an address only. */
export const registeredProtocol = (
  { name, version, length }: SpokenCapability,
  handler: Ref<ProtocolHandlerNeeds>,
): RegisteredProtocol => ({ name, version, length, handler })
