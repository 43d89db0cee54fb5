/**
 * A job's name in the browser. It holds the reference, so that any relay with the same secret finds the job without a store, and shows nothing of it.
 *
 * The text is authenticated and encrypted, in the construction of SIV (RFC 5297): the HMAC over the text is the counter that it is encrypted from. So one
 * job of one user always has the same name, and a changed letter gives no name at all.
 */

/** What a name stands for. */
interface Sealed {
  /** `job`: a reference as a URI. `key`: an Idempotency-Key, of a submission with an unknown outcome. */
  readonly what: "job" | "key"
  readonly text: string
  readonly owner: string
  /** Milliseconds since the epoch. */
  readonly until: number
}

export interface Sealer {
  readonly seal: (sealed: Sealed) => Promise<string>
  /** `undefined` for what this secret did not seal. */
  readonly open: (name: string) => Promise<Sealed | undefined>
}

const prefix = "j1."
const tagLength = 16
const encoder = new TextEncoder()
const decoder = new TextDecoder("utf-8", { fatal: true })

/** A secret of any length and form; it should be as hard to guess as 32 random bytes. */
export const sealerOf = (secret: string): Sealer => {
  // Made when they are first needed: some hosts let nothing be computed while a program starts.
  let made: ReturnType<typeof keysOf> | undefined
  const keys = (): ReturnType<typeof keysOf> => (made ??= keysOf(secret))
  const tagOf = async (text: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> =>
    new Uint8Array(await crypto.subtle.sign("HMAC", (await keys()).mac, text)).slice(0, tagLength)
  const crypted = async (data: Uint8Array<ArrayBuffer>, tag: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> =>
    // Encrypting in counter mode is its own inverse.
    new Uint8Array(await crypto.subtle.encrypt({ name: "AES-CTR", counter: tag, length: 64 }, (await keys()).cipher, data))
  return {
    seal: async ({ owner, text, until, what }) => {
      const plain = encoder.encode(JSON.stringify([what, text, owner, until]))
      const tag = await tagOf(plain)
      const sealed = await crypted(plain, tag)
      return `${prefix}${base64(Uint8Array.from([...tag, ...sealed]))}`
    },
    open: async (name) => {
      const bytes = bytesOf(name)
      if (bytes === undefined || bytes.byteLength <= tagLength) return undefined
      const tag = bytes.slice(0, tagLength)
      const plain = await crypted(bytes.slice(tagLength), tag)
      return isSame(await tagOf(plain), tag) ? read(plain) : undefined
    }
  }
}

const keysOf = async (secret: string): Promise<{ readonly mac: CryptoKey; readonly cipher: CryptoKey }> => {
  const from = await crypto.subtle.importKey("raw", encoder.encode(secret), "HKDF", false, ["deriveKey"])
  const derive = (info: string, to: AesKeyAlgorithm | HmacKeyGenParams, uses: ReadonlyArray<KeyUsage>): Promise<CryptoKey> =>
    crypto.subtle.deriveKey(
      { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: encoder.encode(`reelay relay ${info}`) },
      from,
      to,
      false,
      [...uses]
    )
  const [mac, cipher] = await Promise.all([
    derive("name 1", { name: "HMAC", hash: "SHA-256", length: 256 }, ["sign"]),
    derive("text 1", { name: "AES-CTR", length: 256 }, ["encrypt"])
  ])
  return { mac, cipher }
}

/** In a time that does not tell where they differ. */
const isSame = (one: Uint8Array, other: Uint8Array): boolean =>
  one.reduce((sum, byte, index) => sum | (byte ^ (other[index] ?? 0)), 0) === 0

const read = (plain: Uint8Array<ArrayBuffer>): Sealed | undefined => {
  const [what, text, owner, until]: ReadonlyArray<unknown> = JSON.parse(decoder.decode(plain))
  return (what === "job" || what === "key") && typeof text === "string" && typeof owner === "string" && typeof until === "number"
    ? { what, text, owner, until }
    : undefined
}

const base64 = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "")

const bytesOf = (name: string): Uint8Array<ArrayBuffer> | undefined => {
  if (!/^j1\.[\w-]{24,3000}$/u.test(name)) return undefined
  const text = name.slice(prefix.length)
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0))
    // The last letter may have bits to spare, and a job has one name.
    return base64(bytes) === text ? bytes : undefined
  } catch {
    return undefined
  }
}
