import { createRequire, syncBuiltinESMExports } from 'node:module'

/**
 * Real clocks, timers and randomness, wrapped so that they throw while simulated code runs. The wrappers stay in place while a
 * world is open and pass through whenever no activity runs, so the test runner goes on as ever.
 */

const require = createRequire(import.meta.url)
let guarding = false
let users = 0
let restore: (() => void)[] = []

/** Puts the wrappers in place; the returned function takes them away once the last user has called it. */
export function installForbidden(): () => void {
  if (users++ === 0) install()
  let released = false
  return () => {
    if (released) return
    released = true
    if (--users > 0) return
    for (const undo of restore.reverse()) undo()
    restore = []
    syncBuiltinESMExports()
  }
}

/** From now until `unguard`, wrapped functions throw. */
export function guard(): void {
  guarding = true
}
export function unguard(): void {
  guarding = false
}

/** Runs `action` with the real functions allowed: for libraries inside an activity whose results do not depend on them. */
export function allowReal<T>(action: () => T): T {
  const before = guarding
  guarding = false
  try {
    return action()
  } finally {
    guarding = before
  }
}

const TIMERS = ['setTimeout', 'setInterval', 'setImmediate'] as const
const CRYPTO = ['randomBytes', 'randomFill', 'randomFillSync', 'randomInt', 'randomUUID'] as const

function install(): void {
  wrapDate()
  wrap(Math, 'Math', ['random'])
  wrap(performance, 'performance', ['now'])
  wrap(process, 'process', ['hrtime'])
  wrap(globalThis, 'globalThis', TIMERS)
  wrap(require('node:timers'), 'node:timers', TIMERS)
  wrap(require('node:timers/promises'), 'node:timers/promises', TIMERS)
  wrap(require('node:crypto'), 'node:crypto', CRYPTO)
  // `node:crypto` answers its own `getRandomValues` from here.
  wrap(Object.getPrototypeOf(globalThis.crypto), 'crypto', ['getRandomValues', 'randomUUID'])
  syncBuiltinESMExports()
}

function refuse(name: string): void {
  if (guarding) throw new Error(`${name} was called inside a simulation: use the capability of the actor's context`)
}

function wrap(owner: object, ownerName: string, names: readonly string[]): void {
  for (const name of names) {
    const original = Object.getOwnPropertyDescriptor(owner, name)
    const value: unknown = Reflect.get(owner, name)
    if (typeof value !== 'function') continue
    // A proxy keeps what hangs on the function, as `setTimeout[util.promisify.custom]`.
    const wrapper = new Proxy(value, {
      apply(target, self, args) {
        refuse(`${ownerName}.${name}`)
        return Reflect.apply(target, self, args)
      },
      get(target, key) {
        const member: unknown = Reflect.get(target, key)
        if (typeof member === 'function' && (typeof key === 'symbol' || key === 'bigint'))
          refuse(`${ownerName}.${name}`)
        return member
      },
    })
    Object.defineProperty(owner, name, { value: wrapper, configurable: true, writable: true, enumerable: true })
    restore.push(() => {
      if (original === undefined) Reflect.deleteProperty(owner, name)
      else Object.defineProperty(owner, name, original)
    })
  }
}

function wrapDate(): void {
  const original = globalThis.Date
  wrap(original, 'Date', ['now'])
  const wrapper: DateConstructor = new Proxy(original, {
    construct(target, args, made) {
      if (args.length === 0) refuse('new Date()')
      return Reflect.construct(target, args, made === wrapper ? target : made)
    },
    apply(target, self, args) {
      refuse('Date()')
      return Reflect.apply(target, self, args)
    },
  })
  globalThis.Date = wrapper
  restore.push(() => {
    globalThis.Date = original
  })
}
