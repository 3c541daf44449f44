import * as http from 'node:http'
import * as https from 'node:https'
import { translated } from './s3-errors.ts'
import type { S3Options } from './s3-options.ts'
import { checkOptions } from './s3-options.ts'
import type * as Sdk from './s3-sdk.ts'

/** Milliseconds for one request with its repetitions, its body included, unless the options say another. */
const TIMEOUT = 60_000
const CONNECT = 5000
/** Milliseconds without a byte after which a connection is given up. */
const IDLE = 20_000
/** The first and three more, within about a second. */
const ATTEMPTS = 4
const SOCKETS = 64

/** What a request is made with. */
export interface Call {
  readonly sdk: typeof Sdk
  readonly client: Sdk.S3Client
  readonly options: { readonly abortSignal: AbortSignal }
}

/** A bucket (or the part of it below a prefix), and the way to ask for things in it. */
export interface S3 {
  readonly bucket: string
  readonly prefix: string
  /** Milliseconds for one request. */
  readonly timeout: number
  /** Makes a request within its time; its error is `unavailable`, with an S3Error as the cause. */
  call<answer>(request: (call: Call) => Promise<answer>, signal?: AbortSignal): Promise<answer>
  /** As `call`, for URLs that others will use. */
  sign<answer>(request: (call: Call) => Promise<answer>): Promise<answer>
  close(): Promise<void>
}

/** A client that is loaded, and connects, at its first request. */
export function openS3(given: S3Options): S3 {
  checkOptions(given)
  const { bucket, prefix = '', timeout = TIMEOUT } = given
  let sdk: Promise<typeof Sdk> | undefined
  const clients = new Map<string, Sdk.S3Client>()

  async function call<answer>(
    endpoint: string | undefined,
    request: (call: Call) => Promise<answer>,
    signal?: AbortSignal,
  ): Promise<answer> {
    sdk ??= import('./s3-sdk.ts')
    const loaded = await sdk
    const key = endpoint ?? ''
    const client = clients.get(key) ?? connect(loaded, given, endpoint)
    clients.set(key, client)
    const limit = AbortSignal.timeout(timeout)
    const abortSignal = signal ? AbortSignal.any([signal, limit]) : limit
    try {
      return await request({ sdk: loaded, client, options: { abortSignal } })
    } catch (error) {
      throw translated(error)
    }
  }

  return {
    bucket,
    prefix,
    timeout,
    call: (request, signal) => call(given.endpoint, request, signal),
    sign: (request) => call(given.publicEndpoint ?? given.endpoint, request),
    async close() {
      for (const client of clients.values()) client.destroy()
      clients.clear()
    },
  }
}

function connect(sdk: typeof Sdk, given: S3Options, endpoint: string | undefined): Sdk.S3Client {
  const { region = 'us-east-1', pathStyle = endpoint !== undefined, ca, timeout = TIMEOUT } = given
  const { accessKey, secretKey, sessionToken } = given
  return new sdk.S3Client({
    ...(endpoint === undefined ? {} : { endpoint }),
    region,
    credentials: {
      accessKeyId: accessKey,
      secretAccessKey: secretKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
    },
    forcePathStyle: pathStyle,
    maxAttempts: ATTEMPTS,
    // Every request is signed over the SHA-256 of its body, which the server checks; a second checksum adds nothing.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: Math.min(CONNECT, timeout),
      socketTimeout: Math.min(IDLE, timeout),
      // Agents, not their options: of those the client forgets the certificates where it asks before it sends.
      httpAgent: new http.Agent({ keepAlive: true, maxSockets: SOCKETS }),
      httpsAgent: new https.Agent({ keepAlive: true, maxSockets: SOCKETS, ...(ca === undefined ? {} : { ca }) }),
      // The client's warning that requests wait for a socket goes to the console otherwise.
      logger: { trace() {}, debug() {}, info() {}, warn() {}, error() {} },
    },
  })
}
